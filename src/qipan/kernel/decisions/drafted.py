"""Decision tables drafted in the product: laid out for comparing, checked cell by cell, tried on recorded decisions."""

from collections.abc import Iterator
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qipan.kernel.decisions import requirements
from qipan.kernel.decisions.feel import FeelLimitError, parse_expression, parse_unary_tests
from qipan.kernel.decisions.models import Decision, TableVersion
from qipan.kernel.decisions.queries import users_of
from qipan.kernel.decisions.storing import restored, stored
from qipan.kernel.decisions.tables import HitPolicyBroken, Table, compiled, evaluate_all
from qipan.kernel.decisions.wording import kept_words
from qipan.kernel.items.drafted import items_where
from qipan.kernel.law.drafting.differences import Part
from qipan.kernel.law.drafting.kinds import Draftable, Effect, Problem, Row, Tried, Use, offer, offer_trial

KIND = "decision_tables"
LABELS = {
    "title": gettext_lazy("名称"),
    "hit_policy": gettext_lazy("取值方式"),
    "note": gettext_lazy("备注"),
    "source": gettext_lazy("依据"),
    "unconfirmed": gettext_lazy("待确认"),
    "expression": gettext_lazy("表达式"),
    "type": gettext_lazy("类型"),
    "domain": gettext_lazy("取值范围"),
    "values": gettext_lazy("取值"),
    "default": gettext_lazy("没有规则适用时"),
}


def parts(row: Row, other: Row | None) -> list[Part]:
    """The table, its columns, and its rules; a rule goes by the number of the rule of `other` that it comes from."""
    own = {name: value for name, value in row.items() if name not in {"inputs", "outputs", "rules"}}
    found = [Part("", str(row.get("title", "")), own)]
    for side in ("inputs", "outputs"):
        found += [Part(f"{side}:{one['name']}", one["title"], one) for one in row[side]]
    before = matched(row["rules"], other["rules"]) if other is not None else {}
    free = len(other["rules"]) if other is not None else 0
    for number, rule in enumerate(row["rules"]):
        if other is None:
            key = number
        elif number in before:
            key = before[number]
        else:
            key, free = free, free + 1
        title = _("规则 %(number)d") % {"number": number + 1}
        found.append(Part(f"rule:{key}", title, _cells(row, rule)))
    return found


def _cells(row: Row, rule: Row) -> dict[str, Any]:
    """What a rule says, cell by cell."""
    names = [*(one["title"] for one in row["inputs"]), *(one["title"] for one in row["outputs"])]
    cells = dict(zip(names, [*rule["when"], *rule["then"]], strict=False))
    return cells | {name: value for name, value in rule.items() if name not in {"when", "then"}}


def matched(new: list[Row], old: list[Row]) -> dict[int, int]:
    """Which old rule each new one comes from: the same one, or the one that shares most of its cells (half at least)."""
    found: dict[int, int] = {}
    left = dict(enumerate(old))
    for number, rule in enumerate(new):
        same = next((place for place, one in left.items() if one == rule), None)
        if same is not None:
            found[number] = same
            del left[same]
    for number, rule in enumerate(new):
        if number in found or not left:
            continue
        cells = [*rule["when"], *rule["then"]]
        near = max(left, key=lambda place: (_alike(cells, left[place]), -abs(place - number)))
        if 2 * _alike(cells, left[near]) >= len(cells):
            found[number] = near
            del left[near]
    return found


def _alike(cells: list[str], rule: Row) -> int:
    """How many cells are the same."""
    return sum(one == other for one, other in zip(cells, [*rule["when"], *rule["then"]], strict=False))


def place_of(rule: int, column: int) -> str:
    """The name of a cell on the page, counted from 1; conclusions go on after the conditions."""
    return f"r{rule}c{column}"


