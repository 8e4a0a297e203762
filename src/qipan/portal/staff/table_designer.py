"""The designer of decision tables on a draft's page: a grid of rules and columns, what is wrong drawn at its cell."""

from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qipan.kernel.decisions import designing
from qipan.kernel.decisions.drafted import place_of
from qipan.kernel.law.drafting import exporting, queries
from qipan.kernel.law.drafting.kinds import Problem, Row
from qipan.kernel.law.drafting.models import Draft
from qipan.portal.staff.tables import POLICIES

TEMPLATE = "portal/table_designer.html"
#: Up to so many rules stand side by side, one a column; more are lines.
MOST_ACROSS = 4
TYPES = {
    "string": gettext_lazy("文字"),
    "number": gettext_lazy("数字"),
    "boolean": gettext_lazy("是或否"),
    "date": gettext_lazy("日期"),
}
MARKS = {
    "gap": gettext_lazy("有遗漏"),
    "overlap": gettext_lazy("有重叠"),
    "wrong": gettext_lazy("写法不对"),
    "unchecked": gettext_lazy("不能检查"),
    "requires": gettext_lazy("所依赖的表得不出"),
}


def changed(body: Row, sent: Any, kind: str) -> tuple[Row, str]:
    """The body after the step that was sent, and the part of the address that shows where it was. Raises Refused."""
    step = sent.get("step", "save")
    result = designing.stepped(designing.typed(body, sent), step, sent)
    return result, "#table-grid"


def context(draft: Draft, body: Row, request: HttpRequest, told: dict[str, Any]) -> dict[str, Any]:
    """What the designer shows: each cell with what is wrong at it."""
    sent = told.get("typed")
    if sent:
        body = designing.typed(draft.body, sent)
    found = queries.problems_of(draft.kind, draft.code, draft.valid_from, body)
    wrong = _by_place(found)
    row_error = _row_error(told)
    wide = len(body["inputs"])
    rules = []
    for number, rule in enumerate(body["rules"], 1):
        cells = [
            {
                "place": place_of(number, place),
                "number": number,
                "rule_title": _("规则 %(number)d") % {"number": number},
                "value": cell,
                "title": _title(body, place),
                "result": place > wide,
                "marks": wrong.get(place_of(number, place), []),
            }
            for place, cell in enumerate([*rule["when"], *rule["then"]], 1)
        ]
        rules.append(
            {
                "number": number,
                "cells": cells,
                "rule": rule,
                "error": row_error.get(number, ""),
                "first": number == 1,
                "last": number == len(body["rules"]),
            }
        )
    columns = [
        {
            "number": number,
            "column": one,
            "type": TYPES.get(one.get("type", "string"), ""),
            "range": designing.range_words(one.get("domain")),
        }
        for number, one in enumerate(body["inputs"], 1)
    ]
    sides = [(one, False) for one in body["inputs"]] + [(one, True) for one in body["outputs"]]
    lines = [
        {
            "title": one.get("title") or one["name"],
            "name": one["name"],
            "range": "" if result else designing.range_words(one.get("domain")),
            "result": result,
            "cells": [row["cells"][place] for row in rules if place < len(row["cells"])],
        }
        for place, (one, result) in enumerate(sides)
    ]
    return {
        "body": body,
        "across": len(rules) <= MOST_ACROSS,
        "lines": lines,
        "inputs": columns,
        "outputs": body["outputs"],
        "rules": rules,
        "problems": [
            {"text": one.text, "places": [(each, _place_words(body, each)) for each in one.places[:6]]}
            for one in found
        ],
        "shows_problems": True,
        "policies": POLICIES,
        "policy": body.get("hit_policy", "U"),
        "types": TYPES,
        "typed": exporting.as_yaml(body) if told.get("refusal") and sent else "",
        "sent": sent or {},
    }


def _title(body: Row, place: int) -> str:
    columns = [*body["inputs"], *body["outputs"]]
    if place > len(columns):
        return _("多出的一格")
    return str(columns[place - 1].get("title") or columns[place - 1]["name"])


def _place_words(body: Row, place: str) -> str:
    """A cell in words: its rule and its column."""
    number, _mark, column = place.removeprefix("r").partition("c")
    title = _title(body, int(column)) if column else ""
    return (_("规则 %(number)d") % {"number": int(number)}) + (f" · {title}" if title else "")


def _by_place(found: list[Problem]) -> dict[str, list[dict[str, Any]]]:
    """What is wrong at each cell: a mark in a word or two, and the whole text."""
    marks: dict[str, list[dict[str, Any]]] = {}
    for one in found:
        for place in one.places:
            marks.setdefault(place, []).append(
                {"kind": one.kind, "word": MARKS.get(one.kind, MARKS["wrong"]), "text": one.text}
            )
    return marks


def _row_error(told: dict[str, Any]) -> dict[int, str]:
    """The rule at which what was typed is no rule (no source, or two)."""
    place = told.get("place") or []
    if len(place) > 1 and place[0] == "rules" and place[1].isdigit():
        return {int(place[1]) + 1: str(told.get("editor", ""))}
    return {}
