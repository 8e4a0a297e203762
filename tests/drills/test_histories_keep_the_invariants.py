"""The small form of `./qipan drill histories`, and the proof that its checker finds what is wrong."""

import copy
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from django.db import connection

from drills.histories import crew
from drills.histories.checking import Evidence, check
from drills.histories.record import Act, Recorder, read
from drills.histories.stage import evidence
from qipan.kernel.flow import registry
from tests.flow.sample import PERMIT
from tests.jobs.test_a_killed_worker_loses_and_doubles_nothing import address

History = tuple[list[Act], Evidence]


@pytest.mark.django_db(transaction=True)
def test_a_short_history_with_a_kill_keeps_them(tmp_path: Path) -> None:
    try:
        own = address()
        workers = crew(tmp_path, 4, period=0.7)
        connection.close()
        try:
            workers.start()
            workers.start()
            end = time.monotonic() + 3
            while len(workers.acts()) < 150 and time.monotonic() < end:
                time.sleep(0.05)
            workers.terminate_backends(own, most=2)
            time.sleep(0.3)
            workers.running.pop().kill()
            workers.wait()
        finally:
            workers.end()
        acts = workers.acts()
        kinds = {act.kind for act in acts if act.done}
        assert {"open", "fire", "issue", "claim", "change", "number", "read"} <= kinds
        assert any(act.outcome == "refused" for act in acts) and any(act.unsure for act in acts)
        findings = check(acts, evidence())
        assert findings == [], [f"{each.rule}: {each.text}" for each in findings]
    finally:
        registry.unregister(PERMIT)


def act(number: int, kind: str, record: str, begun: float, **more: object) -> Act:
    """An act of half a second that was acknowledged."""
    result = more.pop("result", {})
    label = f"a{number}" if kind not in {"read", "claim"} else ""
    values = {"ended": begun + 0.5, "outcome": "done", "label": label, **more}
    return Act(f"a{number}", "w", kind, record, begun, result=result, **values)  # type: ignore[arg-type]


def good() -> History:
    """A case that two steps move and a reader reads, an order claimed, released and claimed, a licence, two numbers."""
    acts = [
        act(
            1, "fire", "case:1", 1, result={"version": 2, "state": "B"}, args={"expected": 1, "decides": "x"}
        ),
        act(2, "read", "case:1", 2, result={"version": 2, "state": "B", "told": 2}),
        act(3, "fire", "case:1", 3, result={"version": 3, "state": "C"}, args={"expected": 2}),
        act(4, "read", "case:1", 4, result={"version": 3, "state": "C", "told": 3}),
        act(
            5, "claim", "order:1", 1, result={"version": 2, "state": "CLAIMED", "holder": 7}, args={"who": 7}
        ),
        act(
            6,
            "release",
            "order:1",
            2,
            result={"version": 3, "state": "OPEN", "holder": None},
            args={"who": 7},
        ),
        act(
            7, "claim", "order:1", 3, result={"version": 4, "state": "CLAIMED", "holder": 8}, args={"who": 8}
        ),
        act(8, "change", "grant:1", 1, result={"version": 2, "marks": ["a8"]}, args={"adds": "a8"}),
        act(9, "change", "grant:1", 2, result={"version": 3, "marks": ["a8", "a9"]}, args={"adds": "a9"}),
        act(10, "number", "case:2", 1, result={"number": 1}, args={"series": "S", "makes": "u1"}, label=""),
        act(11, "number", "case:3", 2, result={"number": 2}, args={"series": "S", "makes": "u2"}, label=""),
        act(12, "fire", "case:1", 5, outcome="refused", args={"expected": 1}),
        act(13, "claim", "order:2", 1, args={"who": 7, "needs": 2}),
        act(14, "claim", "order:2", 2, args={"who": 8, "needs": 2}),
    ]
    rows = {
        "case:1": [{"version": number, "state": state} for number, state in ((1, "A"), (2, "B"), (3, "C"))],
        "order:1": [
            {"version": 1, "state": "OPEN", "holder": None},
            {"version": 2, "state": "CLAIMED", "holder": 7},
            {"version": 3, "state": "OPEN", "holder": None},
            {"version": 4, "state": "CLAIMED", "holder": 8},
        ],
        "order:2": [{"version": number} for number in (1, 2, 3)],
        "grant:1": [
            {"version": number, "state": "VALID", "marks": marks}
            for number, marks in ((1, []), (2, ["a8"]), (3, ["a8", "a9"]))
        ],
    }
    events = {
        "case:1": [
            {"label": "", "version": None},
            {"label": "a1", "version": 2},
            {"label": "a3", "version": 3},
        ],
        "order:1": [{"label": label} for label in ("", "", "a6", "")],
        "grant:1": [{"label": label} for label in ("", "a8", "a9")],
        "order:2": [{"label": "", "people": people} for people in (None, [7], [7, 8])],
    }
    return acts, Evidence(rows, events, {"S": [1, 2]}, {"S": 2}, {"u1": 1, "u2": 1}, {"subject:1": []})


def change(place: int, **values: object) -> Callable[[History], None]:
    """A fault in what somebody was answered."""

    def plant(history: History) -> None:
        for name, value in values.items():
            setattr(history[0][place], name, value)

    return plant


