"""Who holds the work order of a site check is who comes: handed on, the appointment goes along, or another time is agreed on."""

import pytest

from qipan.domains.licensing.booking import actions, slots
from qipan.domains.licensing.booking.models import BookedOfficer, Booking, BookingState
from qipan.kernel.accounts import letters
from qipan.kernel.flow import actions as flow
from qipan.kernel.flow.models import Case, WorkOrder
from qipan.kernel.jobs.testing import drain
from qipan.kernel.ledger.models import Event
from qipan.kernel.orgs.models import Staff
from qipan.kernel.orgs.roles import Role
from tests.licensing.city import City
from tests.licensing.test_a_site_check_is_booked_within_its_limit import booked, waiting
from tests.licensing.test_the_applicant_is_told import known_user
from tests.orgs.factories import StaffFactory, reader_for

pytestmark = pytest.mark.django_db


def handed_on(city: City, case: Case, **to: object) -> WorkOrder:
    order = WorkOrder.objects.get(case=case, kind="licensing.check")
    actor = reader_for(city.inspectors[0]).actor(Role.INSPECTOR, order.org_path)
    order = flow.transfer(order, reason="轮岗", actor=actor, **to)
    drain()
    return order


def coming(booking: Booking) -> set[int]:
    return set(booking.officers.filter(active=True).values_list("user_id", flat=True))


def colleague(city: City) -> Staff:
    return StaffFactory(role=Role.INSPECTOR, unit=city.tree.offices[0])


def test_the_colleague_who_takes_over_comes_at_the_same_time(city: City) -> None:
    booking, case, _owner = booked(city)
    user, other = known_user(case), colleague(city)
    handed_on(city, case, to_user=other.user_id)
    booking.refresh_from_db()
    assert booking.state == BookingState.BOOKED
    assert coming(booking) == {other.user_id, city.inspectors[1].user_id}
    assert Event.objects.get(name="licensing.booking.staffed").data["officers"][0] == other.user_id
    assert any("时间不变" in notice.text for notice in letters.notices_of(user.pk))
    free = BookedOfficer.objects.filter(user_id=city.inspectors[0].user_id, active=True)
    assert not free.exists(), "the time of who left is free"


def test_where_the_colleague_is_busy_another_time_is_agreed_on(city: City) -> None:
    booking, case, owner = booked(city)
    user, other = known_user(case), colleague(city)
    elsewhere, _owner = waiting(city)
    foreign = Booking.objects.create(
        uuid=case.uuid, case=elsewhere, org_path=booking.org_path, starts_at=booking.starts_at
    )
    BookedOfficer.objects.create(booking=foreign, user=other.user, starts_at=booking.starts_at)
    handed_on(city, case, to_user=other.user_id)
    booking.refresh_from_db()
    assert booking.state == BookingState.CANCELLED and "核查人员有调整" in booking.note
    assert any("已取消" in notice.text for notice in letters.notices_of(user.pk))
    slot = slots.slots(case)[0]
    assert actions.arrange(case, slot.starts_at, owner).pk != booking.pk and other.user_id in slot.officers


def test_another_unit_agrees_on_a_time_of_its_own(city: City) -> None:
    booking, case, _owner = booked(city)
    handed_on(city, case, to_org=city.tree.offices[1].path)
    booking.refresh_from_db()
    assert booking.state == BookingState.CANCELLED and coming(booking) == set()


def test_who_signs_for_what_was_booked_changes_nothing(city: City) -> None:
    booking, case, _owner = booked(city)
    order = WorkOrder.objects.get(case=case, kind="licensing.check")
    for officer in city.inspectors:
        flow.claim(order, actor=reader_for(officer).actor(None, case.org_path))
    drain()
    booking.refresh_from_db()
    assert booking.state == BookingState.BOOKED and len(coming(booking)) == 2
    assert not Event.objects.filter(name="licensing.booking.staffed").exists()
