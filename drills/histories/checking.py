"""Whether a recorded history and what the database holds afterwards keep the invariants; knows nothing of the product.

Each check names what it found. Where an answer is missing (a killed worker, a dead connection) both outcomes are
allowed, but only whole: done, or not done at all.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from drills.histories.record import READS, Act

Row = dict[str, Any]


@dataclass(frozen=True)
class Finding:
    """An invariant that does not hold: its name and where."""

    rule: str
    text: str


@dataclass
class Evidence:
    """What the database holds when everybody has stopped.

    `rows`: every version of a record, oldest first, its history and its present row; a row that was written over in
    its own transaction has `inner`. `events`: what the ledger says of a record, oldest first. `numbers`: those in use,
    by series; `last`: the last one taken. `effects`: how often a thing with a key of its own is there. `missing`: what
    a record should be found by and is not.
    """

    rows: dict[str, list[Row]] = field(default_factory=dict)
    events: dict[str, list[Row]] = field(default_factory=dict)
    numbers: dict[str, list[int]] = field(default_factory=dict)
    last: dict[str, int] = field(default_factory=dict)
    effects: dict[str, int] = field(default_factory=dict)
    missing: dict[str, list[str]] = field(default_factory=dict)


def check(acts: Sequence[Act], evidence: Evidence) -> list[Finding]:
    """Everything that is wrong; empty when the history could have happened one act after the other."""
    found: list[Finding] = []
    for rule, looks in CHECKS.items():
        found += [Finding(rule, text) for text in looks(acts, evidence)]
    return found


def _writes(acts: Sequence[Act]) -> list[Act]:
    return [act for act in acts if act.kind not in READS]


def answers(acts: Sequence[Act], _evidence: Evidence) -> Iterator[str]:
    """Everybody is served or refused in words: no deadlock, no broken constraint."""
    for act in acts:
        if act.outcome == "failed":
            yield f"{act}: {act.problem}"


def one_apart(_acts: Sequence[Act], evidence: Evidence) -> Iterator[str]:
    """The versions of a record rise by one, and none is missing."""
    for record, rows in evidence.rows.items():
        versions = [row["version"] for row in rows]
        if versions != list(range(1, len(rows) + 1)):
            yield f"{record}: {versions[:30]}"


def kept(acts: Sequence[Act], evidence: Evidence) -> Iterator[str]:
    """Every acknowledged write is a version of its record with what was answered, and no other write's version."""
    by_version: dict[tuple[str, int], Act] = {}
    for act in _writes(acts):
        if not act.done or act.version is None:
            continue
        row = _row(evidence, act.record, act.version)
        if row is None:
            yield f"{act}: version {act.version} is not there"
            continue
        differs = {name: value for name, value in act.result.items() if row.get(name, value) != value}
        if differs:
            yield f"{act}: answered {differs}, version {act.version} has { {name: row[name] for name in differs} }"
        added = act.args.get("adds")
        if added and (
            added not in row.get("marks", ()) or added not in evidence.rows[act.record][-1].get("marks", ())
        ):
            yield f"{act}: {added} was acknowledged and is not there"
        if act.args.get("repeats") or _held_already(evidence, act):
            continue
        other = by_version.setdefault((act.record, act.version), act)
        again = act.kind == other.kind == "claim" and act.args["who"] == other.args["who"]
        if other is not act and not again:
            yield f"{act} and {other} were both answered version {act.version}"


def stale_refused(acts: Sequence[Act], evidence: Evidence) -> Iterator[str]:
    """Who expected a version changed exactly that one."""
    for act in _writes(acts):
        expected = act.args.get("expected")
        if act.done and expected is not None:
            made = _made_by(evidence, act)
            if made and made[0] != expected + 1:
                yield f"{act}: expected {expected} and made {made[0]}"


