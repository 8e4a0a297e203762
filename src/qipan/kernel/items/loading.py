"""Items, materials and kinds of licence from the catalogues; a family of like items is written as one row."""

import datetime
from collections.abc import Callable, Iterable
from typing import Any

from django.utils.translation import gettext as _
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from qipan.kernel.items.models import Channel, Item, LicenceKind, Line, MaterialType, Matter, Nature
from qipan.kernel.law import catalogue
from qipan.kernel.law.catalogue import Report, keep_all_dated
from qipan.kernel.law.citations import Citation
from qipan.kernel.law.loading import Sourced
from qipan.kernel.ledger.actor import Actor
from qipan.kernel.ledger.errors import Refused

FLAGS = ("mobile", "instant", "auto", "no_meet", "commitment")
#: What bears directly on health, life or the safety of property is never granted on a promise (SZCredit 59).
NO_PROMISE = frozenset({Line.FOOD, Line.DRUG, Line.DEVICE, Line.COSMETIC, Line.EQUIPMENT, Line.PRODUCT})
Missing = Callable[[set[str]], set[str]]
_known: dict[str, Missing] = {}


def refer(field: str, missing: Missing) -> None:
    """Say which codes that items name in a field do not exist; the room that has the rows registers this."""
    _known[field] = missing


class MaterialRow(BaseModel):
    """One kind of material."""

    model_config = ConfigDict(extra="forbid")
    code: str = Field(pattern=r"^[a-z0-9_]+$", max_length=40)
    valid_from: datetime.date
    title: str
    supplied_by: str = ""
    licence: str = Field("", pattern=r"^[A-Z0-9]*$", max_length=10)


class Face(BaseModel):
    """One line of a certificate."""

    model_config = ConfigDict(extra="forbid")
    field: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    title: str


class KindRow(Sourced):
    """One kind of licence."""

    code: str = Field(pattern=r"^[A-Z][A-Z0-9]+$", max_length=10)
    valid_from: datetime.date
    title: str = Field(max_length=60)
    nature: Nature = Nature.LICENCE
    years: int = Field(0, ge=0, le=50)
    renewed_from_end: bool = True
    number_rule: str = Field(max_length=60)
    number_unconfirmed: str = ""
    template: str = ""
    faces: list[Face] = []
    place_bound: bool = False
    exclusive: bool = False


class Condition(BaseModel):
    """One condition of an item."""

    model_config = ConfigDict(extra="forbid")
    text: str
    source: str = ""
    unconfirmed: str = ""


class ItemRow(BaseModel):
    """One item. A material that ends with `?` may be left out."""

    model_config = ConfigDict(extra="forbid")
    code: str = Field(pattern=r"^[A-Z]{2}(-[A-Z0-9]+)+$", max_length=40)
    valid_from: datetime.date
    name: str = Field(max_length=120)
    kind: Matter = Matter.LICENCE
    line: Line
    family: str = ""
    handler: str
    flow: str
    handling: str
    licence: str = ""
    target: str = ""
    outcomes: list[str] = []
    channels: list[Channel] = [Channel.WEB, Channel.WINDOW]
    authority: str = ""
    authority_unconfirmed: str = ""
    agency: str = ""
    bases: list[str] = []
    unconfirmed: str = ""
    code_unconfirmed: str = ""
    conditions: list[Condition] = []
    materials: list[str] = []
    law_days: int = 0
    promise_days: int = 0
    limit_unconfirmed: str = ""
    form: str
    checklist: str = ""
    table: str = ""
    flags: list[str] = []

    @model_validator(mode="after")
    def _checked(self) -> "ItemRow":
        if not self.bases and not self.unconfirmed:
            raise ValueError(_("要写明依据的条文（bases），没有的写明待确认的原因（unconfirmed）。"))
        for basis in [*self.bases, *(each.source for each in self.conditions if each.source)]:
            try:
                Citation.parse(basis)
            except ValueError:
                raise ValueError(_("依据“%(basis)s”不是条文，例如 FSL 35。") % {"basis": basis}) from None
        if self.promise_days > self.law_days:
            raise ValueError(_("承诺期限比法定期限长。"))
        flags = set(self.flags)
        if unknown := flags - set(FLAGS):
            raise ValueError(_("没有这样的标志：%(flags)s。") % {"flags": "、".join(sorted(unknown))})
        if ("auto" in flags and "instant" not in flags) or ("instant" in flags and "mobile" not in flags):
            raise ValueError(_("秒办的必须即刻办，即刻办的必须掌上办。"))
        if ("auto" in flags) != bool(self.table):
            raise ValueError(_("秒办的要有决策表（table），有决策表的要标为秒办。"))
        if "commitment" in flags and self.line in NO_PROMISE:
            raise ValueError(
                _(
                    "直接涉及人身健康、生命财产安全的事项（%(line)s）不适用告知承诺（深圳经济特区社会信用条例第五十九条）。"
                )
                % {"line": self.line.label}
            )
        if "auto" in flags and self.checklist and self.handling == "NEW":
            raise ValueError(_("须现场核查的新办事项不能秒办。"))
        return self

    def content(self) -> dict[str, Any]:
        """What is kept besides code and day."""
        content = self.model_dump(mode="json", exclude={"code", "valid_from", "flags"})
        channels = [*self.channels, *([Channel.PHONE] if "mobile" in self.flags else ())]
        content["channels"] = [str(each) for each in Channel.values if each in channels]
        return content | {f"is_{flag}": flag in self.flags for flag in FLAGS}


