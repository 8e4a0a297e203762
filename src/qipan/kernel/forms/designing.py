"""Changing a form step by step, as a designer page does: each step takes a row's body and gives another.

Steps know sections by their place and fields by their code. What they give is checked by `law.drafting.actions.change`;
what is wrong with one field is told here, at its property.
"""

import copy
import json
from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from pydantic import ValidationError

from qipan.kernel.forms.declaration import MOST_ROWS, FormField, asked_about
from qipan.kernel.forms.drafted import readable
from qipan.kernel.law import catalogue
from qipan.kernel.law.drafting.kinds import Row
from qipan.kernel.ledger.errors import Refused

#: What a condition can say of another answer.
OPERATORS = ("eq", "ne", "in", "contains", "filled", "empty", "gt", "ge", "lt", "le")
WITHOUT_VALUE = {"filled", "empty"}
#: Properties that are typed as plain text.
TEXTS = ("title", "element", "kind", "pattern", "pattern_help", "help", "material", "street_field")
NUMBERS = ("min", "max")
COUNTS = ("min_length", "max_length")
FLAGS = ("required", "personal")


def found(body: Row, code: str) -> tuple[int, int]:
    """Where a field stands: its section's place and its own. Refuses one that is not there."""
    for place, section in enumerate(body["sections"]):
        for number, field in enumerate(section["fields"]):
            if field["code"] == code:
                return place, number
    raise Refused(_("表单里没有字段 %(code)s，请刷新页面。") % {"code": code}, code="not_found")


def with_field(body: Row, field: Row, *, was: str = "", section: int = 0) -> Row:
    """The form with a field changed (`was` is its code) or added at the end of a section. Refuses a wrong one."""
    checked(field)
    result = copy.deepcopy(body)
    codes = [each["code"] for one in result["sections"] for each in one["fields"]]
    codes += [one["code"] for one in result["sections"] if one.get("code")]
    if strange := sorted(set(asked_about(field.get("when"))) - {*codes, field["code"]}):
        raise Refused(_("条件看的字段 %(code)s 不在表单里。") % {"code": strange[0]}, field="when")
    if field["code"] != was and field["code"] in codes:
        raise Refused(_("代码 %(code)s 已经用在另一个字段上。") % {"code": field["code"]}, field="code")
    if was:
        place, number = found(result, was)
        if place == section:
            result["sections"][place]["fields"][number] = field
        else:
            del result["sections"][place]["fields"][number]
            _section(result, section)["fields"].append(field)
        if field["code"] != was:
            result["sections"] = renamed(result["sections"], was, field["code"])
    else:
        _section(result, section)["fields"].append(field)
    return result


def checked(field: Row) -> FormField:
    """The field as the form will have it. Refuses a wrong one, with the property as the refusal's field."""
    try:
        result = FormField.model_validate(field)
    except ValidationError as error:
        first = catalogue.first_of(error)
        name = str(first["loc"][0]) if first["loc"] else ""
        if not name:
            name = _property_of(field)
            why = catalogue.in_words(first)
        elif name == "code":
            why = _("代码以小写英文字母开头，只用小写字母、数字和下划线，例如 wifi_name。")
        else:
            why = catalogue.in_words(first)
        raise Refused(why, field=name) from None
    if not readable(result.pattern):
        raise Refused(_("写法规则不是有效的正则表达式。"), field="pattern")
    return result


def _property_of(field: Row) -> str:
    """The property to which what is wrong with a field as a whole belongs."""
    if field.get("kind") in {"choice", "multi"} and not field.get("options"):
        return "options" if field.get("title") else "title"
    return "title" if not field.get("title") else "min"


def renamed(value: Any, was: str, becomes: str) -> Any:
    """Conditions that looked at a field look at it under its new code."""
    if isinstance(value, list):
        return [renamed(one, was, becomes) for one in value]
    if not isinstance(value, dict):
        return value
    return {
        name: becomes if name in {"field", "street_field"} and one == was else renamed(one, was, becomes)
        for name, one in value.items()
    }


