"""Posts and what roles they give; two roles that exclude one another never meet in one (岗位)."""

from collections.abc import Iterable

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from qipan.kernel.ledger.actions import append
from qipan.kernel.ledger.actor import Actor
from qipan.kernel.ledger.clock import today
from qipan.kernel.ledger.errors import Refused
from qipan.kernel.orgs import events, queries
from qipan.kernel.orgs.models import (
    Appointment,
    Post,
    PostRole,
    Staff,
    Unit,
)
from qipan.kernel.orgs.roles import Role, conflict


def role_rows(roles: Iterable[Role | str | tuple[Role | str, str]]) -> list[tuple[str, str]]:
    rows = [(role, "") if isinstance(role, str) else (role[0], role[1]) for role in roles]
    unknown = [str(role) for role, _line in rows if role not in Role.values]
    if unknown:
        raise Refused(_("没有这样的角色：%(roles)s。") % {"roles": "、".join(unknown)}, field="roles")
    return list(dict.fromkeys((Role(role).value, line) for role, line in rows))


def refuse_conflict(roles: frozenset[str]) -> None:
    if conflict(roles):
        raise Refused(
            _(
                "系统管理员、安全管理员、审计管理员三权分立：同一人（同一岗位）只能担任其中之一，且不得兼任业务角色。"
            ),
            code="conflict",
            field="roles",
        )


@transaction.atomic
def create_post(
    unit: Unit,
    code: str,
    name: str,
    roles: Iterable[Role | str | tuple[Role | str, str]],
    *,
    actor: Actor,
) -> Post:
    """Set up a post in a unit with its roles, each for every line or as (role, line).

    Refuses a taken code, an unknown role, and roles that no one person may hold together.
    """
    rows = role_rows(roles)
    refuse_conflict(frozenset(role for role, _line in rows))
    if not code.strip() or not name.strip():
        raise Refused(_("请填写岗位代码和名称。"), field="code")
    try:
        with transaction.atomic():
            post = Post.objects.create(unit=unit, code=code, name=name)
    except IntegrityError:
        raise Refused(
            _("岗位代码 %(code)s 已存在。") % {"code": code}, code="conflict", field="code"
        ) from None
    PostRole.objects.bulk_create(PostRole(post=post, role=role, line=line) for role, line in rows)
    data = {"code": code, "roles": [role for role, _line in rows]}
    append(events.POST_CREATED, post, actor, data=data, org_path=unit.path)
    return post


@transaction.atomic
def set_post_roles(
    post: Post, roles: Iterable[Role | str | tuple[Role | str, str]], *, actor: Actor, reason: str
) -> Post:
    """Change what a post may do; refuses roles that somebody who holds the post may not hold together."""
    if not reason.strip():
        raise Refused(_("请说明变更理由。"), field="reason")
    rows = role_rows(roles)
    wanted = frozenset(role for role, _line in rows)
    refuse_conflict(wanted)
    day = today()
    holders = Staff.objects.select_for_update(of=("self",)).filter(
        pk__in=Appointment.objects.filter(post=post).exclude(valid_to__lt=day).values("staff")
    )
    for staff in holders.order_by("pk"):
        other = frozenset(
            PostRole.objects.filter(
                post__appointments__in=staff.appointments.exclude(post=post).exclude(valid_to__lt=day)
            ).values_list("role", flat=True)
        )
        refuse_conflict(wanted | other | queries.roles_lent_within(staff, day, None))
    PostRole.objects.filter(post=post).delete()
    PostRole.objects.bulk_create(PostRole(post=post, role=role, line=line) for role, line in rows)
    append(
        events.POST_CHANGED,
        post,
        actor,
        data={"roles": sorted(wanted)},
        reason=reason,
        org_path=post.unit.path,
    )
    return post
