"""Limits start, stand still, go on, are extended, are missed; the rule of the case's own day counts."""

import datetime

import pytest
from django.utils import timezone

from qipan.kernel.flow import actions, jobs, queries
from qipan.kernel.flow.models import Case, Clock, ClockState
from qipan.kernel.law import calendar, terms
from qipan.kernel.law.models import Holiday, HolidayYear, LawRule
from qipan.kernel.ledger import clock
from qipan.kernel.ledger.errors import Refused
from qipan.kernel.ledger.models import Event
from tests.flow.people import Desk, acts

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("law")]


def on(day: str, hour: int = 10):
    """The clock held at an hour of a day in Shenzhen."""
    return clock.at(
        timezone.make_aware(datetime.datetime.combine(datetime.date.fromisoformat(day), datetime.time(hour)))
    )


def days(start: str, number: int) -> datetime.date:
    return calendar.current().add_working_days(datetime.date.fromisoformat(start), number)


def running(case: Case, rule: str) -> Clock:
    return case.clocks.get(rule_code=rule, ended_at__isnull=True)


def test_a_case_is_due_when_its_nearest_running_limit_is() -> None:
    with on("2026-03-02"):
        desk = Desk()
        case = desk.accepted()
        assert case.due_on == days("2026-03-02", 10) == running(case, "FBL23.decide").due_on
        order = desk.order(case, "sample.review")
        assert (order.due_on, order.clock_id) == (case.due_on, running(case, "FBL23.decide").pk)
        case = actions.fire(case, "order_check", acts(desk.reviewer))
        assert case.due_on == days("2026-03-02", 5)


def test_a_stopped_limit_moves_by_the_days_it_stood_and_orders_move_along() -> None:
    with on("2026-03-02"):
        desk = Desk()
        case = desk.checking()
    with on("2026-03-04"):
        case = actions.fire(case, "wait_for_test", acts(desk.inspectors[0]))
        assert running(case, "FBL23.decide").state == ClockState.STOPPED
        view = next(view for view in queries.clocks(case) if view.rule == "FBL23.decide")
        assert view.remaining.light == "green"
    with on("2026-04-01"):
        jobs.mark_missed_limits()
        assert running(case, "FBL23.decide").state == ClockState.STOPPED
        case = actions.fire(case, "test_back", acts(desk.inspectors[0]))
    limit = running(case, "FBL23.decide")
    stood = calendar.current().working_days_between(datetime.date(2026, 3, 4), datetime.date(2026, 4, 1))
    assert limit.due_on == days("2026-03-02", 10 + stood)
    assert limit.state == ClockState.RUNNING
    with on("2026-04-01"):
        case = actions.fire(case, "conclude_check", acts(desk.inspectors[0]))
        assert desk.order(case, "sample.decide").due_on == limit.due_on


def test_a_limit_is_extended_as_often_as_its_rule_allows() -> None:
    with on("2026-03-02"):
        desk = Desk()
        case = desk.accepted()
        case = actions.fire(case, "extend", acts(desk.leader), reason="案情复杂")
        assert case.due_on == days("2026-03-02", 15)
        assert desk.order(case, "sample.review").due_on == case.due_on
        with pytest.raises(Refused) as refused:
            actions.fire(case, "extend", acts(desk.leader), reason="再延")
        assert refused.value.code == "state"


def test_a_missed_limit_is_marked_urged_and_stays_missed() -> None:
    with on("2026-03-02"):
        desk = Desk()
        case = desk.accepted()
    with on("2026-04-20"):
        jobs.mark_missed_limits()
        jobs.mark_missed_limits()
        limit = running(case, "FBL23.decide")
        assert limit.state == ClockState.MISSED
        order = desk.order(case, "sample.review")
        assert order.urged == 1
        assert (
            Event.objects.filter(record_kind="flow.case", record_id=case.pk, name="flow.clock.missed").count()
            == 1
        )
        assert {view.remaining.light for view in queries.clocks(case) if view.state != "MET"} == {"overdue"}
        case = actions.fire(case, "withdraw", acts(desk.owner))
        limit.refresh_from_db()
        assert (limit.state, limit.ended_at is not None) == (ClockState.MISSED, True)


def test_what_ends_late_between_two_rounds_is_missed_too() -> None:
    with on("2026-03-02"):
        desk = Desk()
        case = desk.submitted()
    with on("2026-04-20"):
        case = actions.fire(case, "accept", acts(desk.receiver))
        assert case.clocks.get(rule_code="FBL23.correct").state == ClockState.MISSED


def test_silence_until_the_end_of_a_limit_takes_the_step_that_the_flow_ties_to_it() -> None:
    with on("2026-03-02"):
        desk = Desk()
        case = actions.fire(desk.submitted(), "ask_correction", acts(desk.receiver), reason="缺少平面图")
        jobs.mark_missed_limits()
        case.refresh_from_db()
        assert case.state == "CORRECTION"
    with on("2026-04-20"):
        jobs.mark_missed_limits()
        jobs.mark_missed_limits()
        case.refresh_from_db()
        assert case.state == "WITHDRAWN"
        last = Event.objects.filter(record_kind="flow.case", record_id=case.pk).latest("id")
        assert (last.actor_kind, last.data["transition"]) == ("system", "lapse")


def test_the_rule_of_the_day_on_which_the_case_was_handed_in_counts() -> None:
    with on("2026-03-02"):
        desk = Desk()
        case = desk.open()
        LawRule.objects.create(
            code="FBL23.decide",
            valid_from=datetime.date(2026, 3, 20),
            title="新规",
            unit="WORKDAY",
            value=3,
            start_event="受理申请",
            unconfirmed="测试",
        )
        terms.forget()
    with on("2026-03-19"):
        old = actions.fire(case, "submit", acts(desk.owner), data={"place": "x"})
        late = desk.open()
    with on("2026-03-20"):
        old = actions.fire(old, "accept", acts(desk.receiver))
        new = actions.fire(late, "submit", acts(desk.owner), data={"place": "x"})
        new = actions.fire(new, "accept", acts(desk.receiver))
        assert old.due_on == days("2026-03-20", 10)
        assert new.due_on == days("2026-03-20", 3)
        assert (old.rules_on.day, new.rules_on.day) == (19, 20)
    terms.forget()


def test_provisional_limits_are_counted_anew_once_the_holidays_are_published() -> None:
    with on("2031-04-25"):
        desk = Desk()
        case = desk.accepted()
        limit = running(case, "FBL23.decide")
        assert limit.provisional
        before = case.due_on
        HolidayYear.objects.create(year=2031, source="国务院办公厅通知（测试）")
        Holiday.objects.bulk_create(Holiday(day=datetime.date(2031, 5, day), name="劳动节") for day in (1, 2))
        calendar.forget()
        jobs.recount_provisional_limits()
        case.refresh_from_db()
        limit.refresh_from_db()
        assert (limit.provisional, case.due_on) == (False, limit.due_on)
        assert case.due_on > before
        assert desk.order(case, "sample.review").due_on == case.due_on
    HolidayYear.objects.all().delete()
    calendar.forget()
