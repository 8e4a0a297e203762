"""Whatever people try, in whatever order: the invariants of the engine hold after every step."""

import datetime
import random
import uuid
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from qipan.kernel.flow import actions, jobs
from qipan.kernel.flow.models import ACTIVE, Case, ClockState, OrderState, WorkOrder
from qipan.kernel.ledger import clock
from qipan.kernel.ledger.errors import Refused
from qipan.kernel.ledger.models import Event
from tests.flow.people import Desk, acts
from tests.flow.sample import PERMIT

BEGIN = timezone.make_aware(datetime.datetime(2026, 3, 2, 10))
ORDERS = {
    "SUBMITTED": "sample.accept",
    "ACCEPTED": "sample.review",
    "CHECKING": "sample.check",
    "REVIEWED": "sample.decide",
}


class Walk(RuleBasedStateMachine):
    """Everybody tries everything on one case, time passes, keys are repeated."""

    desk: Desk
    visited: set[str] = set()

    @initialize()
    def begin(self) -> None:
        self.point = transaction.savepoint()
        self.moment = BEGIN
        with clock.at(self.moment):
            self.case = self.desk.open(uuid=uuid.uuid4())
        self.people = [
            self.desk.owner,
            self.desk.receiver,
            self.desk.reviewer,
            *self.desk.inspectors,
            self.desk.decider,
            self.desk.leader,
            self.desk.stranger,
        ]
        self.fired: list[tuple[str, Any, dict[str, Any], str]] = []

    @rule(
        step=st.sampled_from([each.code for each in PERMIT.transitions if not each.automatic]),
        person=st.integers(0, 8),
        unchanged=st.booleans(),
        place=st.sampled_from(["", "红荔路"]),
        stale=st.booleans(),
    )
    def somebody_tries(self, step: str, person: int, unchanged: bool, place: str, stale: bool) -> None:
        before = Case.objects.get(pk=self.case.pk)
        actor = acts(self.people[person])
        data = {"place": place, "unchanged": unchanged}
        key = f"key{len(self.fired)}"
        try:
            with clock.at(self.moment), transaction.atomic():
                after = actions.fire(
                    self.case,
                    step,
                    actor,
                    data=data,
                    reason="理由",
                    key=key,
                    expected_version=before.version - 1 if stale else None,
                )
        except Refused:
            after = Case.objects.get(pk=self.case.pk)
            assert (after.version, after.state) == (before.version, before.state)
            return
        assert not stale
        self.visited.add(after.state)
        assert after.version in (before.version + 1, before.version + 2)
        self.fired.append((step, actor, data, key))

    @rule(seed=st.integers(0, 10_000), turns=st.integers(1, 8))
    def things_go_their_way(self, seed: int, turns: int) -> None:
        """Steps that lead on, by those whose steps they are: so that walks get far."""
        dice = random.Random(seed)
        for _turn in range(turns):
            self.somebody_does_what_is_due(dice.randrange(12), dice.random() < 0.1)

    @rule(answered=st.booleans())
    def something_is_missing(self, answered: bool) -> None:
        """The one way into a correction, which walks by chance seldom find in time."""
        self.somebody_tries("submit", 0, False, "红荔路", False)
        self.somebody_tries("ask_correction", 1, False, "红荔路", False)
        if answered:
            self.somebody_tries("submit", 0, False, "红荔路", False)

    def somebody_does_what_is_due(self, pick: int, unchanged: bool) -> None:
        case = Case.objects.get(pk=self.case.pk)
        self.visited.add(case.state)
        if case.state == "CHECKING":
            with clock.at(self.moment):
                for inspector in self.desk.inspectors[:2]:
                    try:
                        with transaction.atomic():
                            actions.claim(self.desk.order(case, "sample.check"), actor=acts(inspector))
                    except Refused:
                        break
        steps = {
            "DRAFT": ["submit"],
            "CORRECTION": ["submit"],
            "SUBMITTED": ["accept", "accept", "ask_correction"],
            "ACCEPTED": ["order_check", "remark", "extend"],
            "CHECKING": ["wait_for_test", "test_back", "conclude_check", "conclude_check"],
            "REVIEWED": ["extend", "grant", "refuse"],
        }.get(case.state, [])
        if steps:
            step = "withdraw" if pick == 11 else steps[pick % len(steps)]
            person = {
                "withdraw": 0,
                "submit": 0,
                "accept": 1,
                "ask_correction": 1,
                "order_check": 2,
                "remark": 2,
                "extend": 7,
            }
            person |= {"wait_for_test": 3, "test_back": 3, "conclude_check": 3, "grant": 6, "refuse": 6}
            self.somebody_tries(step, person[step], unchanged, "红荔路", False)

    @rule(pick=st.integers(0, 30))
    def somebody_presses_twice(self, pick: int) -> None:
        if not self.fired:
            return
        step, actor, data, key = self.fired[pick % len(self.fired)]
        before = Case.objects.get(pk=self.case.pk).version
        with clock.at(self.moment):
            assert actions.fire(self.case, step, actor, data=data, reason="理由", key=key).version == before

    @rule(person=st.integers(0, 8), which=st.integers(0, 5))
    def somebody_claims(self, person: int, which: int) -> None:
        orders = list(WorkOrder.objects.filter(case=self.case).order_by("id"))
        if orders:
            try:
                with clock.at(self.moment), transaction.atomic():
                    actions.claim(orders[which % len(orders)], actor=acts(self.people[person]))
            except Refused:
                pass

    @rule(days=st.integers(1, 12))
    def time_passes(self, days: int) -> None:
        self.moment += datetime.timedelta(days=days)
        with clock.at(self.moment):
            jobs.mark_missed_limits()

    @invariant()
    def one_event_a_step_and_one_version_an_event(self) -> None:
        if not hasattr(self, "case"):
            return
        case = Case.objects.get(pk=self.case.pk)
        steps = Event.objects.filter(record_kind="flow.case", record_id=case.pk, data__has_key="transition")
        versions = list(steps.order_by("id").values_list("data__version", flat=True))
        assert versions == list(range(2, case.version + 1))
        last = steps.order_by("id").last()
        assert case.state == (last.data["target"] if last else "DRAFT")

    @invariant()
    def orders_match_the_state(self) -> None:
        if not hasattr(self, "case"):
            return
        case = Case.objects.get(pk=self.case.pk)
        live = list(WorkOrder.objects.filter(case=case, state__in=ACTIVE))
        expected = ORDERS.get(case.state)
        assert [order.kind for order in live] == ([expected] if expected else [])
        for order in WorkOrder.objects.filter(case=case).prefetch_related("participants"):
            people = {part.user_id for part in order.participants.all() if part.active}
            if order.state == OrderState.CLAIMED:
                assert len(people) >= order.needs
                assert order.assignee_id in people

    @invariant()
    def clocks_match_the_state(self) -> None:
        if not hasattr(self, "case"):
            return
        case = Case.objects.get(pk=self.case.pk)
        running = {each.rule_code: each for each in case.clocks.filter(ended_at__isnull=True)}
        state = PERMIT.state(case.state)
        assert (case.closed_at is not None) == state.final
        if state.final:
            assert not running
            assert case.result
        elif state.clock_rules:
            assert any(code in running for code in state.clock_rules)
        dues = [each.due_on for each in running.values() if each.state != ClockState.STOPPED]
        assert case.due_on == min(dues, default=None)

    def teardown(self) -> None:
        if hasattr(self, "point"):
            self.visited.add(Case.objects.get(pk=self.case.pk).state)
            transaction.savepoint_rollback(self.point)


@pytest.mark.django_db
@pytest.mark.usefixtures("law")
def test_random_walks_keep_the_invariants() -> None:
    Walk.desk = Desk()
    wanted = {"SUBMITTED", "CORRECTION", "ACCEPTED", "CHECKING", "REVIEWED", "GRANTED", "WITHDRAWN"}
    for count in range(8):  # the first walks are always the same; others follow until every state was seen
        run_state_machine_as_test(
            Walk,
            settings=settings(
                max_examples=25,
                stateful_step_count=30,
                deadline=None,
                derandomize=count == 0,
                database=None,
                suppress_health_check=list(HealthCheck),
            ),
        )
        if wanted <= Walk.visited:
            break
    assert wanted <= Walk.visited
