"""Loading the kinds of publication from their catalogue."""

import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from qipan.kernel.law import catalogue
from qipan.kernel.law.catalogue import Report, keep_dated
from qipan.kernel.law.loading import Sourced
from qipan.kernel.ledger.actor import Actor
from qipan.kernel.publication.masking import NEVER
from qipan.kernel.publication.models import PublicationKind

Mask = Literal["plain", "text", "name", "id_number", "phone", "email", "address", "hide"]


class FieldRow(BaseModel):
    """One field that may be shown."""

    model_config = ConfigDict(extra="forbid")

    key: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    title: str
    mask: Mask = "text"
    mask_natural: Mask | None = None

    @model_validator(mode="after")
    def _nobody_who_reports(self) -> "FieldRow":
        if any(word in self.key or word in self.title for word in NEVER):
            raise ValueError("those who report or complain are never published (C&R 33)")
        return self


class KindRow(Sourced):
    """One kind of publication."""

    code: str = Field(pattern=r"^[a-z_]+\.[a-z_]+$", max_length=60)
    valid_from: datetime.date
    title: str
    mode: Literal["AT_ONCE", "REVIEW"]
    due: str
    until: Literal["PERMANENT", "TERM", "NEXT", "REMOVED"]
    until_rule: str = ""
    withdraw: str = "Publish.withdraw"
    open_data: bool = True
    fields: list[FieldRow] = Field(min_length=1)

    @model_validator(mode="after")
    def _term_has_rule(self) -> "KindRow":
        if (self.until == "TERM") != bool(self.until_rule):
            raise ValueError("until_rule is given exactly when until is TERM")
        return self


def load_kinds(rows: list[KindRow], actor: Actor) -> Report:
    """Keep the kinds."""
    created = 0
    for row in rows:
        created += keep_dated(
            PublicationKind,
            row.code,
            row.valid_from,
            {
                "title": row.title,
                "mode": row.mode,
                "due_rule": row.due,
                "until": row.until,
                "until_rule": row.until_rule,
                "withdraw_rule": row.withdraw,
                "open_data": row.open_data,
                "fields": [field.model_dump(exclude_none=True) for field in row.fields],
                "law": row.source,
                "unconfirmed": row.unconfirmed,
            },
        )
    return Report("publication_kinds", created, len(rows) - created)


def register() -> None:
    """Make the kind of catalogue known."""
    catalogue.register("publication_kinds", KindRow, load_kinds, after=("rules",))
