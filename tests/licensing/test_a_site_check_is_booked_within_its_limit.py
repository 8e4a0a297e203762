"""预约核查: by either side, within the limit, two free officers, moved until the day before, reminded, no-show recorded."""

import datetime

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from qipan.domains.licensing import jobs
from qipan.domains.licensing.booking import actions, route, slots
from qipan.domains.licensing.booking.models import BookedOfficer, Booking, BookingState
from qipan.kernel.accounts import letters
from qipan.kernel.flow import actions as flow
from qipan.kernel.flow.models import Case, WorkOrder
from qipan.kernel.jobs.interface import periodic
from qipan.kernel.jobs.testing import drain
from qipan.kernel.law import calendar
from qipan.kernel.ledger import clock
from qipan.kernel.ledger.clock import today
from qipan.kernel.ledger.dispatch import deliver_waiting
from qipan.kernel.ledger.errors import Refused
from qipan.kernel.orgs import actions as orgs
from qipan.kernel.orgs.reader import Reader
from qipan.kernel.subjects.models import Premises
from tests.licensing.city import SYSTEM, City
from tests.licensing.test_a_new_restaurant_is_checked_and_decided_by_people import step, submitted, visit
from tests.licensing.test_the_applicant_is_told import known_user
from tests.orgs.factories import StaffFactory, reader_for, signed_in

pytestmark = pytest.mark.django_db


def waiting(city: City) -> tuple[Case, Reader]:
    """A case that waits for its visit, and its applicant."""
    case = submitted(city)
    step(case, city.receiver, "accept")
    case = step(case, city.reviewer, "order_check")
    return case, reader_for(case.subject.representatives.get().user)


def booked(city: City) -> tuple[Booking, Case, Reader]:
    case, owner = waiting(city)
    return actions.arrange(case, slots.slots(case)[0].starts_at, owner), case, owner


def brought_forward(booking: Booking, days: int, hours: int = 0) -> Booking:
    """The appointment as if it had been made for a day that is now, or was."""
    moment = timezone.now() + datetime.timedelta(days=days, hours=hours)
    Booking.objects.filter(pk=booking.pk).update(starts_at=moment)
    BookedOfficer.objects.filter(booking=booking).update(starts_at=moment)
    booking.refresh_from_db()
    return booking


def test_times_lie_on_working_days_from_tomorrow_to_the_limit(city: City) -> None:
    case, _owner = waiting(city)
    order = WorkOrder.objects.get(case=case, kind="licensing.check")
    days = {timezone.localtime(slot.starts_at).date() for slot in slots.slots(case)}
    assert days and min(days) > today() and max(days) <= order.due_on
    assert all(calendar.current().is_working_day(day) for day in days)
    assert all(len(set(slot.officers)) == 2 for slot in slots.slots(case))


def test_no_time_is_offered_past_the_limit(city: City) -> None:
    case, owner = waiting(city)
    order = WorkOrder.objects.get(case=case, kind="licensing.check")
    late = timezone.make_aware(
        datetime.datetime.combine(calendar.current().add_working_days(order.due_on, 1), slots.TIMES[0])
    )
    with pytest.raises(Refused, match="超出办理期限"):
        actions.arrange(case, late, owner)
    Case.objects.filter(pk=case.pk).update(due_on=today())
    assert slots.slots(Case.objects.get(pk=case.pk)) == []


def test_the_applicant_books_and_two_officers_get_the_order(city: City) -> None:
    booking, case, _owner = booked(city)
    officers = set(booking.officers.values_list("user_id", flat=True))
    order = WorkOrder.objects.get(case=case, kind="licensing.check")
    people = set(order.participants.filter(active=True).values_list("user_id", flat=True))
    assert officers == people == {one.user_id for one in city.inspectors} and booking.by_applicant


def test_an_officer_who_is_away_or_uncertified_is_not_booked(city: City) -> None:
    case, _owner = waiting(city)
    first = slots.slots(case)[0]
    day = timezone.localtime(first.starts_at).date()
    orgs.declare_absence(city.inspectors[0], day, day, "培训", actor=SYSTEM)
    left = slots.slots(case)
    assert day not in {timezone.localtime(slot.starts_at).date() for slot in left} and left
    StaffFactory(unit=city.tree.offices[0], certified=False)
    assert day not in {timezone.localtime(slot.starts_at).date() for slot in slots.slots(case)}
    StaffFactory(unit=city.tree.offices[0])
    assert day in {timezone.localtime(slot.starts_at).date() for slot in slots.slots(case)}


def test_nobody_is_in_two_places_at_once(city: City) -> None:
    booking, _case, _owner = booked(city)
    other, owner = waiting(city)
    assert booking.starts_at not in {slot.starts_at for slot in slots.slots(other)}
    with pytest.raises(Refused, match="不能预约"):
        actions.arrange(other, booking.starts_at, owner)


def test_either_side_moves_it_until_the_day_before(city: City) -> None:
    booking, case, owner = booked(city)
    later = slots.slots(case)[-1].starts_at
    officer = reader_for(city.inspectors[0])
    assert actions.arrange(case, later, officer).pk == booking.pk
    booking.refresh_from_db()
    assert (booking.starts_at, booking.moves, booking.by_applicant) == (later, 1, False)
    assert BookedOfficer.objects.filter(active=True).count() == 2
    actions.arrange(case, slots.slots(case, but=booking.pk)[0].starts_at, owner)
    brought_forward(booking, 0, hours=1 if timezone.localtime().hour < 22 else 0)
    with pytest.raises(Refused, match="前一日"):
        actions.arrange(case, later, owner)