class Each(BaseModel):
    """One of the things for which a family repeats its items."""

    model_config = ConfigDict(extra="forbid")
    code: str = Field(pattern=r"^[A-Z0-9]+$")
    name: str
    own: dict[str, Any] = {}


TOGETHER = ("bases", "conditions", "materials")
#: What a thing has to be or to show before it may begin, nobody has to show who ends it.
FOUNDING = ("conditions", "materials")
ENDING = frozenset({"CANCEL", "FILING_CANCEL"})


class FamilyRow(BaseModel):
    """Items that share most of what they say (主项): `all` holds for each of `items`, and each is made for each of `each`.

    Lists of `all` and of the thing (bases, conditions, materials) are added to an item's own; conditions and materials of
    the thing are not asked of who ends it. In names `{name}` is the thing's name, in a table's code `{code}` the item's. An
    item's code is the family's, the thing's and its own, joined by hyphens.
    """

    model_config = ConfigDict(extra="forbid")
    code: str = Field(pattern=r"^[A-Z]{2}(-[A-Z0-9]+)*$")
    valid_from: datetime.date
    name: str = ""
    each: list[Each] = []
    all: dict[str, Any] = {}
    items: list[dict[str, Any]]
    _rows: list[ItemRow] = []

    @model_validator(mode="after")
    def _expanded(self) -> "FamilyRow":
        rows = []
        for thing in self.each or [Each(code="0", name=self.name)]:
            for item in self.items:
                rows.append(self._row(thing, item))
        self._rows = rows
        return self

    def _row(self, thing: Each, item: dict[str, Any]) -> ItemRow:
        parts = [self.code, *([thing.code] if self.each else ()), str(item.get("code", "?"))]
        merged = {"valid_from": self.valid_from, "family": self.code, **self.all, **thing.own, **item}
        for key in TOGETHER:
            ends = key in FOUNDING and merged.get("handling") in ENDING
            sources = (item, self.all) if ends else (item, thing.own, self.all)
            merged[key] = _once(each for source in sources for each in source.get(key, ()))
        merged["code"] = "-".join(parts)
        merged["table"] = str(merged.get("table", "")).replace(
            "{code}", "_".join(parts).replace("-", "_").lower()
        )
        merged["name"] = str(item.get("name", "")).replace("{name}", thing.name)
        try:
            return ItemRow.model_validate(merged)
        except ValidationError as error:
            first = catalogue.first_of(error)
            field = ".".join(str(part) for part in first["loc"]) or _("内容")
            raise ValueError(
                _("事项 %(code)s 的 %(field)s 不对：%(why)s")
                % {"code": merged["code"], "field": field, "why": catalogue.in_words(first)}
            ) from None

    @property
    def rows(self) -> list[ItemRow]:
        """The items."""
        return self._rows