def lose_an_update(history: History) -> None:
    """Two wrote over one another: the second did not see the first."""
    history[0][8].result = {"version": 3, "marks": ["a9"]}
    history[1].rows["grant:1"][2]["marks"] = ["a9"]


def same_version(history: History) -> None:
    """Both changed version 1, and the later wrote over the earlier."""
    history[0][2].result = {"version": 2, "state": "B"}
    history[1].rows["case:1"].pop()


def two_winners(history: History) -> None:
    """The second claimed what the first had not given up."""
    del history[0][5]
    rows = history[1].rows["order:1"]
    rows[2] = {**rows[2], "state": "CLAIMED", "holder": 7}


def half_done(history: History) -> None:
    """A killed writer left a version without its event."""
    history[0][2].outcome = ""
    history[1].events["case:1"].pop()


PLANTED: dict[str, tuple[str, Callable[[History], None]]] = {
    "a lost update": ("kept", lose_an_update),
    "two acknowledged as one version": ("kept", same_version),
    "an acknowledged change that is not there": ("kept", lambda h: h[1].rows["case:1"].pop()),
    "another content than was answered": ("kept", lambda h: h[1].rows["case:1"][2].update(state="A")),
    "a version left out": ("one apart", lambda h: h[1].rows["case:1"][2].update(version=4)),
    "a stale write let through": ("stale refused", change(2, args={"expected": 1})),
    "two winners of a claim": ("one winner", two_winners),
    "two decisions": ("one winner", change(2, args={"decides": "y"})),
    "a third winner of a claim for two": (
        "one winner",
        lambda h: h[1].events["order:2"][2].update(people=[7, 8, 9]),
    ),
    "a claim that nobody knows of": ("one winner", change(13, args={"who": 9, "needs": 2})),
    "a gap in the numbers": ("numbers", lambda h: h[1].last.update(S=3)),
    "a doubled number": ("numbers", change(10, result={"number": 1})),
    "an acknowledged number that is not in use": ("numbers", lambda h: h[1].numbers["S"].pop()),
    "numbers against the order of asking": ("numbers", change(9, begun=9.0)),
    "a stale read": ("reads", change(3, result={"version": 2, "state": "B", "told": 2})),
    "a read that goes back": ("reads", change(1, begun=6.0, ended=6.5)),
    "a read of what never was": ("reads", change(1, result={"version": 9, "state": "B", "told": 9})),
    "a read before the write began": ("reads", change(3, begun=0.1, ended=0.2)),
    "a read of one half": ("reads", change(3, result={"version": 3, "state": "C", "told": 2})),
    "a read in the middle of a transaction": ("reads", lambda h: h[1].rows["case:1"][1].update(inner=True)),
    "a change without its event": ("one event", lambda h: h[1].events["grant:1"].pop()),
    "an event without its change": ("one event", lambda h: h[1].rows["order:1"].pop()),
    "an effect of a refused act": (
        "one event",
        lambda h: h[1].events["case:1"].append({"label": "a12", "version": 4}),
    ),
    "a change that is half there after a kill": ("one event", half_done),
    "a key with two effects": ("one effect", lambda h: h[1].effects.update(u1=2)),
    "an acknowledged thing that is not there": ("one effect", lambda h: h[1].effects.pop("u2")),
    "an answer nobody may get": ("answers", change(11, outcome="failed", problem="deadlock detected")),
    "an entry that is not found": ("found by", lambda h: h[1].missing.update({"subject:1": ["JY1"]})),
}


def test_a_good_history_is_silent() -> None:
    assert check(*good()) == []


@pytest.mark.parametrize("fault", PLANTED)
def test_a_planted_fault_is_found(fault: str) -> None:
    rule, plant = PLANTED[fault]
    history = copy.deepcopy(good())
    plant(history)
    assert rule in {finding.rule for finding in check(*history)}


def test_what_was_not_answered_may_have_happened_or_not() -> None:
    for happened in (True, False):
        acts, found = good()
        acts[3].outcome = ""  # the last reader died
        acts[8].outcome, acts[8].result = "", {}
        if not happened:
            found.rows["grant:1"].pop()
            found.events["grant:1"].pop()
        assert check(acts, found) == []


def test_a_key_that_is_pressed_twice_was_perhaps_heard_the_first_time() -> None:
    acts, found = good()
    acts[2].begun, acts[2].ended, acts[2].args = 7.0, 7.5, {"repeats": True}
    acts.append(act(15, "fire", "case:1", 3, label="a3", outcome="", args={"repeats": True}))
    assert check(acts, found) == []
    acts.pop()
    assert {finding.rule for finding in check(acts, found)} == {"reads"}


def test_a_killed_process_leaves_its_question_and_a_torn_line(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    recorder = Recorder(path)
    first, second = Act("a-1", "a", "read", "case:1", 0.0), Act("a-2", "a", "read", "case:1", 0.0)
    recorder.begin(first)
    first.outcome, first.result = "done", {"version": 1}
    recorder.end(first)
    recorder.begin(second)
    with path.open("a") as torn:
        torn.write('{"id": "a-2", "ended": 17')
    acts = read([path])
    assert [(each.id, each.outcome, each.unsure) for each in acts] == [
        ("a-1", "done", False),
        ("a-2", "", True),
    ]
    assert acts[0].begun <= acts[0].ended <= acts[1].begun
