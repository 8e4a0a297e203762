"""A role is held by the appointment of the day: who left a post that others still hold is asked for nothing any more."""

import datetime

import pytest

from qipan.kernel.ledger.clock import today
from qipan.kernel.orgs import actions, queries
from qipan.kernel.orgs.models import Appointment, Staff
from qipan.kernel.orgs.roles import Role
from tests.orgs.factories import SYSTEM, StaffFactory, UnitTree

pytestmark = pytest.mark.django_db
DAY = datetime.timedelta(days=1)
OFFICE = "SZ/FT/FT01/"


def left(staff: Staff) -> None:
    began = today() - 30 * DAY
    Appointment.objects.filter(staff=staff).update(valid_from=began)
    actions.end_appointment(staff.appointments.get(), today() - DAY, actor=SYSTEM, reason="调离")


def test_the_colleagues_of_the_same_post_hold_it_alone() -> None:
    office = UnitTree().offices[0]
    staying, leaving = StaffFactory(Role.INSPECTOR, office), StaffFactory(Role.INSPECTOR, office)
    assert staying.appointments.get().post == leaving.appointments.get().post
    left(leaving)
    assert list(queries.holders(Role.INSPECTOR, OFFICE)) == [staying]
    assert leaving in queries.holders(Role.INSPECTOR, OFFICE, on=today() - 2 * DAY), "it was so then"
    assert not any(power.role == Role.INSPECTOR for power in queries.powers_of(leaving))


def test_who_left_lends_nothing_of_it() -> None:
    office = UnitTree().offices[0]
    staying, leaving = StaffFactory(Role.INSPECTOR, office), StaffFactory(Role.INSPECTOR, office)
    taker = StaffFactory(Role.LIC_REVIEWER, office)
    actions.delegate(leaving, taker, [Role.INSPECTOR], today(), today() + DAY, "出差", actor=SYSTEM)
    assert set(queries.holders(Role.INSPECTOR, OFFICE)) == {staying, leaving, taker}
    left(leaving)
    assert list(queries.holders(Role.INSPECTOR, OFFICE)) == [staying]
    assert not queries.powers_of(taker)[0].lent_by


def test_a_line_is_that_of_the_role_which_is_held() -> None:
    office = UnitTree().offices[0]
    food = StaffFactory(Role.INSPECTOR, office, line="food")
    every = StaffFactory(Role.INSPECTOR, office)
    assert list(queries.holders(Role.INSPECTOR, OFFICE, "food")) == [food, every]
    assert list(queries.holders(Role.INSPECTOR, OFFICE, "ads")) == [every]
