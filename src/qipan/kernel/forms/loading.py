"""Forms and checklists from the catalogues."""

from qipan.kernel.forms.checklists import ChecklistRow
from qipan.kernel.forms.declaration import FormRow
from qipan.kernel.forms.models import ChecklistVersion, FormVersion
from qipan.kernel.law import catalogue
from qipan.kernel.law.catalogue import Report, keep_dated
from qipan.kernel.ledger.actor import Actor


def load_forms(rows: list[FormRow], actor: Actor) -> Report:
    """Keep the forms."""
    created = sum(
        keep_dated(
            FormVersion, row.code, row.valid_from, {"title": row.title, "body": row.model_dump(mode="json")}
        )
        for row in rows
    )
    return Report("forms", created, len(rows) - created)


def load_checklists(rows: list[ChecklistRow], actor: Actor) -> Report:
    """Keep the checklists."""
    created = sum(
        keep_dated(
            ChecklistVersion,
            row.code,
            row.valid_from,
            {"title": row.title, "body": row.model_dump(mode="json")},
        )
        for row in rows
    )
    return Report("checklists", created, len(rows) - created)


def register() -> None:
    """Make the kinds known."""
    catalogue.register("forms", FormRow, load_forms)
    catalogue.register("checklists", ChecklistRow, load_checklists)
