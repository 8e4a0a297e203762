"""Declared forms on pages: reading what was typed, and what the template `ui/components/declared.html` shows."""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext as _

from qipan.kernel.forms.conditions import is_empty
from qipan.kernel.forms.declaration import MOST_ROWS, FormField, FormRow, Section
from qipan.kernel.law.saying import said
from qipan.kernel.ledger.errors import Refused
from qipan.kernel.orgs import addresses
from qipan.ui import refusals

Files = Callable[[str, list[str]], list[dict[str, str]]]
#: What an address adds to its field's name for its district and sub-district.
PLACE = "place"


def typed(post: QueryDict, form: FormRow, skip: Iterable[str] = ()) -> dict[str, Any]:
    """What was typed in, by the form's fields and groups; rows that are empty are left out."""
    left_out = set(skip)
    answers: dict[str, Any] = {}
    for field in form.fields:
        if field.code not in left_out:
            _read(post, field, field.code, answers)
    for group in form.groups:
        if group.code not in left_out:
            answers[group.code] = _rows(post, group)
    return answers


def _read(post: QueryDict, field: FormField, name: str, answers: dict[str, Any]) -> None:
    if field.kind in {"multi", "file"}:
        answers[field.code] = post.getlist(name)
        return
    answers[field.code] = post.get(name, "")
    place = post.get(f"{name}.{PLACE}", "")
    if field.kind == "address" and place:
        answers[field.code] = addresses.together(place, answers[field.code])
        if field.street_field and field.street_field not in post:
            answers[field.street_field] = place.partition("/")[2]


def _rows(post: QueryDict, group: Section) -> list[dict[str, Any]]:
    sign = re.compile(rf"{re.escape(group.code)}\.(\d{{1,4}})\.")
    numbers = {int(found[1]) for name in post if (found := sign.match(name))}
    rows = []
    for number in sorted(numbers)[: MOST_ROWS + 1]:
        row: dict[str, Any] = {}
        for field in group.fields:
            _read(post, field, f"{group.code}.{number}.{field.code}", row)
        if any(not is_empty(value) for value in row.values()):
            rows.append(row)
    return rows


def told_of(refused: Refused) -> tuple[dict[str, str], list[str]]:
    """A refusal as messages at their fields, and those that belong to no field."""
    lines = refusals.told(refused)
    fields = {line["field"]: line["text"] for line in lines if line["field"]}
    return fields, [line["text"] for line in lines if not line["field"]]


def placed(form: FormRow, errors: Mapping[str, str]) -> dict[str, str]:
    """Errors at what is on the page, in its order: a sub-district that is missing is told at its address."""
    address_of = {field.street_field: field for field in form.fields if field.street_field}
    found: dict[str, str] = {}
    for code, text in errors.items():
        field = address_of.get(code)
        if field is None:
            found.setdefault(code, text)
        elif field.code not in errors:
            found[field.code] = _("请选择“%(title)s”所在的区和街道。") % {"title": said(field.title)}
    order = {name: place for place, name in enumerate(_names(form))}
    return dict(sorted(found.items(), key=lambda pair: _place_of(pair[0], order)))


def _names(form: FormRow) -> Iterable[str]:
    for section in form.sections:
        yield section.code if section.repeat else ""
        yield from (
            f"{section.code}.{field.code}" if section.repeat else field.code for field in section.fields
        )


def _place_of(code: str, order: Mapping[str, int]) -> tuple[int, int, int]:
    group, _dot, rest = code.partition(".")
    number, _dot, field = rest.partition(".")
    if not rest:
        return order.get(code, len(order)), -1, 0
    return order.get(group, len(order)), int(number), order.get(f"{group}.{field}", 0)


def sections(
    form: FormRow,
    values: Mapping[str, Any],
    errors: Mapping[str, str],
    *,
    known: Mapping[str, Any] | None = None,
    files: Files = lambda code, tokens: [],
    sources: Mapping[str, str] | None = None,
) -> list[dict[str, Any]]:
    """What the template shows: sections with their fields, groups with their rows and one empty row to add from.

    `files`: the files of a field that may be shown, by field code and tokens; `sources`: where a value that stands
    there already came from, in words.
    """
    told, origins = known or {}, sources or {}
    kinds = {field.kind for section in form.sections for field in section.fields}
    choices = addresses.areas() if "address" in kinds else []
    streets = {field.street_field for field in form.fields if field.street_field}

    def one(field: FormField, name: str, value: Any, row: str = "") -> dict[str, Any]:
        shown: dict[str, Any] = {
            "field": field,
            "name": name,
            "value": "" if value is None else value,
            "error": errors.get(name, ""),
            "source": origins.get(name, ""),
            "row": row,
            "files": files(field.code, value or []) if field.kind == "file" else [],
        }
        if field.kind == "address" and choices:
            shown |= {"address": addresses.parts(str(value or "")), "areas": choices}
        return shown

    found = []
    for section in form.sections:
        if section.repeat is not None:
            if section.code not in told:
                found.append(_group(section, values.get(section.code) or [], errors, one))
            continue
        fields = [
            one(field, field.code, values.get(field.code, ""))
            for field in section.fields
            if field.code not in told and field.code not in streets
        ]
        if fields:
            found.append({"title": section.title, "help": section.help, "fields": fields})
    return found


def _group(
    section: Section,
    rows: list[Mapping[str, Any]],
    errors: Mapping[str, str],
    one: Callable[..., dict[str, Any]],
) -> dict[str, Any]:
    assert section.repeat is not None
    least = max(section.repeat.min, 1)
    filled = [*rows, *({} for _missing in range(least - len(rows)))]
    shown = [
        {
            "number": place,
            "title": said(section.row_name(place + 1)),
            "fields": [
                one(
                    field,
                    f"{section.code}.{place}.{field.code}",
                    row.get(field.code),
                    said(section.row_name(place + 1)),
                )
                for field in section.fields
            ],
        }
        for place, row in enumerate(filled)
    ]
    blank = [
        one(field, f"{section.code}.__row__.{field.code}", "", said(section.row_title)) for field in section.fields
    ]
    return {
        "title": section.title,
        "help": section.help,
        "group": section,
        "rows": shown,
        "blank": blank,
        "error": errors.get(section.code, ""),
    }
