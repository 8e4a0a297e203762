"""Every write of the organisation: units, posts, staff, appointments, delegation, absence."""

import datetime
from collections.abc import Iterable

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from qipan.kernel.accounts.models import User, UserKind
from qipan.kernel.ledger.actions import append
from qipan.kernel.ledger.actor import Actor
from qipan.kernel.ledger.clock import now, today
from qipan.kernel.ledger.errors import Refused
from qipan.kernel.orgs import events, queries
from qipan.kernel.orgs.models import (
    Absence,
    Appointment,
    Delegation,
    Level,
    Post,
    PostRole,
    Staff,
    Street,
    Unit,
)
from qipan.kernel.orgs.roles import Role, conflict

UNIT_FIELDS = frozenset(
    {"name", "short_name", "division_code", "licence_area_code", "uscc", "phone", "is_demo"}
)


@transaction.atomic
def create_unit(
    code: str,
    name: str,
    short_name: str,
    level: Level | str,
    parent: Unit | None = None,
    *,
    division_code: str = "",
    licence_area_code: str = "",
    uscc: str = "",
    phone: str = "",
    is_demo: bool = False,
    actor: Actor,
) -> Unit:
    """Set up a unit below its parent; its path is the parent's path and its own code.

    Refuses a code with a slash, a second root, a level that does not lie below the parent's, and a taken code.
    """
    if not code or "/" in code or code != code.strip():
        raise Refused(_("机构代码不能为空，也不能含有斜线或空格。"), field="code")
    if level not in Level.values:
        raise Refused(_("机构层级不正确。"), field="level")
    if (parent is None) != (level == Level.CITY):
        raise Refused(_("市局没有上级机构，其他机构必须有上级机构。"), field="parent")
    if parent is not None and parent.level not in {Level.CITY, Level.DISTRICT, Level.OFFICE}:
        raise Refused(_("该机构下不能再设机构。"), field="parent")
    made = Unit(
        code=code,
        name=name.strip(),
        short_name=short_name.strip() or name.strip(),
        level=level,
        parent=parent,
        path=f"{parent.path if parent else ''}{code}/",
        division_code=division_code,
        licence_area_code=licence_area_code,
        uscc=uscc,
        phone=phone,
        is_demo=is_demo,
    )
    try:
        with transaction.atomic():
            made.save(force_insert=True)
            queries.forget_units()
    except IntegrityError:
        raise Refused(
            _("机构代码 %(code)s 已存在。") % {"code": code}, code="conflict", field="code"
        ) from None
    append(events.UNIT_CREATED, made, actor, data={"code": code, "path": made.path}, org_path=made.path)
    return made


@transaction.atomic
def change_unit(unit: Unit, values: dict[str, object], *, actor: Actor) -> Unit:
    """Change names, codes or telephone of a unit (not its place in the tree); raises ValueError for other fields."""
    if set(values) - UNIT_FIELDS:
        raise ValueError(f"not changed here: {sorted(set(values) - UNIT_FIELDS)}")
    changed = [field for field, value in values.items() if getattr(unit, field) != value]
    if changed:
        for field in changed:
            setattr(unit, field, values[field])
        unit.save(update_fields=changed)
        queries.forget_units()
        append(events.UNIT_CHANGED, unit, actor, data={"fields": sorted(changed)}, org_path=unit.path)
    return unit


@transaction.atomic
def put_street(
    unit: Unit, name: str, *, division_code: str = "", area_name: str = "", actor: Actor
) -> Street:
    """Put a sub-district or town into the charge of a unit; moves it where another unit had it."""
    street, made = Street.objects.select_for_update().get_or_create(
        area_name=area_name, name=name, defaults={"unit": unit, "division_code": division_code}
    )
    if not made and (street.unit_id, street.division_code) != (unit.pk, division_code):
        street.unit, street.division_code = unit, division_code
        street.save()
        made = True
    if made:
        append(events.UNIT_CHANGED, unit, actor, data={"fields": ["streets"]}, org_path=unit.path)
    return street


def _role_rows(roles: Iterable[Role | str | tuple[Role | str, str]]) -> list[tuple[str, str]]:
    rows = [(role, "") if isinstance(role, str) else (role[0], role[1]) for role in roles]
    unknown = [str(role) for role, _line in rows if role not in Role.values]
    if unknown:
        raise Refused(_("没有这样的角色：%(roles)s。") % {"roles": "、".join(unknown)}, field="roles")
    return list(dict.fromkeys((Role(role).value, line) for role, line in rows))


def _refuse_conflict(roles: frozenset[str]) -> None:
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
    rows = _role_rows(roles)
    _refuse_conflict(frozenset(role for role, _line in rows))
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
    rows = _role_rows(roles)
    wanted = frozenset(role for role, _line in rows)
    _refuse_conflict(wanted)
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
        _refuse_conflict(wanted | other | queries.roles_lent_within(staff, day, None))
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


@transaction.atomic
def create_staff(user: User, unit: Unit, number: str, *, actor: Actor) -> Staff:
    """Enter a member of staff; refuses an account that is not a staff account and a taken number."""
    if user.kind != UserKind.STAFF:
        raise Refused(_("只有工作人员账户才能录入为工作人员。"), field="user")
    try:
        with transaction.atomic():
            staff = Staff.objects.create(user=user, unit=unit, number=number)
    except IntegrityError:
        raise Refused(
            _("该账户已录入，或工号 %(number)s 已被使用。") % {"number": number}, code="conflict"
        ) from None
    append(events.STAFF_CREATED, staff, actor, data={"user": user.pk, "number": number}, org_path=unit.path)
    return staff


