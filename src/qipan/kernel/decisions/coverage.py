"""Gaps and overlaps of a table over the real domains of its inputs, found exactly.

Each input's domain is cut at every value that any cell of its column names; inside a piece all rules behave alike, so
one point of each piece stands for it. Inputs are walked one after another while the set of rules that still can match
shrinks; branches in which every remaining input is free are not opened. A cell whose tests are no constants (it calls a
function on the value, or looks at another input) cannot be cut and is reported as not checked.
"""

import datetime
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from qipan.kernel.decisions.feel import Evaluator, evaluate, matches, parse_unary_tests, tree
from qipan.kernel.decisions.feel.evaluator import RangeValue, tidy
from qipan.kernel.decisions.tables import Compiled, Table, compiled

#: No more points than this are looked at; a table that needs more is reported as not fully checked.
MOST_POINTS = 400_000
#: Functions whose arguments make a constant.
CONSTANTS = {"@", "date", "time", "date and time", "duration"}


@dataclass(frozen=True)
class Cell:
    """One cell: the row and column as people count them, the column's title, and what the cell says."""

    rule: int
    column: int
    title: str
    text: str

    def __str__(self) -> str:
        return _("第 %(rule)d 行“%(title)s”列（%(text)s）") % {
            "rule": self.rule,
            "title": self.title,
            "text": self.text,
        }


@dataclass(frozen=True)
class Finding:
    """A gap (no rule), an overlap (several rules), or what could not be checked; with an example and its cells.

    The cells of an overlap are those that accept the example; those of a gap are the nearest that do not.
    """

    kind: str
    rules: tuple[int, ...]
    example: dict[str, str]
    text: str
    cells: tuple[Cell, ...] = ()


class TooLarge(Exception):
    """More points than are looked at."""


def check(table: Table) -> list[Finding]:
    """Every kind of gap, and every set of rules that match together, each with one example.

    Overlaps count only under the policies that forbid them (U always; A when results differ).
    """
    return _Check(table).run()


