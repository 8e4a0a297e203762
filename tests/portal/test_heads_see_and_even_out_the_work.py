"""Workload by person and limit: counted rightly, scoped to the units that one directs, evened out by transfers."""

import datetime

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from qipan.kernel.flow import actions as flow
from qipan.kernel.flow.models import WorkOrder
from qipan.kernel.flow.queries import workload
from qipan.kernel.ledger.clock import today
from qipan.kernel.orgs import actions as orgs
from qipan.kernel.orgs.models import Staff
from qipan.kernel.orgs.roles import Role
from tests.orgs.factories import SYSTEM, StaffFactory, UnitTree, reader_for, signed_in

pytestmark = pytest.mark.django_db


class House:
    """An office with a head and three inspectors, and orders in their hands."""

    def __init__(self) -> None:
        self.tree = UnitTree()
        self.office = self.tree.offices[0]
        self.head = StaffFactory(role=Role.OFFICE_HEAD, unit=self.office)
        self.people = [StaffFactory(role=Role.INSPECTOR, unit=self.office) for _one in range(3)]

    def order(self, person: Staff | None, due_in: int, kind: str = "demo.visit", office=None) -> WorkOrder:
        made = flow.create_order(
            kind,
            "巡查",
            org_path=(office or self.office).path,
            role=Role.INSPECTOR,
            due_on=today() + datetime.timedelta(days=max(due_in, 0)),
            actor=SYSTEM,
        )
        if due_in < 0:  # it was issued in time and lay too long
            late = today() + datetime.timedelta(days=due_in)
            WorkOrder.objects.filter(pk=made.pk).update(due_on=late)
        if person is not None:
            flow.claim(made, actor=reader_for(person).actor(Role.INSPECTOR, made.org_path))
        return WorkOrder.objects.get(pk=made.pk)


def test_each_persons_orders_are_counted_by_limit() -> None:
    house = House()
    busy, calm, _idle = house.people
    for due in (-2, 0, 2, 9):
        house.order(busy, due)
    done = house.order(calm, 1)
    flow.finish(done, actor=reader_for(calm).actor(Role.INSPECTOR, done.org_path), result="已巡查")
    house.order(None, 5)
    found = workload.loads(reader_for(house.head), house.office.path)
    one = found[busy.user_id]
    assert (one.open, one.overdue, one.today, one.soon, one.kinds) == (4, 1, 1, 1, {"demo.visit": 4})
    assert found[calm.user_id].open == 0 and found[calm.user_id].done == 1
    assert found[calm.user_id].days is not None and found[calm.user_id].days < 1
    assert found[None].open == 1


def test_the_page_takes_one_statement_for_each_figure() -> None:
    house = House()
    house.order(house.people[0], 1)
    reader = reader_for(house.head)
    with CaptureQueriesContext(
        connection,
    ) as asked:
        workload.loads(reader, house.office.path)
    assert len(asked) == 2


def test_heads_see_their_own_units_only() -> None:
    house = House()
    house.order(house.people[0], 1)
    client = signed_in(Client(), house.head.user)
    orgs.declare_absence(house.people[1], today(), today(), "培训", actor=SYSTEM)
    page = client.get(reverse("workload"))
    away = [line["person"].pk for line in page.context["lines"] if line["away"]]
    assert page.status_code == 200 and away == [house.people[1].user_id]
    for path in ("SZ/", "SZ/FT/", "SZ/NS/NS01/", "nowhere"):
        assert client.get(reverse("workload"), {"unit": path}).status_code == 404
    other = StaffFactory(role=Role.OFFICE_HEAD, unit=house.tree.offices[2])
    assert workload.loads(reader_for(other), house.office.path) == {}
    stranger = signed_in(Client(), other.user)
    assert stranger.get(reverse("workload_of", args=[house.people[0].user_id])).status_code == 404
    assert signed_in(Client(), house.people[0].user).get(reverse("workload")).status_code == 403


def test_what_one_cannot_do_goes_to_a_colleague() -> None:
    house = House()
    busy, calm, away = house.people
    held, waiting = house.order(busy, 1), house.order(None, 1)
    client = signed_in(Client(), house.head.user)
    sent = {"unit": house.office.path, "person": calm.user_id, "reason": "工作量调整"}
    client.post(reverse("workload_of", args=[busy.user_id]), {**sent, "order": [held.uuid]})
    client.post(reverse("workload_of", args=[0]), {**sent, "order": [waiting.uuid]})
    assert {order.assignee_id for order in WorkOrder.objects.all()} == {calm.user_id}
    orgs.declare_absence(away, today(), None, "病假", actor=SYSTEM)
    refused = client.post(
        reverse("workload_of", args=[calm.user_id]), {**sent, "person": away.user_id, "order": [held.uuid]}
    )
    assert refused.status_code == 409 and "缺勤" in refused.content.decode()
    for lacking, words in (("order", "请先勾选"), ("person", "接办的同事"), ("reason", "理由")):
        page = client.post(
            reverse("workload_of", args=[calm.user_id]), {**sent, "order": [held.uuid], lacking: ""}
        )
        assert page.status_code == 409 and words in page.content.decode()


def test_orders_of_another_unit_are_not_handed_over() -> None:
    house = House()
    foreign = house.order(None, 1, office=house.tree.offices[2])
    client = signed_in(Client(), house.head.user)
    client.post(
        reverse("workload_of", args=[0]),
        {
            "unit": house.office.path,
            "person": house.people[0].user_id,
            "reason": "x",
            "order": [foreign.uuid],
        },
    )
    foreign.refresh_from_db()
    assert foreign.assignee_id is None
