"""Gaps and overlaps of a table over the real domains of its inputs, found exactly.

Each input's domain is cut at every value that any cell of its column names; inside a piece all rules behave alike, so
one point of each piece stands for it. Inputs are walked one after another while the set of rules that still can match
shrinks; branches in which every remaining input is free are not opened. Columns whose tests are no constants (they
refer to other inputs) cannot be cut and are reported as such.
"""

import datetime
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from qipan.kernel.decisions.feel import evaluate, matches, parse_unary_tests, tree
from qipan.kernel.decisions.feel.evaluator import RangeValue, tidy
from qipan.kernel.decisions.tables import Table, compiled

#: No more points than this are looked at; a table that needs more is reported as not fully checked.
MOST_POINTS = 400_000


@dataclass(frozen=True)
class Finding:
    """A gap (no rule) or an overlap (several rules), with an example in words."""

    kind: str
    rules: tuple[int, ...]
    example: dict[str, str]
    text: str


class TooLarge(Exception):
    """More points than are looked at."""


def check(table: Table) -> list[Finding]:
    """Every kind of gap, and every set of rules that match together, each with one example.

    Overlaps count only under the policies that forbid them (U always; A when results differ).
    """
    ready = compiled(table)
    columns = []
    for place, column in enumerate(table.inputs):
        cells = [cells[place] for cells, _results in ready.rules]
        columns.append(list(_points(column.type, column.domain, cells)))
    findings: dict[tuple[str, tuple[int, ...]], Finding] = {}
    counted = 0
    everything = frozenset(range(len(ready.rules)))

    def walk(place: int, alive: frozenset[int], chosen: list[tuple[Any, str]]) -> None:
        nonlocal counted
        if place == len(columns):
            counted += 1
            if counted > MOST_POINTS:
                raise TooLarge
            _judge(table, alive, chosen, findings)
            return
        if not alive:
            _judge(table, alive, [*chosen, *((None, _("任意")) for _column in columns[place:])], findings)
            return
        seen: set[frozenset[int]] = set()
        for value, words in columns[place]:
            rest = frozenset(
                rule for rule in alive if matches(ready.rules[rule][0][place], value, {"?": value})
            )
            if rest in seen:
                continue
            seen.add(rest)
            walk(place + 1, rest, [*chosen, (value, words)])

    try:
        walk(0, everything, [])
    except TooLarge:
        findings[("large", ())] = Finding("large", (), {}, _("表过大，只检查了一部分取值。"))
    return list(findings.values())


def _judge(
    table: Table, alive: frozenset[int], chosen: list[tuple[Any, str]], findings: dict[Any, Finding]
) -> None:
    example = {column.title: words for column, (_value, words) in zip(table.inputs, chosen, strict=True)}
    rules = tuple(sorted(rule + 1 for rule in alive))
    where = "，".join(f"{title}＝{words}" for title, words in example.items())
    if not rules:
        if any(output.default is not None for output in table.outputs):
            return
        key: tuple[str, tuple[int, ...]] = ("gap", ())
        findings.setdefault(
            key, Finding("gap", (), example, _("没有规则适用于：%(where)s。") % {"where": where})
        )
    elif len(rules) > 1 and table.hit_policy in {"U", "A"}:
        if table.hit_policy == "A" and len({table.rules[rule - 1].then for rule in rules}) == 1:
            return
        findings.setdefault(
            ("overlap", rules),
            Finding(
                "overlap",
                rules,
                example,
                _("规则 %(rules)s 同时适用于：%(where)s。")
                % {"rules": "、".join(str(rule) for rule in rules), "where": where},
            ),
        )


def _points(kind: str, domain: Any, cells: list[tree.UnaryTests]) -> Iterator[tuple[Any, str]]:
    """One value for each piece of a column's domain, with words for it."""
    if kind == "boolean":
        yield from ((True, _("是")), (False, _("否")))
        return
    if isinstance(domain, tuple):
        for value in domain:
            yield tidy(value), str(value)
        return
    marks = sorted({mark for cell in cells for mark in _marks(cell)}, key=lambda value: value)
    if kind in {"number", "date"}:
        yield from _between(kind, domain, marks)
        return
    for mark in marks:
        yield mark, str(mark)
    yield "\x00other", _("其他")


def _between(kind: str, domain: Any, marks: list[Any]) -> Iterator[tuple[Any, str]]:
    bounds = (
        evaluate(parse_unary_tests(str(domain)).tests[0], {})
        if domain
        else RangeValue(None, None, False, False)
    )
    step = Decimal("0.5") if kind == "number" else datetime.timedelta(days=1)
    values: list[Any] = []
    for place, mark in enumerate(marks):
        values.append(mark)
        if place + 1 < len(marks):
            following = marks[place + 1]
            values.append((mark + following) / 2 if kind == "number" else mark + (following - mark) / 2)
    if marks:
        values = [marks[0] - step, *values, marks[-1] + step]
    for end, closed in ((bounds.low, bounds.low_closed), (bounds.high, bounds.high_closed)):
        if end is not None and closed:
            values.append(end)
    if not values:
        values = [Decimal(0) if kind == "number" else datetime.date(2024, 1, 1)]
    for value in sorted(set(values)):
        if value in bounds:
            yield value, str(value)


def _marks(node: Any) -> Iterator[Any]:
    """The constants that a cell names."""
    if isinstance(node, tree.UnaryTests):
        for test in node.tests:
            yield from _marks(test)
    elif isinstance(node, tree.Comparison):
        yield from _marks(node.operand)
    elif isinstance(node, tree.Range):
        for end in (node.low, node.high):
            if end is not None:
                yield from _marks(end)
    elif isinstance(node, tree.Literal):
        if node.value is not None and not isinstance(node.value, bool):
            yield node.value
    elif isinstance(node, tree.Unary | tree.Call):
        value = evaluate(node, {})
        if value is not None:
            yield value
    elif isinstance(node, tree.ListOf):
        for item in node.items:
            yield from _marks(item)