class _Check:
    def __init__(self, table: Table) -> None:
        self.table = table
        self.ready: Compiled = compiled(table)
        self.findings: dict[tuple[str, tuple[int, ...]], Finding] = {}
        self.counted = 0

    def run(self) -> list[Finding]:
        unchecked = tuple(
            self.cell(rule, place)
            for rule, (cells, _results) in enumerate(self.ready.rules)
            for place, cell in enumerate(cells)
            if not _constant(cell)
        )
        if unchecked:
            said = "、".join(str(cell) for cell in unchecked[:5])
            text = _("%(cells)s不是常量条件，无法检查重叠与遗漏；请改写为区间、比较或列举。") % {
                "cells": said
            }
            rules = tuple(sorted({cell.rule for cell in unchecked}))
            return [Finding("unchecked", rules, {}, text, unchecked)]
        try:
            self.columns = [self.pieces(place) for place in range(len(self.table.inputs))]
            self.walk(0, frozenset(range(len(self.ready.rules))), [])
        except TooLarge:
            self.findings[("large", ())] = Finding("large", (), {}, _("表过大，只检查了一部分取值。"))
        return list(self.findings.values())

    def cell(self, rule: int, place: int) -> Cell:
        """The cell of a rule and a column, both from 0."""
        return Cell(
            rule + 1, place + 1, self.table.inputs[place].title, self.table.rules[rule].when[place] or "-"
        )

    def pieces(self, place: int) -> list[tuple[Any, str, frozenset[int]]]:
        """The pieces of a column: a value, words for it, and the rules whose cells accept it."""
        column = self.table.inputs[place]
        points = list(
            _points(column.type, column.domain, [cells[place] for cells, _results in self.ready.rules])
        )
        self.count(len(points) * len(self.ready.rules) // 10)
        found: dict[frozenset[int], tuple[Any, str]] = {}
        for value, words in points:
            rules = frozenset(
                rule for rule in range(len(self.ready.rules)) if self.accepts(rule, place, value)
            )
            found.setdefault(rules, (value, words))
        return [(value, words, rules) for rules, (value, words) in found.items()]

    def count(self, steps: int) -> None:
        self.counted += steps
        if self.counted > MOST_POINTS:
            raise TooLarge

    def accepts(self, rule: int, place: int, value: Any) -> bool:
        return matches(self.ready.rules[rule][0][place], value, {})

    def walk(self, place: int, alive: frozenset[int], chosen: list[tuple[Any, str]]) -> None:
        self.count(1 + len(alive) // 100)
        if place == len(self.columns) or not alive:
            self.judge(alive, chosen)
            return
        seen: set[frozenset[int]] = set()
        for value, words, rules in self.columns[place]:
            rest = alive & rules
            if rest in seen:
                continue
            seen.add(rest)
            self.walk(place + 1, rest, [*chosen, (value, words)])

    def judge(self, alive: frozenset[int], chosen: list[tuple[Any, str]]) -> None:
        """Note what the rules that accept a point make of it."""
        if not alive:
            if ("gap", ()) not in self.findings and all(one.default is None for one in self.table.outputs):
                self.findings[("gap", ())] = self.gap(chosen)
        elif len(alive) > 1 and self.table.hit_policy in {"U", "A"}:
            rules = tuple(sorted(rule + 1 for rule in alive))
            same = (
                self.table.hit_policy == "A" and len({self.table.rules[rule - 1].then for rule in rules}) == 1
            )
            if not same and ("overlap", rules) not in self.findings:
                self.count(len(rules))
                self.findings[("overlap", rules)] = self.overlap(rules, chosen)

    def example(self, chosen: list[tuple[Any, str]]) -> tuple[dict[str, str], str]:
        """A point by the titles of its columns, and in words."""
        titles = [column.title for column in self.table.inputs]
        words = [said for _value, said in chosen] + [_("任意")] * (len(titles) - len(chosen))
        example = dict(zip(titles, words, strict=True))
        return example, "，".join(f"{title}＝{said}" for title, said in example.items())

    def gap(self, chosen: list[tuple[Any, str]]) -> Finding:
        """The finding for a point that no rule accepts."""
        example, where = self.example(chosen)
        near = self.nearest(chosen)
        text = _("没有规则适用于：%(where)s。") % {"where": where}
        if near:
            text += _("最接近的是%(cells)s。") % {"cells": "、".join(str(cell) for cell in near)}
        return Finding("gap", (), example, text, near)

    def overlap(self, rules: tuple[int, ...], chosen: list[tuple[Any, str]]) -> Finding:
        """The finding for a point that several rules accept."""
        example, where = self.example(chosen)
        cells = tuple(
            self.cell(rule - 1, place)
            for place in range(len(chosen))
            for rule in rules
            if self.ready.rules[rule - 1][0][place].tests
        )
        text = _("规则 %(rules)s 同时适用于：%(where)s。") % {
            "rules": "、".join(str(rule) for rule in rules),
            "where": where,
        }
        if cells:
            text += _("相互重叠的是%(cells)s。") % {"cells": "、".join(str(cell) for cell in cells[:6])}
        return Finding("overlap", rules, example, text, cells)

    def nearest(self, chosen: list[tuple[Any, str]]) -> tuple[Cell, ...]:
        """The cells that keep out the rules which come closest to accepting a point."""
        failed = {
            rule: [
                place for place, (value, _words) in enumerate(chosen) if not self.accepts(rule, place, value)
            ]
            for rule in range(len(self.ready.rules))
        }
        least = min((len(places) for places in failed.values()), default=0)
        return tuple(
            self.cell(rule, place)
            for rule, places in failed.items()
            if len(places) == least
            for place in places
        )[:6]


def _points(kind: str, domain: Any, cells: list[tree.UnaryTests]) -> Iterator[tuple[Any, str]]:
    """One value for each piece of a column's domain, with words for it."""
    if kind == "boolean":
        yield from ((True, _("是")), (False, _("否")))
        return
    if isinstance(domain, tuple):
        for value in domain:
            yield tidy(value), str(value)
        return
    marks = sorted({mark for cell in cells for mark in _marks(cell) if _is_kind(kind, mark)})
    if kind in {"number", "date"}:
        yield from _between(kind, domain, marks)
        return
    for mark in marks:
        yield mark, str(mark)
    yield "\x00other", _("其他")


def _is_kind(kind: str, mark: Any) -> bool:
    wanted: dict[str, type] = {"number": Decimal, "date": datetime.date, "string": str}
    return type(mark) is wanted.get(kind, str)


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


def _constant(node: Any) -> bool:
    """Whether a cell can be cut: it compares the value with constants and does nothing else."""
    if isinstance(node, tree.UnaryTests):
        return all(_constant(test) for test in node.tests)
    if isinstance(node, tree.Comparison | tree.Unary):
        return _constant(node.operand)
    if isinstance(node, tree.Range):
        return all(end is None or _constant(end) for end in (node.low, node.high))
    if isinstance(node, tree.ListOf):
        return all(_constant(item) for item in node.items)
    if isinstance(node, tree.Call):
        return (
            isinstance(node.function, tree.Name)
            and node.function.name in CONSTANTS
            and all(_constant(one) for one in (*node.arguments, *(value for _name, value in node.named)))
        )
    return isinstance(node, tree.Literal)


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
    elif isinstance(node, tree.ListOf):
        for item in node.items:
            yield from _marks(item)
    elif (value := Evaluator().value(node, {})) is not None and not isinstance(value, bool):
        yield value
