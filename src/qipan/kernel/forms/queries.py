"""Forms and checklists in force."""

import datetime
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from django.utils.translation import gettext as _

from qipan.kernel.forms.checklists import ChecklistRow
from qipan.kernel.forms.declaration import FormField, FormRow, Section, asked_about
from qipan.kernel.forms.models import ChecklistVersion, FormVersion
from qipan.kernel.items import queries as items
from qipan.kernel.items.models import Item
from qipan.kernel.law.dated import as_read, in_force
from qipan.kernel.law.saying import said

WORDS = ("title", "help", "pattern_help", "row_title")


def form(code: str, on: datetime.date | None = None) -> FormRow:
    """The form in force on a day. Raises LookupError."""
    row = in_force(FormVersion, code, on)
    if row is None:
        raise LookupError(f"no form {code}")
    return as_read(row, FormRow.model_validate)


def asked(item: Item, on: datetime.date | None = None) -> FormRow:
    """What an item asks for: its form, and an upload for each material that no source supplies and no field takes.

    `on`: the day whose version of the form is meant.
    """
    declared = form(item.form, on)
    wanted = tuple(
        (each.code, each.title, each.required) for each in items.materials_of(item) if not each.supplied_by
    )
    return _with_uploads(_Kept(declared), wanted) if wanted else declared


def asked_on(item_code: str, form_code: str, on: datetime.date | None) -> FormRow:
    """The same by the codes of an item and its form; the bare form where the item no longer asks by it."""
    item = items.item(item_code)
    return asked(item, on) if item is not None and item.form == form_code else form(form_code, on)


class _Kept:
    """A form by which a result can be kept: equal for the same version as it was read (`as_read` shares it)."""

    def __init__(self, declared: FormRow) -> None:
        self.form = declared

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Kept) and self.form is other.form

    def __hash__(self) -> int:
        return id(self.form)


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
    at_end = bool(last) and not last[0].repeat and all(field.kind == "bool" for field in last[0].fields)
    body = declared.sections[:-1] if at_end else declared.sections
    return declared.model_copy(update={"sections": [*body, uploads, *(last if at_end else ())]})


def checklist(code: str, on: datetime.date | None = None) -> ChecklistRow:
    """The checklist in force on a day. Raises LookupError."""
    row = in_force(ChecklistVersion, code, on)
    if row is None:
        raise LookupError(f"no checklist {code}")
    return as_read(row, ChecklistRow.model_validate)


def as_json(declared: FormRow, known: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The declaration for the browser, without what is known and not asked; conditions look at the known answers.

    Titles and hints are in the reader's language.
    """
    told = known or {}
    fields = [_said(field.model_dump(mode="json")) for field in declared.fields if field.code not in told]
    groups = [_said(group.model_dump(mode="json")) for group in declared.groups if group.code not in told]
    conditions = [field.when for field in declared.fields] + [group.when for group in declared.groups]
    looked_at = {code for condition in conditions for code in asked_about(condition)} & told.keys()
    return {
        "code": declared.code,
        "version": declared.valid_from.isoformat(),
        "known": {code: told[code] for code in sorted(looked_at)},
        "fields": fields,
        "groups": groups,
    }


def _said(declared: dict[str, Any]) -> dict[str, Any]:
    """A field or group with its words in the reader's language."""
    words = {name: said(text) for name, text in declared.items() if name in WORDS and text}
    inner = {name: [_said(one) for one in declared[name]] for name in ("options", "fields") if declared.get(name)}
    return declared | words | inner