def _once(values: Iterable[Any]) -> list[Any]:
    found: list[Any] = []
    for value in values:
        if value not in found:
            found.append(value)
    return found


def load_materials(rows: list[MaterialRow], actor: Actor) -> Report:
    """Keep the materials."""
    content = [
        (row.code, row.valid_from, row.model_dump(exclude={"code", "valid_from"})) for row in rows
    ]
    created = keep_all_dated(MaterialType, content)
    return Report("materials", created, len(rows) - created)


def load_kinds(rows: list[KindRow], actor: Actor) -> Report:
    """Keep the kinds of licence."""
    skip = {"code", "valid_from"}
    content = [(row.code, row.valid_from, row.model_dump(mode="json", exclude=skip)) for row in rows]
    created = keep_all_dated(LicenceKind, content)
    return Report("licence_kinds", created, len(rows) - created)


Objection = Callable[[ItemRow], str]
_objections: list[Objection] = []


def object_to(objection: Objection) -> None:
    """Let a room say in words what is wrong with an item (nothing: an empty text) before it is kept."""
    _objections.append(objection)


def load_items(rows: list[ItemRow], actor: Actor) -> Report:
    """Keep the items; refuses one that stands twice or names what does not exist, and keeps none then."""
    seen: set[tuple[str, datetime.date]] = set()
    for row in rows:
        if (row.code, row.valid_from) in seen:
            raise Refused(_("事项 %(code)s 在目录中重复。") % {"code": row.code}, field="code")
        seen.add((row.code, row.valid_from))
    _references(rows)
    for row in rows:
        for objection in _objections:
            if why := objection(row):
                raise Refused(_("事项 %(code)s 不对：%(why)s") % {"code": row.code, "why": why})
    created = keep_all_dated(Item, [(row.code, row.valid_from, row.content()) for row in rows])
    return Report("items", created, len(rows) - created)


def load_families(rows: list[FamilyRow], actor: Actor) -> Report:
    """Keep the items of families."""
    found = load_items([item for row in rows for item in row.rows], actor)
    return Report("item_families", found.created, found.unchanged)


def _named(row: ItemRow) -> dict[str, list[str]]:
    return {
        "materials": [code.removesuffix("?") for code in row.materials],
        "licence": [row.licence],
        "outcomes": row.outcomes,
        "form": [row.form],
        "checklist": [row.checklist],
        "table": [row.table],
        "flow": [row.flow],
        "agency": [row.agency],
    }


def missing_names(row: ItemRow) -> list[tuple[str, str]]:
    """What an item names that does not exist, with the field that names it."""
    named = _named(row)
    return [
        (field, code)
        for field, missing in _known.items()
        for code in sorted(missing({code for code in named[field] if code}))
    ]


def _references(rows: list[ItemRow]) -> None:
    """Refuse an item that names a material, form, table … that does not exist."""
    named = {row.code: _named(row) for row in rows}
    for field, missing in _known.items():
        wanted = {code for each in named.values() for code in each[field] if code}
        lacking = missing(wanted)
        for item, each in named.items():
            if found := [code for code in each[field] if code in lacking]:
                raise Refused(
                    _("事项 %(code)s 的 %(field)s 写的“%(name)s”没有登记。")
                    % {"code": item, "field": field, "name": found[0]},
                    field=field,
                )


def _lacking(model: Any) -> Missing:
    return lambda codes: codes - set(model.objects.filter(code__in=codes).values_list("code", flat=True))


def register() -> None:
    """Make the kinds known."""
    refer("materials", _lacking(MaterialType))
    refer("licence", _lacking(LicenceKind))
    catalogue.register("materials", MaterialRow, load_materials)
    catalogue.register("licence_kinds", KindRow, load_kinds)
    first = ("materials", "licence_kinds", "forms", "checklists", "decision_tables", "templates")
    catalogue.register("items", ItemRow, load_items, after=first)
    catalogue.register("item_families", FamilyRow, load_families, after=first)
