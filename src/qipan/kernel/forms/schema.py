"""A declared form as JSON Schema (2020-12): what the server accepts on submission, said in a standard language.

Answers are given in their own types (a number as a number, a tick as true) and trimmed; what is not answered is left
out. `validate` accepts more than that (texts of numbers, blanks), never less: a test holds the two together.
Conditions become `if`/`then`; a group is an array of objects. What only the server can judge (whether a file is there,
whether a street exists) is no part of it.
"""

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from qipan.kernel.forms.conditions import holds
from qipan.kernel.forms.declaration import FormField, FormRow, Section
from qipan.kernel.forms.validation import LARGEST, LONGEST, MOST_FILES

DIALECT = "https://json-schema.org/draft/2020-12/schema"
NO_CONTROL_SIGNS = {"not": {"pattern": "[\\u0000-\\u0008\\u000b-\\u001f]"}}
NOTHING: dict[str, Any] = {"enum": ["", None, []]}
MEANT_BY_SIGNS = re.compile(r"[\\^$.|?*+()\[\]{}]")


def of_form(
    form: FormRow,
    *,
    known: Mapping[str, Any] | None = None,
    optional: frozenset[str] = frozenset(),
) -> dict[str, Any]:
    """The schema of a form's answers. `known`: answered already and not asked; `optional`: may be known
    (`elements.known_elsewhere`), so not required.
    """
    told = known or {}
    said = _object(
        [_beside(field, told) for field in form.fields if field.code not in told],
        [_beside(group, told) for group in form.groups if group.code not in told],
        optional,
    )
    return {
        "$schema": DIALECT,
        "title": form.title,
        "x-form": form.code,
        "x-valid-from": form.valid_from.isoformat(),
        **said,
    }


Asked = TypeVar("Asked", FormField, Section)


def _beside(asked: Asked, known: Mapping[str, Any]) -> Asked:
    """A field or group whose condition no longer looks at what is known."""
    return asked.model_copy(update={"when": _settled(asked.when, known)}) if known and asked.when else asked


def _settled(condition: Mapping[str, Any], known: Mapping[str, Any]) -> dict[str, Any]:
    for name in ("all", "any"):
        if name in condition:
            return {name: [_settled(part, known) for part in condition[name]]}
    if "not" in condition:
        return {"not": _settled(condition["not"], known)}
    if condition["field"] not in known:
        return dict(condition)
    return {"all": []} if holds(condition, known) else {"any": []}


def _object(
    fields: Iterable[FormField], groups: Iterable[Section] = (), optional: frozenset[str] = frozenset()
) -> dict[str, Any]:
    asked = [(field.code, field.when, field.required, _field(field)) for field in fields]
    asked += [
        (group.code, group.when, bool(group.repeat and group.repeat.min), _group(group)) for group in groups
    ]
    kinds = {field.code: field.kind for field in fields}
    said: dict[str, Any] = {
        "type": "object",
        "properties": {code: _about(schema) if when else schema for code, when, _required, schema in asked},
        "required": [
            code for code, when, required, _schema in asked if required and not when and code not in optional
        ],
        "additionalProperties": False,
    }
    rules = []
    for code, when, required, schema in asked:
        if when:
            then: dict[str, Any] = {"properties": {code: schema}}
            if required and code not in optional:
                then["required"] = [code]
            rules.append({"if": _condition(when, kinds), "then": then})
    if rules:
        said["allOf"] = rules
    return said


def _about(schema: Mapping[str, Any]) -> dict[str, Any]:
    """What is said of a field whatever it depends on: no constraint, since an answer that is not asked is ignored."""
    return {
        key: value for key, value in schema.items() if key in {"title", "description"} or key.startswith("x-")
    }


def _group(group: Section) -> dict[str, Any]:
    assert group.repeat is not None
    said: dict[str, Any] = {"title": group.title, "type": "array", "maxItems": group.repeat.max}
    if group.repeat.min:
        said["minItems"] = group.repeat.min
    if group.help:
        said["description"] = group.help
    if group.when:
        said["x-when"] = group.when
    return {**said, "items": _object(group.fields)}


