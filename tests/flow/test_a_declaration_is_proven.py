"""What registration refuses, what `problems` finds, and that every registered flow is sound; each on a planted fault."""

import dataclasses
import uuid

import pytest
from django.utils.translation import gettext_lazy as _

from qipan.kernel.documents import loading as documents
from qipan.kernel.flow import actions, checks, queries, registry, testing
from qipan.kernel.flow.clock_steps import End, Start
from qipan.kernel.flow.declaration import Flow, Order, Paper, Refusal, State, Transition
from qipan.kernel.flow.errors import FlowError
from qipan.kernel.flow.predicates import Applicant, HasRole, System
from qipan.kernel.law import catalogue
from qipan.kernel.ledger.actor import Actor
from qipan.kernel.ledger.errors import Refused
from qipan.kernel.ledger.registry import EventType
from qipan.kernel.orgs.roles import Role
from tests.flow.people import Desk, acts
from tests.flow.sample import PERMIT, PERMIT_2, names_a_place, permit


def changed(code: str, **values: object) -> Flow:
    """The sample flow with one transition changed."""
    steps = tuple(
        dataclasses.replace(step, **values) if step.code == code else step for step in PERMIT.transitions
    )
    return dataclasses.replace(PERMIT, version=9, transitions=steps)


def state_changed(code: str, **values: object) -> Flow:
    states = tuple(
        dataclasses.replace(state, **values) if state.code == code else state for state in PERMIT.states
    )
    return dataclasses.replace(PERMIT, version=9, states=states)


def with_state(state: State, *steps: Transition) -> Flow:
    return dataclasses.replace(
        PERMIT, version=9, states=(*PERMIT.states, state), transitions=(*PERMIT.transitions, *steps)
    )


def test_the_sample_is_sound() -> None:
    assert checks.problems(PERMIT) == []
    assert checks.problems(PERMIT_2) == []


def test_every_registered_flow_is_sound() -> None:
    for flow in registry.all_flows():
        assert checks.problems(flow) == [], f"{flow.code} v{flow.version}"


@pytest.mark.django_db
@pytest.mark.usefixtures("law")
def test_what_every_registered_flow_refers_to_is_in_the_catalogues() -> None:
    blocks = catalogue.blocks_of(catalogue.files())
    for source in catalogue.files():
        if source.kind == "templates":
            documents.load_templates(catalogue.checked(source, blocks), Actor.system())
    for flow in registry.all_flows():
        assert checks.missing(flow) == [], f"{flow.code} v{flow.version}"
    lost = changed("accept", clocks=(Start("Nowhere.rule"),), documents=(Paper("sample.nowhere", data=dict),))
    assert checks.missing(lost) == [
        "rule Nowhere.rule is not loaded",
        "template sample.nowhere is not loaded",
    ]


@pytest.mark.parametrize(
    ("flow", "word"),
    [
        (changed("accept", target="NOWHERE"), "unknown target"),
        (changed("accept", source="NOWHERE"), "unknown state"),
        (changed("accept", source="GRANTED"), "is final"),
        (changed("accept", by=()), "nobody may take it"),
        (changed("accept", closes=("sample.none",)), "nothing opens"),
        (changed("accept", event=EventType("a.b.c", "x")), "declare_step"),
        (changed("accept", automatic=True), "System or Rules"),
        (changed("accept", documents=("sample.notice",)), "has no data"),
        (changed("accept", opens=(Order("sample.x", _("x"), Role.LIC_REVIEWER, needs=0),)), "needs nobody"),
        (changed("grant_by_rules", reason_required=True), "no form and no reason"),
        (state_changed("SUBMITTED", owner="somebody"), "unknown owner"),
        (state_changed("SUBMITTED", kind="start"), "exactly one start"),
        (dataclasses.replace(PERMIT, version=9, states=(*PERMIT.states, PERMIT.states[0])), "declared twice"),
        (
            dataclasses.replace(PERMIT, version=9, transitions=(*PERMIT.transitions, PERMIT.transitions[0])),
            "declared twice",
        ),
    ],
)
def test_a_contradiction_is_refused_at_registration(flow: Flow, word: str) -> None:
    with pytest.raises(FlowError, match=word):
        registry.register(flow)


@pytest.mark.parametrize(
    ("flow", "word"),
    [
        (with_state(State("ISLAND", _("孤岛"), Role.LIC_REVIEWER, no_clock=_("x"))), "cannot be reached"),
        (
            with_state(
                State("SWAMP", _("泥潭"), Role.LIC_REVIEWER, no_clock=_("x")),
                Transition(
                    "sink", _("陷入"), "ACCEPTED", "SWAMP", (HasRole(Role.LIC_REVIEWER),), "unconfirmed"
                ),
            ),
            "no way to an end",
        ),
        (state_changed("SUBMITTED", clock=()), "neither a clock nor a reason"),
        (state_changed("SUBMITTED", clock="FBL15.decide"), "is never started"),
        (state_changed("SUBMITTED", owner=""), "no owner"),
        (
            changed("withdraw", source=("DRAFT", "SUBMITTED", "CORRECTION")),
            "cannot be withdrawn or terminated",
        ),
        (changed("accept", law=""), "no legal source"),
        (changed("accept", law="somewhere in the law"), "不是条文"),
        (changed("accept", clocks=(End("FBL15.decide"),)), "is never started"),
        (changed("lapse", when_missed="FBL15.decide"), "is never started"),
        (
            changed("grant", opens=(Order("sample.lost", _("x"), Role.LIC_REVIEWER),)),
            "no transition closes it",
        ),
    ],
)
def test_a_planted_fault_is_found(flow: Flow, word: str) -> None:
    assert any(word in problem for problem in checks.problems(flow)), checks.problems(flow)


