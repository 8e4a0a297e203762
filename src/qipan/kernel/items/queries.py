"""What other rooms read of items."""

import datetime
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Q

from qipan.kernel.items.models import Item, LicenceKind, MaterialType, Nature
from qipan.kernel.law.dated import in_force
from qipan.kernel.ledger.clock import today


def item(code: str, on: datetime.date | None = None) -> Item | None:
    """The item in the version of a day."""
    return in_force(Item, code, on)


def items_by_code(codes: Iterable[str]) -> dict[str, Item]:
    """The items in force of these codes; a code without one is left out."""
    return {code: found for code in codes if (found := item(code)) is not None}


def licence_kind(code: str, on: datetime.date | None = None) -> LicenceKind | None:
    """The kind of licence in the version of a day."""
    return in_force(LicenceKind, code, on)


def concerns(about: Item, kind: str, data: Mapping[str, Any]) -> bool:
    """Whether an item is about a grant: of its kind, and of its category (锅, 梯 …) where the kind has several."""
    if about.licence and kind != about.licence:
        return False
    category = data.get("category") or data.get("product")
    return not about.target or not category or category == about.target


def codes_about(licence: str) -> list[str]:
    """The codes of the items that are about a kind of licence."""
    return list(Item.objects.filter(licence=licence).values_list("code", flat=True).distinct())


def following(kind: str, handling: str, data: Mapping[str, Any]) -> str:
    """The code of the item by which something is done about a grant (RENEW, CANCEL …); empty where there is none."""
    for code in codes_about(kind):
        found = item(code)
        if found is not None and found.handling == handling and concerns(found, kind, data):
            return code
    return ""


def licence_codes(*natures: Nature) -> set[str]:
    """The codes of the kinds of licence that our items grant (of some natures)."""
    rows = LicenceKind.objects.filter(nature__in=natures) if natures else LicenceKind.objects.all()
    return set(rows.values_list("code", flat=True))


def items_for_public(text: str = "") -> list[Item]:
    """The items in force whose names hold the words, each in its newest version."""
    rows = Item.objects.filter(valid_from__lte=today())
    for word in text.split():
        rows = rows.filter(Q(name__icontains=word) | Q(code__iexact=word))
    return list(rows.order_by("code", "-valid_from").distinct("code"))


def change_of(licence: str) -> Item | None:
    """The item by which what a licence of this kind says is changed."""
    rows = Item.objects.filter(
        valid_from__lte=today(), licence=licence, handling__in=["CHANGE", "FILING_CHANGE"]
    )
    return rows.order_by("code", "-valid_from").first()


@dataclass(frozen=True)
class Wanted:
    """A material that an item asks for; one that a source supplies, nobody is asked for."""

    code: str
    title: str
    supplied_by: str
    required: bool
    licence: str = ""


def materials_of(wanted: Item) -> list[Wanted]:
    """The materials of an item, in its order."""
    found = []
    for name in wanted.materials:
        row = in_force(MaterialType, name.removesuffix("?"))
        if row is not None:
            found.append(Wanted(row.code, row.title, row.supplied_by, not name.endswith("?"), row.licence))
    return found
