"""Batch work: each checked singly by the engine, those that cannot are told why and left, one event for the batch."""

import re
import uuid

import pytest
from django.test import Client
from django.urls import reverse

from qipan.domains.licensing import actions
from qipan.domains.licensing.models import Application
from qipan.kernel.flow import actions as flow
from qipan.kernel.flow.models import Batch, Case, WorkOrder
from qipan.kernel.jobs.testing import drain
from qipan.kernel.ledger.errors import Refused
from qipan.kernel.ledger.models import Event
from qipan.kernel.orgs.roles import Role
from tests.licensing.city import City
from tests.licensing.test_a_new_restaurant_is_checked_and_decided_by_people import checking, step, visit
from tests.orgs.factories import StaffFactory, reader_for, signed_in

pytestmark = pytest.mark.django_db


def renewals(city: City, count: int) -> list[Case]:
    """Renewals that the rules left to people."""
    made = []
    for _one in range(count):
        subject, grant, owner = city.restaurant(risk_grade="D")
        made.append(actions.submit(city.drafted("FB-RENEW", subject, grant, owner, unchanged=True), owner))
    return made


def post(client: Client, cases: list[Case], step: str, **more: str):
    chosen = [f"{case.uuid}:{case.version}" for case in cases]
    sent = {"uuid": str(uuid.uuid4()), "case": chosen, "step": step, **more}
    return client.post(reverse("take_batch"), sent, follow=True)


def states(cases: list[Case]) -> list[str]:
    return [Case.objects.get(pk=case.pk).state for case in cases]


def test_like_applications_stand_side_by_side_with_what_differs(city: City) -> None:
    cases = renewals(city, 3)
    row = Application.objects.get(pk=cases[1].pk)
    row.answers |= {"changes": "更换了灶具"}
    row.save()
    client = signed_in(Client(), city.receiver.user)
    groups = client.get(reverse("batch")).context["groups"]
    assert [(group.item_code, group.state, group.number) for group in groups] == [
        ("FB-RENEW", "SUBMITTED", 3)
    ]
    page = client.get(reverse("batch"), {"item": "FB-RENEW", "state": "SUBMITTED"})
    assert "发生变化的内容" in page.context["beside"].columns and len(page.context["beside"].rows) == 3
    assert {one["offer"].code for one in page.context["steps"]} == {"accept", "correct"}


def test_several_are_accepted_reviewed_and_granted(city: City) -> None:
    cases = renewals(city, 3)
    post(signed_in(Client(), city.receiver.user), cases, "accept")
    assert states(cases) == ["ACCEPTED"] * 3
    for case in cases:
        case.refresh_from_db()
    post(signed_in(Client(), city.reviewer.user), cases, "review", opinion="符合条件，建议准予。")
    assert set(Application.objects.values_list("opinion", flat=True)) == {"符合条件，建议准予。"}
    for case in cases:
        case.refresh_from_db()
    post(signed_in(Client(), city.decider.user), cases, "grant")
    drain()
    assert states(cases) == ["ISSUED"] * 3
    assert Event.objects.filter(name="licensing.application.granted").count() == 3
    taken = Event.objects.filter(name="flow.batch.taken").order_by("id")
    assert [(event.data["transition"], event.data["count"], event.data["refused"]) for event in taken] == [
        ("accept", 3, 0),
        ("review", 3, 0),
        ("grant", 3, 0),
    ]


def test_the_same_point_goes_to_each_once(city: City) -> None:
    """LicProc 15: told once; who was told before is left and the officer learns why."""
    cases = renewals(city, 3)
    Application.objects.filter(pk=cases[0].pk).update(correction=["已经告知过"])
    page = post(signed_in(Client(), city.receiver.user), cases, "correct", points="请补充健康证明")
    assert states(cases) == ["SUBMITTED", "CORRECTION", "CORRECTION"]
    assert [entry.case_id for entry in page.context["refused"]] == [cases[0].pk]
    assert "一次性告知" in page.context["refused"][0].why


def test_each_is_checked_singly_by_version_and_holder(city: City) -> None:
    stale, held, fine = renewals(city, 3)
    order = WorkOrder.objects.get(case=held, kind="licensing.accept")
    colleague = StaffFactory(role=Role.LIC_RECEIVER, unit=city.tree.districts[0])
    flow.claim(order, actor=reader_for(colleague).actor(Role.LIC_RECEIVER, held.org_path))
    Case.objects.filter(pk=stale.pk).update(version=stale.version + 1)
    page = post(signed_in(Client(), city.receiver.user), [stale, held, fine], "accept")
    why = {entry.case_id: entry.why for entry in page.context["refused"]}
    assert "刚被他人更新" in why[stale.pk] and "已由" in why[held.pk]
    assert states([stale, held, fine]) == ["SUBMITTED", "SUBMITTED", "ACCEPTED"]


