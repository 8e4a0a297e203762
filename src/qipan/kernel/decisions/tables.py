"""Decision tables: compiled once, evaluated in microseconds, with a trace of why each rule did or did not match."""

import functools
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from qipan.kernel.decisions.feel import Evaluator, parse_expression, parse_unary_tests, tree
from qipan.kernel.decisions.feel.functions.lists import total
from qipan.kernel.decisions.feel.parser import Types
from qipan.kernel.decisions.feel.types import named
from qipan.kernel.decisions.feel.values import equal, tidy

HitPolicy = Literal["U", "A", "P", "F", "R", "O", "C", "C+", "C<", "C>", "C#"]


class TableError(ValueError):
    """A table that cannot be compiled; the message names the place."""


class HitPolicyBroken(ValueError):
    """Facts under which the rules contradict the table's hit policy (two matches under U, unequal ones under A)."""


@dataclass(frozen=True)
class Input:
    """One condition column: its expression, what it means, and the values it may have."""

    name: str
    title: str
    expression: str
    type: str = "string"
    domain: Any = None


@dataclass(frozen=True)
class Output:
    """One conclusion column; `values` in the order of priority."""

    name: str
    title: str
    type: str = "string"
    values: tuple[Any, ...] = ()
    default: str | None = None


@dataclass(frozen=True)
class Rule:
    """One row: a cell for each input and output, with its note and source."""

    when: tuple[str, ...]
    then: tuple[str, ...]
    note: str = ""
    source: str = ""
    unconfirmed: str = ""


#: The hit policies that come to one result, so that another table can look at it.
SINGLE = frozenset("UAPF")


@dataclass(frozen=True)
class Table:
    """A decision table as data.

    `requires` are the codes of the tables that are decided before it (DMN: information requirements); the result of
    each is known here under the name of its output.
    """

    code: str
    title: str
    hit_policy: HitPolicy
    inputs: tuple[Input, ...]
    outputs: tuple[Output, ...]
    rules: tuple[Rule, ...]
    requires: tuple[str, ...] = ()

    @classmethod
    def from_body(cls, body: Mapping[str, Any]) -> "Table":
        """From the stored form. Raises TableError."""
        try:
            return cls(
                code=str(body["code"]),
                title=str(body["title"]),
                hit_policy=body.get("hit_policy", "U"),
                inputs=tuple(_input(one) for one in body["inputs"]),
                outputs=tuple(
                    Output(**{**one, "values": tuple(one.get("values", ()))}) for one in body["outputs"]
                ),
                rules=tuple(
                    Rule(
                        tuple(str(cell) for cell in one["when"]),
                        tuple(str(cell) for cell in one["then"]),
                        one.get("note", ""),
                        one.get("source", ""),
                        one.get("unconfirmed", ""),
                    )
                    for one in body["rules"]
                ),
                requires=tuple(str(code) for code in body.get("requires", ())),
            )
        except (KeyError, TypeError) as error:
            raise TableError(f"{body.get('code', '?')}: {error}") from error


def _input(row: Mapping[str, Any]) -> Input:
    values = {"expression": row["name"], **row}
    if isinstance(values.get("domain"), list):
        values["domain"] = tuple(values["domain"])
    return Input(**values)


@dataclass(frozen=True)
class RuleTrace:
    """Whether a rule matched, and the numbers of the inputs whose cells did not."""

    number: int
    matched: bool
    failed: tuple[int, ...] = ()


@dataclass(frozen=True)
class Outcome:
    """What a table came to: outputs by name (None when no rule matched and there is no default), and the trace."""

    outputs: Any
    matched: tuple[int, ...]
    inputs: dict[str, Any]
    trace: tuple[RuleTrace, ...] = field(default=())

    @property
    def kept(self) -> list[dict[str, Any]]:
        """The trace as decisions keep it."""
        return [
            {"rule": one.number, "matched": one.matched, "failed": list(one.failed)} for one in self.trace
        ]


