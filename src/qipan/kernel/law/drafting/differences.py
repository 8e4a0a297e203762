"""What differs between two rows of a catalogue, part by part; and two changes of one row laid together."""

import difflib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

Row = dict[str, Any]
#: By which of their keys the members of a list are known.
KEYS = ("code", "name", "field", "title", "when", "text")


@dataclass(frozen=True)
class Part:
    """One part of a row that is compared by itself: its key, its title for people, and what it says, by aspect."""

    key: str
    title: str
    says: Mapping[str, Any]


@dataclass(frozen=True)
class Aspect:
    """One thing that a part says otherwise."""

    name: str
    before: Any
    after: Any


@dataclass(frozen=True)
class Change:
    """A part of the newer row beside the older: `kind` is added, removed, changed or moved."""

    kind: str
    key: str
    title: str
    aspects: tuple[Aspect, ...] = ()
    says: Mapping[str, Any] = field(default_factory=dict)


def plain_parts(row: Row, other: Row | None = None) -> list[Part]:
    """The row itself as a part, and each member of its lists that has a code as one more."""
    own: dict[str, Any] = {}
    members: list[Part] = []
    for name, value in row.items():
        if isinstance(value, list) and value and all(isinstance(one, dict) for one in value):
            for place, one in enumerate(value, 1):
                known = identity(one) or str(place)
                members.append(
                    Part(f"{name}:{known}", str(one.get("title") or one.get("text") or known), one)
                )
        else:
            own[name] = value
    return [Part("", str(row.get("title") or row.get("name") or ""), own), *members]


def identity(member: Mapping[str, Any]) -> str:
    """What a member of a list is known by; empty where nothing is."""
    for name in KEYS:
        if member.get(name):
            return json.dumps(member[name], ensure_ascii=False) if name == "when" else str(member[name])
    return ""


def changes(new: Iterable[Part], old: Iterable[Part]) -> list[Change]:
    """The differences in the order of the newer row; parts that fell away come last."""
    after, before = {one.key: one for one in new}, {one.key: one for one in old}
    stayed = [key for key in after if key in before]
    moved = _moved(stayed, [key for key in before if key in after])
    found: list[Change] = []
    for key, one in after.items():
        if key not in before:
            found.append(Change("added", key, one.title, says=one.says))
            continue
        aspects = _aspects(one.says, before[key].says)
        if aspects:
            found.append(Change("changed", key, one.title, aspects, one.says))
        elif key in moved:
            found.append(Change("moved", key, one.title, says=one.says))
    return found + [
        Change("removed", key, one.title, says=one.says) for key, one in before.items() if key not in after
    ]


def _aspects(new: Mapping[str, Any], old: Mapping[str, Any]) -> tuple[Aspect, ...]:
    names = [*new, *(name for name in old if name not in new)]
    return tuple(
        Aspect(name, old.get(name), new.get(name)) for name in names if old.get(name) != new.get(name)
    )


def _moved(new: list[str], old: list[str]) -> set[str]:
    blocks = difflib.SequenceMatcher(None, old, new, autojunk=False).get_matching_blocks()
    kept = {key for block in blocks for key in new[block.b : block.b + block.size]}
    return set(new) - kept


@dataclass
class Merged:
    """Two changes of one row laid together, and the places where both changed the same (ours is kept)."""

    row: Any
    conflicts: list[str] = field(default_factory=list)


def merged(base: Any, ours: Any, theirs: Any, place: str = "") -> Merged:
    """What our change of `base` comes to on top of theirs."""
    if ours == theirs or theirs == base:
        return Merged(ours)
    if ours == base:
        return Merged(theirs)
    if all(isinstance(one, dict) for one in (base, ours, theirs)):
        return _merged_mapping(base, ours, theirs, place)
    if all(_keyed(one) for one in (base, ours, theirs)):
        was, mine, other = ({identity(member): member for member in one} for one in (base, ours, theirs))
        found = _merged_mapping(was, mine, other, place)
        return Merged(list(found.row.values()), found.conflicts)
    return Merged(ours, [place])


_GONE = object()


def _merged_mapping(base: Row, ours: Row, theirs: Row, place: str) -> Merged:
    result, conflicts = {}, []
    for key in [*ours, *(key for key in theirs if key not in ours)]:
        where = f"{place} › {key}" if place else str(key)
        was, mine, other = (one.get(key, _GONE) for one in (base, ours, theirs))
        if _GONE in (mine, other) or was is _GONE:
            if mine is _GONE:
                value = other if was is _GONE else _GONE
                if was is not _GONE and other != was:
                    conflicts.append(where)
            elif other is _GONE:
                value = mine if was is _GONE or mine != was else _GONE
                if was is not _GONE and mine != was:
                    conflicts.append(where)
            else:
                value = mine
                if mine != other:
                    conflicts.append(where)
        else:
            below = merged(was, mine, other, where)
            value = below.row
            conflicts.extend(below.conflicts)
        if value is not _GONE:
            result[key] = value
    return Merged(result, conflicts)


def _keyed(value: Any) -> bool:
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
        return False
    names = [identity(one) for one in value]
    return all(names) and len(set(names)) == len(names)
