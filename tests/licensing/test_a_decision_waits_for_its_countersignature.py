"""会签: where the table asks for it the decision waits, whoever decides and however; no other decision does."""

import pytest
from django.test import Client
from django.urls import reverse

from qipan.domains.licensing import countersigning
from qipan.domains.licensing.models import Application
from qipan.kernel.decisions.models import TableVersion
from qipan.kernel.flow import actions as flow
from qipan.kernel.flow.models import Case, WorkOrder
from qipan.kernel.law.dated import forget
from qipan.kernel.ledger.clock import today
from qipan.kernel.ledger.errors import Refused
from qipan.kernel.orgs.roles import Role
from tests.licensing.city import City
from tests.licensing.test_a_new_restaurant_is_checked_and_decided_by_people import checking, step, visit
from tests.orgs.factories import StaffFactory, reader_for, signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def city(settings, tmp_path) -> City:
    settings.HOME = tmp_path
    made = City()
    made.head = StaffFactory(role=Role.OFFICE_HEAD, unit=made.tree.offices[0])
    return made


def to_decide(city: City, items: list[str]) -> Case:
    case, _order = checking(city)
    visit(city, case)
    row = Application.objects.get(pk=case.pk)
    row.answers |= {"items": items}
    row.save()
    return Case.objects.get(pk=case.pk)


def send(city: City, case: Case) -> WorkOrder:
    client = signed_in(Client(), city.decider.user)
    client.post(reverse("ask_countersign", args=[case.uuid]), {"people": [city.head.user_id]})
    return WorkOrder.objects.get(case=case, kind="licensing.decide")


def say(city: City, order: WorkOrder, agree: bool, note: str = "") -> None:
    flow.sign(order, agree=agree, actor=reader_for(city.head).actor(Role.OFFICE_HEAD), note=note)


def test_a_high_risk_grant_waits_until_the_office_agrees(city: City) -> None:
    case = to_decide(city, ["HOT", "RAW"])
    for code, more in (("grant", {}), ("refuse", {"reason": "不符合"})):
        with pytest.raises(Refused, match="须经监管所所长会签"):
            step(case, city.decider, code, **more)
    order = send(city, case)
    with pytest.raises(Refused, match="会签"):
        step(case, city.decider, "grant")
    say(city, order, True)
    assert step(case, city.decider, "grant").state == "GRANTED"


def test_a_no_holds_the_decision_until_a_new_round_agrees(city: City) -> None:
    case = to_decide(city, ["COLD"])
    order = send(city, case)
    say(city, order, False, "冷藏设备不足")
    with pytest.raises(Refused):
        step(case, city.decider, "grant")
    page = signed_in(Client(), city.decider.user).get(reverse("desk_case", args=[case.uuid])).content.decode()
    assert "冷藏设备不足" in page and "未通过" in page
    say(city, send(city, case), True)
    assert step(case, city.decider, "grant").state == "GRANTED"


def test_a_yes_of_somebody_without_the_role_does_not_count(city: City) -> None:
    case = to_decide(city, ["RAW"])
    order = WorkOrder.objects.get(case=case, kind="licensing.decide")
    actor = reader_for(city.decider).actor(Role.LIC_DECIDER, case.org_path)
    flow.claim(order, actor=actor)
    flow.countersign(order, [city.receiver.user_id], actor=actor)
    flow.sign(order, agree=True, actor=reader_for(city.receiver).actor(Role.LIC_RECEIVER))
    with pytest.raises(Refused, match="会签"):
        step(case, city.decider, "grant")
    with pytest.raises(Refused, match="中选择会签人"):
        countersigning.ask(
            Application.objects.select_related("case").get(pk=case.pk),
            [city.receiver.user_id],
            reader_for(city.decider),
        )


def test_what_is_not_of_high_risk_is_decided_as_before(city: City) -> None:
    case = to_decide(city, ["HOT"])
    assert countersigning.wanted(Application.objects.get(pk=case.pk)) is None
    assert step(case, city.decider, "grant").state == "GRANTED"


def test_a_bureau_asks_for_it_by_a_row_of_the_table(city: City) -> None:
    case = to_decide(city, ["HOT"])
    known = TableVersion.objects.get(code=countersigning.TABLE)
    body = {**known.body}
    first = {**body["rules"][0], "when": ["-", "-", '"FT"', "-"]}
    body["rules"] = [first, *body["rules"]]
    known.pk, known.valid_from, known.body = None, today(), body
    known.save(force_insert=True)
    forget()
    with pytest.raises(Refused, match="会签"):
        step(case, city.decider, "grant")