class Compiled:
    """A table whose cells are parsed."""

    def __init__(self, table: Table, names: Collection[str] | None = None, types: Types = named) -> None:
        """`names` are those that cells may use; without them the names of the inputs."""
        self.table = table
        names = {one.name for one in table.inputs} if names is None else names
        self.inputs = [parse_expression(one.expression, names, types) for one in table.inputs]
        self.rules: list[tuple[list[tree.UnaryTests], list[tree.Node]]] = []
        for number, rule in enumerate(table.rules, start=1):
            if len(rule.when) != len(table.inputs) or len(rule.then) != len(table.outputs):
                raise TableError(
                    f"{table.code}: rule {number} has another number of cells than the table has columns"
                )
            try:
                self.rules.append(
                    (
                        [parse_unary_tests(cell, names, types) for cell in rule.when],
                        [parse_expression(cell, names, types) for cell in rule.then],
                    )
                )
            except ValueError as error:
                raise TableError(f"{table.code}: rule {number}: {error}") from error
        self.defaults = [
            parse_expression(one.default, names) if one.default is not None else None for one in table.outputs
        ]

    def evaluate(self, facts: Mapping[str, Any]) -> Outcome:
        """The outcome for these facts. Raises HitPolicyBroken and FeelLimitError."""
        return self.run(tidy(dict(facts)), Evaluator())

    def run(self, scope: Mapping[str, Any], evaluator: Evaluator) -> Outcome:
        """The outcome in a scope of tidy values, out of the budget of an evaluator."""
        values = [evaluator.value(expression, scope) for expression in self.inputs]
        passes = evaluator.passes
        traces, hits = [], []
        for number, (cells, _results) in enumerate(self.rules, start=1):
            failed = tuple(
                place for place, cell in enumerate(cells) if not passes(cell, values[place], scope)
            )
            traces.append(RuleTrace(number, not failed, failed))
            if not failed:
                hits.append(number)
        given = {one.name: value for one, value in zip(self.table.inputs, values, strict=True)}
        outputs, used = self._conclude(hits, scope, evaluator)
        return Outcome(outputs, tuple(used), given, tuple(traces))

    def _row(self, number: int, scope: Mapping[str, Any], evaluator: Evaluator) -> dict[str, Any]:
        return {
            output.name: evaluator.value(node, scope)
            for output, node in zip(self.table.outputs, self.rules[number - 1][1], strict=True)
        }

    def _default(self, scope: Mapping[str, Any], evaluator: Evaluator) -> dict[str, Any] | None:
        if all(node is None for node in self.defaults):
            return None
        return {
            output.name: evaluator.value(node, scope) if node is not None else None
            for output, node in zip(self.table.outputs, self.defaults, strict=True)
        }

    def _conclude(
        self, hits: list[int], scope: Mapping[str, Any], evaluator: Evaluator
    ) -> tuple[Any, list[int]]:
        policy = self.table.hit_policy
        if not hits:
            return self._default(scope, evaluator), []
        if policy == "F":
            return self._row(hits[0], scope, evaluator), hits[:1]
        rows = [self._row(number, scope, evaluator) for number in hits]
        if policy == "U":
            if len(hits) > 1:
                raise HitPolicyBroken(f"{self.table.code}: rules {hits} match together")
            return rows[0], hits
        if policy == "A":
            if any(equal(row, rows[0]) is not True for row in rows):
                raise HitPolicyBroken(f"{self.table.code}: rules {hits} match with different results")
            return rows[0], hits
        if policy == "P":
            best = min(range(len(rows)), key=lambda place: self._priority(rows[place]))
            return rows[best], [hits[best]]
        if policy == "O":
            order = sorted(range(len(rows)), key=lambda place: self._priority(rows[place]))
            return [rows[place] for place in order], [hits[place] for place in order]
        if policy in {"R", "C"}:
            return rows, hits
        return self._aggregate(policy, rows), hits

    def _priority(self, row: dict[str, Any]) -> tuple[int, ...]:
        places = []
        for output in self.table.outputs:
            values = [tidy(value) for value in output.values]
            places.append(values.index(row[output.name]) if row[output.name] in values else len(values))
        return tuple(places)

    def _aggregate(self, policy: str, rows: list[dict[str, Any]]) -> dict[str, Any]:
        totals: dict[str, Any] = {}
        for output in self.table.outputs:
            values = [row[output.name] for row in rows if row[output.name] is not None]
            if policy == "C#":
                totals[output.name] = tidy(len({json.dumps(value, default=str) for value in values}))
            elif not values:
                totals[output.name] = None
            elif policy == "C+":
                totals[output.name] = total(values)
            else:
                totals[output.name] = min(values) if policy == "C<" else max(values)
        return totals


@functools.lru_cache(maxsize=512)
def compiled(table: Table) -> Compiled:
    """A table, parsed once a process."""
    return Compiled(table)


def evaluate_table(table: Table, facts: Mapping[str, Any]) -> Outcome:
    """What the table comes to for the facts; pure, no database. Raises TableError, HitPolicyBroken."""
    return compiled(table).evaluate(facts)


def evaluate_all(tables: Sequence[Table], facts: Mapping[str, Any]) -> tuple[Outcome, ...]:
    """What tables come to for the facts, each after those that it requires, out of one budget.

    Raises TableError, HitPolicyBroken.
    """
    scope, evaluator, outcomes = tidy(dict(facts)), Evaluator(), []
    for table in tables:
        outcome = compiled(table).run(scope, evaluator)
        scope = {**scope, **(outcome.outputs or dict.fromkeys(one.name for one in table.outputs))}
        outcomes.append(outcome)
    return tuple(outcomes)
