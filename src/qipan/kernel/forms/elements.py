"""The dictionary of data elements (数据元): what is asked by more than one form stands here once, dated.

A field that names an element has the element's title, kind, options and bounds unless it says its own; its own may be
narrower, never wider. A form is kept with its elements written out, so that a version says for good what it asked.
"""

import datetime
from collections.abc import Iterable, Mapping
from typing import Any, Literal

from django.utils.translation import gettext as _
from pydantic import Field, model_validator

from qipan.kernel.forms.declaration import Constraints, FormField, FormRow, Section
from qipan.kernel.forms.models import ElementVersion
from qipan.kernel.law.dated import as_read, in_force
from qipan.kernel.ledger.errors import Refused

Source = Literal["item", "registry", "licence", "account", "applicant"]
#: Kinds of answer that are some of the answers of another kind.
NARROWER = {"text": {"choice", "id_number"}, "longtext": {"text", "choice"}}
#: What a field takes from its element where it says nothing of its own.
INHERITED = ("title", "options", "min", "max", "min_length", "max_length", "pattern", "pattern_help", "help")


class ElementRow(Constraints):
    """One data element. `sources`: where its answer is looked for, in this order; who applies is asked last."""

    code: str = Field(pattern=r"^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+$", max_length=60)
    valid_from: datetime.date
    title: str
    sources: list[Source] = ["applicant"]

    @model_validator(mode="after")
    def _checked(self) -> "ElementRow":
        if self.kind in {"choice", "multi"} and not self.options:
            raise ValueError(_("数据元 %(code)s 是选择，要有选项。") % {"code": self.code})
        if len(set(self.sources)) != len(self.sources):
            raise ValueError(_("数据元 %(code)s 的来源写了两次。") % {"code": self.code})
        return self


def element(code: str, on: datetime.date | None = None) -> ElementRow:
    """The element in force on a day. Raises LookupError."""
    row = in_force(ElementVersion, code, on)
    if row is None:
        raise LookupError(f"no data element {code}")
    return as_read(row, ElementRow.model_validate)


def known_elsewhere(form: FormRow) -> frozenset[str]:
    """The fields whose answer the item, the register, an e-licence or the account may give, so that nobody need send it."""
    found = set()
    for field in form.fields:
        row = in_force(ElementVersion, field.element) if field.element else None
        if row is not None and as_read(row, ElementRow.model_validate).sources != ["applicant"]:
            found.add(field.code)
    return frozenset(found)


class Dictionary:
    """Every version of every element, read once for a load."""

    def __init__(self, extra: Iterable[ElementRow] = ()) -> None:
        self._versions: dict[str, list[ElementRow]] = {}
        for row in ElementVersion.objects.order_by("valid_from"):
            self._versions.setdefault(row.code, []).append(as_read(row, ElementRow.model_validate))
        for one in sorted(extra, key=lambda row: row.valid_from):
            self._versions.setdefault(one.code, []).append(one)

    def on(self, code: str, day: datetime.date) -> ElementRow | None:
        """The version in force on a day; None for a day before the first. Raises LookupError for an unknown code."""
        versions = self._versions[code]
        return next((one for one in reversed(versions) if one.valid_from <= day), None)


def written_out(form: FormRow, dictionary: Dictionary | None = None) -> FormRow:
    """The form with what its fields take from their elements. Writing out again changes nothing.

    A form dated before an element began has said all of it by itself. Refuses an unknown element and a field that
    contradicts its element, naming form, field and element.
    """
    if not any(field.element for section in form.sections for field in section.fields):
        return form
    known = dictionary or Dictionary()
    sections = [
        section.model_copy(update={"fields": [_field(form, field, known) for field in section.fields]})
        for section in form.sections
    ]
    written = [Section.model_validate(section.model_dump()) for section in sections]
    return FormRow.model_validate(form.model_copy(update={"sections": written}).model_dump())


def _field(form: FormRow, field: FormField, dictionary: Dictionary) -> FormField:
    if not field.element:
        return field
    where = {"form": form.code, "field": field.code, "element": field.element}
    try:
        one = dictionary.on(field.element, form.valid_from)
    except LookupError:
        raise Refused(
            _("表单 %(form)s 的字段 %(field)s 引用的数据元 %(element)s 不在数据元目录中。") % where
        ) from None
    if one is None:
        return field
    if wrong := contradiction(field, one):
        raise Refused(
            _("表单 %(form)s 的字段 %(field)s 与数据元 %(element)s 矛盾：%(why)s") % {**where, "why": wrong}
        )
    taken = {name: getattr(one, name) for name in INHERITED if _unsaid(getattr(field, name))}
    if "pattern" not in taken:
        taken.pop("pattern_help", None)
    if "kind" not in field.model_fields_set:
        taken["kind"] = one.kind
    if field.kind not in {"choice", "multi"} and one.kind not in {"choice", "multi"}:
        taken.pop("options", None)
    return field.model_copy(update={**taken, "personal": one.personal or field.personal})


def _unsaid(value: Any) -> bool:
    return value is None or value in ("", [])


def contradiction(field: FormField, one: Constraints) -> str:
    """How a field is wider than what it must fit (its element), or something else; an empty text when it fits."""
    if "kind" in field.model_fields_set and field.kind not in {one.kind, *NARROWER.get(one.kind, ())}:
        return _("种类是 %(own)s，数据元是 %(wanted)s。") % {"own": field.kind, "wanted": one.kind}
    if one.personal and not field.personal and "personal" in field.model_fields_set:
        return _("数据元是个人信息，字段不能说不是。")
    if field.pattern and one.pattern and field.pattern != one.pattern:
        return _("另写了格式规则。")
    titles: Mapping[str, str] = {option.code: option.title for option in one.options}
    if titles:
        for option in field.options:
            if titles.get(option.code) != option.title:
                return _("选项 %(code)s（%(title)s）不在数据元的选项中。") % {
                    "code": option.code,
                    "title": option.title,
                }
    for name, beyond in (("min", _below), ("min_length", _below), ("max", _above), ("max_length", _above)):
        own, bound = getattr(field, name), getattr(one, name)
        if own is not None and bound is not None and beyond(own, bound):
            return _("%(name)s 是 %(own)s，超出数据元的 %(bound)s。") % {
                "name": name,
                "own": own,
                "bound": bound,
            }
    return ""


def _below(own: Any, bound: Any) -> bool:
    return bool(float(own) < float(bound))


def _above(own: Any, bound: Any) -> bool:
    return bool(float(own) > float(bound))
