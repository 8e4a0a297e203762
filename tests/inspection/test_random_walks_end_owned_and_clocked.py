"""Whatever its people do in whatever order: an inspection ends, and until then somebody owns it and a limit runs."""

import datetime
import random
import uuid
from collections.abc import Callable

import pytest

from qipan.domains.inspection import actions
from qipan.domains.inspection.models import Kind, Visit
from qipan.kernel.flow import actions as flow
from qipan.kernel.flow import registry
from qipan.kernel.flow.jobs import mark_missed_limits
from qipan.kernel.flow.models import ACTIVE, Case, ClockState, WorkOrder
from qipan.kernel.ledger import clock
from qipan.kernel.ledger.clock import now, today
from qipan.kernel.ledger.errors import Refused
from qipan.kernel.ledger.models import Event
from qipan.kernel.orgs.roles import Role
from qipan.kernel.publication.models import Publication, PublicationState
from tests.inspection.office import BOTH, Office, fresh
from tests.orgs.factories import reader_for

pytestmark = pytest.mark.django_db
FLOW = registry.get("inspection.visit")
ORDERS = {"ASSIGNED": "inspection.visit", "ON_SITE": "inspection.visit", "CONCLUDED": "inspection.visit"}
ORDERS |= {"RECHECK": "inspection.recheck"}
WALKS, LONGEST = 14, 40
ITEMS = ("2.2", "2.5", "6.5", "2.1", "3.2")


