"""The inbox and the order page: every operation of the engine, each with its reason, each refused in words."""

import datetime
import re

import pytest
from django.test import Client

from qipan.kernel.flow.actions import create_order
from qipan.kernel.flow.models import OrderState, Part, WorkOrder
from qipan.kernel.ledger.actor import Actor
from qipan.kernel.ledger.clock import today
from qipan.kernel.orgs.roles import Role
from tests.orgs.factories import StaffFactory, UnitTree, signed_in

pytestmark = pytest.mark.django_db
OFFICE = "SZ/FT/FT01/"


class Desk:
    """An office with a head and three inspectors, each at a browser of their own."""

    def __init__(self) -> None:
        tree = UnitTree()
        office = tree.offices[0]
        self.head = StaffFactory(role=Role.OFFICE_HEAD, unit=office)
        self.officers = [StaffFactory(role=Role.INSPECTOR, unit=office) for _each in range(3)]
        self.stranger = StaffFactory(role=Role.INSPECTOR, unit=tree.offices[-1])

    def order(self, title: str = "核实线索", **more) -> WorkOrder:
        return create_order(
            "inspection.task", title, Role.INSPECTOR, OFFICE, actor=Actor.system(OFFICE), **more
        )

    @staticmethod
    def at(who) -> Client:
        return signed_in(Client(), who.user)

    def do(self, who, order: WorkOrder, code: str, **data):
        return self.at(who).post(f"/desk/orders/{order.uuid}/{code}/", data)


@pytest.fixture
def desk() -> Desk:
    return Desk()


def fresh(order: WorkOrder) -> WorkOrder:
    return WorkOrder.objects.get(pk=order.pk)


def offered(client: Client, order: WorkOrder) -> set[str]:
    page = client.get(f"/desk/orders/{order.uuid}/").content.decode()
    return set(re.findall(rf"/desk/orders/{order.uuid}/(\w+)/", page))


def test_what_is_offered_follows_state_and_person(desk: Desk) -> None:
    order = desk.order()
    first, second, _third = desk.officers
    assert offered(desk.at(first), order) == {"claim", "return"}
    assert {"assign", "urge", "transfer", "cancel", "suspend"} <= offered(desk.at(desk.head), order)
    desk.do(first, order, "claim")
    assert {"release", "transfer", "return", "suspend", "countersign", "finish", "recuse"} <= {
        "recuse",
        *offered(desk.at(first), order),
    }
    assert offered(desk.at(second), order) == set()


def test_an_assigned_officer_signs_for_the_order(desk: Desk) -> None:
    order, officer = desk.order(), desk.officers[0]
    assert desk.do(desk.head, order, "assign", people=[officer.user_id]).status_code == 302
    assert "confirm" in offered(desk.at(officer), order)
    assert desk.do(officer, order, "confirm").status_code == 302
    assert fresh(order).state == OrderState.CLAIMED


def test_a_refusal_says_why_and_keeps_what_was_typed(desk: Desk) -> None:
    order, (first, second, _third) = desk.order(), desk.officers
    desk.do(first, order, "claim")
    answer = desk.do(first, order, "transfer", person=second.user_id, reason="  ")
    text = answer.content.decode()
    assert answer.status_code == 409 and "请填写理由" in text
    assert re.search(rf'<option value="{second.user_id}" selected', text)
    answer = desk.do(first, order, "transfer", reason="外出办案")
    assert answer.status_code == 409 and "外出办案" in answer.content.decode()
    answer = desk.do(desk.officers[1], order, "claim")
    assert answer.status_code == 409 and "已由" in answer.content.decode()
    answer = desk.do(desk.head, order, "urge", reason="请尽快", reply_by="31/12")
    assert answer.status_code == 409 and "2026-01-31" in answer.content.decode()


def test_it_is_handed_on_laid_aside_taken_up_and_returned(desk: Desk) -> None:
    order, (first, second, _third) = desk.order(), desk.officers
    desk.do(first, order, "claim")
    assert desk.do(first, order, "suspend", reason="等待检验报告").status_code == 302
    assert fresh(order).state == OrderState.SUSPENDED
    desk.do(first, order, "resume")
    desk.do(first, order, "transfer", person=second.user_id, reason="外出办案")
    assert fresh(order).assignee_id == second.user_id
    desk.do(second, order, "confirm")
    desk.do(second, order, "release", reason="本周轮休")
    assert fresh(order).assignee_id is None and fresh(order).state == OrderState.OPEN
    desk.do(first, order, "return", reason="不属于本所辖区")
    assert fresh(order).state == OrderState.RETURNED
    assert desk.do(desk.head, order, "reissue", people=[first.user_id]).status_code == 302
    assert fresh(order).assignee_id == first.user_id


def test_it_goes_to_another_unit_and_leaves_the_giver(desk: Desk) -> None:
    order, officer = desk.order(), desk.officers[0]
    desk.do(officer, order, "claim")
    answer = desk.do(officer, order, "transfer", unit="SZ/FT/", reason="由辖区局统一办理")
    assert answer.status_code == 302 and fresh(order).org_path == "SZ/FT/"