def problems(row: Any) -> list[Problem]:
    """What keeps a table from release: cells that are no FEEL, and then its gaps and overlaps, with the cells named."""
    find = requirements.finder(row.valid_from)
    table = Table.from_body(requirements.completed(row.body(), find))
    found = [*_shape(table), *_cells_wrong(table)]
    if found:
        return found
    try:
        compiled(table)
    except ValueError as error:
        return [Problem(str(error), (), "wrong")]
    return [
        Problem(one.text, tuple(place_of(cell.rule, cell.column) for cell in one.cells), one.kind)
        for one in requirements.problems(table, find)
    ]


def _shape(table: Table) -> list[Problem]:
    if not table.inputs or not table.outputs or not table.rules:
        return [Problem(_("决策表至少要有一个条件列、一个结果列和一条规则。"), (), "wrong")]
    return [
        Problem(_("规则 %(number)d 的格数与列数不一致。") % {"number": number}, (f"r{number}",), "wrong")
        for number, rule in enumerate(table.rules, 1)
        if len(rule.when) != len(table.inputs) or len(rule.then) != len(table.outputs)
    ]


def _cells_wrong(table: Table) -> list[Problem]:
    names = {one.name for one in table.inputs}
    found = []
    titles = [*(one.title for one in table.inputs), *(one.title for one in table.outputs)]
    for number, rule in enumerate(table.rules, 1):
        # What has more cells than columns is told as such (`_shape`).
        for place, (title, cell) in enumerate(zip(titles, [*rule.when, *rule.then], strict=False)):
            read = parse_unary_tests if place < len(table.inputs) else parse_expression
            try:
                read(cell, names)
            except ValueError as error:
                text = _("第 %(rule)d 行“%(title)s”列（%(text)s）：%(why)s") % {
                    "rule": number,
                    "title": title,
                    "text": cell,
                    "why": error,
                }
                found.append(Problem(text, (place_of(number, place + 1),), "wrong"))
    return found


def run(row: Any, org_path: str, most: int) -> tuple[int, Iterator[Tried]]:
    """The table on the facts of the newest decisions by its code: what comes out otherwise than it did."""
    day = row.valid_from
    own = Table.from_body(requirements.completed(row.body(), requirements.finder(day)))
    try:
        before = [table for code in row.requires for table in requirements.tables(code, day)]
    except LookupError as error:
        raise ValueError(str(error)) from None
    tables = [*dict.fromkeys(before), own]
    rows = Decision.objects.filter(table__code=row.code, org_path__startswith=org_path).order_by("-pk")[:most]
    keys = list(rows.values_list("pk", flat=True))

    def tried() -> Iterator[Tried]:
        for start in range(0, len(keys), 100):
            for one in Decision.objects.filter(pk__in=keys[start : start + 100]).order_by("-pk"):
                yield Tried(one.record_kind, one.record_id, _effects(tables, one))

    return len(keys), tried()


def _effects(tables: list[Table], kept: Decision) -> tuple[Effect, ...]:
    try:
        now = stored(evaluate_all(tables, restored(kept.facts))[-1].outputs)
    except (HitPolicyBroken, FeelLimitError, ValueError) as error:
        return (Effect("broken", _("不能得出结论"), str(error)),)
    if now == kept.outputs:
        return ()
    was, becomes = _words(kept.outputs), _words(now)
    return (Effect("changed", f"{was} → {becomes}", ""),)


def _words(outputs: Any) -> str:
    """An outcome for people."""
    return kept_words(outputs) if outputs is not None else _("没有规则适用")


def register() -> None:
    """Let tables be drafted in the product, and tried on the decisions that are recorded."""
    items = items_where(lambda item, code: item.table == code)
    offer(
        Draftable(
            KIND, gettext_lazy("决策表"), TableVersion, parts=parts, problems=problems,
            used_by=lambda code: [*items(code), *(Use(KIND, one.code, one.title) for one in users_of(code))],
            labels=LABELS,
        )
    )  # fmt: skip
    offer_trial(KIND, run)