def test_who_checked_on_site_does_not_decide_in_a_batch_either(city: City) -> None:
    """DOMAIN 1.2: four eyes hold for each case of a batch."""
    case, _order = checking(city)
    visit(city, case)
    both = StaffFactory(role=Role.LIC_DECIDER, unit=city.tree.districts[0])
    check = Application.objects.get(pk=case.pk).checks.get()
    check.officers = [*check.officers, both.user_id]
    check.save()
    case.refresh_from_db()
    page = post(signed_in(Client(), both.user), [case], "grant")
    assert "参加现场核查" in page.context["refused"][0].why and states([case]) == ["REVIEWED"]


def test_the_same_batch_twice_is_one(city: City) -> None:
    cases = renewals(city, 2)
    client, key = signed_in(Client(), city.receiver.user), str(uuid.uuid4())
    for _time in range(2):
        post(client, cases, "accept", uuid=key)
    assert Batch.objects.count() == 1 and Event.objects.filter(name="flow.batch.taken").count() == 1
    assert Event.objects.filter(name="licensing.application.accepted").count() == 2


def test_a_worker_that_died_in_the_middle_leaves_the_rest_to_the_next(city: City) -> None:
    cases = renewals(city, 3)
    reader = reader_for(city.receiver)
    made = flow.begin_batch([(case, case.version) for case in cases], "accept", reader, uuid=uuid.uuid4())
    entry = made.entries.order_by("pk").first()
    step(cases[0], city.receiver, "accept")
    entry.state = "DONE"
    entry.save()
    flow.work_off_batch(made)
    flow.work_off_batch(made)
    assert states(cases) == ["ACCEPTED"] * 3 and Event.objects.filter(name="flow.batch.taken").count() == 1


def test_many_go_to_a_worker_and_the_page_follows(city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("qipan.domains.licensing.batching.views.AT_ONCE", 2)
    cases = renewals(city, 3)
    client = signed_in(Client(), city.receiver.user)
    page = post(client, cases, "accept")
    assert len(page.context["waiting"]) == 3 and "正在办理：0 / 3" in page.content.decode()
    drain()
    page = client.get(page.request["PATH_INFO"])
    assert len(page.context["done"]) == 3 and "全部处理完毕" in page.content.decode()


def test_another_district_has_no_part_in_it(city: City) -> None:
    cases = renewals(city, 2)
    stranger = StaffFactory(role=Role.LIC_RECEIVER, unit=city.tree.districts[1])
    client = signed_in(Client(), stranger.user)
    assert client.get(reverse("batch")).context["groups"] == []
    assert post(client, cases, "accept").status_code == 409
    made = flow.begin_batch(
        [(case, case.version) for case in cases], "accept", reader_for(stranger), uuid=uuid.uuid4()
    )
    flow.work_off_batch(made)
    assert states(cases) == ["SUBMITTED"] * 2
    other = signed_in(Client(), city.receiver.user)
    assert other.get(reverse("batch_result", args=[made.uuid])).status_code == 404


def test_nothing_chosen_nothing_written_and_foreign_steps_are_told(city: City) -> None:
    cases = renewals(city, 1)
    client = signed_in(Client(), city.receiver.user)
    for chosen, code, words in (
        ([], "accept", "请先勾选"),
        (cases, "terminate", "请选择"),
        (cases, "correct", "先填写"),
    ):
        page = post(client, chosen, code)
        assert page.status_code == 409 and words in page.content.decode()
    with pytest.raises(Refused, match="没有这个操作"):
        flow.begin_batch([(cases[0], 1)], "nothing", reader_for(city.receiver), uuid=uuid.uuid4())


def test_what_is_ticked_in_the_inbox_comes_side_by_side(city: City) -> None:
    cases = renewals(city, 2)
    client = signed_in(Client(), city.receiver.user)
    ticks = re.findall(r'name="order" value="([0-9a-f-]{36})">', client.get(reverse("desk")).content.decode())
    assert ticks
    page = client.post(reverse("batch"), {"order": ticks})
    assert {line["case"].pk for line in page.context["beside"].rows} == {case.pk for case in cases}
