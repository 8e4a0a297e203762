"""Checking answers by the form's declaration, on the server; the browser does the same first."""

import datetime
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any

from django.utils.translation import gettext as _

from qipan.kernel.forms.conditions import holds, is_empty
from qipan.kernel.forms.declaration import MOST_ROWS, FormField, FormRow, Section
from qipan.kernel.law.saying import said

LONGEST = 5000
MOST_FILES = 20
LARGEST = 10**15
DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


@dataclass
class Result:
    """The answers as they are kept, and what is wrong, by field code, in words."""

    cleaned: dict[str, Any] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        """Nothing is wrong."""
        return not self.errors


def validate(
    form: FormRow,
    answers: Mapping[str, Any],
    *,
    draft: bool = False,
    skip: frozenset[str] = frozenset(),
    known: Mapping[str, Any] | None = None,
) -> Result:
    """Check and tidy answers. A draft may be incomplete, not wrong. `skip`: fields that are not asked; nor are those
    whose answer is `known`, which conditions may look at.

    The rows of a group are a list of answers; what is wrong in one stands under `group.index.field`, from 0.
    """
    result = Result()
    before, skip = {**answers, **(known or {})}, skip | frozenset(known or ())
    for one in form.fields:
        if one.code not in skip and holds(one.when, {**before, **result.cleaned}):
            _check(result, one, answers.get(one.code), draft)
    for group in form.groups:
        if group.code not in skip and holds(group.when, {**before, **result.cleaned}):
            _rows(result, group, answers.get(group.code), draft)
    return result


def _check(result: Result, one: FormField, given: Any, draft: bool) -> None:
    value = _plain(one, given)
    if is_empty(value) or (one.kind == "bool" and value is False and one.required):
        if one.required and not draft:
            result.errors[one.code] = _missing(one)
        elif one.kind == "bool":
            result.cleaned[one.code] = False
        return
    try:
        result.cleaned[one.code] = _clean(one, value)
    except ValueError as error:
        result.errors[one.code] = str(error)


def _rows(result: Result, group: Section, given: Any, draft: bool) -> None:
    assert group.repeat is not None
    rows = [] if given is None else given
    if not isinstance(rows, list) or not all(isinstance(row, Mapping) for row in rows):
        result.errors[group.code] = _("“%(title)s”应当逐行填写。") % {"title": said(group.title)}
        return
    least, most = group.repeat.min, group.repeat.max
    if len(rows) > most:
        result.errors[group.code] = _("“%(title)s”最多 %(most)d 行，现在是 %(now)d 行。") % {
            "title": said(group.title),
            "most": most,
            "now": len(rows),
        }
        rows = rows[:MOST_ROWS]
    elif len(rows) < least and not draft:
        result.errors[group.code] = _("“%(title)s”至少填写 %(least)d 行。") % {
            "title": said(group.title),
            "least": least,
        }
    kept = []
    for place, row in enumerate(rows):
        own = Result()
        for one in group.fields:
            if holds(one.when, {**row, **own.cleaned}):
                _check(own, one, row.get(one.code), draft)
        kept.append(own.cleaned)
        for code, text in own.errors.items():
            told = _("%(row)s：%(text)s") % {"row": said(group.row_name(place + 1)), "text": text}
            result.errors[f"{group.code}.{place}.{code}"] = told
    if kept:
        result.cleaned[group.code] = kept


def _missing(one: FormField) -> str:
    if one.kind == "bool":
        return _("请确认“%(title)s”。") % {"title": said(one.title)}
    if one.kind == "file":
        return _("请上传“%(title)s”。") % {"title": said(one.title)}
    if one.kind in {"choice", "multi"}:
        return _("请选择“%(title)s”。") % {"title": said(one.title)}
    return _("请填写“%(title)s”。") % {"title": said(one.title)}


