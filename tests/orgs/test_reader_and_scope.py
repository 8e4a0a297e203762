"""A person sees what the post may see, and nothing without one."""

import datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from qipan.kernel.ledger.clock import today
from qipan.kernel.ledger.errors import Refused
from qipan.kernel.orgs import actions, queries
from qipan.kernel.orgs.models import Staff
from qipan.kernel.orgs.roles import Role
from tests.orgs.factories import (
    SYSTEM,
    BusinessUserFactory,
    StaffFactory,
    UnitTree,
    post_with,
    reader_for,
)

pytestmark = pytest.mark.django_db
DAY = datetime.timedelta(days=1)


def test_powers_reach_down_and_not_aside() -> None:
    tree = UnitTree()
    reader = reader_for(StaffFactory(Role.LIC_REVIEWER, tree.districts[0]))
    assert reader.may(Role.LIC_REVIEWER, "SZ/FT/FT01/")
    assert not reader.may(Role.LIC_REVIEWER, "SZ/NS/NS01/")
    assert not reader.may(Role.LIC_REVIEWER, "SZ/")
    assert not reader.may(Role.LIC_DECIDER, "SZ/FT/FT01/")


def test_two_queries_make_a_reader() -> None:
    staff = StaffFactory(Role.INSPECTOR)
    taker = StaffFactory(Role.OFFICE_HEAD)
    actions.delegate(staff, taker, [Role.INSPECTOR], today(), today() + 5 * DAY, "出差", actor=SYSTEM)
    user = taker.user
    with CaptureQueriesContext(
        connection,
    ) as queries_made:
        reader = queries.reader_of(user)
    assert len(queries_made) == 2
    assert reader.may(Role.INSPECTOR, "SZ/FT/FT01/") and reader.may(Role.OFFICE_HEAD, "SZ/FT/FT01/")


def test_without_a_post_nothing_is_visible_but_oneself() -> None:
    alone, _other = StaffFactory(None), StaffFactory(Role.INSPECTOR)
    assert list(Staff.objects.visible_to(reader_for(alone))) == [alone]
    assert not Staff.objects.visible_to(reader_for(BusinessUserFactory())).exists()


def test_an_ended_appointment_gives_nothing() -> None:
    staff = StaffFactory(Role.INSPECTOR)
    appointment = staff.appointments.get()
    actions.end_appointment(appointment, today() - DAY, actor=SYSTEM, reason="调离")
    assert reader_for(staff).powers == ()


def test_lent_roles_come_with_the_giver_and_go_with_the_end() -> None:
    tree = UnitTree()
    giver = StaffFactory(Role.LIC_DECIDER, tree.districts[0])
    taker = StaffFactory(Role.LIC_REVIEWER, tree.districts[1])
    lent = actions.delegate(giver, taker, [Role.LIC_DECIDER], today(), today() + DAY, "休假", actor=SYSTEM)
    power = next(power for power in reader_for(taker).powers if power.role == Role.LIC_DECIDER)
    assert (power.org_path, power.lent_by) == ("SZ/FT/", giver.user_id)
    assert queries.powers_of(taker, today() + 2 * DAY) == tuple(
        power for power in queries.powers_of(taker) if power.lent_by is None
    )
    actions.revoke_delegation(lent, actor=SYSTEM, reason="提前返岗")
    assert not reader_for(taker).may(Role.LIC_DECIDER, "SZ/FT/")


def test_only_what_one_holds_can_be_lent() -> None:
    giver, taker = StaffFactory(Role.INSPECTOR), StaffFactory(Role.INSPECTOR)
    with pytest.raises(Refused) as refused:
        actions.delegate(giver, taker, [Role.LIC_DECIDER], today(), today(), "出差", actor=SYSTEM)
    assert refused.value.field == "roles"
    with pytest.raises(Refused):
        actions.delegate(giver, giver, [Role.INSPECTOR], today(), today(), "出差", actor=SYSTEM)


def test_holders_are_the_nearest_present_ones() -> None:
    tree = UnitTree()
    office, district = tree.offices[0], tree.districts[0]
    near, far = StaffFactory(Role.INSPECTOR, office), StaffFactory(Role.INSPECTOR, district)
    assert list(queries.holders(Role.INSPECTOR, office.path)) == [near]
    actions.declare_absence(near, today(), today() + DAY, "年休假", actor=SYSTEM)
    assert list(queries.holders(Role.INSPECTOR, office.path)) == [far]
    assert list(queries.holders(Role.INSPECTOR, tree.offices[2].path)) == []


def test_a_substitute_takes_over_while_one_is_away() -> None:
    tree = UnitTree()
    away = StaffFactory(Role.LIC_DECIDER, tree.districts[0])
    substitute = StaffFactory(Role.LIC_REVIEWER, tree.districts[0])
    actions.declare_absence(away, today(), today() + DAY, "培训", substitute=substitute, actor=SYSTEM)
    assert list(queries.holders(Role.LIC_DECIDER, "SZ/FT/FT01/")) == [substitute]


@pytest.mark.parametrize("other", [Role.AUDITOR, Role.SECURITY_ADMIN, Role.INSPECTOR, Role.CATALOGUE_EDITOR])
def test_the_three_administrators_are_separate(other: Role) -> None:
    tree = UnitTree()
    admin = StaffFactory(Role.SYSTEM_ADMIN, tree.city)
    post = post_with(tree.city, [other])
    with pytest.raises(Refused, match="三权分立"):
        actions.appoint(admin, post, today(), actor=SYSTEM)
    with pytest.raises(Refused, match="三权分立"):
        actions.create_post(tree.city, "mixed", "混合", [Role.SYSTEM_ADMIN, other], actor=SYSTEM)
    with pytest.raises(Refused, match="三权分立"):
        actions.set_post_roles(
            admin.appointments.get().post, [Role.SYSTEM_ADMIN, other], actor=SYSTEM, reason="扩大职责"
        )