def test_colleagues_countersign_and_a_no_needs_its_words(desk: Desk) -> None:
    order, (first, second, third) = desk.order(), desk.officers
    desk.do(first, order, "claim")
    desk.do(first, order, "countersign", people=[second.user_id, third.user_id], rule="all")
    assert "sign" in offered(desk.at(second), order)
    assert "待我会签" in desk.at(second).get("/desk/").content.decode()
    assert desk.do(second, order, "sign", opinion="no").status_code == 409
    assert desk.do(second, order, "sign", opinion="yes").status_code == 302
    assert desk.do(first, order, "drop", person=third.user_id, reason="出差").status_code == 302
    assert fresh(order).countersign_state == "AGREED"
    assert order.participants.filter(part=Part.SIGNER, active=True).count() == 1


def test_the_head_urges_and_the_officer_answers(desk: Desk) -> None:
    order, officer = desk.order(due_on=today()), desk.officers[0]
    desk.do(officer, order, "claim")
    day = (today() + datetime.timedelta(days=2)).isoformat()
    desk.do(desk.head, order, "urge", reason="请今日内到现场", reply_by=day)
    page = desk.at(officer).get(f"/desk/orders/{order.uuid}/").content.decode()
    assert "请今日内到现场" in page and day in page
    note = order.urges.get()
    desk.do(officer, order, "reply", urge=note.pk, reason="已到现场，正在核实")
    note.refresh_from_db()
    assert note.reply == "已到现场，正在核实"
    assert "已到现场" in desk.at(desk.head).get(f"/desk/orders/{order.uuid}/").content.decode()


def test_who_must_keep_out_says_so_and_the_order_goes_back(desk: Desk) -> None:
    order, officer = desk.order(), desk.officers[0]
    from tests.subjects.factories import SubjectFactory

    WorkOrder.objects.filter(pk=order.pk).update(subject=SubjectFactory())
    desk.do(officer, order, "claim")
    assert desk.do(officer, order, "recuse", reason="与经营者系近亲属").status_code == 302
    assert fresh(order).state == OrderState.OPEN and fresh(order).assignee_id is None


def test_it_is_finished_cancelled_and_merged(desk: Desk) -> None:
    done, officer = desk.order(), desk.officers[0]
    desk.do(officer, done, "claim")
    assert desk.do(officer, done, "finish").status_code == 409
    desk.do(officer, done, "finish", reason="线索不实")
    assert fresh(done).state == OrderState.DONE and fresh(done).result == "线索不实"
    dropped = desk.order("重复登记")
    assert desk.do(officer, dropped, "cancel", reason="重复").status_code == 409
    desk.do(desk.head, dropped, "cancel", reason="重复登记")
    assert fresh(dropped).state == OrderState.CANCELLED


def test_several_are_claimed_at_once_and_the_rest_is_told(desk: Desk) -> None:
    orders = [desk.order(f"任务{number}") for number in range(3)]
    first, second, _third = desk.officers
    desk.do(second, orders[1], "claim")
    answer = desk.at(first).post(
        "/desk/claim/", {"order": [str(order.uuid) for order in orders] + ["nonsense"]}, follow=True
    )
    text = answer.content.decode()
    assert "已认领 2 件" in text and "“任务1”没有认领" in text
    assert fresh(orders[0]).assignee_id == first.user_id == fresh(orders[2]).assignee_id
    assert "请先勾选" in desk.at(first).post("/desk/claim/", follow=True).content.decode()


def test_the_inbox_is_narrowed_by_light_kind_and_person(desk: Desk) -> None:
    late, soon, far = (
        desk.order(title, due_on=today() + datetime.timedelta(days=days))
        for title, days in (("今天的", 0), ("后天的", 2), ("月底的", 30))
    )
    WorkOrder.objects.filter(pk=late.pk).update(due_on=today() - datetime.timedelta(days=1))
    client = desk.at(desk.officers[0])

    def titles(query: str, browser: Client = client) -> set[str]:
        page = browser.get(f"/desk/?{query}")
        assert page.status_code == 200
        return {line["order"].title for line in page.context["lines"]}

    assert titles("light=overdue") == {"今天的"} and titles("light=yellow") == {"后天的"}
    assert titles("light=green") == {"月底的"} and titles("light=purple") == {"今天的", "后天的", "月底的"}
    assert titles("q=后天") == {"后天的"} and titles("kind=licensing.accept") == set()
    desk.do(desk.officers[1], soon, "claim")
    head = desk.at(desk.head)
    assert titles(f"which=unit&person={desk.officers[1].user_id}", head) == {"后天的"}
    assert titles(f"person={desk.officers[1].user_id}") == {"今天的", "月底的"}  # only heads choose a person
    assert "全机构" in head.get("/desk/").content.decode()
    assert "全机构" not in client.get("/desk/").content.decode()
    assert far.title in head.get("/desk/?which=unit&after=garbage").content.decode()


def test_a_stranger_finds_no_order(desk: Desk) -> None:
    order = desk.order()
    assert desk.at(desk.stranger).get(f"/desk/orders/{order.uuid}/").status_code == 404
    assert desk.do(desk.stranger, order, "claim").status_code == 404
    assert desk.do(desk.officers[0], order, "explode").status_code == 404
    assert desk.at(desk.officers[0]).get(f"/desk/orders/{order.uuid}/claim/").status_code == 404
