"""What can be proven about a flow from its declaration alone.

`contradictions` are refused at registration; `problems` are what a test over every registered flow must find empty.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from qipan.kernel.documents.models import Template
from qipan.kernel.flow.clock_steps import Start
from qipan.kernel.flow.declaration import UNCONFIRMED, Flow, Owner, State
from qipan.kernel.flow.events import STEP_FIELDS
from qipan.kernel.flow.predicates import Rules, System
from qipan.kernel.law import terms
from qipan.kernel.law.citations import Citation
from qipan.kernel.orgs.roles import Role


def _citation_problem(text: str) -> str:
    """What is wrong with a legal source, which is one or several citations ("LicProc 22; Licence 32")."""
    if text == UNCONFIRMED:
        return ""
    for part in text.split(";"):
        try:
            Citation.parse(part)
        except ValueError as wrong:
            return str(wrong)
    return ""


def _doubled(codes: Iterable[str]) -> list[str]:
    return [code for code, count in Counter(codes).items() if count > 1]


def contradictions(flow: Flow) -> list[str]:
    """What makes a declaration meaningless: unknown states, doubled codes, nobody who may, events without a place."""
    wrong = [f"state {code} is declared twice" for code in _doubled(state.code for state in flow.states)]
    wrong += [
        f"transition {code} is declared twice" for code in _doubled(each.code for each in flow.transitions)
    ]
    codes = {state.code for state in flow.states}
    starts = [state.code for state in flow.states if state.kind == "start"]
    if len(starts) != 1:
        wrong.append(f"exactly one start state is needed, not {len(starts)}")
    if not any(state.final for state in flow.states):
        wrong.append("no final state")
    owners = set(Role.values) | {Owner.APPLICANT, Owner.SYSTEM, Owner.ASSIGNEE, ""}
    wrong += [
        f"state {state.code}: unknown owner {state.owner!r}"
        for state in flow.states
        if state.owner not in owners
    ]
    opened = {order.kind for transition in flow.transitions for order in transition.opens}
    for transition in flow.transitions:
        where = f"transition {transition.code}"
        if not transition.sources:
            wrong.append(f"{where}: no source state")
        wrong += [f"{where}: unknown state {code!r}" for code in transition.sources if code not in codes]
        if transition.target and transition.target not in codes:
            wrong.append(f"{where}: unknown target {transition.target!r}")
        wrong += [
            f"{where}: source {code} is final"
            for code in transition.sources
            if code in codes and flow.state(code).final
        ]
        if not transition.by:
            wrong.append(f"{where}: nobody may take it (by is empty)")
        if transition.event is not None and not set(STEP_FIELDS) <= set(transition.event.fields):
            wrong.append(f"{where}: declare its event with flow.events.declare_step")
        if (transition.automatic or transition.when_missed) and not any(
            isinstance(each, System | Rules) for each in transition.by
        ):
            wrong.append(f"{where}: what happens by itself must be allowed to System or Rules")
        if transition.automatic and (transition.target in transition.sources or not transition.target):
            wrong.append(f"{where}: an automatic transition must lead to another state")
        if transition.automatic and (transition.form or transition.reason_required):
            wrong.append(f"{where}: an automatic transition can ask for no form and no reason")
        wrong += [
            f"{where}: closes {kind!r}, which nothing opens"
            for kind in transition.closes
            if kind not in opened
        ]
        wrong += [
            f"{where}: order {order.kind!r} needs nobody" for order in transition.opens if order.needs < 1
        ]
        if transition.papers and flow.document_data is None:
            wrong += [
                f"{where}: document {paper.template} has no data"
                for paper in transition.papers
                if paper.data is None
            ]
    return wrong


def _reachable(flow: Flow) -> set[str]:
    seen, todo = {flow.start.code}, [flow.start.code]
    while todo:
        for transition in flow.leaving(todo.pop()):
            if transition.target and transition.target not in seen:
                seen.add(transition.target)
                todo.append(transition.target)
    return seen


def _reaching_an_end(flow: Flow) -> set[str]:
    good = {state.code for state in flow.states if state.final}
    grown = True
    while grown:
        grown = False
        for transition in flow.transitions:
            if transition.target in good:
                new = set(transition.sources) - good
                good |= new
                grown = grown or bool(new)
    return good


def _running(flow: Flow) -> set[str]:
    return {
        step.rule for transition in flow.transitions for step in transition.clocks if isinstance(step, Start)
    }


def _state_problems(flow: Flow, state: State, started: set[str]) -> list[str]:
    found = []
    if not state.owner:
        found.append(f"state {state.code}: no owner")
    if not state.clock_rules and not state.no_clock:
        found.append(f"state {state.code}: neither a clock nor a reason why none runs")
    found += [
        f"state {state.code}: clock {rule} is never started"
        for rule in state.clock_rules
        if rule not in started
    ]
    leaving = [
        transition
        for transition in flow.leaving(state.code)
        if transition.target and transition.target != state.code
    ]
    if not leaving:
        found.append(f"state {state.code}: a dead end")
    if not any(transition.terminates for transition in leaving):
        found.append(f"state {state.code}: cannot be withdrawn or terminated")
    return found


def problems(flow: Flow) -> list[str]:
    """Everything about a flow that its users would suffer from; empty for a sound one.

    Reachable states, no dead end, an end from everywhere, an owner and a clock (or the reason why none) at every
    open state, each open state can be withdrawn or terminated (a transition marked `terminates`), every transition
    cites a law or says `unconfirmed`, every work order that is opened is closed by some transition.
    """
    found = contradictions(flow)
    if found:
        return found
    reached, ending, started = _reachable(flow), _reaching_an_end(flow), _running(flow)
    for state in flow.states:
        if state.code not in reached:
            found.append(f"state {state.code}: cannot be reached")
        if state.code not in ending:
            found.append(f"state {state.code}: no way to an end")
        if not state.final:
            found += _state_problems(flow, state, started)
    for transition in flow.transitions:
        if not transition.law:
            found.append(
                f"transition {transition.code}: no legal source (write a citation, or 'unconfirmed')"
            )
        elif wrong := _citation_problem(transition.law):
            found.append(f"transition {transition.code}: {wrong}")
        for step in transition.clocks:
            if not isinstance(step, Start) and step.rule not in started:
                found.append(f"transition {transition.code}: clock {step.rule} is never started")
        if transition.when_missed and transition.when_missed not in started:
            found.append(f"transition {transition.code}: clock {transition.when_missed} is never started")
    closed = {kind for transition in flow.transitions for kind in transition.closes}
    opened = {order.kind for transition in flow.transitions for order in transition.opens}
    found += [f"order {kind}: no transition closes it" for kind in sorted(opened - closed)]
    return found


def missing(flow: Flow) -> list[str]:
    """What a flow refers to and the loaded catalogues do not hold: rules of law and document templates."""
    rules = {step.rule for transition in flow.transitions for step in transition.clocks}
    rules |= {
        order.due
        for transition in flow.transitions
        for order in transition.opens
        if isinstance(order.due, str) and order.due
    }
    every = [paper.template for transition in flow.transitions for paper in transition.papers]
    papers = {template for template in every if isinstance(template, str)}
    known = set(Template.objects.filter(code__in=papers).values_list("code", flat=True))
    found = [f"rule {code} is not loaded" for code in sorted(rules) if not terms.exists(code)]
    return found + [f"template {code} is not loaded" for code in sorted(papers - known)]
