"""A draft that outlives what happens around it: a new version of its form, and a second person who fills it in too."""

import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from qipan.domains.licensing.asking import form_of, rows_in_words, words_of
from qipan.domains.licensing.models import Application
from qipan.kernel.forms import differences
from qipan.kernel.forms import queries as forms
from qipan.kernel.forms.conditions import is_empty
from qipan.kernel.forms.declaration import FormRow

PEOPLE = ("contact", "manager")


def filled_in_by(row: Application, version: datetime.date | None) -> FormRow | None:
    """The form in the version that someone had before the eyes, where it is not the one that now holds; else None.

    What is asked to be corrected stays under the version in force when it was submitted (`form_of`).
    """
    current = form_of(row)
    if version is None or version == current.valid_from:
        return None
    try:
        return forms.asked_on(row.item_code, row.form_code, version)
    except LookupError:
        return None


def news(row: Application, version: datetime.date | None) -> list[differences.Change]:
    """What the form in force asks otherwise than the version that the draft was filled in by."""
    old = filled_in_by(row, version)
    return differences.changes(old, form_of(row)) if old else []


def carry_over(
    row: Application, answers: Mapping[str, Any], version: datetime.date | None
) -> tuple[dict[str, Any], dict[str, dict[str, str]]]:
    """Answers given to a version of the form as answers to the one in force, and in words those that do not fit it."""
    old = filled_in_by(row, version)
    if old is None:
        return dict(answers), {}
    kept, left = differences.carried(old, form_of(row), answers)
    told = {
        code: {"title": _title(old, code), "words": in_words(old, code, value)}
        for code, value in left.items()
        if not _personal(old, code)
    }
    return kept, told


def _title(form: FormRow, code: str) -> str:
    asked = form.group(code) or form.field(code)
    return asked.title if asked else code


def _personal(form: FormRow, code: str) -> bool:
    field = form.field(code)
    return field is not None and field.personal


def in_words(form: FormRow, code: str, value: Any) -> str:
    """An answer as it is shown beside another."""
    if is_empty(value):
        return str(_("（没有填写）"))
    if isinstance(value, bool):
        return str(_("是") if value else _("否"))
    group, field = form.group(code), form.field(code)
    if group is not None:
        return rows_in_words(group, value)
    if field is not None and field.kind == "file":
        return str(_("%(count)d 个文件") % {"count": len(value)})
    return words_of(field, value)


@dataclass(frozen=True)
class Clash:
    """A field that another person saved meanwhile: what stands there, what was typed, and whether both changed it."""

    code: str
    title: str
    theirs: str
    mine: str
    both: bool


def clashes(row: Application, typed: Mapping[str, Any], seen: int) -> list[Clash]:
    """What was saved since the revision `seen` and is not what was typed, field by field, in the form's order.

    Where nothing is left of that revision, every field that differs counts as changed by both.
    """
    form = form_of(row)
    base = _at(row, seen)
    now = {**row.answers, **people_of(row)}
    found = []
    for section in form.sections:
        asked = (
            [(section.code, section.title)] if section.repeat else [(f.code, f.title) for f in section.fields]
        )
        for code, title in asked:
            theirs, mine = _settled(now.get(code)), _settled(typed.get(code))
            if code in row.known or theirs == mine:
                continue
            was = _settled(base.get(code)) if base is not None else None
            if base is not None and theirs == was:
                continue  # only who types now changed it
            found.append(
                Clash(
                    code,
                    title,
                    in_words(form, code, now.get(code)),
                    in_words(form, code, typed.get(code)),
                    both=base is None or mine != was,
                )
            )
    return found


def _settled(value: Any) -> Any:
    """An answer as it is compared: as text, blanks and ticks that are not set the same as none."""
    if is_empty(value) or value is False:
        return ""
    if isinstance(value, list):
        return [_settled(one) for one in value]
    if isinstance(value, Mapping):
        return {code: said for code, one in value.items() if (said := _settled(one)) != ""}
    return "true" if value is True else str(value).replace("\r\n", "\n").strip()


def _at(row: Application, revision: int) -> dict[str, Any] | None:
    """The answers at a revision, from the history of the row."""
    if revision == row.revision:
        return {**row.answers, **people_of(row)}
    kept = (
        row.events.filter(revision=revision).order_by("-pgh_id").select_related("contact", "manager").first()  # type: ignore[attr-defined]
    )
    return {**kept.answers, **people_of(kept)} if kept else None


def people_of(row: Any) -> dict[str, str]:
    """The applicant's own people in clear, to be seen and corrected by those who act for the applicant."""
    values = {}
    for name in PEOPLE:
        person = getattr(row, name)
        if person is not None and not person.forgotten_at:
            clear = person.clear(["name", "phone"])
            values |= {f"{name}_name": clear["name"], f"{name}_phone": clear["phone"]}
    return values
