"""Who stands in for whom: delegation and absence (委托代理、请假)."""

import datetime
from collections.abc import Iterable

from django.db import transaction
from django.utils.translation import gettext as _

from qipan.kernel.ledger.actions import append
from qipan.kernel.ledger.actor import Actor
from qipan.kernel.ledger.clock import now
from qipan.kernel.ledger.errors import Refused
from qipan.kernel.orgs import events, queries
from qipan.kernel.orgs.actions.posts import refuse_conflict, role_rows
from qipan.kernel.orgs.actions.staff import lock, refuse_disorder
from qipan.kernel.orgs.models import (
    Absence,
    Delegation,
    Staff,
)
from qipan.kernel.orgs.roles import Role, conflict


@transaction.atomic
def delegate(
    giver: Staff,
    taker: Staff,
    roles: Iterable[Role | str],
    valid_from: datetime.date,
    valid_to: datetime.date,
    reason: str,
    *,
    actor: Actor,
) -> Delegation:
    """Lend roles to a colleague for a time (委托代理).

    Refuses oneself, a role that the giver does not hold by appointment, an administrator's role (these are
    appointed, never lent), a closed account, and what would join roles that one person may not hold together.
    """
    wanted = [role for role, _line in role_rows(roles)]
    if not wanted:
        raise Refused(_("请选择要委托的角色。"), field="roles")
    if not reason.strip():
        raise Refused(_("请说明委托理由。"), field="reason")
    refuse_disorder(valid_from, valid_to)
    if giver.pk == taker.pk:
        raise Refused(_("不能委托给自己。"), field="taker")
    if actor.kind != "system" and actor.user_id == taker.user_id:
        raise Refused(_("委托须由委托人或管理员作出，受托人不能自行取得。"), code="forbidden", field="taker")
    locked = {
        staff.pk: staff
        for staff in (lock(each) for each in sorted((giver, taker), key=lambda each: each.pk))
    }
    giver, taker = locked[giver.pk], locked[taker.pk]
    if not taker.user.is_active:
        raise Refused(_("受托人的账户已停用。"), code="state", field="taker")
    missing = [role for role in wanted if role not in queries.roles_within(giver, valid_from, valid_to)]
    if missing:
        names = "、".join(str(Role(role).label) for role in missing)
        raise Refused(_("委托人在此期间不担任：%(roles)s。") % {"roles": names}, field="roles")
    if conflict(frozenset(wanted) | {Role.LIC_RECEIVER.value}):
        raise Refused(_("系统管理员、安全管理员、审计管理员的权限不能委托。"), code="conflict", field="roles")
    held = queries.roles_within(taker, valid_from, valid_to) | queries.roles_lent_within(
        taker, valid_from, valid_to
    )
    refuse_conflict(frozenset(wanted) | held)
    made = Delegation.objects.create(
        giver=giver,
        taker=taker,
        roles=wanted,
        valid_from=valid_from,
        valid_to=valid_to,
        reason=reason.strip(),
    )
    data = {
        "giver": giver.user_id,
        "taker": taker.user_id,
        "roles": wanted,
        "valid_from": valid_from.isoformat(),
        "valid_to": valid_to.isoformat(),
    }
    append(events.DELEGATED, made, actor, data=data, reason=reason, org_path=giver.unit.path)
    return made


@transaction.atomic
def revoke_delegation(delegation: Delegation, *, actor: Actor, reason: str) -> Delegation:
    """End a delegation at once; a second call changes nothing."""
    if not reason.strip():
        raise Refused(_("请说明撤销理由。"), field="reason")
    delegation = (
        Delegation.objects.select_for_update(of=("self",))
        .select_related("giver__unit", "taker")
        .get(pk=delegation.pk)
    )
    if delegation.revoked_at is None:
        delegation.revoked_at = now()
        delegation.save(update_fields=["revoked_at"])
        data = {"giver": delegation.giver.user_id, "taker": delegation.taker.user_id}
        path = delegation.giver.unit.path
        append(events.DELEGATION_REVOKED, delegation, actor, data=data, reason=reason, org_path=path)
    return delegation


@transaction.atomic
def declare_absence(
    staff: Staff,
    valid_from: datetime.date,
    valid_to: datetime.date | None,
    reason: str,
    *,
    substitute: Staff | None = None,
    actor: Actor,
) -> Absence:
    """Say that a member of staff gets no new work on these days; a substitute is lent the roles meanwhile.

    Refuses an absence that overlaps one already declared, and a substitute without a last day.
    """
    refuse_disorder(valid_from, valid_to)
    if not reason.strip():
        raise Refused(_("请说明缺勤事由。"), field="reason")
    staff = lock(staff)
    same = staff.absences.exclude(valid_to__lt=valid_from)
    if valid_to is not None:
        same = same.exclude(valid_from__gt=valid_to)
    if same.exists():
        raise Refused(_("该人员在此期间已登记缺勤。"), code="conflict", field="valid_from")
    absence = Absence.objects.create(
        staff=staff, valid_from=valid_from, valid_to=valid_to, reason=reason.strip()
    )
    data = {
        "user": staff.user_id,
        "valid_from": valid_from.isoformat(),
        "valid_to": valid_to.isoformat() if valid_to else "",
    }
    append(events.ABSENCE_DECLARED, absence, actor, data=data, reason=reason, org_path=staff.unit.path)
    if substitute is not None:
        if valid_to is None:
            raise Refused(_("指定代理人时须填写缺勤的结束日期。"), field="valid_to")
        roles = sorted(queries.roles_within(staff, valid_from, valid_to))
        delegate(staff, substitute, roles, valid_from, valid_to, reason, actor=actor)
    return absence


@transaction.atomic
def end_absence(absence: Absence, last_day: datetime.date, *, actor: Actor) -> Absence:
    """End an absence with a last day (the day before it began: it never counted)."""
    absence = Absence.objects.select_for_update(of=("self",)).select_related("staff__unit").get(pk=absence.pk)
    last_day = max(last_day, absence.valid_from - datetime.timedelta(days=1))
    if absence.valid_to is not None and absence.valid_to <= last_day:
        return absence
    absence.valid_to = last_day
    absence.save(update_fields=["valid_to"])
    data = {"user": absence.staff.user_id, "valid_to": last_day.isoformat()}
    append(events.ABSENCE_ENDED, absence, actor, data=data, org_path=absence.staff.unit.path)
    return absence
