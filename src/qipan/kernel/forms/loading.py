"""Forms and checklists from the catalogues."""

from typing import Any

from qipan.kernel.forms.checklists import ChecklistRow
from qipan.kernel.forms.declaration import FormRow
from qipan.kernel.forms.models import ChecklistVersion, FormVersion
from qipan.kernel.items.loading import refer
from qipan.kernel.law import catalogue
from qipan.kernel.law.catalogue import Report, keep_all_dated
from qipan.kernel.ledger.actor import Actor


def load_forms(rows: list[FormRow], actor: Actor) -> Report:
    """Keep the forms."""
    return Report("forms", *_kept(FormVersion, rows))


def load_checklists(rows: list[ChecklistRow], actor: Actor) -> Report:
    """Keep the checklists."""
    return Report("checklists", *_kept(ChecklistVersion, rows))


def _kept(model: Any, rows: list[Any]) -> tuple[int, int]:
    content = [
        (row.code, row.valid_from, {"title": row.title, "body": row.model_dump(mode="json")}) for row in rows
    ]
    created = keep_all_dated(model, content)
    return created, len(rows) - created


def _lacking(model: Any) -> Any:
    return lambda codes: codes - set(model.objects.filter(code__in=codes).values_list("code", flat=True))


def register() -> None:
    """Make the kinds known, and which forms and checklists an item can name."""
    refer("form", _lacking(FormVersion))
    refer("checklist", _lacking(ChecklistVersion))
    catalogue.register("forms", FormRow, load_forms)
    catalogue.register("checklists", ChecklistRow, load_checklists)
