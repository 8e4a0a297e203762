"""Tables that look at the results of other tables (DMN's decision requirements): what many share is decided once.

A table names in `requires` the codes of released tables; each of those comes to one result, which the table finds under
the name of that output. A column of that name takes its title, type and values from there.
"""

import dataclasses
import datetime
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from django.utils.translation import gettext as _

from qipan.kernel.decisions import coverage
from qipan.kernel.decisions.coverage import Cell, Finding
from qipan.kernel.decisions.feel import tree
from qipan.kernel.decisions.feel.inspection import nodes
from qipan.kernel.decisions.models import TableVersion
from qipan.kernel.decisions.storing import stored
from qipan.kernel.decisions.tables import SINGLE, Outcome, Output, Table, compiled
from qipan.kernel.law.dated import as_read, in_force

#: A chain of tables that is longer than this is a mistake.
DEEPEST = 8
Find = Callable[[str], Table | None]


def versions(code: str, on: datetime.date | None = None) -> list[TableVersion]:
    """The table in force on a day, last, after those that it requires, each once. Raises LookupError."""
    found: dict[str, TableVersion] = {}

    def visit(name: str, path: tuple[str, ...]) -> None:
        if name in found:
            return
        version = in_force(TableVersion, name, on)
        if version is None or name in path or len(path) > DEEPEST:
            raise LookupError(f"no decision table {' → '.join((*path, name))}")
        for needed in as_read(version, Table.from_body).requires:
            visit(needed, (*path, name))
        found[name] = version

    visit(code, ())
    return list(found.values())


def tables(code: str, on: datetime.date | None = None) -> list[Table]:
    """The same as data, to be evaluated in this order. Raises LookupError."""
    return [as_read(version, Table.from_body) for version in versions(code, on)]


def kept(version: TableVersion, outcome: Outcome) -> dict[str, Any]:
    """What a decision keeps of a table that was decided before its own."""
    return {
        "table": version.code,
        "version": version.valid_from.isoformat(),
        "outputs": stored(outcome.outputs),
        "matched": list(outcome.matched),
        "trace": outcome.kept,
    }


def kept_versions(required: Iterable[Mapping[str, Any]]) -> list[TableVersion]:
    """The versions by which they were decided then, in their order. Raises LookupError."""
    wanted = [(one["table"], datetime.date.fromisoformat(one["version"])) for one in required]
    if not wanted:
        return []
    rows = TableVersion.objects.filter(code__in=[code for code, _day in wanted])
    known = {(row.code, row.valid_from): row for row in rows}
    return [known[key] for key in wanted]


def completed(body: dict[str, Any], find: Find) -> dict[str, Any]:
    """The stored form of a table, its columns of other tables' results with the title, type and values they have there."""
    given = {table.outputs[0].name: table.outputs[0] for table in _needed(body.get("requires", ()), find)}
    columns = []
    for one in body["inputs"]:
        result = given.get(one.get("expression") or one["name"])
        columns.append(one if result is None else {**one, **_column(result, one)})
    return {**body, "inputs": columns}


def _column(result: Output, column: Mapping[str, Any]) -> dict[str, Any]:
    title = column.get("title", "")
    own = title and title != column["name"]  # one that says nothing is called by its name
    return {
        "title": title if own else result.title,
        "type": result.type,
        "domain": list(result.values) or None,
    }


def _needed(codes: Iterable[str], find: Find) -> list[Table]:
    return [table for code in codes if (table := find(code)) is not None]


def problems(table: Table, find: Find) -> list[Finding]:
    """What is wrong with a table and what it requires: gaps and overlaps over the real results, each with its cell."""
    found = _links(table, find)
    if found:
        return found
    results = {one.outputs[0].name: one.outputs[0] for one in _needed(table.requires, find)}
    wanted = tuple(
        one
        if (result := results.get(one.expression)) is None
        else dataclasses.replace(one, type=result.type, domain=tuple(result.values) or None)
        for one in table.inputs
    )
    real = dataclasses.replace(table, inputs=wanted)
    return [*_strangers(real, results), *coverage.check(real)]


def _links(table: Table, find: Find) -> list[Finding]:
    """Requirements that lead nowhere, back to the table, or to a table of which one cannot say what it comes to."""
    found = []
    names = {one.expression for one in table.inputs}
    for code in table.requires:
        needed = find(code)
        if needed is None:
            text = _("所依赖的决策表 %(code)s 在这一天没有生效的版本。")
        elif _circle(table.code, needed, find):
            text = _("所依赖的决策表 %(code)s 又依赖本表，互相依赖无法判定。")
        elif len(needed.outputs) != 1 or needed.hit_policy not in SINGLE:
            text = _("所依赖的决策表 %(code)s 须只有一个结果列，且只得出一个结果（命中策略 U、A、P、F）。")
        elif needed.outputs[0].name not in names:
            text = _("写明依赖决策表 %(code)s，但没有一列使用它的结果。")
        else:
            continue
        found.append(Finding("requires", (), {}, text % {"code": code}))
    return found


def _circle(code: str, needed: Table, find: Find, depth: int = 0) -> bool:
    if needed.code == code or depth > DEEPEST:
        return True
    return any(_circle(code, one, find, depth + 1) for one in _needed(needed.requires, find))


def _strangers(table: Table, results: Mapping[str, Output]) -> list[Finding]:
    """Cells that name a result to which the required table never comes."""
    found = []
    for place, column in enumerate(table.inputs):
        result = results.get(column.expression)
        if result is None or not result.values:
            continue
        for number, (cells, _then) in enumerate(compiled(table).rules):
            said = {one.value for one in nodes(cells[place]) if isinstance(one, tree.Literal)}
            for value in sorted((one for one in said if isinstance(one, str)), key=str):
                if value not in result.values:
                    cell = Cell(number + 1, place + 1, column.title, table.rules[number].when[place])
                    text = _("%(cell)s写的“%(value)s”不是所依赖的表会得出的结果（%(values)s）。") % {
                        "cell": cell,
                        "value": value,
                        "values": "、".join(str(one) for one in result.values),
                    }
                    found.append(Finding("requires", (number + 1,), {}, text, (cell,)))
    return found


def finder(on: datetime.date) -> Find:
    """Finds the table in force on a day, read from the database."""
    known: dict[str, Table | None] = {}

    def find(code: str) -> Table | None:
        if code not in known:
            rows = TableVersion.objects.filter(code=code, valid_from__lte=on).order_by("-valid_from")
            row = rows.first()
            known[code] = Table.from_body(row.body) if row else None
        return known[code]

    return find


def broken_by(version: TableVersion) -> list[tuple[str, Finding]]:
    """The tables that a released version leaves with a gap or an overlap, because they look at its results."""
    rows = TableVersion.objects.filter(body__requires__contains=[version.code])
    found: list[tuple[str, Finding]] = []
    seen: set[str] = set()
    for row in rows.order_by("code", "-valid_from"):
        if row.code in seen:  # a version that another replaced before this one holds
            continue
        if row.valid_from <= version.valid_from:
            seen.add(row.code)
        day = max(row.valid_from, version.valid_from)
        table = Table.from_body(row.body)
        found += [(row.title, one) for one in problems(table, finder(day))]
    return found
