"""What an item's handling leads to, for its guide: the documents that it ends in."""

from qipan.domains.licensing.models import VALID_AFTER, Kind
from qipan.kernel.documents.models import Template
from qipan.kernel.items import queries as items
from qipan.kernel.items.models import Item
from qipan.kernel.law.dated import in_force

FOOD = {
    Kind.FILING: ["licensing.filing"],
    Kind.FILING_CANCEL: ["licensing.filing_cancelled"],
    Kind.CANCEL: ["licensing.decision"],
}


def templates_of(item: Item) -> list[str]:
    """The codes of the documents of a favourable decision: those the item names, and the certificate that is valid after it."""
    if item.flow == "licensing.application":
        return FOOD.get(Kind(item.handling), ["licensing.decision", "licensing.certificate"])
    kind = items.licence_kind(item.licence) if item.licence else None
    certified = kind is not None and kind.template and item.handling in VALID_AFTER
    return [*item.outcomes, *([kind.template] if kind and certified else ())]


def ends_in(item: Item) -> list[str]:
    """The titles of those documents."""
    found = (in_force(Template, code) for code in templates_of(item))
    return [template.title for template in found if template is not None]