def _plain(one: FormField, value: Any) -> Any:
    if one.kind in {"multi", "file"}:
        return [item for item in (value if isinstance(value, list) else [value]) if not is_empty(item)]
    if isinstance(value, list):
        value = value[0] if value else None
    if one.kind == "bool":
        return value in (True, "true", "on", "1", "True")
    # A browser sends the line ends of a text as two signs.
    return value.replace("\r\n", "\n").strip() if isinstance(value, str) else value


def _clean(one: FormField, value: Any) -> Any:
    if one.kind == "number":
        return _number(one, value)
    if one.kind == "date":
        return _date(one, value)
    if one.kind in {"choice", "multi"}:
        return _choice(one, value)
    if one.kind == "bool":
        return bool(value)
    if one.kind == "file":
        if len(value) > MOST_FILES:
            raise ValueError(
                _("“%(title)s”最多 %(most)d 个文件。") % {"title": said(one.title), "most": MOST_FILES}
            )
        return [str(item) for item in value]
    return _text(one, value)


def _number(one: FormField, value: Any) -> str:
    try:
        number = Decimal(str(value).replace(",", ""))
    except InvalidOperation:
        raise ValueError(_("“%(title)s”应当是数字。") % {"title": said(one.title)}) from None
    if not number.is_finite() or abs(number) > LARGEST:
        raise ValueError(_("“%(title)s”的数值过大。") % {"title": said(one.title)})
    if one.min is not None and number < Decimal(str(one.min)):
        raise ValueError(_("“%(title)s”不能小于 %(limit)s。") % {"title": said(one.title), "limit": _limit(one.min)})
    if one.max is not None and number > Decimal(str(one.max)):
        raise ValueError(_("“%(title)s”不能大于 %(limit)s。") % {"title": said(one.title), "limit": _limit(one.max)})
    return str(number)


def _limit(number: float | str) -> str:
    text = str(number)
    return text.rstrip("0").rstrip(".") if "." in text and "e" not in text else text


def _date(one: FormField, value: Any) -> str:
    try:
        if not DAY.fullmatch(str(value)):
            raise ValueError(value)
        return datetime.date.fromisoformat(str(value)).isoformat()
    except ValueError:
        raise ValueError(_("“%(title)s”应当是日期，例如 2026-03-01。") % {"title": said(one.title)}) from None


def _choice(one: FormField, value: Any) -> Any:
    known = {option.code for option in one.options}
    chosen = value if isinstance(value, list) else [value]
    if wrong := [item for item in chosen if item not in known]:
        raise ValueError(_("“%(title)s”没有“%(value)s”这个选项。") % {"title": said(one.title), "value": wrong[0]})
    return list(dict.fromkeys(chosen)) if one.kind == "multi" else chosen[0]


def _text(one: FormField, value: Any) -> str:
    text = str(value)
    if any(ord(sign) < 32 and sign not in "\n\t" for sign in text):
        raise ValueError(_("“%(title)s”含有不能显示的字符。") % {"title": said(one.title)})
    most = one.max_length or LONGEST
    if len(text) > most:
        raise ValueError(
            _("“%(title)s”最多 %(most)d 个字，现在是 %(now)d 个字。")
            % {"title": said(one.title), "most": most, "now": len(text)}
        )
    if one.min_length and len(text) < one.min_length:
        raise ValueError(
            _("“%(title)s”至少 %(least)d 个字。") % {"title": said(one.title), "least": one.min_length}
        )
    if one.pattern and not re.fullmatch(one.pattern, text):
        raise ValueError(said(one.pattern_help) or _("“%(title)s”的格式不对。") % {"title": said(one.title)})
    return text


def prefill(form: FormRow, known: Mapping[str, Any]) -> tuple[dict[str, Any], frozenset[str]]:
    """What is known already of the form's data elements: (field → value, the fields that need not be asked).

    `known` is by data element. 能共享的不得要求另行提供 (Online 7).
    """
    values = {
        one.code: known[one.element]
        for one in form.fields
        if one.element and not is_empty(known.get(one.element))
    }
    return values, frozenset(values)
