"""Forms and checklists in force."""

import datetime
from functools import lru_cache
from typing import Any

from django.utils.translation import gettext as _

from qipan.kernel.forms.checklists import ChecklistRow
from qipan.kernel.forms.declaration import FormField, FormRow, Section
from qipan.kernel.forms.models import ChecklistVersion, FormVersion
from qipan.kernel.items import queries as items
from qipan.kernel.items.models import Item
from qipan.kernel.law.dated import as_read, in_force


def form(code: str, on: datetime.date | None = None) -> FormRow:
    """The form in force on a day. Raises LookupError."""
    row = in_force(FormVersion, code, on)
    if row is None:
        raise LookupError(f"no form {code}")
    return as_read(row, FormRow.model_validate)


def asked(item: Item) -> FormRow:
    """What an item asks for: its form, and an upload for each material that no source supplies and no field takes."""
    declared = form(item.form)
    wanted = tuple(
        (each.code, each.title, each.required) for each in items.materials_of(item) if not each.supplied_by
    )
    return _with_uploads(_Kept(declared), wanted) if wanted else declared


class _Kept:
    """A form by which a result can be kept: equal for the same version."""

    def __init__(self, declared: FormRow) -> None:
        self.form = declared
        self.key = (declared.code, declared.valid_from, len(declared.fields))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Kept) and self.key == other.key

    def __hash__(self) -> int:
        return hash(self.key)


@lru_cache(maxsize=1000)
def _with_uploads(kept: _Kept, wanted: tuple[tuple[str, str, bool], ...]) -> FormRow:
    declared = kept.form
    taken = {field.material for field in declared.fields if field.material}
    fields = [
        FormField(code=f"m_{code}", title=title, kind="file", required=required, material=code)
        for code, title, required in wanted
        if code not in taken
    ]
    if not fields:
        return declared
    uploads = Section(title=str(_("材料")), help=str(_("图片或者 PDF，可以用手机拍照。")), fields=fields)
    last = declared.sections[-1:]
    # What the applicant declares stays last.
    at_end = bool(last) and all(field.kind == "bool" for field in last[0].fields)
    body = declared.sections[:-1] if at_end else declared.sections
    return declared.model_copy(update={"sections": [*body, uploads, *(last if at_end else ())]})


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