def one_event(acts: Sequence[Act], evidence: Evidence) -> Iterator[str]:
    """A change has one event, an act that was refused has none, and a key has one effect however often it was pressed."""
    told: Counter[tuple[str, str]] = Counter()
    for record, events in evidence.events.items():
        told.update((record, event["label"]) for event in events if event["label"])
    asked: dict[tuple[str, str], list[Act]] = defaultdict(list)
    for act in _writes(acts):
        if act.label and act.record:
            asked[act.record, act.label].append(act)
    for key, several in asked.items():
        count = told[key]
        done, unsure = any(act.done for act in several), any(act.unsure for act in several)
        if count > 1 or (done and not count) or (count and not done and not unsure):
            outcomes = [act.outcome or "unanswered" for act in several]
            yield f"{key[0]} {key[1]}: {count} events for {outcomes}"
    for record, events in evidence.events.items():
        versions = [event["version"] for event in events if event.get("version")]
        rows = len(evidence.rows.get(record, ()))
        if versions and versions != list(range(2, rows + 1)):
            yield f"{record}: {rows} versions, events tell of {versions[:30]}"
        commits = sum(not row.get("inner") for row in evidence.rows.get(record, ()))
        if record.startswith(("order:", "grant:")) and len(events) != commits:
            yield f"{record}: {commits} changes, {len(events)} events"


def one_effect(acts: Sequence[Act], evidence: Evidence) -> Iterator[str]:
    """What was made under a key of its own is there once if anybody was told so."""
    asked: dict[str, list[Act]] = defaultdict(list)
    for act in _writes(acts):
        if key := act.args.get("makes"):
            asked[key].append(act)
    for key, several in asked.items():
        count = evidence.effects.get(key, 0)
        done, unsure = any(act.done for act in several), any(act.unsure for act in several)
        if count > 1 or (done and not count) or (count and not done and not unsure):
            yield f"{key}: there {count} times for {[act.outcome or 'unanswered' for act in several]}"
        if len(made := {act.record for act in several if act.done}) > 1:
            yield f"{key}: answered {sorted(made)}"


def one_winner(acts: Sequence[Act], evidence: Evidence) -> Iterator[str]:
    """Of those who claim one order one has it (or as many as it needs) until it is given up; a case is decided once."""
    claims: dict[str, list[Act]] = defaultdict(list)
    shared: dict[str, list[Act]] = defaultdict(list)
    decisions: dict[str, list[Act]] = defaultdict(list)
    for act in _writes(acts):
        if act.done and act.kind == "claim" and act.args.get("needs", 1) == 1:
            claims[act.record].append(act)
        if act.done and act.kind == "claim" and act.args.get("needs", 1) > 1:
            shared[act.record].append(act)
        if act.done and act.args.get("decides"):
            decisions[act.record].append(act)
    for record, several in shared.items():
        held = [event["people"] for event in evidence.events.get(record, ()) if event.get("people")]
        for act in several:
            if not any(act.args["who"] in people for people in held):
                yield f"{act}: acknowledged, and the ledger knows of no such claim"
        if any(len(people) > several[0].args["needs"] for people in held):
            yield f"{record}: {held} hold an order for {several[0].args['needs']}"
    for record, several in claims.items():
        rows = {row["version"]: row for row in evidence.rows.get(record, ())}
        for first, second in pairwise(sorted(several, key=lambda act: act.version or 0)):
            if first.args["who"] == second.args["who"]:
                continue
            between = range(first.version or 0, (second.version or 0) + 1)
            if all(rows.get(number, {}).get("state") == "CLAIMED" for number in between):
                yield f"{record}: {first.id} and {second.id} both claimed it"
    for record, several in decisions.items():
        if len({act.label for act in several}) > 1:
            yield f"{record}: decided by {[act.id for act in several]}"


def numbers(acts: Sequence[Act], evidence: Evidence) -> Iterator[str]:
    """Numbers in use run from 1 to the last one taken, each once; who asked later has the higher one."""
    for series, used in evidence.numbers.items():
        ordered = sorted(used)
        wanted = list(range(1, evidence.last.get(series, len(used)) + 1))
        if ordered != wanted:
            gaps, doubles = sorted(set(wanted) - set(used)), len(used) - len(set(used))
            yield f"{series}: gaps {gaps[:10]}, {doubles} doubled, last {len(wanted)}"
    taken: dict[str, list[Act]] = defaultdict(list)
    for act in _writes(acts):
        if act.done and "number" in act.result:
            taken[act.args["series"]].append(act)
    for series, several in taken.items():
        used = evidence.numbers.get(series, [])
        counted = Counter(act.result["number"] for act in several)
        for number, times in counted.items():
            if times > 1 or number not in used:
                yield f"{series} {number}: acknowledged {times} times, in use {used.count(number)} times"
        for earlier, act in _before(several, lambda act: act.result["number"]):
            if earlier > act.result["number"]:
                yield f"{series}: {act.id} began after {earlier} was given and got {act.result['number']}"


