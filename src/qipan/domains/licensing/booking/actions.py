"""Appointments made and moved by either side, reminded of, held or missed."""

import datetime
import uuid as uuids

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from qipan.conf import wall
from qipan.domains.licensing import events
from qipan.domains.licensing.booking import slots
from qipan.domains.licensing.booking.models import BookedOfficer, Booking, BookingState
from qipan.domains.licensing.models import Application
from qipan.kernel.flow import actions as flow
from qipan.kernel.flow.models import Case, OrderState, Part, WorkOrder
from qipan.kernel.ledger.actions import append
from qipan.kernel.ledger.actor import Actor
from qipan.kernel.ledger.clock import now, today
from qipan.kernel.ledger.errors import Refused
from qipan.kernel.orgs.reader import Reader
from qipan.kernel.orgs.roles import Role
from qipan.kernel.subjects import mandates
from qipan.kernel.subjects.models import Act

ARRANGERS = (Role.INSPECTOR, Role.LIC_REVIEWER, Role.OFFICE_HEAD)


def may_arrange(case: Case, reader: Reader) -> bool:
    """Whether the reader is one of the two sides: the applicant (or an agent who fills in), or an officer over the unit."""
    if reader.kind == "staff":
        return any(reader.may(role, case.org_path) for role in ARRANGERS)
    if case.subject_id is None:
        return case.opened_by is not None and case.opened_by == reader.user_id
    item = Application.objects.values_list("item_code", flat=True).filter(pk=case.pk).first()
    if item is None:  # a theme, a rescission, an inspection: nobody is visited for them by appointment
        return False
    return case.subject_id in reader.subject_ids or bool(reader.mandate_for(case.subject_id, Act.FILL, item))


def current(case: Case) -> Booking | None:
    """The appointment that stands."""
    return Booking.objects.filter(case=case, state=BookingState.BOOKED).first()


def movable(booking: Booking) -> bool:
    """Until the day before; one whose day has passed without a word gives way to another time."""
    return today() != timezone.localtime(booking.starts_at).date()


def is_over(booking: Booking) -> bool:
    """Whether its day has passed."""
    return timezone.localtime(booking.starts_at).date() < today()


def arrange(case: Case, starts_at: datetime.datetime, reader: Reader) -> Booking:
    """Book a time for the site check, or move the appointment that stands; the same time again changes nothing.

    Either side may, until the day before; an appointment that passed unrecorded is closed first. Refused: a time beyond
    the limit or without two free officers, a case that waits for no visit, strangers. The order goes to the officers of
    the time unless it is in hand already.
    """
    try:
        return _arrange(case, starts_at, reader)
    except IntegrityError:  # of two who took an officer's last free time at once, one is told
        raise Refused(_("这个时间刚刚被约走，请另选一个。"), code="conflict", field="slot") from None


@transaction.atomic
@wall.lifted()
def _arrange(case: Case, starts_at: datetime.datetime, reader: Reader) -> Booking:
    locked = Case.objects.select_for_update(of=("self",), no_key=True).get(pk=case.pk)
    if not may_arrange(locked, reader):
        raise Refused(_("只有申请人和负责核查的人员可以预约。"), code="forbidden")
    order = slots.order_of(locked)
    if locked.state != "CHECKING" or order is None:
        raise Refused(_("本件现在没有待进行的现场核查。"), code="state")
    known = current(locked)
    if known is not None and not movable(known):
        raise Refused(_("最迟在核查前一日改期，今天不能再改。"), code="state")
    if known is not None and known.starts_at == starts_at:
        return known
    actor = (
        reader.actor(None, locked.org_path)
        if reader.kind == "staff"
        else mandates.acting(reader, Act.FILL, case=locked.pk, subject_id=locked.subject_id)
    )
    if known is not None and is_over(known):
        # Nobody has recorded who was there, so that it is held against neither side.
        _close(known, BookingState.CANCELLED, actor, _("约定的日期已过，没有核查记录。"))
        known = None
    found = next(
        (
            slot
            for slot in slots.slots(locked, but=known.pk if known else None)
            if slot.starts_at == starts_at
        ),
        None,
    )
    if found is None:
        raise Refused(
            _("这个时间不能预约：超出办理期限，或者没有两名核查人员有空。请另选一个。"), field="slot"
        )
    told = {"starts": found.key, "officers": list(found.officers)}
    if known is None:
        booking = Booking.objects.create(
            uuid=uuids.uuid4(),
            case=locked,
            org_path=locked.org_path,
            starts_at=starts_at,
            by_applicant=reader.kind != "staff",
        )
    else:
        booking, before = known, timezone.localtime(known.starts_at).strftime("%Y-%m-%dT%H:%M")
        booking.officers.filter(active=True).update(active=False)
        booking.starts_at, booking.by_applicant = starts_at, reader.kind != "staff"
        booking.moves, booking.reminded_on = booking.moves + 1, None
        booking.save(update_fields=["starts_at", "by_applicant", "moves", "reminded_on"])
        told["before"] = before
    BookedOfficer.objects.bulk_create(
        BookedOfficer(booking=booking, user_id=user, starts_at=starts_at) for user in found.officers
    )
    append(
        events.BOOKING_MOVED if known else events.BOOKING_MADE,
        booking,
        actor,
        data=told,
        subject_id=locked.subject_id,
    )
    if order.state in (OrderState.OPEN, OrderState.RETURNED):
        flow.assign(order, list(found.officers), actor=Actor.system(order.org_path))
    return booking


