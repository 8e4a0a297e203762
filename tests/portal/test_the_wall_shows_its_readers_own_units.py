"""The wall: today's work by unit and state, scoped to the reader, drilled down, and nobody's name on it."""

import pytest
from django.test import Client

from qipan.kernel.jobs.testing import drain
from qipan.kernel.orgs.roles import Role
from tests.licensing.city import City
from tests.orgs.factories import StaffFactory, signed_in
from tests.portal.test_pages_walk_the_loops import owner_client, walk_renewal

pytestmark = pytest.mark.django_db


def watcher(city: City, role: Role, unit) -> Client:
    return signed_in(Client(), StaffFactory(role=role, unit=unit).user)


def test_today_is_counted_by_unit_and_state(city: City) -> None:
    _subject, grant, _owner = city.restaurant()
    walk_renewal(city, owner_client(grant), grant)
    _other, slow, _reader = city.restaurant(risk_grade="D")
    walk_renewal(city, owner_client(slow), slow)
    drain()
    page = watcher(city, Role.BUREAU_LEADER, city.tree.city).get("/desk/wall/")
    total = page.context["total"]
    assert (total.opened, total.by_rule, total.open >= 1, total.overdue) == (2, 1, True, 0)
    rows = {row.unit.path: row.figures for row in page.context["rows"]}
    assert rows["SZ/FT/"].opened == 2 and sum(figures.opened for figures in rows.values()) == 2
    states = {title: number for title, number, _share in page.context["states"]}
    assert states["待受理"] == 1 and states["已制证"] == 1
    assert page.context["days"][-1]["number"] == 2 and page.context["seconds"] < 60


def test_nobody_is_named(city: City) -> None:
    subject, grant, _owner = city.restaurant()
    case = walk_renewal(city, owner_client(grant), grant)
    text = watcher(city, Role.BUREAU_LEADER, city.tree.city).get("/desk/wall/").content.decode()
    assert case.number in text
    assert subject.name not in text and "王小明" not in text and "13800138000" not in text


def test_a_bureau_drills_to_its_offices_and_sees_no_other(city: City) -> None:
    leader = watcher(city, Role.BUREAU_LEADER, city.tree.districts[0])
    assert leader.get("/desk/wall/").context["unit"] == city.tree.districts[0]
    down = leader.get("/desk/wall/?unit=SZ/FT/FT01/")
    assert down.status_code == 200 and down.context["above"] == city.tree.districts[0]
    assert leader.get("/desk/wall/?unit=SZ/").status_code == 404
    assert leader.get(f"/desk/wall/?unit={city.tree.districts[1].path}").status_code == 404
    assert leader.get("/desk/wall/?unit=SZ/FT/XX/").status_code == 404


def test_who_does_not_direct_has_no_wall(city: City) -> None:
    assert signed_in(Client(), city.receiver.user).get("/desk/wall/").status_code == 403
