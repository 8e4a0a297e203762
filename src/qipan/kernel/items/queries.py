"""What other rooms read of items."""

import datetime

from django.db.models import Q

from qipan.kernel.items.models import Item, MaterialType
from qipan.kernel.law.dated import in_force
from qipan.kernel.ledger.clock import today


def item(code: str, on: datetime.date | None = None) -> Item | None:
    """The item in the version of a day."""
    return in_force(Item, code, on)


def items_for_public(text: str = "") -> list[Item]:
    """The items in force whose names hold the words, each in its newest version."""
    rows = Item.objects.filter(valid_from__lte=today())
    for word in text.split():
        rows = rows.filter(Q(name__icontains=word) | Q(code__iexact=word))
    return list(rows.order_by("code", "-valid_from").distinct("code"))


def materials_of(wanted: Item) -> list[MaterialType]:
    """The materials of an item, in its order."""
    rows = {
        row.code: row
        for row in MaterialType.objects.filter(code__in=wanted.materials, valid_from__lte=today()).order_by(
            "valid_from"
        )
    }
    return [rows[code] for code in wanted.materials if code in rows]