@transaction.atomic
def move_staff(staff: Staff, unit: Unit, *, actor: Actor, reason: str) -> Staff:
    """Move a member of staff to another unit; every appointment that is still in force ends today."""
    if not reason.strip():
        raise Refused(_("请说明调动理由。"), field="reason")
    for appointment in staff.appointments.exclude(valid_to__lt=today()):
        end_appointment(appointment, today(), actor=actor, reason=reason)
    staff.unit = unit
    staff.save(update_fields=["unit"])
    data = {"user": staff.user_id, "path": unit.path}
    append(events.STAFF_MOVED, staff, actor, data=data, reason=reason, org_path=unit.path)
    return staff


@transaction.atomic
def qualify(
    staff: Staff,
    *,
    certificate_number: str = "",
    certificate_valid_to: datetime.date | None = None,
    certificate_lines: Iterable[str] = (),
    legal_qualification: bool | None = None,
    actor: Actor,
) -> Staff:
    """Record the enforcement certificate (PenProc 22) and the legal qualification (PenProc 50) of a member of staff."""
    if bool(certificate_number) != (certificate_valid_to is not None):
        raise Refused(_("执法证号和有效期须同时填写。"), field="certificate_valid_to")
    staff.certificate_number = certificate_number.strip()
    staff.certificate_valid_to = certificate_valid_to
    staff.certificate_lines = sorted(set(certificate_lines))
    if legal_qualification is not None:
        staff.legal_qualification = legal_qualification
    staff.save()
    data = {
        "user": staff.user_id,
        "valid_to": certificate_valid_to.isoformat() if certificate_valid_to else "",
        "lines": staff.certificate_lines,
        "legal": staff.legal_qualification,
    }
    append(events.QUALIFIED, staff, actor, data=data, org_path=staff.unit.path)
    return staff


def _refuse_disorder(start: datetime.date, end: datetime.date | None) -> None:
    if end is not None and end < start:
        raise Refused(_("结束日期不能早于开始日期。"), field="valid_to")


def _locked(staff: Staff) -> Staff:
    return Staff.objects.select_for_update(of=("self",)).select_related("unit", "user").get(pk=staff.pk)


@transaction.atomic
def appoint(
    staff: Staff,
    post: Post,
    valid_from: datetime.date,
    valid_to: datetime.date | None = None,
    *,
    actor: Actor,
) -> Appointment:
    """Give a post to a member of staff from a day until another, both included.

    Refuses a second holding of the same post in the same time and roles that one person may not hold together
    (三权分立), lent ones counted.
    """
    _refuse_disorder(valid_from, valid_to)
    staff = _locked(staff)
    same = staff.appointments.filter(post=post).exclude(valid_to__lt=valid_from)
    if valid_to is not None:
        same = same.exclude(valid_from__gt=valid_to)
    if same.exists():
        raise Refused(_("该人员在此期间已担任该岗位。"), code="conflict", field="post")
    roles = frozenset(post.roles.values_list("role", flat=True))
    held = queries.roles_within(staff, valid_from, valid_to) | queries.roles_lent_within(
        staff, valid_from, valid_to
    )
    _refuse_conflict(roles | held)
    appointment = Appointment.objects.create(staff=staff, post=post, valid_from=valid_from, valid_to=valid_to)
    data = {
        "user": staff.user_id,
        "post": post.code,
        "valid_from": valid_from.isoformat(),
        "valid_to": valid_to.isoformat() if valid_to else "",
    }
    append(events.APPOINTED, appointment, actor, data=data, org_path=post.unit.path)
    return appointment


@transaction.atomic
def end_appointment(
    appointment: Appointment, last_day: datetime.date, *, actor: Actor, reason: str
) -> Appointment:
    """End an appointment with a last day (the day before it began: it never counted)."""
    if not reason.strip():
        raise Refused(_("请说明免职理由。"), field="reason")
    appointment = (
        Appointment.objects.select_for_update(of=("self",))
        .select_related("post__unit", "staff")
        .get(pk=appointment.pk)
    )
    last_day = max(last_day, appointment.valid_from - datetime.timedelta(days=1))
    if appointment.valid_to is not None and appointment.valid_to <= last_day:
        return appointment
    appointment.valid_to = last_day
    appointment.save(update_fields=["valid_to"])
    data = {
        "user": appointment.staff.user_id,
        "post": appointment.post.code,
        "valid_to": last_day.isoformat(),
    }
    append(
        events.APPOINTMENT_ENDED,
        appointment,
        actor,
        data=data,
        reason=reason,
        org_path=appointment.post.unit.path,
    )
    return appointment


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
    wanted = [role for role, _line in _role_rows(roles)]
    if not wanted:
        raise Refused(_("请选择要委托的角色。"), field="roles")
    if not reason.strip():
        raise Refused(_("请说明委托理由。"), field="reason")
    _refuse_disorder(valid_from, valid_to)
    if giver.pk == taker.pk:
        raise Refused(_("不能委托给自己。"), field="taker")
    if actor.kind != "system" and actor.user_id == taker.user_id:
        raise Refused(_("委托须由委托人或管理员作出，受托人不能自行取得。"), code="forbidden", field="taker")
    locked = {
        staff.pk: staff
        for staff in (_locked(each) for each in sorted((giver, taker), key=lambda each: each.pk))
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
    _refuse_conflict(frozenset(wanted) | held)
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
    _refuse_disorder(valid_from, valid_to)
    if not reason.strip():
        raise Refused(_("请说明缺勤事由。"), field="reason")
    staff = _locked(staff)
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