def test_strangers_and_cases_without_a_visit_are_refused(city: City) -> None:
    case, owner = waiting(city)
    moment = slots.slots(case)[0].starts_at
    _subject, _grant, stranger = city.restaurant()
    other = reader_for(StaffFactory(unit=city.tree.offices[2]))
    for reader in (stranger, other, Reader.anonymous()):
        with pytest.raises(Refused, match="只有申请人"):
            actions.arrange(case, moment, reader)
    Case.objects.filter(pk=case.pk).update(state="REVIEWED")
    with pytest.raises(Refused, match="没有待进行"):
        actions.arrange(case, moment, owner)


def test_both_sides_are_told_and_reminded_once_the_day_before(city: City) -> None:
    booking, case, _owner = booked(city)
    user = known_user(case)
    deliver_waiting()
    day = timezone.localtime(booking.starts_at).date() - datetime.timedelta(days=1)
    assert actions.remind(day - datetime.timedelta(days=1)) == 0
    assert (actions.remind(day), actions.remind(day)) == (1, 0)
    deliver_waiting()
    assert [notice.kind for notice in letters.notices_of(user.pk)].count(
        "notice.licensing.booking.reminded"
    ) == 1


def test_the_job_of_the_afternoon_reminds_of_tomorrows_visits(city: City) -> None:
    assert ("0 15 * * *", jobs.remind_of_visits) in periodic
    booking, case, _owner = booked(city)
    user = known_user(case)
    drain()
    afternoon = timezone.localtime(booking.starts_at).replace(hour=15, minute=0)
    for days, reminded in ((2, 0), (1, 1), (1, 1)):
        with clock.at(afternoon - datetime.timedelta(days=days)):
            jobs.remind_of_visits.defer()
            drain()
        kinds = [notice.kind for notice in letters.notices_of(user.pk)]
        assert kinds.count("notice.licensing.booking.reminded") == reminded


def test_a_no_show_is_recorded_by_who_was_there_and_a_new_time_is_free(city: City) -> None:
    booking, case, owner = booked(city)
    officer, stranger = reader_for(city.inspectors[0]), reader_for(city.reviewer)
    with pytest.raises(Refused, match="还没有到"):
        actions.missed(booking, officer, "无人在场")
    brought_forward(booking, 0, hours=-1)
    with pytest.raises(Refused, match="不是这次核查"):
        actions.missed(booking, stranger, "无人在场")
    with pytest.raises(Refused, match="写明"):
        actions.missed(booking, officer, " ")
    actions.missed(booking, officer, "门店关闭，电话无人接听")
    assert not BookedOfficer.objects.filter(active=True).exists()
    assert actions.arrange(case, slots.slots(case)[0].starts_at, owner).pk != booking.pk


def test_the_visit_that_is_held_ends_its_appointment(city: City) -> None:
    booking, case, _owner = booked(city)
    order = WorkOrder.objects.get(case=case, kind="licensing.check")
    for officer in city.inspectors:
        flow.claim(order, actor=reader_for(officer).actor(None, case.org_path))
    visit(city, Case.objects.get(pk=case.pk))
    deliver_waiting()
    booking.refresh_from_db()
    assert booking.state == BookingState.HELD


def test_todays_visits_are_listed_in_the_order_of_the_way(city: City) -> None:
    made = []
    for place in (0.0, 0.5, 0.1):
        booking, case, _owner = booked(city)
        Premises.objects.filter(pk=case.premises_id).update(longitude=114 + place, latitude=22.5)
        made.append(brought_forward(booking, 0, hours=0))
        BookedOfficer.objects.filter(booking=booking).update(starts_at=booking.starts_at)
    rows = list(Booking.objects.select_related("case__premises").order_by("pk"))
    assert [rows.index(one) for one in route.ordered(rows)] == [0, 2, 1]
    client = signed_in(Client(), city.inspectors[0].user)
    page = client.get(reverse("visits"))
    assert [line["booking"].pk for line in page.context["today"]] == [made[0].pk, made[2].pk, made[1].pk]
    by_time = client.get(reverse("visits"), {"by": "time"}).context["today"]
    assert [line["booking"].pk for line in by_time] == [one.pk for one in made]


def test_the_page_is_the_same_for_both_sides(city: City) -> None:
    case, _owner = waiting(city)
    user = case.subject.representatives.get().user
    client, address = signed_in(Client(), user), reverse("booking", args=[case.uuid])
    first = client.get(address).context["days"][0][1][0]
    assert client.post(address, {"slot": "nonsense"}).status_code == 409
    client.post(address, {"slot": first.key})
    assert Booking.objects.get().starts_at == first.starts_at
    staff = signed_in(Client(), city.inspectors[0].user)
    assert timezone.localtime(first.starts_at).strftime("%H:%M") in staff.get(address).content.decode()
    assert "查看或者改期" in client.get(reverse("my_case", args=[case.uuid])).content.decode()
    stranger = signed_in(Client(), StaffFactory(unit=city.tree.offices[2]).user)
    assert stranger.get(address).status_code == 404
