"""Holds docs/security/asvs.yaml to the standard's ids, the tests, the settings and the pages that it names.

    python -m tests.security.asvs      # how many of each kind, and what is still missing

A requirement is kept by a `test` (path::name), a `setting` (name and value in a real installation, or a constant of
the code by its dotted name), a `page` (path#anchor); or it has a reason: `not_applicable`, `accepted` (with `by`: who must
see to it), `gap` (what is still needed).
"""

import ast
import datetime
import functools
import importlib
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
IDS = ROOT / "docs" / "security" / "asvs-ids.yaml"
MAP = ROOT / "docs" / "security" / "asvs.yaml"
PROOFS = ("test", "setting", "page")
REASONS = ("not_applicable", "accepted", "gap")
FIELDS = {"about", "by", "note", *PROOFS, *REASONS}
SHORTEST = 12


class _Once(yaml.SafeLoader):
    """A mapping that says the same key twice is an error, not the last one's."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [self.construct_object(key) for key, _value in node.value]  # type: ignore[no-untyped-call]
        if twice := [key for key, count in Counter(keys).items() if count > 1]:
            raise ValueError(f"twice: {', '.join(map(str, twice))}")
        return super().construct_mapping(node, deep)


def levels() -> dict[str, int]:
    """Id → level of the 253 requirements."""
    rows = yaml.safe_load(IDS.read_text(encoding="utf-8"))
    return {number: level for level, chapters in rows.items() for chapter in chapters for number in chapter}


def mapping() -> dict[str, dict[str, Any]]:
    """Id → how it is kept. Raises ValueError for an id that stands there twice."""
    return yaml.load(MAP.read_text(encoding="utf-8"), Loader=_Once)


@functools.cache
def tests_of(path: Path) -> frozenset[str]:
    """The names of the tests in a file, `Class::name` for methods, read without running it."""
    names = set()
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        members = node.body if isinstance(node, ast.ClassDef) else [node]
        prefix = f"{node.name}::" if isinstance(node, ast.ClassDef) else ""
        for each in members:
            if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef) and each.name.startswith("test_"):
                names.add(prefix + each.name)
    return frozenset(names)


@functools.cache
def anchors(page: Path) -> frozenset[str]:
    """The anchors of a page's headings."""
    heads = re.findall(r"^#+ +(.+)$", page.read_text(encoding="utf-8"), re.M)
    return frozenset(re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads)


def _plain(value: Any) -> Any:
    if isinstance(value, datetime.timedelta):
        return value.total_seconds()
    if isinstance(value, set | frozenset):
        return sorted(map(_plain, value))
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return value


def setting(name: str, settings: Any) -> Any:
    """The value behind a dotted name: of the settings, or of the code where it begins with `qipan.`. Raises LookupError."""
    parts = name.split(".")
    value: Any = settings
    if parts[0] == "qipan":
        for length in range(len(parts) - 1, 1, -1):
            try:
                value = importlib.import_module(".".join(parts[:length]))
            except ModuleNotFoundError:
                continue
            parts = parts[length:]
            break
    for part in parts:
        if isinstance(value, Mapping):
            value = value[part]
        elif isinstance(value, list) and part.isdigit():
            value = value[int(part)]
        elif hasattr(value, part):
            value = getattr(value, part)
        else:
            raise LookupError(name)
    return _plain(value)


def _many(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value)


def _wrong_test(name: str, root: Path) -> str:
    path, _colons, function = name.partition("::")
    file = root / path
    if not file.is_file():
        return f"no such file: {path}"
    return "" if function in tests_of(file) else f"no such test: {name}"


def _wrong_page(name: str, root: Path) -> str:
    path, _sign, anchor = name.partition("#")
    page = root / path
    if not page.is_file():
        return f"no such page: {path}"
    return "" if not anchor or anchor in anchors(page) else f"no such heading: {name}"


def _wrong_setting(name: str, wanted: Any, settings: Any) -> str:
    try:
        found = setting(name, settings)
    except LookupError:
        return f"no such setting: {name}"
    return "" if found == _plain(wanted) else f"{name} is {found!r}, not {wanted!r}"


def _wrong_entry(entry: Any, settings: Any, root: Path) -> Iterable[str]:
    if not isinstance(entry, dict):
        yield "says nothing"
        return
    if strange := set(entry) - FIELDS:
        yield f"unknown words: {', '.join(sorted(strange))}"
    if not str(entry.get("about") or "").strip():
        yield "does not say what it is about"
    proofs = [kind for kind in PROOFS if entry.get(kind)]
    reasons = [kind for kind in REASONS if kind in entry]
    if not proofs and not reasons:
        yield "is kept by nothing"
    if len(reasons) > 1 or ("not_applicable" in reasons and proofs):
        yield "says two things at once"
    for kind in reasons:
        if len(str(entry[kind] or "").strip()) < SHORTEST:
            yield f"{kind} without a reason"
    if ("accepted" in reasons) != bool(str(entry.get("by") or "").strip()):
        yield "accepted, and `by` whom, belong together"
    wrong = [_wrong_test(name, root) for name in _many(entry.get("test") or [])]
    wrong += [_wrong_page(name, root) for name in _many(entry.get("page") or [])]
    wrong += [_wrong_setting(name, wanted, settings) for name, wanted in (entry.get("setting") or {}).items()]
    yield from filter(None, wrong)


def faults(
    entries: Mapping[str, Any], wanted: Mapping[str, int], settings: Any, root: Path = ROOT
) -> list[str]:
    """Everything that is wrong with the map, each with its id; empty is right."""
    found = [f"{number}: not mapped" for number in wanted if number not in entries]
    found += [f"{number}: no requirement of level 1 or 2" for number in entries if number not in wanted]
    for number, entry in entries.items():
        found += [f"{number}: {problem}" for problem in _wrong_entry(entry, settings, root)]
    return found


def kind_of(entry: Mapping[str, Any]) -> str:
    """Under what an entry counts: its reason if it has one, else its first proof."""
    return next(kind for kind in (*REASONS, *PROOFS) if kind in entry)


def counts(entries: Mapping[str, Any]) -> dict[str, int]:
    """How many requirements there are of each kind."""
    found = Counter(kind_of(entry) for entry in entries.values())
    return {kind: found[kind] for kind in (*PROOFS, *REASONS)}


def gaps(entries: Mapping[str, Any]) -> list[str]:
    """What is still needed, a line each."""
    return [
        f"{number} {entry['about']}: {entry['gap']}" for number, entry in entries.items() if "gap" in entry
    ]


if __name__ == "__main__":
    rows = mapping()
    print("  ".join(f"{kind} {number}" for kind, number in counts(rows).items()))
    print("\n".join(gaps(rows)))
