"""A day that passed without a record: the officers still see it and may record it, and either side agrees on another time."""

import pytest
from django.test import Client
from django.urls import reverse

from qipan.domains.licensing.booking import actions, slots
from qipan.domains.licensing.booking.models import BookedOfficer, Booking, BookingState
from qipan.domains.licensing.themes import queries
from qipan.kernel.flow.models import WorkOrder
from qipan.kernel.ledger.clock import today
from qipan.kernel.ledger.errors import Refused
from tests.licensing.city import City
from tests.licensing.test_a_site_check_is_booked_within_its_limit import booked, brought_forward
from tests.orgs.factories import reader_for, signed_in
from tests.subjects.factories import SubjectFactory, owner_of
from tests.themes.walking import Walk

pytestmark = pytest.mark.django_db


@pytest.fixture
def city(settings, tmp_path) -> City:
    settings.HOME = tmp_path
    queries.forget()
    return City()


def test_either_side_takes_another_time_and_nobody_is_blamed(city: City) -> None:
    booking, case, _owner = booked(city)
    brought_forward(booking, -2)
    assert actions.movable(booking)
    page = signed_in(Client(), case.subject.representatives.get().user)
    address = reverse("booking", args=[case.uuid])
    slot = page.get(address).context["days"][0][1][0]
    assert page.post(address, {"slot": slot.key}).status_code == 302
    booking.refresh_from_db()
    assert booking.state == BookingState.CANCELLED and "没有核查记录" in booking.note
    made = actions.current(case)
    assert made is not None and made.pk != booking.pk and made.starts_at == slot.starts_at
    assert set(BookedOfficer.objects.filter(active=True).values_list("booking_id", flat=True)) == {made.pk}


def test_a_time_that_cannot_be_had_leaves_the_old_one_as_it_was(city: City) -> None:

    booking, case, owner = booked(city)
    last = slots.slots(case)[-1].starts_at
    brought_forward(booking, -2)
    WorkOrder.objects.filter(case=case, kind="licensing.check").update(due_on=today())
    with pytest.raises(Refused, match="不能预约"):
        actions.arrange(case, last, owner)
    booking.refresh_from_db()
    assert booking.state == BookingState.BOOKED


def test_the_officers_still_see_it_and_record_who_was_not_there(city: City) -> None:
    booking, _case, _owner = booked(city)
    brought_forward(booking, -2)
    client = signed_in(Client(), city.inspectors[0].user)
    page = client.get(reverse("visits"))
    [line] = page.context["today"]
    assert line["booking"].pk == booking.pk and line["over"] and "约定的日期已过" in page.content.decode()
    client.post(reverse("visits"), {"booking": booking.uuid, "note": "门店关闭"})
    assert Booking.objects.get(pk=booking.pk).state == BookingState.MISSED


def test_a_theme_has_no_appointment_and_its_address_is_not_found(client: Client, city: City) -> None:
    subject = SubjectFactory("深圳市食堂单位")
    user = owner_of(subject)
    theme = queries.theme("canteen")
    assert theme is not None
    walk = Walk(signed_in(client, user), city, theme, user)
    row = walk.begin({"area": "80", "drain": False, "place": "OTHER"}, subject)
    assert client.get(reverse("booking", args=[row.case.uuid])).status_code == 404
    assert not actions.may_arrange(row.case, reader_for(user))