def reads(acts: Sequence[Act], evidence: Evidence) -> Iterator[str]:
    """A reader is shown a committed version that was the present one at some moment between question and answer."""
    seen: dict[str, list[Act]] = defaultdict(list)
    first: dict[
        tuple[str, str], float
    ] = {}  # a key is pressed by several: whoever began first may have made it
    for act in acts:
        if act.done and act.version is not None:
            seen[act.record].append(act)
        if act.label:
            key = act.record, act.label
            first[key] = min(first.get(key, act.begun), act.begun)
    for record, several in seen.items():
        asked = {
            event["version"]: first[record, event["label"]]
            for event in evidence.events.get(record, ())
            if event.get("version") and (record, event["label"]) in first
        }
        for act in several:
            if act.kind not in READS:
                continue
            row = _row(evidence, record, act.version or 0)
            if row is None:
                yield f"{act}: version {act.version} never was"
                continue
            if row.get("inner"):
                yield f"{act}: version {act.version} was seen in the middle of its transaction"
            differs = [name for name, value in act.result.items() if row.get(name, value) != value]
            if differs:
                yield f"{act}: {differs} are not those of version {act.version}"
            told = act.result.get("told", act.version)
            if told != act.version:
                yield f"{act}: version {act.version}, while the ledger told of {told}"
            if asked.get(act.version or 0, 0.0) > act.ended:
                yield f"{act}: version {act.version} was seen before anybody asked for it"
        for newest, act in _before(several, lambda act: act.version or 0):
            if act.kind in READS and newest > (act.version or 0):
                yield f"{act}: version {act.version} was shown after {newest} was acknowledged"


def found_by(_acts: Sequence[Act], evidence: Evidence) -> Iterator[str]:
    """What a record is found by holds everything that was entered."""
    for record, lacking in evidence.missing.items():
        if lacking:
            yield f"{record}: not found by {lacking[:5]}"


def _row(evidence: Evidence, record: str, version: int) -> Row | None:
    return next((row for row in evidence.rows.get(record, ()) if row["version"] == version), None)


def _held_already(evidence: Evidence, act: Act) -> bool:
    """It may have been a claim by somebody who had the order: that changes nothing, and is answered as it stands."""
    if act.kind != "claim":
        return False
    before = _row(evidence, act.record, (act.version or 0) - 1) or {}
    own = before.get("state") in {"CLAIMED", "SUSPENDED"} and before.get("holder") == act.args["who"]
    return own or act.args.get("needs", 1) > 1


def _made_by(evidence: Evidence, act: Act) -> list[int]:
    """The versions that the ledger says an act made."""
    return [
        event["version"]
        for event in evidence.events.get(act.record, ())
        if act.label and event["label"] == act.label and event.get("version")
    ]


def _before(acts: Sequence[Act], value: Any) -> Iterator[tuple[int, Act]]:
    """Each act with the highest value that anybody had been answered before it began."""
    ended = sorted(acts, key=lambda act: act.ended)
    moments = [act.ended for act in ended]
    highest: list[int] = []
    for act in ended:
        highest.append(max(value(act), highest[-1] if highest else 0))
    for act in acts:
        place = bisect_left(moments, act.begun)
        if place:
            yield highest[place - 1], act


CHECKS = {
    "answers": answers,
    "one apart": one_apart,
    "kept": kept,
    "stale refused": stale_refused,
    "one event": one_event,
    "one effect": one_effect,
    "one winner": one_winner,
    "numbers": numbers,
    "reads": reads,
    "found by": found_by,
}
