"""Changing a decision table as a grid on a page: the body from what was typed, and its rules and columns moved about.

A cell is known by the numbers of its rule and column from 1, conclusions after conditions, as `drafted.place_of` says.
"""

import copy
import re
from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from qipan.kernel.decisions.drafted import place_of
from qipan.kernel.law.drafting.kinds import Row
from qipan.kernel.ledger.errors import Refused

NAME = re.compile(r"^[^\W\d][\w ]*$")
STEP = re.compile(r"^(up|down|remove|copy|column-remove)-(\d+)$")
MOST_RULES = 500


def typed(body: Row, sent: Mapping[str, Any]) -> Row:
    """The table with every cell, note, source, title and range as it was typed; what was not sent stays."""
    result = copy.deepcopy(body)
    result["title"] = _text(sent, "title", body.get("title", ""))
    policy = _text(sent, "hit_policy", body.get("hit_policy", "U"))
    result.pop("hit_policy", None)
    if policy != "U":
        result["hit_policy"] = policy
    for number, column in enumerate(result["inputs"], 1):
        column["title"] = _text(sent, f"title-{number}", column.get("title", ""))
        if f"domain-{number}" in sent:
            column.pop("domain", None)
            domain = range_of(str(sent[f"domain-{number}"]), column.get("type", "string"))
            if domain is not None:
                column["domain"] = domain
    wide = len(result["inputs"])
    for number, rule in enumerate(result["rules"], 1):
        cells = [*rule["when"], *rule["then"]]
        now = [_text(sent, place_of(number, place), cell) for place, cell in enumerate(cells, 1)]
        rule["when"], rule["then"] = [cell or "-" for cell in now[:wide]], now[wide:]
        for name in ("note", "source", "unconfirmed"):
            said = _text(sent, f"{name}-{number}", rule.get(name, ""))
            rule.pop(name, None)
            if said:
                rule[name] = said
    return result


def _text(sent: Mapping[str, Any], name: str, kept: Any) -> str:
    return str(sent.get(name, kept)).strip()


def range_of(text: str, kind: str) -> Any:
    """A column's range from what was typed: one interval, or values with commas; None for an empty text."""
    text = text.strip()
    if not text or kind == "boolean":
        return None
    if text[0] in "[](" and ".." in text:
        return text
    values = [one.strip().strip('"') for one in text.replace("，", ",").replace("、", ",").split(",")]
    values = [one for one in values if one]
    if kind != "number":
        return values
    try:
        return [int(one) if re.fullmatch(r"-?\d+", one) else float(one) for one in values]
    except ValueError:
        return text


def range_words(domain: Any) -> str:
    """A column's range as it is typed."""
    return ", ".join(map(str, domain)) if isinstance(domain, list) else str(domain or "")


def stepped(body: Row, step: str, sent: Mapping[str, Any]) -> Row:
    """The table after a step: save, add, up-2, down-2, copy-2, remove-2, column, column-remove-1. Refuses a wrong one."""
    result = copy.deepcopy(body)
    rules = result["rules"]
    if step == "save":
        return result
    if step == "add":
        if len(rules) >= MOST_RULES:
            raise Refused(_("一张表最多 %(most)d 条规则。") % {"most": MOST_RULES})
        last = rules[-1]["then"] if rules else [""] * len(result["outputs"])
        reason = {"unconfirmed": _("待补依据")}
        rules.append({"when": ["-"] * len(result["inputs"]), "then": list(last), **reason})
        return result
    if step == "column":
        return _with_column(result, sent)
    known = STEP.match(step)
    if known is None:
        raise Refused(_("没有这一步。"))
    what, place = known[1], int(known[2]) - 1
    if what == "column-remove":
        return _without_column(result, place)
    if not 0 <= place < len(rules):
        raise Refused(_("没有这条规则，请刷新页面。"), code="not_found")
    if what == "remove":
        if len(rules) == 1:
            raise Refused(_("决策表至少要有一条规则。"))
        del rules[place]
    elif what == "copy":
        rules.insert(place + 1, copy.deepcopy(rules[place]))
    else:
        other = place + (-1 if what == "up" else 1)
        if 0 <= other < len(rules):
            rules[place], rules[other] = rules[other], rules[place]
    return result


def _with_column(body: Row, sent: Mapping[str, Any]) -> Row:
    name = str(sent.get("column_name", "")).strip()
    if not NAME.match(name):
        raise Refused(_("请填写条件列的名称：事实的名字，以字母或者汉字开头。"), field="column_name")
    if any(one["name"] == name for one in body["inputs"]):
        raise Refused(_("已经有名为 %(name)s 的条件列。") % {"name": name}, field="column_name")
    kind = str(sent.get("column_type", "string"))
    column: Row = {"name": name, "title": str(sent.get("column_title", "")).strip() or name, "type": kind}
    domain = range_of(str(sent.get("column_domain", "")), kind)
    if domain is not None:
        column["domain"] = domain
    body["inputs"].append(column)
    for rule in body["rules"]:
        rule["when"] = [*rule["when"], "-"]
    return body


def _without_column(body: Row, place: int) -> Row:
    if not 0 <= place < len(body["inputs"]) or len(body["inputs"]) == 1:
        raise Refused(_("决策表至少要有一个条件列。"))
    del body["inputs"][place]
    for rule in body["rules"]:
        rule["when"] = [cell for number, cell in enumerate(rule["when"]) if number != place]
    return body
