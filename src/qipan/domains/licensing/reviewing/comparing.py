"""What was answered beside what the base library and the e-licence say, with the differences marked."""

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from qipan.domains.licensing.actions import known_of
from qipan.domains.licensing.asking import Line, form_of, lines, words_of
from qipan.domains.licensing.granting import CHANGED
from qipan.domains.licensing.models import Application
from qipan.kernel.forms.declaration import FormField
from qipan.kernel.items import queries as items

#: Which entry of an e-licence a field speaks of, where the two have different names.
ENTRIES = {**CHANGED, "new_items": "items"}


@dataclass(frozen=True)
class Compared:
    """One field: the answer, the register's word, the e-licence's, and how they stand to one another."""

    code: str
    title: str
    answered: str
    register: str
    licence: str
    differs: bool
    asked_change: bool


def compared(row: Application) -> list[tuple[str, list[Compared]]]:
    """The form section by section, without files and persons; what is empty everywhere is left out."""
    known, held = _known(row), dict(row.grant.data) if row.grant else {}
    sections = []
    for section in form_of(row).sections:
        if section.repeat is not None:
            shown = [_of_row(line) for line in lines(section, row.values) if line.value not in (None, "", [])]
        else:
            shown = [line for field in section.fields if (line := _line(row, field, known, held)) is not None]
        if shown:
            sections.append((section.title, shown))
    return sections


def differences(row: Application) -> list[Compared]:
    """The fields in which the sources disagree; what the application asks to change is no disagreement."""
    return [line for _title, shown in compared(row) for line in shown if line.differs]


def _known(row: Application) -> dict[str, Any]:
    facts = known_of(row.case.subject, row.grant, items.item(row.item_code))
    place = row.grant.premises if row.grant else None
    if place is not None:
        facts |= {"place.street": place.street, "place.area": place.area_m2}
    return facts


def _line(row: Application, field: FormField, known: dict[str, Any], held: dict[str, Any]) -> Compared | None:
    if field.kind == "file" or field.personal:
        return None
    entry = ENTRIES.get(field.code, field.code)
    answered = words_of_field(field, row.values.get(field.code))
    register = words_of_field(field, known.get(field.element)) if field.element else ""
    licence = words_of_field(field, held.get(entry))
    if not (answered or register or licence):
        return None
    change = field.code.startswith("new_")
    said = {_plain(word) for word in (answered, register, licence) if word}
    return Compared(
        code=field.code,
        title=field.title,
        answered=answered,
        register=register,
        licence=licence,
        differs=len(said) > 1 and not change,
        asked_change=len(said) > 1 and change,
    )


def _of_row(line: Line) -> Compared:
    """A line of a group: no source holds its like."""
    return Compared(line.field.code, line.title, words_of_field(line.field, line.value), "", "", False, False)


def words_of_field(field: FormField, value: Any) -> str:
    """An answer in words; empty where none was given."""
    if value in (None, "", []):
        return ""
    if isinstance(value, bool):
        return str(_("是") if value else _("否"))
    if field.kind == "number":
        return f"{float(value):g}"
    return words_of(field, value)


def _plain(words: str) -> str:
    """Brackets and spaces are written either way in registers: no difference."""
    return words.replace("（", "(").replace("）", ")").replace(" ", "")