def without_field(body: Row, code: str) -> Row:
    """The form without a field. Refuses while another field's condition looks at it."""
    result = copy.deepcopy(body)
    place, number = found(result, code)
    del result["sections"][place]["fields"][number]
    for section in result["sections"]:
        for field in section["fields"]:
            if code in asked_about(field.get("when")):
                raise Refused(
                    _("字段“%(title)s”的填写条件用到它，请先改那个条件。")
                    % {"title": field.get("title") or field["code"]},
                    field=code,
                )
    return result


def moved_field(body: Row, code: str, by: int) -> Row:
    """The form with a field one place up (-1) or down (1); past the end of its section it goes into the next one."""
    result = copy.deepcopy(body)
    place, number = found(result, code)
    fields = result["sections"][place]["fields"]
    field = fields.pop(number)
    if 0 <= number + by <= len(fields):
        fields.insert(number + by, field)
    elif 0 <= place + by < len(result["sections"]):
        other = result["sections"][place + by]["fields"]
        other.insert(0 if by > 0 else len(other), field)
    else:
        fields.insert(number, field)
    return result


def with_section(
    body: Row, title: str, help_text: str, *, place: int | None = None, rows: Row | None = None
) -> Row:
    """The form with a section's heading changed, or a new section at the end. `rows` says that it repeats: its code,
    row_title, and how often (repeat)."""
    if not title.strip():
        raise Refused(_("请填写分节的名称。"), field="section_title")
    result = copy.deepcopy(body)
    if place is None:
        result["sections"].append({"title": title.strip(), "fields": []})
        place = len(result["sections"]) - 1
    section = _section(result, place)
    section["title"] = title.strip()
    section.pop("help", None)
    if help_text.strip():
        section["help"] = help_text.strip()
    if rows is not None:
        for name in ("code", "row_title", "repeat"):
            section.pop(name, None)
        section |= rows
    return result


def typed_rows(sent: Mapping[str, Any]) -> Row | None:
    """How a section repeats, from what was typed; nothing typed: not at all; None where it was not asked."""
    if "section_code" not in sent:
        return None
    code, title = (str(sent.get(name, "")).strip() for name in ("section_code", "row_title"))
    least, most = (str(sent.get(name, "")).strip() for name in ("rows_min", "rows_max"))
    if not any((code, title, least, most)):
        return {}
    if not code or not title:
        raise Refused(_("可填多行的一节要有代码和每行的名称。"), field="section_code")
    numbers = {}
    for name, text in (("min", least), ("max", most)):
        if text and not text.isdigit():
            raise Refused(_("最少和最多行数应当是整数。"), field=f"rows_{name}")
        if text:
            numbers[name] = int(text)
    if numbers.get("min", 0) > numbers.get("max", MOST_ROWS) or numbers.get("max", 1) > MOST_ROWS:
        raise Refused(
            _("最少行数不能超过最多行数，最多 %(most)d 行。") % {"most": MOST_ROWS}, field="rows_max"
        )
    return {"code": code, "row_title": title, "repeat": numbers}


def without_section(body: Row, place: int) -> Row:
    """The form without a section that is empty."""
    result = copy.deepcopy(body)
    if _section(result, place)["fields"]:
        raise Refused(_("这一节还有字段，请先移走或者删去它们。"), field=f"section-{place}")
    del result["sections"][place]
    return result


def moved_section(body: Row, place: int, by: int) -> Row:
    """The form with a section one place up or down."""
    result = copy.deepcopy(body)
    section = _section(result, place)
    if 0 <= place + by < len(result["sections"]):
        del result["sections"][place]
        result["sections"].insert(place + by, section)
    return result


def _section(body: Row, place: int) -> Row:
    if not 0 <= place < len(body["sections"]):
        raise Refused(_("没有这一节，请刷新页面。"), code="not_found")
    section: Row = body["sections"][place]
    return section