class Walk:
    """One inspection and the dice that drive it."""

    def __init__(self, office: Office, seed: int) -> None:
        self.office, self.dice = office, random.Random(seed)
        subject, grant, _owner = office.shop()
        visit = actions.open_visit(
            Kind.ROUTINE,
            uuid=uuid.uuid4(),
            subject=subject,
            grant=grant,
            actor=office.actor(office.head, _Unit(grant.org_path), Role.OFFICE_HEAD),
            source="HAND",
        )
        self.pk, self.states, self.moment = visit.pk, ["PLANNED"], now()

    @property
    def visit(self) -> Visit:
        return fresh(Visit.objects.get(pk=self.pk))

    def to_the_end(self) -> str:
        """Walk until the case is closed; the state it ended in."""
        for _turn in range(LONGEST):
            with clock.at(self.moment):
                state = Case.objects.get(pk=self.pk).state
                if FLOW.state(state).final:
                    return state
                self.somebody_else_tries(state)
                self.dice.choice(self.acts(state))()
                self.holds()
            self.states.append(Case.objects.get(pk=self.pk).state)
        raise AssertionError(f"no end after {LONGEST} turns: {self.states}")

    def acts(self, state: str) -> list[Callable[[], object]]:
        """What may be done next; what leads on stands there more often."""
        return {
            "PLANNED": [self.assign, self.assign, self.assign, lambda: self.by_head("cancel")],
            "ASSIGNED": [self.begin] * 5 + [lambda: self.by_head("cancel"), self.leave],
            "ON_SITE": [self.conclude] * 5 + [self.leave, lambda: self.by_head("annul")],
            "CONCLUDED": [self.sign] * 5 + [self.reopen, lambda: self.by_head("annul")],
            "RECTIFYING": [self.report, self.report, self.report_on_paper, self.extend, self.time_passes],
            "RECHECK": [self.recheck, self.recheck, self.recheck, lambda: self.by_head("annul")],
        }[state]

    def somebody_else_tries(self, state: str) -> None:
        """An officer who did not sign for the order changes nothing."""
        before = Case.objects.get(pk=self.pk).version
        with pytest.raises(Refused):
            actions.note(self.visit, reader_for(self.office.third), {"1.1": {"answer": "NO"}})
        with pytest.raises(Refused):
            actions.leave(self.visit, reader_for(self.office.third), "refuse", reason="理由")
        assert Case.objects.get(pk=self.pk).version == before

    def head(self):
        return self.office.actor(self.office.head, self.visit, Role.OFFICE_HEAD)

    def by_head(self, step: str) -> None:
        flow.fire(self.visit.case, step, self.head(), reason="理由")

    def assign(self) -> None:
        flow.fire(self.visit.case, "assign", self.head(), data={"wanted_by": None})

    def begin(self) -> None:
        self.office.claim(self.visit)
        actions.begin(self.visit, reader_for(self.office.lead), shown=True)

    def leave(self) -> None:
        visit = self.visit
        if visit.case.state == "ASSIGNED":
            self.office.claim(visit)
        step = self.dice.choice(["unreachable", "closed_down", "refuse"])
        actions.leave(self.visit, reader_for(self.office.lead), step, reason="店门紧闭。")

    def conclude(self) -> None:
        failed = {code: "不符合" for code in ITEMS if self.dice.random() < 0.35}
        actions.conclude(self.visit, reader_for(self.office.lead), self.office.answers(self.visit, failed))

    def reopen(self) -> None:
        actions.reopen(self.visit, reader_for(self.office.second))

    def sign(self) -> None:
        visit = self.visit
        given: dict[str, object] = {}
        if visit.key_failed:
            given = {"measure": self.dice.choice(["BY_DATE", "TO_CASE"]), "affects_safety": True}
        elif visit.general_failed:
            given = {"measure": self.dice.choice(["ON_SITE", "BY_DATE"]), "affects_safety": False}
        if given.get("measure") == "BY_DATE":
            given["rectify_by"] = today() + datetime.timedelta(days=self.dice.randint(1, 30))
        actions.sign(visit, reader_for(self.office.lead), submission=uuid.uuid4(), signatures=BOTH, **given)

    def report(self) -> None:
        self.office.reported(self.visit)

    def report_on_paper(self) -> None:
        officer = self.office.actor(self.office.lead, self.visit)
        flow.fire(self.visit.case, "report_on_paper", officer, data={"report": "已改正。", "files": []})

    def extend(self) -> None:
        found = self.visit.rectification
        until = found.rectify_by + datetime.timedelta(days=self.dice.randint(1, 20))
        if found.first_by is None:
            actions.extend(self.visit, reader_for(self.office.head), until, reason="理由")
        else:
            with pytest.raises(Refused, match="延长过一次"):
                actions.extend(self.visit, reader_for(self.office.head), until, reason="理由")

    def recheck(self) -> None:
        codes = self.visit.rectification.codes
        wanting = {codes[0]: "仍未改正"} if self.dice.random() < 0.4 else {}
        self.office.rechecked(self.visit, **wanting)

    def time_passes(self) -> None:
        self.moment += datetime.timedelta(days=self.dice.randint(1, 15))
        with clock.at(self.moment):
            mark_missed_limits()

    def holds(self) -> None:
        """One event a step; an owner with the order in hand; a limit that runs; nothing left open at the end."""
        case = Case.objects.get(pk=self.pk)
        state = FLOW.state(case.state)
        steps = Event.objects.filter(record_kind="flow.case", record_id=case.pk, data__has_key="transition")
        versions = list(steps.order_by("id").values_list("data__version", flat=True))
        assert versions == list(range(2, case.version + 1)), self.states
        live = [order.kind for order in WorkOrder.objects.filter(case=case, state__in=ACTIVE)]
        wanted = ORDERS.get(case.state)
        assert live == ([wanted] if wanted else []), (case.state, self.states)
        running = list(case.clocks.filter(ended_at__isnull=True))
        assert (case.closed_at is not None) == state.final
        if state.final:
            assert not running and case.result
        else:
            assert state.owner
            assert not state.clock_rules or {row.rule_code for row in running} & set(state.clock_rules)
            dues = [row.due_on for row in running if row.state != ClockState.STOPPED]
            assert case.due_on == min(dues, default=None)
        signed = self.visit.signed_at is not None
        shown = Publication.objects.filter(
            record_kind="flow.case", record_id=case.pk, state=PublicationState.PUBLISHED
        ).count()
        assert shown == (1 if signed and case.state != "ANNULLED" else 0), (case.state, self.states)


class _Unit:
    """Where an actor acts before there is a case."""

    def __init__(self, path: str) -> None:
        self.case = Case(org_path=path)


def test_every_walk_ends_and_is_owned_and_clocked_on_the_way(office: Office) -> None:
    walks = [Walk(office, seed) for seed in range(WALKS)]
    ends = {walk.to_the_end() for walk in walks}
    seen = {state for walk in walks for state in walk.states}
    assert {"ASSIGNED", "ON_SITE", "CONCLUDED", "RECTIFYING", "RECHECK"} <= seen
    assert len(ends) >= 4, ends
