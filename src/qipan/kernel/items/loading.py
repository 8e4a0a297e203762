"""Items and materials from the catalogues."""

import datetime

from django.utils.translation import gettext as _
from pydantic import BaseModel, ConfigDict, Field, model_validator

from qipan.kernel.items.models import Item, MaterialType
from qipan.kernel.law import catalogue
from qipan.kernel.law.catalogue import Report, keep_dated
from qipan.kernel.law.citations import Citation
from qipan.kernel.ledger.actor import Actor
from qipan.kernel.ledger.errors import Refused


class MaterialRow(BaseModel):
    """One kind of material."""

    model_config = ConfigDict(extra="forbid")
    code: str = Field(pattern=r"^[a-z_]+$")
    valid_from: datetime.date
    title: str
    supplied_by: str = ""


class Condition(BaseModel):
    """One condition of an item."""

    model_config = ConfigDict(extra="forbid")
    text: str
    source: str = ""
    unconfirmed: str = ""


class ItemRow(BaseModel):
    """One item."""

    model_config = ConfigDict(extra="forbid")
    code: str = Field(pattern=r"^[A-Z]{2}(-[A-Z]+)+$", max_length=40)
    valid_from: datetime.date
    name: str
    kind: str = "XK"
    handler: str
    handling: str
    bases: list[str] = []
    unconfirmed: str = ""
    code_unconfirmed: str = ""
    conditions: list[Condition] = []
    materials: list[str] = []
    law_days: int = 0
    promise_days: int = 0
    form: str
    checklist: str = ""
    table: str = ""
    flags: list[str] = []

    @model_validator(mode="after")
    def _checked(self) -> "ItemRow":
        if not self.bases and not self.unconfirmed:
            raise ValueError("give bases (articles) or unconfirmed (why)")
        for basis in self.bases:
            Citation.parse(basis)
        if self.promise_days > self.law_days:
            raise ValueError("the promised limit is longer than the law's")
        flags = set(self.flags)
        if unknown := flags - {"mobile", "instant", "auto", "no_meet", "commitment"}:
            raise ValueError(f"unknown flags: {unknown}")
        if ("auto" in flags and "instant" not in flags) or ("instant" in flags and "mobile" not in flags):
            raise ValueError("auto is part of instant, instant is part of mobile")
        return self


def load_materials(rows: list[MaterialRow], actor: Actor) -> Report:
    """Keep the materials."""
    created = sum(
        keep_dated(
            MaterialType, row.code, row.valid_from, {"title": row.title, "supplied_by": row.supplied_by}
        )
        for row in rows
    )
    return Report("materials", created, len(rows) - created)


def load_items(rows: list[ItemRow], actor: Actor) -> Report:
    """Keep the items; refuses one that names an unknown material."""
    known = set(MaterialType.objects.values_list("code", flat=True))
    created = 0
    for row in rows:
        if unknown := [code for code in row.materials if code not in known]:
            raise Refused(
                _("事项 %(code)s 的材料 %(material)s 没有登记。") % {"code": row.code, "material": unknown[0]}
            )
        content = row.model_dump(mode="json", exclude={"code", "valid_from", "flags"})
        for flag in ("mobile", "instant", "auto", "no_meet", "commitment"):
            content[f"is_{flag}"] = flag in row.flags
        created += keep_dated(Item, row.code, row.valid_from, content)
    return Report("items", created, len(rows) - created)


def register() -> None:
    """Make the kinds known."""
    catalogue.register("materials", MaterialRow, load_materials)
    catalogue.register("items", ItemRow, load_items, after=("materials", "forms", "checklists"))
