"""Tables from the catalogues: checked for gaps and overlaps before they are kept."""

import datetime
from typing import Any, Literal

from django.utils.translation import gettext as _
from pydantic import BaseModel, ConfigDict, Field

from qipan.kernel.decisions import coverage
from qipan.kernel.decisions.models import TableVersion
from qipan.kernel.decisions.tables import Table, compiled
from qipan.kernel.items.loading import refer
from qipan.kernel.law import catalogue
from qipan.kernel.law.catalogue import Report, keep_dated
from qipan.kernel.law.loading import Sourced
from qipan.kernel.ledger.actor import Actor
from qipan.kernel.ledger.errors import Refused


class InputRow(BaseModel):
    """One condition column."""

    model_config = ConfigDict(extra="forbid")
    name: str
    title: str
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
    code: str = Field(pattern=r"^[a-z]+(\.[a-z_]+)+$")
    valid_from: datetime.date
    title: str
    hit_policy: Literal["U", "A", "P", "F", "R", "O", "C", "C+", "C<", "C>", "C#"] = "U"
    inputs: list[InputRow]
    outputs: list[OutputRow]
    rules: list[RuleRow]

    def body(self) -> dict[str, Any]:
        """The stored form."""
        data = self.model_dump(mode="json", exclude={"valid_from"})
        for column in data["inputs"]:
            column["expression"] = column["expression"] or column["name"]
        return data


def load_tables(rows: list[TableRow], actor: Actor) -> Report:
    """Keep the tables; refuses one that does not compile, overlaps under U or A, or leaves gaps."""
    created = 0
    for row in rows:
        table = Table.from_body(row.body())
        try:
            compiled(table)
        except ValueError as error:
            raise Refused(_("决策表 %(code)s 有误：%(error)s") % {"code": row.code, "error": error}) from None
        found = coverage.check(table)
        if found:
            raise Refused(
                _("决策表 %(code)s 有误：%(text)s") % {"code": row.code, "text": found[0].text},
                details={"findings": found},
            )
        created += keep_dated(
            TableVersion, row.code, row.valid_from, {"title": row.title, "body": row.body()}
        )
    return Report("decision_tables", created, len(rows) - created)


def register() -> None:
    """Make the kind known, and which tables an item can name."""
    refer("table", lambda codes: codes - set(TableVersion.objects.values_list("code", flat=True)))
    catalogue.register("decision_tables", TableRow, load_tables)