def typed(sent: Mapping[str, Any], before: Row) -> Row:
    """A field from what a person typed in the designer. What the designer does not show stays as `before` has it."""
    field: Row = {"code": str(sent.get("code", "")).strip()}
    field |= {name: text for name in TEXTS if (text := str(sent.get(name, "")).strip())}
    field |= {name: True for name in FLAGS if sent.get(name) in ("on", "true", True)}
    for name in (*NUMBERS, *COUNTS):
        text = str(sent.get(name, "")).strip()
        if text:
            field[name] = _number(name, text, dates=field.get("kind") == "date")
    options = _options(str(sent.get("options", "")))
    if options:
        field["options"] = options
    condition = _condition(sent, before.get("when"))
    if condition:
        field["when"] = condition
    shown = {"code", *TEXTS, *FLAGS, *NUMBERS, *COUNTS, "options", "when"}
    return field | {name: value for name, value in before.items() if name not in shown}


def _number(name: str, text: str, *, dates: bool) -> Any:
    if name in COUNTS:
        if not text.isdigit():
            raise Refused(_("应当是整数。"), field=name)
        return int(text)
    if dates:
        return text
    try:
        value = float(text)
    except ValueError:
        raise Refused(_("应当是数字。"), field=name) from None
    return int(value) if value.is_integer() else value


def _options(text: str) -> list[Row]:
    """One option a line: its code, a blank or an equals sign, its title; a line of one word is both."""
    found_ones: list[Row] = []
    for line in text.splitlines():
        if not line.strip():
            continue
        code, _mark, title = line.strip().replace("＝", "=").partition("=")
        code, title = code.strip(), title.strip()
        if any(one["code"] == code for one in found_ones):
            raise Refused(_("选项 %(code)s 写了两次。") % {"code": code}, field="options")
        found_ones.append({"code": code, "title": title or code})
    return found_ones


def _condition(sent: Mapping[str, Any], before: Any) -> Any:
    """One comparison from the designer's three fields, or a condition of several as JSON."""
    if (written := str(sent.get("when_json", "")).strip()) and not sent.get("when_field"):
        try:
            condition = json.loads(written)
        except (ValueError, RecursionError):
            raise Refused(_("条件不是有效的 JSON。"), field="when") from None
        if not isinstance(condition, dict):
            raise Refused(_("条件不是有效的 JSON。"), field="when")
        return condition
    name, op = str(sent.get("when_field", "")).strip(), str(sent.get("when_op", "eq"))
    if not name:
        return None
    if op not in OPERATORS:
        raise Refused(_("没有这种比较。"), field="when")
    value = str(sent.get("when_value", "")).strip()
    if op in WITHOUT_VALUE:
        return {"field": name, "op": op}
    if not value:
        raise Refused(_("请写明与什么比较。"), field="when")
    same = isinstance(before, dict) and before.get("field") == name and before.get("op") == op
    if same and value_words(before.get("value")) == value:
        return before
    if op == "in":
        return {
            "field": name,
            "op": op,
            "value": [one.strip() for one in value.replace("，", ",").split(",")],
        }
    return {"field": name, "op": op, "value": {"true": True, "false": False}.get(value, value)}


def value_words(value: Any) -> str:
    """A condition's value as it is typed."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return "" if value is None else str(value)


def shown(field: Row) -> dict[str, Any]:
    """A field as the designer's inputs show it."""
    condition = field.get("when") or {}
    plain = "field" in condition
    return {
        **{name: field.get(name, "") for name in ("code", *TEXTS)},
        **{name: value_words(field.get(name)) for name in (*NUMBERS, *COUNTS)},
        **{name: bool(field.get(name)) for name in FLAGS},
        "kind": field.get("kind", "" if field.get("element") else "text"),
        "options": "\n".join(f"{one['code']} = {one['title']}" for one in field.get("options", ())),
        "when_field": condition.get("field", ""),
        "when_op": condition.get("op", "eq"),
        "when_value": value_words(condition.get("value")),
        "when_json": "" if plain or not condition else json.dumps(condition, ensure_ascii=False),
    }
