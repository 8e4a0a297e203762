"""Forms and checklists in force."""

import datetime
import functools
import json
from typing import Any

from qipan.kernel.forms.checklists import ChecklistRow
from qipan.kernel.forms.declaration import FormRow
from qipan.kernel.forms.models import ChecklistVersion, FormVersion
from qipan.kernel.ledger.clock import today


@functools.lru_cache(maxsize=256)
def _form(pk: int, code: str, valid_from: datetime.date) -> FormRow:
    """A version never changes, so it is read and checked once a process."""
    return FormRow.model_validate(FormVersion.objects.values_list("body", flat=True).get(pk=pk))


@functools.lru_cache(maxsize=256)
def _checklist(text: str) -> ChecklistRow:
    return ChecklistRow.model_validate_json(text)


def form(code: str, on: datetime.date | None = None) -> FormRow:
    """The form in force on a day. Raises LookupError."""
    versions = FormVersion.objects.filter(code=code, valid_from__lte=on or today()).order_by("-valid_from")
    row = versions.values_list("pk", "code", "valid_from").first()
    if row is None:
        raise LookupError(f"no form {code}")
    return _form(*row)


def checklist(code: str, on: datetime.date | None = None) -> ChecklistRow:
    """The checklist in force on a day. Raises LookupError."""
    row = (
        ChecklistVersion.objects.filter(code=code, valid_from__lte=on or today())
        .order_by("-valid_from")
        .first()
    )
    if row is None:
        raise LookupError(f"no checklist {code}")
    return _checklist(json.dumps(row.body, sort_keys=True))


def as_json(declared: FormRow, skip: frozenset[str] = frozenset()) -> dict[str, Any]:
    """The declaration for the browser, without the fields that are not asked."""
    fields = [field.model_dump(mode="json") for field in declared.fields if field.code not in skip]
    return {"code": declared.code, "fields": fields}
