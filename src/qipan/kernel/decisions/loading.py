"""Tables from the catalogues: checked for gaps and overlaps before they are kept."""

import datetime
from typing import Any, Literal

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from pydantic import BaseModel, ConfigDict, Field

from qipan.kernel.decisions import drafted, requirements
from qipan.kernel.decisions.models import TableVersion
from qipan.kernel.decisions.tables import Table, compiled
from qipan.kernel.items.loading import ItemRow, object_to, refer
from qipan.kernel.items.models import Item
from qipan.kernel.law import catalogue
from qipan.kernel.law.catalogue import Report, keep_dated
from qipan.kernel.law.loading import Sourced
from qipan.kernel.ledger.actor import Actor
from qipan.kernel.ledger.errors import Refused

#: DOMAIN 3.4: a miss is no reason to refuse; it goes to a person.
NEVER_REFUSES = gettext_lazy(
    "秒办的决策表只能准予（GRANT）或者转由工作人员办理（PERSON，没有规则适用时），不能得出不予办理。"
)
#: How a table's code is written.
CODE = r"^[a-z]+(\.[a-z_]+)+$"


class InputRow(BaseModel):
    """One condition column."""

    model_config = ConfigDict(extra="forbid")
    name: str
    title: str = ""
    expression: str = ""
    type: Literal["string", "number", "boolean", "date"] = "string"
    domain: Any = None


class OutputRow(BaseModel):
    """One conclusion column."""

    model_config = ConfigDict(extra="forbid")
    name: str
    title: str
    type: str = "string"
    values: list[Any] = []
    default: str | None = None


class RuleRow(Sourced):
    """One rule."""

    when: list[str]
    then: list[str]
    note: str = ""


class TableRow(BaseModel):
    """One table."""

    model_config = ConfigDict(extra="forbid")
    code: str = Field(pattern=CODE)
    valid_from: datetime.date
    title: str
    hit_policy: Literal["U", "A", "P", "F", "R", "O", "C", "C+", "C<", "C>", "C#"] = "U"
    inputs: list[InputRow]
    outputs: list[OutputRow]
    rules: list[RuleRow]
    requires: list[str] = []

    def body(self) -> dict[str, Any]:
        """The stored form."""
        data = self.model_dump(mode="json", exclude={"valid_from"})
        for column in data["inputs"]:
            column["expression"] = column["expression"] or column["name"]
            column["title"] = column["title"] or column["name"]
        return data if self.requires else {key: value for key, value in data.items() if key != "requires"}


def load_tables(rows: list[TableRow], actor: Actor) -> Report:
    """Keep the tables; refuses one that does not compile, overlaps under U or A, leaves gaps, or leaves another with one.

    A table may require others of the same load, in any order.
    """
    bodies = [(row, body) for row in rows if (body := row.body())]
    day = {row.valid_from: _finder(bodies, row.valid_from) for row in rows}
    created = []
    for row, given in bodies:
        body = requirements.completed(given, day[row.valid_from])
        _checked(row.code, body, day[row.valid_from])
        if keep_dated(TableVersion, row.code, row.valid_from, {"title": row.title, "body": body}):
            created.append((row.code, row.valid_from))
    for code, since in created:
        dependents_stand(TableVersion.objects.get(code=code, valid_from=since))
    return Report("decision_tables", len(created), len(rows) - len(created))


def grants_only(table: Table) -> bool:
    """Whether a table that decides about items grants or leaves it to a person, and can come to nothing else."""
    said = {cell.strip() for rule in table.rules for cell in rule.then}
    return (
        [one.name for one in table.outputs] == ["result"]
        and set(table.outputs[0].values) == {"GRANT", "PERSON"}
        and said | {(table.outputs[0].default or '"PERSON"').strip()} <= {'"GRANT"', '"PERSON"'}
        and (table.outputs[0].default or "").strip() != '"GRANT"'
    )


def _objection(row: ItemRow) -> str:
    """An item may not be decided by a table that could refuse."""
    bodies = TableVersion.objects.filter(code=row.table).values_list("body", flat=True) if row.table else ()
    sound = all(grants_only(Table.from_body(body)) for body in bodies)
    return "" if sound else str(NEVER_REFUSES)


def _checked(code: str, body: dict[str, Any], find: requirements.Find) -> None:
    try:
        table = Table.from_body(body)
        compiled(table)
        found = requirements.problems(table, find)
    except ValueError as error:
        raise Refused(_("决策表 %(code)s 有误：%(error)s") % {"code": code, "error": error}) from None
    if not grants_only(table) and Item.objects.filter(table=code).exists():
        raise Refused(_("决策表 %(code)s 有误：%(text)s") % {"code": code, "text": NEVER_REFUSES})
    if found:
        raise Refused(
            _("决策表 %(code)s 有误：%(text)s") % {"code": code, "text": found[0].text},
            details={"findings": found},
        )


def _finder(bodies: list[tuple[TableRow, dict[str, Any]]], on: datetime.date) -> requirements.Find:
    """Finds tables among those that are being loaded and those that are kept, as they stand on a day."""
    kept, known = requirements.finder(on), {}
    for row, body in sorted(bodies, key=lambda one: one[0].valid_from):
        if row.valid_from <= on:
            known[row.code] = body
    made: dict[str, Table] = {}

    def find(code: str) -> Table | None:
        if code in known and code not in made:
            made[code] = Table.from_body(known[code])
        return made.get(code) or kept(code)

    return find


def dependents_stand(version: TableVersion) -> None:
    """Refuse a version whose results leave a table that looks at them with a gap, an overlap or a cell that never holds."""
    broken = requirements.broken_by(version)
    if broken:
        title, finding = broken[0]
        raise Refused(
            _("决策表 %(code)s 改变后，依赖它的“%(title)s”有误：%(text)s")
            % {"code": version.code, "title": title, "text": finding.text},
            details={"findings": [one for _title, one in broken]},
        )


def register() -> None:
    """Make the kind known, and which tables an item can name."""
    refer("table", lambda codes: codes - set(TableVersion.objects.values_list("code", flat=True)))
    object_to(_objection)
    catalogue.register("decision_tables", TableRow, load_tables)
    drafted.register()
