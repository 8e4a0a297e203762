"""What screens read of tables and decisions."""

import datetime
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db import models
from django.utils.translation import gettext as _

import qipan
from qipan.conf.composed import Composed
from qipan.kernel.decisions import requirements, wording
from qipan.kernel.decisions.dmn.exporting import exported
from qipan.kernel.decisions.feel import FeelLimitError, evaluate, matches, parse_unary_tests
from qipan.kernel.decisions.models import Decision, TableVersion
from qipan.kernel.decisions.storing import restored, stored
from qipan.kernel.decisions.tables import (
    HitPolicyBroken,
    Input,
    Outcome,
    Rule,
    Table,
    compiled,
    evaluate_all,
)
from qipan.kernel.decisions.wording import kept_words, words
from qipan.kernel.law.dated import as_read, in_force
from qipan.kernel.ledger.clock import today
from qipan.kernel.orgs.reader import Reader


def table_version(code: str, on: datetime.date | None = None) -> TableVersion:
    """The table in force on a day. Raises LookupError."""
    found = in_force(TableVersion, code, on)
    if found is None:
        raise LookupError(f"no decision table {code}")
    return found


def table(code: str, on: datetime.date | None = None) -> Table:
    """The table in force on a day, as data. Raises LookupError."""
    return as_read(table_version(code, on), Table.from_body)


@dataclass(frozen=True)
class ExplainedInput:
    """One fact that was looked at."""

    title: str
    value: str


@dataclass(frozen=True)
class ExplainedRule:
    """One rule: matched or not, and which conditions failed, in words."""

    number: int
    note: str
    source: str
    matched: bool
    failed: tuple[str, ...]


@dataclass(frozen=True)
class Explanation:
    """A decision for people."""

    title: str
    valid_from: datetime.date
    inputs: tuple[ExplainedInput, ...]
    rules: tuple[ExplainedRule, ...]
    microseconds: int
    at: datetime.datetime
    required: "tuple[Explanation, ...]" = ()


def of(record: models.Model) -> list[Decision]:
    """The decisions about a record, oldest first."""
    return _OF_RECORD.all(kind=record._meta.label_lower, record=record.pk)


_OF_RECORD = Composed(
    lambda hole: (
        Decision.objects.filter(
            record_kind=hole("kind", models.CharField()), record_id=hole("record", models.BigIntegerField())
        )
        .select_related("table")
        .order_by("pk")
    )
)


def failed_reasons(decision: Decision) -> list[str]:
    """Why the nearest rule did not match: each failed condition with the fact that it met; or why there is no conclusion.

    A condition that is the result of a required table is told by what that table met.
    """
    if decision.problem:
        return [decision.problem]
    levels = {version.code: one for version, one in _levels(decision)}
    tables = {code: Table.from_body(version.body) for code, version in _versions(decision).items()}
    own = tables[decision.table.code]
    return list(dict.fromkeys(_reasons(_Told(decision.facts, levels, tables), own, _nearest(decision.trace))))


@dataclass(frozen=True)
class _Told:
    """A decision on all its levels: the facts, and by code of table what was kept of it and the table."""

    facts: dict[str, Any]
    levels: dict[str, dict[str, Any]]
    tables: dict[str, Table]

    def before(self, table: Table, column: Input) -> Table | None:
        """The required table whose result a column looks at."""
        found = (self.tables[code] for code in table.requires if code in self.tables)
        return next((one for one in found if one.outputs[0].name == column.expression), None)

    def fact(self, table: Table, column: Input) -> Any:
        """What the column looked at: a fact, or what a required table came to."""
        name = column.name if self.before(table, column) is None else column.expression
        return self.facts.get(name)


def _levels(decision: Decision) -> list[tuple[TableVersion, dict[str, Any]]]:
    """What was kept of each required table, with its version, in their order."""
    return list(zip(requirements.kept_versions(decision.required), decision.required, strict=True))


def versions_of(decision: Decision) -> list[TableVersion]:
    """The versions by which it was decided, its own table's last."""
    return [*requirements.kept_versions(decision.required), decision.table]