@transaction.atomic
def missed(booking: Booking, reader: Reader, note: str) -> Booking:
    """Record that the applicant was not there (爽约); a new time may be booked while the limit lasts.

    By one of the officers, once the time has come; with what they found.
    """
    locked = Booking.objects.select_for_update(of=("self",)).select_related("case").get(pk=booking.pk)
    if not locked.officers.filter(user_id=reader.user_id or 0, active=True).exists():
        raise Refused(_("您不是这次核查的人员。"), code="forbidden")
    if locked.state != BookingState.BOOKED:
        raise Refused(_("这次预约已经结束。"), code="state")
    if now() < locked.starts_at:
        raise Refused(_("还没有到预约的时间。"), code="state")
    if not note.strip():
        raise Refused(_("请写明到场后的情况。"), field="note")
    _close(locked, BookingState.MISSED, reader.actor(Role.INSPECTOR, locked.org_path), note.strip()[:500])
    return locked


def settle(case_id: int, state: BookingState) -> None:
    """The visit was held, or the case ended without one: the appointment says so, and the officers' time is free."""
    with transaction.atomic():
        locked = (
            Booking.objects.select_for_update(of=("self",))
            .select_related("case")
            .filter(case_id=case_id, state=BookingState.BOOKED)
            .first()
        )
        if locked is not None:
            _close(locked, state, Actor.system(locked.org_path))


@transaction.atomic
@wall.lifted()
def follow_order(order_id: int) -> None:
    """The officers of an appointment are those of its work order: who took it over comes instead, where that one can.

    Where not, or where the order went to another unit, the appointment is cancelled, so that another time is agreed on.
    """
    order = WorkOrder.objects.select_related("case").filter(pk=order_id, kind=slots.ORDER).first()
    if order is None or order.case is None:
        return
    locked = (
        Booking.objects.select_for_update(of=("self",))
        .select_related("case")
        .filter(case=order.case, state=BookingState.BOOKED, starts_at__gt=now())
        .first()
    )
    people = order.participants.filter(active=True).exclude(part=Part.SIGNER).order_by("pk")
    wanted = list(people.values_list("user_id", flat=True))[: slots.OFFICERS]
    if locked is None or 0 < len(wanted) < slots.OFFICERS:
        return  # the second officer is yet to sign for it
    coming = set(locked.officers.filter(active=True).values_list("user_id", flat=True))
    if wanted and coming == set(wanted):
        return
    system = Actor.system(locked.org_path)
    if not wanted or not slots.can_come(locked.case, order, wanted, locked.starts_at, locked.pk):
        _close(locked, BookingState.CANCELLED, system, _("核查人员有调整，原定时间不能进行，请重新预约。"))
        return
    locked.officers.filter(active=True).exclude(user_id__in=wanted).update(active=False)
    BookedOfficer.objects.bulk_create(
        BookedOfficer(booking=locked, user_id=user, starts_at=locked.starts_at)
        for user in wanted
        if user not in coming
    )
    starts = timezone.localtime(locked.starts_at).strftime("%Y-%m-%dT%H:%M")
    append(
        events.BOOKING_STAFFED,
        locked,
        system,
        data={"starts": starts, "officers": wanted},
        subject_id=locked.case.subject_id,
    )


CLOSED = {
    BookingState.HELD: events.BOOKING_HELD,
    BookingState.MISSED: events.BOOKING_MISSED,
    BookingState.CANCELLED: events.BOOKING_CANCELLED,
}


def _close(booking: Booking, state: BookingState, actor: Actor, note: str = "") -> None:
    booking.state, booking.note = state, note
    booking.save(update_fields=["state", "note"])
    booking.officers.filter(active=True).update(active=state == BookingState.HELD)
    append(CLOSED[state], booking, actor, reason=note, subject_id=booking.case.subject_id)


def remind(day: datetime.date | None = None) -> int:
    """Tell both sides, once, of tomorrow's visits; how many appointments were told of."""
    moment, told = day or today(), 0
    tomorrow = moment + datetime.timedelta(days=1)
    rows = Booking.objects.filter(
        state=BookingState.BOOKED, reminded_on__isnull=True, starts_at__date=tomorrow
    )
    for booking in rows.order_by("pk"):
        with transaction.atomic():
            locked = (
                Booking.objects.select_for_update(of=("self",))
                .select_related("case")
                .filter(pk=booking.pk, state=BookingState.BOOKED, reminded_on__isnull=True)
                .first()
            )
            if locked is None:
                continue
            locked.reminded_on = moment
            locked.save(update_fields=["reminded_on"])
            append(
                events.BOOKING_REMINDED,
                locked,
                Actor.system(locked.org_path),
                data={"starts": timezone.localtime(locked.starts_at).strftime("%Y-%m-%dT%H:%M")},
                subject_id=locked.case.subject_id,
            )
        told += 1
    return told
