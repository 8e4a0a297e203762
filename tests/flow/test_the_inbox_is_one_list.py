"""What lies in whose inbox, in which order, how many; and that search never leaves the reader's scope."""

import base64
import datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from qipan.kernel.flow import actions, queries
from qipan.kernel.flow.models import Case, WorkOrder
from qipan.kernel.flow.queries import CaseFilters, InboxFilters
from qipan.kernel.ledger.clock import today
from qipan.kernel.orgs.reader import Reader
from qipan.kernel.orgs.roles import Role
from tests.flow.people import Desk, acts
from tests.flow.test_work_orders_have_one_owner import make
from tests.orgs.factories import BusinessUserFactory, StaffFactory, reader_for
from tests.subjects.factories import SubjectFactory, owner_of

pytestmark = pytest.mark.django_db


def _cursor_of(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode()


def keys(reader: Reader, box: str = "todo", **more) -> list[int]:
    return [row.order.pk for row in queries.inbox(reader, InboxFilters(box, **more)).rows]


def test_mine_and_what_my_unit_has_not_claimed() -> None:
    desk = Desk()
    first, second, _third = desk.inspectors
    mine = actions.claim(make(desk), actor=acts(first))
    free = make(desk)
    theirs = actions.claim(make(desk), actor=acts(second))
    other_role = make(desk, role=Role.LIC_RECEIVER)
    elsewhere = make(desk, org_path=desk.tree.offices[2].path)
    reader = reader_for(first)
    assert set(keys(reader)) == {mine.pk, free.pk}
    assert keys(reader, "mine") == [mine.pk]
    assert keys(reader, "unclaimed") == [free.pk]
    head = reader_for(desk.head)
    assert set(keys(head, "unit")) == {mine.pk, free.pk, theirs.pk, other_role.pk}
    assert elsewhere.pk not in keys(head, "unit")
    actions.finish(mine, actor=acts(first))
    assert keys(reader, "done") == [mine.pk]
    assert keys(reader_for(desk.owner)) == []
    assert keys(Reader.anonymous()) == []
    assert keys(reader_for(StaffFactory(None))) == []


def test_nearest_limit_first_and_pages_that_miss_and_repeat_nothing() -> None:
    desk = Desk()
    reader = reader_for(desk.inspectors[0])
    days = [5, None, 1, 3, 3, None, 2, 9]
    for number in days:
        due = today() + datetime.timedelta(days=number) if number is not None else None
        make(desk, due_on=due)
    found: list[WorkOrder] = []
    after = ""
    while True:
        page = queries.inbox(reader, after=after, limit=3)
        found += [row.order for row in page.rows]
        after = page.after
        if not after:
            break
    assert len({order.pk for order in found}) == len(found) == len(days)
    order_of = [(order.due_on or datetime.date.max, order.pk) for order in found]
    assert order_of == sorted(order_of)
    for forged in ("rubbish", *map(_cursor_of, ('["", 1e999]', f'["2026-01-01", {2**70}]', "[1, 2]", "{}"))):
        assert len(queries.inbox(reader, after=forged, limit=3).rows) == 3


def test_lights_filters_and_counts() -> None:
    desk = Desk()
    reader = reader_for(desk.inspectors[0])
    late, now, soon, later = (make(desk, title=title) for title in ("甲", "乙", "丙", "丁"))
    for order, shift in ((late, -2), (now, 0), (soon, 2), (later, 30)):
        WorkOrder.objects.filter(pk=order.pk).update(due_on=today() + datetime.timedelta(days=shift))
    assert queries.inbox(reader).rows[0].remaining.light == "overdue"
    for light, order in (("overdue", late), ("red", now), ("yellow", soon), ("green", later)):
        assert keys(reader, light=light) == [order.pk]
    assert keys(reader, text="丁") == [later.pk]
    counts = queries.inbox_counts(reader)
    assert (counts["todo"].number, counts["overdue"].number, str(counts["mine"])) == (4, 1, "0")


def test_counts_stop_at_a_thousand(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("qipan.kernel.flow.queries.boxes.MOST_COUNTED", 3)
    desk = Desk()
    for _number in range(5):
        make(desk)
    assert str(queries.inbox_counts(reader_for(desk.inspectors[0]))["unclaimed"]) == "3+"


def test_a_page_costs_the_same_whatever_its_length() -> None:
    desk = Desk()
    reader = reader_for(desk.inspectors[0])
    make(desk)
    with CaptureQueriesContext(connection) as short:
        queries.inbox(reader)
    for _number in range(20):
        actions.claim(make(desk), actor=acts(desk.inspectors[0]))
    with CaptureQueriesContext(connection) as long:
        queries.inbox(reader)
    assert len(long) <= len(short) + 1 <= 5


@pytest.mark.usefixtures("law")
class TestCases:
    def test_drafts_are_the_applicants_and_cases_the_units(self) -> None:
        desk = Desk()
        draft = desk.open()
        sent = desk.submitted()
        for staff, expected in (
            (desk.receiver, {sent.pk}),
            (desk.leader, {sent.pk}),
            (desk.stranger, set()),
            (StaffFactory(Role.SAMPLER, desk.tree.offices[0]), set()),
        ):
            seen = queries.cases_visible(reader_for(staff))
            assert {case.pk for case in seen} == expected
        assert {case.pk for case in queries.cases_visible(reader_for(desk.owner))} == {draft.pk, sent.pk}
        assert not queries.cases_visible(reader_for(BusinessUserFactory())).exists()
        assert not queries.cases_visible(Reader.anonymous()).exists()

    def test_who_takes_part_sees_the_case_from_another_unit(self) -> None:
        desk = Desk()
        case = desk.submitted()
        order = actions.claim(desk.order(case, "sample.accept"), actor=acts(desk.receiver))
        actions.transfer(order, reason="支援", to_org=desk.tree.offices[2].path, actor=acts(desk.head))
        assert queries.case_for(reader_for(desk.stranger), case.uuid) is None
        actions.claim(order, actor=acts(desk.stranger))
        assert queries.case_for(reader_for(desk.stranger), case.uuid) == case
        assert [each.pk for each in queries.orders_of(case, reader_for(desk.stranger))] == [order.pk]

    def test_search_finds_by_number_title_and_subject_within_the_scope(self) -> None:
        desk = Desk()
        subject = SubjectFactory(name="深圳市福田区云吞世家餐厅")
        case = desk.submitted()
        Case.objects.filter(pk=case.pk).update(subject=subject)
        reader = reader_for(desk.receiver)
        code = subject.identifiers.get(kind="USCC").value
        for words in (case.number, case.number[:5].lower(), "海棠", "云吞世家", code, code[:10]):
            assert [found.pk for found in queries.search_cases(reader, words)] == [case.pk], words
            assert queries.search_cases(reader_for(desk.stranger), words) == []
        assert queries.search_cases(reader, "没有的店") == []
        assert queries.search_cases(reader, "", CaseFilters(states=("GRANTED",))) == []

    def test_what_waits_for_the_applicant(self) -> None:
        desk = Desk()
        subject = SubjectFactory()
        partner = owner_of(subject)
        draft = desk.open()
        sent = actions.fire(desk.open(subject_id=subject.pk), "submit", acts(desk.owner), data={"place": "x"})
        back = actions.fire(sent, "ask_correction", acts(desk.receiver), reason="缺图")
        assert {case.pk for case in queries.waiting_for_applicant(reader_for(desk.owner))} == {
            draft.pk,
            back.pk,
        }
        assert [case.pk for case in queries.waiting_for_applicant(reader_for(partner))] == [back.pk]
        assert actions.fire(back, "withdraw", acts(partner)).state == "WITHDRAWN"

    def test_the_diagram_shows_where_a_case_stands(self) -> None:
        desk = Desk()
        case = actions.fire(desk.accepted(), "order_check", acts(desk.reviewer))
        drawn = queries.diagram(case)
        passed = {node.code for node in drawn.nodes if node.passed}
        assert passed == {"DRAFT", "SUBMITTED", "ACCEPTED", "CHECKING"}
        assert [node.code for node in drawn.nodes if node.current] == ["CHECKING"]
        assert {edge.code for edge in drawn.edges if edge.passed} == {"submit", "accept", "order_check"}
        assert "当前状态：核查中" in drawn.text
        places = [(node.x, node.y) for node in drawn.nodes]
        assert len(set(places)) == len(places) == len(case.flow.states)
        for node in drawn.nodes:
            assert 0 <= node.x <= drawn.width - node.width
            assert 0 <= node.y <= drawn.height - node.height


def test_a_reader_without_any_role_sees_no_orders() -> None:
    desk = Desk()
    order = make(desk)
    assert queries.order_for(reader_for(desk.inspectors[0]), order.uuid) == order
    assert queries.order_for(reader_for(desk.head), order.uuid) == order
    for stranger in (desk.receiver, desk.stranger, desk.owner):
        assert queries.order_for(reader_for(stranger), order.uuid) is None
    assert queries.order_for(Reader(kind="system"), order.uuid) == order