def _field(field: FormField) -> dict[str, Any]:
    said: dict[str, Any] = {"title": field.title, **_kind(field)}
    if field.help:
        said["description"] = field.help
    more = {"x-when": field.when, "x-element": field.element, "x-personal": field.personal}
    return said | {name: value for name, value in more.items() if value}


def _kind(field: FormField) -> dict[str, Any]:
    if field.kind == "bool":
        return {"type": "boolean", **({"const": True} if field.required else {})}
    if field.kind == "number":
        least = -LARGEST if field.min is None else float(field.min)
        most = LARGEST if field.max is None else float(field.max)
        return {"type": "number", "minimum": _whole(least), "maximum": _whole(most)}
    if field.kind == "date":
        return {"type": "string", "format": "date", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"}
    if field.kind == "choice":
        return {"type": "string", **_options(field)}
    least_items = {"minItems": 1} if field.required else {}
    if field.kind == "multi":
        return {"type": "array", "items": {"type": "string", **_options(field)}, **least_items}
    if field.kind == "file":
        of_file = {"type": "string", "format": "uuid"}
        return {"type": "array", "items": of_file, "maxItems": MOST_FILES, **least_items}
    said: dict[str, Any] = {
        "type": "string",
        "minLength": max(field.min_length or 0, 1),
        "maxLength": field.max_length or LONGEST,
        **NO_CONTROL_SIGNS,
    }
    if field.pattern:
        said["pattern"] = f"^(?:{field.pattern})$"
    return said


def _whole(number: float) -> float | int:
    return int(number) if float(number).is_integer() else number


def _options(field: FormField) -> dict[str, Any]:
    return {"oneOf": [{"const": option.code, "title": option.title} for option in field.options]}


def _condition(condition: Mapping[str, Any], kinds: Mapping[str, str]) -> dict[str, Any]:
    """A condition on other answers as a schema that the whole of the answers fits or not."""
    for name, key in (("all", "allOf"), ("any", "anyOf")):
        if name in condition:
            parts = [_condition(part, kinds) for part in condition[name]]
            return {key: parts} if parts else ({} if name == "all" else {"not": {}})
    if "not" in condition:
        return {"not": _condition(condition["not"], kinds)}
    field, op, wanted = condition["field"], condition["op"], condition.get("value")
    if op == "ne":
        return {"not": _condition({**condition, "op": "eq"}, kinds)}
    if op == "empty" or (op == "eq" and wanted in (None, "")):
        return {"not": _there(field, {"not": NOTHING})}
    if op == "filled":
        return _there(field, {"not": NOTHING})
    if op == "eq":
        same = _there(field, {"anyOf": [_same(wanted), _list_of(wanted)]})
        if kinds.get(field) == "bool" and wanted is False:
            # A tick that is not set is false, said or not.
            return {"not": _there(field, {"const": True})}
        return same
    if op == "in":
        return _there(field, {"anyOf": [_same(one) for one in wanted or ()] or [{"not": {}}]})
    if op == "contains":
        in_text = {"type": "string", "pattern": MEANT_BY_SIGNS.sub(r"\\\g<0>", str(wanted))}
        return _there(field, {"anyOf": [{"type": "array", "contains": _same(wanted)}, in_text]})
    bound = {"gt": "exclusiveMinimum", "ge": "minimum", "lt": "exclusiveMaximum", "le": "maximum"}
    return _there(field, {"type": "number", bound[op]: json.loads(str(wanted))})


def _there(field: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"required": [field], "properties": {field: schema}}


def _list_of(wanted: Any) -> dict[str, Any]:
    return {"type": "array", "minItems": 1, "maxItems": 1, "items": _same(wanted)}


def _same(wanted: Any) -> dict[str, Any]:
    """What reads the same as the wanted value: 2 and "2", true and "true"."""
    if isinstance(wanted, bool):
        return {"enum": [wanted, "true" if wanted else "false"]}
    if isinstance(wanted, str):
        return {"enum": [wanted, *_number_of(wanted)]}
    return {"enum": [wanted, str(wanted)]}


def _number_of(text: str) -> list[Any]:
    return [int(text)] if re.fullmatch(r"-?[1-9][0-9]{0,14}|0", text) else []