def _versions(decision: Decision) -> dict[str, TableVersion]:
    return {version.code: version for version, _one in _levels(decision)} | {
        decision.table.code: decision.table
    }


def levels_of(decision: Decision) -> list[dict[str, Any]]:
    """What was decided, level by level, the decision's own table last: {version, trace, matched, outputs: [title, value]}."""
    own = {"trace": decision.trace, "matched": decision.matched, "outputs": decision.outputs}
    return [
        {
            "version": version,
            "trace": one["trace"],
            "matched": one["matched"],
            "outputs": _titled(Table.from_body(version.body), one["outputs"]),
        }
        for version, one in [*_levels(decision), (decision.table, own)]
    ]


def _titled(table: Table, outputs: Any) -> list[dict[str, str]]:
    known = outputs if isinstance(outputs, dict) else {}
    return [{"title": one.title, "value": words(known.get(one.name), one.name)} for one in table.outputs]


def required_by(version: TableVersion) -> list[TableVersion]:
    """The tables whose results a version looks at itself, as they hold when it does."""
    day = max(version.valid_from, today())
    return [table_version(code, day) for code in version.body.get("requires", ())]


def users_of(code: str) -> list[TableVersion]:
    """The tables in force that look at the result of a table."""
    return [one for one in tables() if code in one.body.get("requires", ())]


def _nearest(trace: list[dict[str, Any]], rules: frozenset[int] | None = None) -> dict[str, Any] | None:
    """The rule that failed in the fewest conditions, the first of those; among `rules` where they are given."""
    among = [one for one in trace if not one["matched"] and (rules is None or one["rule"] in rules)]
    return min(among, key=lambda one: len(one["failed"]), default=None)


def _reasons(told: _Told, table: Table, one: dict[str, Any] | None) -> Iterator[str]:
    """The failed conditions of a rule in words, down to the facts."""
    for place in one["failed"] if one else ():
        column, rule = table.inputs[place], table.rules[one["rule"] - 1]  # type: ignore[index]
        needed = told.before(table, column)
        below = (
            _nearest(told.levels[needed.code]["trace"], _leading(needed, rule.when[place]))
            if needed
            else None
        )
        if needed is None or below is None:
            yield _failed(column, rule, told.fact(table, column), place)
        else:
            yield from _reasons(told, needed, below)


def _leading(table: Table, cell: str) -> frozenset[int]:
    """The rules of a table that lead to a result which the cell of another accepts."""
    tests = parse_unary_tests(cell, {table.outputs[0].name})
    return frozenset(
        number
        for number, (_when, results) in enumerate(compiled(table).rules, start=1)
        if matches(tests, evaluate(results[0], {}), {})
    )


def _failed(column: Input, rule: Rule, fact: Any, place: int) -> str:
    return wording.reason(column.title, column.name, fact, rule.when[place])


def explain(decision: Decision) -> Explanation:
    """The decision as a page can show it, with those that it required."""
    levels = _levels(decision)
    told = _Told(
        decision.facts,
        {version.code: one for version, one in levels},
        {code: Table.from_body(version.body) for code, version in _versions(decision).items()},
    )
    before = tuple(_explained(told, version, one["trace"], decision) for version, one in levels)
    return _explained(told, decision.table, decision.trace, decision, before)


def _explained(
    told: _Told,
    version: TableVersion,
    trace: list[dict[str, Any]],
    decision: Decision,
    required: "tuple[Explanation, ...]" = (),
) -> Explanation:
    data = told.tables[version.code]
    return Explanation(
        title=data.title,
        valid_from=version.valid_from,
        inputs=tuple(ExplainedInput(one.title, words(told.fact(data, one), one.name)) for one in data.inputs),
        rules=tuple(
            ExplainedRule(
                number=one["rule"],
                note=data.rules[one["rule"] - 1].note,
                source=data.rules[one["rule"] - 1].source or data.rules[one["rule"] - 1].unconfirmed,
                matched=one["matched"],
                failed=tuple(
                    _failed(
                        data.inputs[place],
                        data.rules[one["rule"] - 1],
                        told.fact(data, data.inputs[place]),
                        place,
                    )
                    for place in one["failed"]
                ),
            )
            for one in trace
        ),
        microseconds=decision.microseconds,
        at=decision.at,
        required=required,
    )


