"""What screens read of tables and decisions."""

import datetime
from dataclasses import dataclass
from typing import Any

from django.db import models

from qipan.kernel.decisions.models import Decision, TableVersion
from qipan.kernel.decisions.tables import Input, Rule, Table
from qipan.kernel.ledger.clock import today


def table_version(code: str, on: datetime.date | None = None) -> TableVersion:
    """The table in force on a day. Raises LookupError."""
    found = (
        TableVersion.objects.filter(code=code, valid_from__lte=on or today()).order_by("-valid_from").first()
    )
    if found is None:
        raise LookupError(f"no decision table {code}")
    return found


def table(code: str, on: datetime.date | None = None) -> Table:
    """The table in force on a day, as data. Raises LookupError."""
    return Table.from_body(table_version(code, on).body)


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


def of(record: models.Model) -> list[Decision]:
    """The decisions about a record, oldest first."""
    return list(
        Decision.objects.filter(record_kind=record._meta.label_lower, record_id=record.pk)
        .select_related("table")
        .order_by("pk")
    )


def words(value: Any) -> str:
    """A fact in words."""
    if value is None:
        return "未知"
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, dict) and len(value) == 1:
        return str(next(iter(value.values())))
    if isinstance(value, list):
        return "、".join(words(one) for one in value) or "无"
    return str(value)


def failed_reasons(decision: Decision, rule: int = 1) -> list[str]:
    """Why a rule did not match: each failed condition with the fact that it met."""
    data = Table.from_body(decision.table.body)
    return [
        _failed(data.inputs[place], data.rules[rule - 1], decision.facts, place)
        for one in decision.trace
        if one["rule"] == rule
        for place in one["failed"]
    ]


def _failed(column: Input, rule: Rule, facts: dict[str, Any], place: int) -> str:
    return f"{column.title}：{words(facts.get(column.name))}（要求 {condition_words(rule.when[place])}）"


def condition_words(cell: str) -> str:
    """A cell for people: true and false in Chinese, texts without quotes."""
    plain = {"true": "是", "false": "否"}
    return plain.get(cell.strip(), cell.replace('"', "").replace(",", " 或 "))


def explain(decision: Decision) -> Explanation:
    """The decision as a page can show it."""
    data = Table.from_body(decision.table.body)
    return Explanation(
        title=data.title,
        valid_from=decision.table.valid_from,
        inputs=tuple(ExplainedInput(one.title, words(decision.facts.get(one.name))) for one in data.inputs),
        rules=tuple(
            ExplainedRule(
                number=one["rule"],
                note=data.rules[one["rule"] - 1].note,
                source=data.rules[one["rule"] - 1].source or data.rules[one["rule"] - 1].unconfirmed,
                matched=one["matched"],
                failed=tuple(
                    _failed(data.inputs[place], data.rules[one["rule"] - 1], decision.facts, place)
                    for place in one["failed"]
                ),
            )
            for one in decision.trace
        ),
        microseconds=decision.microseconds,
        at=decision.at,
    )
