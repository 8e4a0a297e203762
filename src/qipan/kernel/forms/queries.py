"""Forms and checklists in force."""

import datetime
from typing import Any

from qipan.kernel.forms.checklists import ChecklistRow
from qipan.kernel.forms.declaration import FormRow
from qipan.kernel.forms.models import ChecklistVersion, FormVersion
from qipan.kernel.law.dated import as_read, in_force


def form(code: str, on: datetime.date | None = None) -> FormRow:
    """The form in force on a day. Raises LookupError."""
    row = in_force(FormVersion, code, on)
    if row is None:
        raise LookupError(f"no form {code}")
    return as_read(row, FormRow.model_validate)


def checklist(code: str, on: datetime.date | None = None) -> ChecklistRow:
    """The checklist in force on a day. Raises LookupError."""
    row = in_force(ChecklistVersion, code, on)
    if row is None:
        raise LookupError(f"no checklist {code}")
    return as_read(row, ChecklistRow.model_validate)


def as_json(declared: FormRow, skip: frozenset[str] = frozenset()) -> dict[str, Any]:
    """The declaration for the browser, without the fields that are not asked."""
    fields = [field.model_dump(mode="json") for field in declared.fields if field.code not in skip]
    return {"code": declared.code, "fields": fields}