def test_a_version_is_registered_once_and_stays_beside_the_next() -> None:
    registry.register(PERMIT)
    with pytest.raises(FlowError, match="twice"):
        registry.register(permit(1))
    registry.register(PERMIT_2)
    try:
        assert registry.get("sample.permit").version == 2
        assert registry.get("sample.permit", 1) is PERMIT
        with pytest.raises(FlowError, match="version 7"):
            registry.get("sample.permit", 7)
    finally:
        registry.unregister(PERMIT_2)


@pytest.mark.django_db
@pytest.mark.usefixtures("law")
class TestMigration:
    def test_a_running_case_follows_its_version_until_it_is_moved(self) -> None:
        desk = Desk()
        case = desk.reviewed()
        registry.register(PERMIT_2)
        try:
            assert desk.open().flow_version == 2
            case.refresh_from_db()
            assert case.state_title == "待决定"
            with pytest.raises(Refused) as refused:
                actions.migrate_case(case, 2, state_map={}, reason="新流程", actor=Actor.system())
            assert refused.value.field == "state_map"
            with pytest.raises(Refused) as refused:
                actions.migrate_case(
                    case, 2, state_map={"REVIEWED": "GRANTED"}, reason="x", actor=Actor.system()
                )
            assert refused.value.field == "state_map"
            with pytest.raises(Refused) as refused:
                actions.migrate_case(
                    case, 2, state_map={"REVIEWED": "JUDGED"}, reason="x", actor=acts(desk.leader)
                )
            assert refused.value.code == "forbidden"
            moved = actions.migrate_case(
                case, 2, state_map={"REVIEWED": "JUDGED"}, reason="新流程", actor=Actor.system()
            )
            assert (moved.flow_version, moved.state, moved.version) == (2, "JUDGED", case.version + 1)
            assert actions.fire(moved, "grant", acts(desk.decider)).state == "GRANTED"
        finally:
            registry.unregister(PERMIT_2)


@pytest.mark.django_db
def test_open_cases_of_a_version_that_is_gone_are_told() -> None:
    desk = Desk()
    desk.open()
    assert queries.versions_without_declaration() == []
    registry.unregister(PERMIT)
    assert queries.versions_without_declaration() == [("sample.permit", 1, 1)]


@pytest.mark.django_db
def test_the_recorder_tells_which_guard_never_refused() -> None:
    testing.record()
    testing.guard_refusals -= {seen for seen in testing.guard_refusals if seen[0] == PERMIT.code}
    desk = Desk()
    assert testing.guard_name(names_a_place) in testing.never_refused(PERMIT)
    with pytest.raises(Refused):
        actions.fire(desk.open(), "submit", acts(desk.owner), data={"place": ""})
    assert testing.guard_name(names_a_place) not in testing.never_refused(PERMIT)
    assert any(name.endswith("says_how_large") for name in testing.never_refused(PERMIT))


@pytest.mark.django_db
def test_automatic_steps_that_go_round_in_circles_are_stopped() -> None:
    def step(code: str, source: str, target: str) -> Transition:
        return Transition(code, _("转"), source, target, (System(),), "unconfirmed", automatic=True)

    circle = Flow(
        code="sample.circle",
        title=_("圆圈"),
        states=(
            State("START", _("开始"), "applicant", "start", no_clock=_("x")),
            State("A", _("甲"), "system", no_clock=_("x")),
            State("B", _("乙"), "system", no_clock=_("x")),
            State("END", _("完"), kind="final"),
        ),
        transitions=(
            Transition("go", _("走"), "START", "A", (Applicant(),), "unconfirmed"),
            step("there", "A", "B"),
            step("back", "B", "A"),
            Transition("out", _("出"), ("A", "B"), "END", (System(),), "unconfirmed"),
        ),
    )
    registry.register(circle)
    try:
        case = actions.open_case(
            "sample.circle", uuid=uuid.uuid4(), org_path="SZ/", actor=Actor("public", 5), title="圆"
        )
        with pytest.raises(FlowError, match="circles"):
            actions.fire(case, "go", Actor("public", 5))
        case.refresh_from_db()
        assert case.state == "START"
    finally:
        registry.unregister(circle)


def test_a_paper_and_a_refusal_are_plain_values() -> None:
    assert Paper("lic.acceptance") == Paper("lic.acceptance")
    assert Refusal("不行", "place").field == "place"
    assert Start("FBL23.decide") == Start("FBL23.decide")
