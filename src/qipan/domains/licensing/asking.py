"""What an application asks for: the item's form with the uploads that its materials need."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from qipan.domains.licensing.models import Application
from qipan.kernel.forms import queries as forms
from qipan.kernel.forms.declaration import FormField, FormRow, Section
from qipan.kernel.orgs import addresses


def form_of(row: Application) -> FormRow:
    """The form of an application, in the version that the law asks for: the one in force on submission.

    A draft is asked by the version in force today, whatever it was begun with; what was submitted stays as it was then.
    """
    return forms.asked_on(row.item_code, row.form_code, row.form_version if row.submitted_at else None)


def with_streets(form: FormRow, answers: Mapping[str, Any]) -> dict[str, Any]:
    """The answers with the sub-district that an address names by itself."""
    found = dict(answers)
    for field in form.fields:
        address = answers.get(field.code)
        if field.street_field and isinstance(address, str) and not answers.get(field.street_field):
            found[field.street_field] = addresses.parts(address).street
    return found


def words_of(field: FormField | None, value: Any) -> str:
    """An answer in words: of a choice, the title; of rows, each in one line."""
    if isinstance(value, list) and value and isinstance(value[0], Mapping):
        return "；".join(" ".join(str(part) for part in row.values()) for row in value)
    titles = {option.code: option.title for option in field.options} if field else {}
    return "；".join(
        titles.get(str(one), str(one)) for one in (value if isinstance(value, list) else [value])
    )


@dataclass(frozen=True)
class Line:
    """One question with where its answer stands; `row` names the row of a group."""

    field: FormField
    value: Any
    row: str = ""

    @property
    def title(self) -> str:
        """The question, with the row that it belongs to."""
        return f"{self.row} · {self.field.title}" if self.row else self.field.title


def lines(section: Section, values: Mapping[str, Any]) -> Iterator[Line]:
    """The questions of a section with their answers; of a group, row by row."""
    if section.repeat is None:
        for field in section.fields:
            yield Line(field, values.get(field.code))
        return
    for place, row in enumerate(values.get(section.code) or (), start=1):
        for field in section.fields:
            yield Line(field, row.get(field.code), section.row_name(place))


def rows_in_words(group: Section, rows: Sequence[Mapping[str, Any]]) -> str:
    """All rows of a group: each in brackets with its number."""
    return "\n".join(
        f"{place}. "
        + "，".join(words_of(field, row[field.code]) for field in group.fields if row.get(field.code))
        for place, row in enumerate(rows, start=1)
    )
