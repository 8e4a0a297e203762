"""What tables and decisions say to people: facts, conditions, and why a rule did not match."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from qipan.kernel.law.saying import said

REASON = gettext_noop("%(title)s：%(fact)s（要求 %(wanted)s）")
_WRITTEN = re.compile(re.sub(r"%\\\((\w+)\\\)s", r"(?P<\1>.*?)", re.escape(REASON)), re.DOTALL)
_TEXT = re.compile(r'"([^"]*)"')
_RANGE = re.compile(r"\[([^\[\].]+)\.\.([^\[\].]+)\]")
_SPAN = re.compile(r"(.+) 至 (.+)")
Names = Mapping[str, Any] | Callable[[str], Any]
_NAMES: dict[str, Names] = {}


def name_values(columns: Mapping[str, Names]) -> None:
    """What the codes in a column are called: by the column's name, the titles by code or what looks one up (None: unknown)."""
    _NAMES.update(columns)


def words(value: Any, column: str = "") -> str:
    """A fact in words; where its column is named, a code by its title."""
    if value is None:
        return _("未知")
    if isinstance(value, bool):
        return _("是") if value else _("否")
    if isinstance(value, dict) and len(value) == 1:
        return str(next(iter(value.values())))
    if isinstance(value, list):
        return _("、").join(words(one, column) for one in value) or _("无")
    return _title(column, str(value))


def kept_words(value: Any, column: str = "") -> str:
    """A kept value for people; contexts by name."""
    if isinstance(value, dict) and not (len(value) == 1 and next(iter(value)).startswith("$")):
        return "，".join(f"{name}＝{kept_words(one)}" for name, one in sorted(value.items()))
    if isinstance(value, list):
        return _("、").join(kept_words(one, column) for one in value) or _("无")
    return words(value, column)


def condition_words(cell: str, column: str = "") -> str:
    """A cell for people: true and false as words, texts without quotes and codes by their titles, closed ranges in words."""
    plain = {"true": _("是"), "false": _("否")}
    if cell.strip() in plain:
        return plain[cell.strip()]
    titled = _TEXT.sub(lambda found: _title(column, found[1]), cell)
    return _RANGE.sub(_(r"\1 至 \2"), titled.replace(",", _(" 或 ")))


def reason(title: str, column: str, fact: Any, cell: str) -> str:
    """Why a condition failed: what was met and what the rule asks for."""
    return _(REASON) % {
        "title": title,
        "fact": words(fact, column),
        "wanted": condition_words(cell, column),
    }


def said_reason(text: str) -> str:
    """A reason as it was written down, in the language of the page."""
    found = _WRITTEN.fullmatch(text)
    if found is None:
        return str(said(text))
    each = found["wanted"].split(" 或 ")
    wanted = _(" 或 ").join(_SPAN.sub(_(r"\1 至 \2"), str(said(one))) for one in each)
    return _(REASON) % {"title": said(found["title"]), "fact": said(found["fact"]), "wanted": wanted}


def _title(column: str, code: str) -> str:
    names = _NAMES.get(column, {})
    title = names(code) if callable(names) else names.get(code)
    return str(said(title)) if title else code
