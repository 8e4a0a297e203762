"""Staff, their qualification and their posts (人员、资格、任职)."""

import datetime
from collections.abc import Iterable

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from qipan.kernel.accounts.models import User, UserKind
from qipan.kernel.ledger.actions import append
from qipan.kernel.ledger.actor import Actor
from qipan.kernel.ledger.clock import today
from qipan.kernel.ledger.errors import Refused
from qipan.kernel.orgs import events, queries
from qipan.kernel.orgs.actions.posts import refuse_conflict
from qipan.kernel.orgs.models import (
    Appointment,
    Post,
    Staff,
    Unit,
)


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


def refuse_disorder(start: datetime.date, end: datetime.date | None) -> None:
    if end is not None and end < start:
        raise Refused(_("结束日期不能早于开始日期。"), field="valid_to")


def lock(staff: Staff) -> Staff:
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
    refuse_disorder(valid_from, valid_to)
    staff = lock(staff)
    same = staff.appointments.filter(post=post).exclude(valid_to__lt=valid_from)
    if valid_to is not None:
        same = same.exclude(valid_from__gt=valid_to)
    if same.exists():
        raise Refused(_("该人员在此期间已担任该岗位。"), code="conflict", field="post")
    roles = frozenset(post.roles.values_list("role", flat=True))
    held = queries.roles_within(staff, valid_from, valid_to) | queries.roles_lent_within(
        staff, valid_from, valid_to
    )
    refuse_conflict(roles | held)
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
