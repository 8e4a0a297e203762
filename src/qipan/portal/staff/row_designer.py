"""The designer of plain rows on a draft's page (items, materials, kinds of licence …): an input for each property of the
kind's schema, what is wrong told at the property."""

import enum
import types
import typing
from typing import Any

import yaml
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qipan.kernel.law import catalogue
from qipan.kernel.law.catalogue import LOADER
from qipan.kernel.law.drafting import exporting, kinds, queries
from qipan.kernel.law.drafting.kinds import Row
from qipan.kernel.law.drafting.models import Draft
from qipan.kernel.ledger.errors import Refused

TEMPLATE = "portal/row_designer.html"
#: Properties that name rows of another kind.
NAMES = {
    "form": "forms",
    "table": "decision_tables",
    "licence": "licence_kinds",
    "checklist": "checklists",
    "materials": "materials",
}
HINTS = {
    "lines": gettext_lazy("一行一个"),
    "yaml": gettext_lazy("按 YAML 书写"),
    "materials": gettext_lazy("一行一个材料代码；代码后加 ? 表示可以不交"),
    "flags": gettext_lazy(
        "一行一个：mobile 掌上办、instant 即刻办、auto 秒办、no_meet 不见面、commitment 告知承诺"
    ),
    "bases": gettext_lazy("一行一条，例如 FSL 35；没有的写明待确认的原因"),
}


def changed(body: Row, sent: Any, kind: str) -> tuple[Row, str]:
    """The body with what was typed. Raises Refused, with the property as the refusal's field."""
    result = dict(body)
    for one in _properties(kind):
        name, sort = one["name"], one["sort"]
        if sort == "flag":
            if f"has-{name}" in sent:
                result[name] = sent.get(name) in ("on", "true", True)
        elif name in sent:
            value = _value(str(sent[name]), sort, name)
            result.pop(name, None)
            if value not in (None, "", []):
                result[name] = value
    return result, ""


def _value(text: str, sort: str, name: str) -> Any:
    text = text.replace("\r\n", "\n").strip()
    if sort == "lines":
        return [line.strip() for line in text.split("\n") if line.strip()]
    if sort == "number" and text:
        try:
            return int(text)
        except ValueError:
            raise Refused(_("应当是整数。"), field=name) from None
    if sort == "yaml":
        try:
            catalogue.harmless(text, _("内容"))
        except Refused as refused:
            raise Refused(refused.message, field=name) from None
        try:
            return yaml.load(text, Loader=LOADER) if text else None  # noqa: S506  (a safe loader, in C)
        except yaml.YAMLError as error:
            raise Refused(_("不是有效的 YAML：%(error)s") % {"error": error}, field=name) from None
    return text


def context(draft: Draft, body: Row, request: HttpRequest, told: dict[str, Any]) -> dict[str, Any]:
    """What the designer shows: each property with its value, or with what was typed and refused."""
    sent = told.get("typed")
    labels = kinds.draftable(draft.kind).labels
    errors = told.get("errors", {})
    wrong = {place: one.text for one in queries.problems(draft) for place in one.places}
    rows = []
    for one in _properties(draft.kind):
        name = one["name"]
        value = body.get(name, one["default"])
        typed = sent.get(name, "") if sent and name in sent else _shown(value, one["sort"])
        flag = sent.get(name) == "on" if sent and f"has-{name}" in sent else bool(value)
        rows.append(
            one
            | {
                "title": labels.get(name, name),
                "value": typed,
                "on": flag,
                "error": errors.get(name) or wrong.get(name, ""),
                "hint": HINTS.get(name) or HINTS.get(one["sort"], ""),
                "lines": min(8, max(2, typed.count("\n") + 1)) if isinstance(typed, str) else 2,
                "known": NAMES.get(name, "") if one["sort"] == "text" else "",
            }
        )
    known = {kind: queries.in_force(kind) for kind in {one["known"] for one in rows} if kind}
    return {"rows": rows, "known": known.items(), "errors": errors}


def _shown(value: Any, sort: str) -> str:
    if value is None:
        return ""
    if sort == "lines":
        return "\n".join(str(one) for one in value)
    if sort == "yaml":
        return exporting.as_yaml(value).strip() if value else ""
    return str(value.value if isinstance(value, enum.Enum) else value)


def _properties(kind: str) -> list[dict[str, Any]]:
    """The properties of a kind's schema, each with how it is typed: text, long, number, flag, choice, lines, yaml."""
    found = []
    for name, field in kinds.draftable(kind).schema.model_fields.items():
        if name in {"code", "valid_from"}:
            continue
        default = None if field.is_required() else field.get_default(call_default_factory=True)
        sort, choices = _sort(field.annotation)
        found.append(
            {
                "name": name,
                "sort": sort,
                "choices": choices,
                "default": default,
                "required": field.is_required(),
            }
        )
    return found


def _sort(annotation: Any) -> tuple[str, list[tuple[str, Any]]]:
    if typing.get_origin(annotation) in (typing.Union, types.UnionType):
        rest = [one for one in typing.get_args(annotation) if one is not type(None)]
        annotation = rest[0] if len(rest) == 1 else Any
    if annotation is bool:
        return "flag", []
    if annotation is int:
        return "number", []
    if annotation is str:
        return "text", []
    if typing.get_origin(annotation) is typing.Literal:
        return "choice", [(str(one), str(one)) for one in typing.get_args(annotation)]
    if isinstance(annotation, type) and issubclass(annotation, enum.Enum):
        return "choice", [(str(one.value), getattr(one, "label", one.value)) for one in annotation]
    if typing.get_origin(annotation) is list:
        (inner,) = typing.get_args(annotation) or (Any,)
        plain = inner is str or (isinstance(inner, type) and issubclass(inner, enum.Enum))
        return ("lines" if plain or typing.get_origin(inner) is typing.Literal else "yaml"), []
    return "yaml", []
