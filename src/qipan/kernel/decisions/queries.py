"""What screens read of tables and decisions."""

import datetime
import re
from dataclasses import dataclass
from typing import Any

from django.db import models
from django.utils.translation import gettext as _

import qipan
from qipan.conf.composed import Composed
from qipan.kernel.decisions.dmn.exporting import exported
from qipan.kernel.decisions.feel import FeelLimitError
from qipan.kernel.decisions.models import Decision, TableDraft, TableVersion
from qipan.kernel.decisions.storing import restored, stored
from qipan.kernel.decisions.tables import HitPolicyBroken, Input, Outcome, Rule, Table, evaluate_table
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


def words(value: Any) -> str:
    """A fact in words."""
    if value is None:
        return _("未知")
    if isinstance(value, bool):
        return _("是") if value else _("否")
    if isinstance(value, dict) and len(value) == 1:
        return str(next(iter(value.values())))
    if isinstance(value, list):
        return _("、").join(words(one) for one in value) or _("无")
    return str(value)


def failed_reasons(decision: Decision, rule: int = 1) -> list[str]:
    """Why a rule did not match: each failed condition with the fact that it met; or why there is no conclusion."""
    if decision.problem:
        return [decision.problem]
    data = Table.from_body(decision.table.body)
    return [
        _failed(data.inputs[place], data.rules[rule - 1], decision.facts, place)
        for one in decision.trace
        if one["rule"] == rule
        for place in one["failed"]
    ]


def _failed(column: Input, rule: Rule, facts: dict[str, Any], place: int) -> str:
    return _("%(title)s：%(fact)s（要求 %(wanted)s）") % {
        "title": column.title,
        "fact": words(facts.get(column.name)),
        "wanted": condition_words(rule.when[place]),
    }


def condition_words(cell: str) -> str:
    """A cell for people: true and false as words, texts without quotes, closed ranges in words."""
    plain = {"true": _("是"), "false": _("否")}
    words = plain.get(cell.strip(), cell.replace('"', "").replace(",", _(" 或 ")))
    return re.sub(r"\[([^\[\].]+)\.\.([^\[\].]+)\]", _(r"\1 至 \2"), words)


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
    """The decision worked out again from its kept facts and its table's version; writes nothing."""
    problem = ""
    try:
        outcome = evaluate_table(Table.from_body(decision.table.body), restored(decision.facts))
    except (HitPolicyBroken, FeelLimitError, ValueError) as error:
        outcome, problem = Outcome(None, (), {}), str(error)
    trace = [
        {"rule": one.number, "matched": one.matched, "failed": list(one.failed)} for one in outcome.trace
    ]
    compared = [
        (_("结果"), decision.outputs, stored(outcome.outputs)),
        (_("适用规则"), decision.matched, list(outcome.matched)),
        (_("逐条比对"), decision.trace, trace),
        (_("能否得出结论"), not decision.problem, not problem),
    ]
    return Replay(
        decision,
        tuple(
            Difference(title, _kept_words(kept), _kept_words(again))
            for title, kept, again in compared
            if kept != again
        ),
        qipan.__version__,
    )


def _kept_words(value: Any) -> str:
    """A kept value for people; contexts by name."""
    if isinstance(value, dict) and not (len(value) == 1 and next(iter(value)).startswith("$")):
        return "，".join(f"{name}＝{_kept_words(one)}" for name, one in sorted(value.items()))
    if isinstance(value, list):
        return _("、").join(_kept_words(one) for one in value) or _("无")
    return words(value)


def replay_for(reader: Reader, decision_id: int) -> Replay:
    """The replay of a decision that the reader may see, for staff pages. Raises Decision.DoesNotExist."""
    return replayed(Decision.objects.visible_to(reader).select_related("table").get(pk=decision_id))


def drafts(reader: Reader) -> models.QuerySet[TableDraft]:
    """The open drafts that the reader may edit or release, newest first."""
    return TableDraft.objects.visible_to(reader).open().order_by("-at")


def as_dmn(code: str, on: datetime.date | None = None) -> bytes:
    """The table in force on a day as a DMN file. Raises LookupError."""
    version = table_version(code, on)
    return exported(Table.from_body(version.body), version.valid_from)


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


def draft(pk: int, reader: Reader) -> TableDraft | None:
    """A draft of the reader's units, open or closed."""
    return TableDraft.objects.visible_to(reader).select_related("released").filter(pk=pk).first()


@dataclass(frozen=True)
class RuleChange:
    """A rule of a newer table beside the older one: `kind` is added, removed, moved or kept; numbers count from 1."""

    kind: str
    number: int | None
    before: int | None
    rule: Rule


def changes(new: Table, old: Table) -> list[RuleChange]:
    """The rules of two tables laid side by side, in the order of the new one; rules that fell away come last."""
    left = dict(enumerate(old.rules, 1))
    found: list[RuleChange] = []
    for number, rule in enumerate(new.rules, 1):
        same = next((before for before, other in left.items() if other == rule), None)
        if same is None:
            found.append(RuleChange("added", number, None, rule))
        else:
            del left[same]
            found.append(RuleChange("kept" if same == number else "moved", number, same, rule))
    return found + [RuleChange("removed", None, before, rule) for before, rule in left.items()]
