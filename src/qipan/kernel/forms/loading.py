"""Data elements, forms and checklists from the catalogues."""

from typing import Any

from qipan.kernel.forms import drafted
from qipan.kernel.forms.checklists import ChecklistRow
from qipan.kernel.forms.declaration import FormRow
from qipan.kernel.forms.elements import Dictionary, ElementRow, written_out
from qipan.kernel.forms.models import ChecklistVersion, ElementVersion, FormVersion
from qipan.kernel.items.loading import refer
from qipan.kernel.law import catalogue
from qipan.kernel.law.catalogue import Report, keep_all_dated
from qipan.kernel.ledger.actor import Actor


def load_elements(rows: list[ElementRow], actor: Actor) -> Report:
    """Keep the data elements."""
    return Report("elements", *_kept(ElementVersion, rows))


def load_forms(rows: list[FormRow], actor: Actor) -> Report:
    """Keep the forms, with what they take from the data elements written out. Refuses one that contradicts them."""
    dictionary = Dictionary()
    return Report("forms", *_kept(FormVersion, [written_out(row, dictionary) for row in rows]))


def load_checklists(rows: list[ChecklistRow], actor: Actor) -> Report:
    """Keep the checklists."""
    return Report("checklists", *_kept(ChecklistVersion, rows))


def _kept(model: Any, rows: list[Any]) -> tuple[int, int]:
    known = {
        (row.code, row.valid_from): row.body
        for row in model.objects.filter(code__in={row.code for row in rows})
    }
    content = []
    for row in rows:
        body = row.model_dump(mode="json")
        held = known.get((row.code, row.valid_from))
        if (
            held is not None
            and held != body
            and type(row).model_validate(held).model_dump(mode="json") == body
        ):
            body = held  # the same, written by a release that knew fewer properties
        content.append((row.code, row.valid_from, {"title": row.title, "body": body}))
    created = keep_all_dated(model, content)
    return created, len(rows) - created


def _lacking(model: Any) -> Any:
    return lambda codes: codes - set(model.objects.filter(code__in=codes).values_list("code", flat=True))


def register() -> None:
    """Make the kinds known, and which forms and checklists an item can name."""
    refer("form", _lacking(FormVersion))
    refer("checklist", _lacking(ChecklistVersion))
    catalogue.register("elements", ElementRow, load_elements)
    catalogue.register("forms", FormRow, load_forms, after=("elements",))
    catalogue.register("checklists", ChecklistRow, load_checklists)
    drafted.register()