@dataclass(frozen=True)
class Difference:
    """One thing that came out otherwise: what it is, what was kept, what it comes to now."""

    title: str
    kept: str
    now: str

    def __str__(self) -> str:
        return f"{self.title}：{self.kept} → {self.now}"


@dataclass(frozen=True)
class Replay:
    """A decision worked out again; `equal` when every difference is missing."""

    decision: Decision
    differences: tuple[Difference, ...]
    engine: str

    @property
    def equal(self) -> bool:
        """Whether the replay comes to the same."""
        return not self.differences

    @property
    def text(self) -> str:
        """The verdict in a sentence."""
        if self.equal:
            return _("按当时的事实和规则重新计算，结果一致。")
        return _("按当时的事实和规则重新计算，结果不一致：%(text)s。") % {
            "text": "；".join(str(one) for one in self.differences)
        }


def replayed(decision: Decision) -> Replay:
    """The decision worked out again from its kept facts and its tables' versions; writes nothing."""
    problem = ""
    levels = _levels(decision)
    outcomes: tuple[Outcome, ...] = ()
    try:
        outcomes = evaluate_all(
            [Table.from_body(version.body) for version in (*(one for one, _kept in levels), decision.table)],
            restored(decision.facts),
        )
    except (HitPolicyBroken, FeelLimitError, ValueError) as error:
        problem = str(error)
    outcome = outcomes[-1] if outcomes else Outcome(None, (), {})
    compared = [
        (_("结果"), decision.outputs, stored(outcome.outputs)),
        (_("适用规则"), decision.matched, list(outcome.matched)),
        (_("逐条比对"), decision.trace, outcome.kept),
        (_("能否得出结论"), not decision.problem, not problem),
    ]
    for (version, kept), again in zip(levels, outcomes, strict=False):
        compared += [
            (f"{version.title} {_('结果')}", kept["outputs"], stored(again.outputs)),
            (f"{version.title} {_('适用规则')}", kept["matched"], list(again.matched)),
            (f"{version.title} {_('逐条比对')}", kept["trace"], again.kept),
        ]
    return Replay(
        decision,
        tuple(
            Difference(title, kept_words(kept), kept_words(again))
            for title, kept, again in compared
            if kept != again
        ),
        qipan.__version__,
    )


def replay_for(reader: Reader, decision_id: int) -> Replay:
    """The replay of a decision that the reader may see, for staff pages. Raises Decision.DoesNotExist."""
    return replayed(Decision.objects.visible_to(reader).select_related("table").get(pk=decision_id))


def as_dmn(code: str, on: datetime.date | None = None) -> bytes:
    """The table in force on a day as a DMN file, with those that it requires. Raises LookupError."""
    return file_of(table_version(code, on))


def file_of(version: TableVersion) -> bytes:
    """A version as a DMN file, with the tables that it requires as they hold then (from the day on which it does)."""
    *before, _own = requirements.versions(version.code, version.valid_from)
    return exported(
        Table.from_body(version.body),
        version.valid_from,
        [Table.from_body(one.body) for one in before],
    )


def tables(on: datetime.date | None = None) -> list[TableVersion]:
    """Every table in the version of a day, by code; tables are public law, so that every official reads them."""
    rows = TableVersion.objects.filter(valid_from__lte=on or today())
    return list(rows.order_by("code", "-valid_from").distinct("code"))


def versions(code: str) -> list[TableVersion]:
    """The versions of a table, newest first, those to come included."""
    return list(TableVersion.objects.filter(code=code).order_by("-valid_from"))


def to_come() -> list[TableVersion]:
    """Released versions that do not hold yet, soonest first."""
    return list(TableVersion.objects.filter(valid_from__gt=today()).order_by("valid_from", "code"))
