"""The documentation of the interface, as a plain page and as a file; no script, nothing from elsewhere."""

import functools
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from qipan.portal.api import schema
from qipan.ui.access import public
from qipan.ui.interface.problems import TITLES
from qipan.ui.interface.scopes import SCOPES


@dataclass(frozen=True)
class Row:
    """One field of a body or a parameter, indented by its depth."""

    name: str
    kind: str
    required: bool
    text: str
    depth: int = 0


@functools.cache
def _made() -> tuple[dict[str, Any], str]:
    return schema.openapi(), schema.as_text()


@public
def openapi_file(request: HttpRequest) -> HttpResponse:
    """The description as JSON."""
    return HttpResponse(_made()[1], content_type="application/json; charset=utf-8")


@public
def page(request: HttpRequest) -> HttpResponse:
    """Every operation with its scope, parameters, body, answer and problems."""
    made = _made()[0]
    groups: dict[str, list[dict[str, Any]]] = {}
    for path, operations in made["paths"].items():
        for method, operation in operations.items():
            line = _operation(made, method, path, operation)
            groups.setdefault(str(operation["tags"][0]), []).append(line)
    context = {
        "groups": [{"title": title, "operations": lines} for title, lines in groups.items()],
        "scopes": SCOPES.items(),
        "problems": [(kind, status, title) for kind, (status, title) in TITLES.items()],
        "version": made["info"]["version"],
        "base": request.build_absolute_uri(schema.PREFIX),
    }
    return render(request, "portal/api_docs.html", context)


def _operation(made: dict[str, Any], method: str, path: str, operation: dict[str, Any]) -> dict[str, Any]:
    body = next(iter(operation.get("requestBody", {}).get("content", {}).items()), None)
    good = next((each for code, each in operation["responses"].items() if code.startswith("2")), {})
    answer = next(iter(good.get("content", {}).items()), None)
    return {
        "id": operation["operationId"],
        "method": method.upper(),
        "path": schema.PREFIX + path,
        "summary": _(operation["summary"]),
        "scopes": operation.get("x-scopes", []),
        "public": not operation["security"],
        "parameters": [
            Row(
                each["name"],
                _kind(made, each["schema"]),
                each["required"],
                _words(each),
            )
            for each in operation.get("parameters", [])
        ],
        "body_type": body[0] if body else "",
        "body": list(_rows(made, body[1].get("schema", {}))) if body else [],
        "answer_type": answer[0] if answer else "",
        "answer": list(_rows(made, answer[1].get("schema", {}))) if answer else [],
        "statuses": list(operation["responses"]),
    }


def _words(one: dict[str, Any]) -> str:
    text = one.get("description", "")
    return _(text) if text else ""


def _resolved(made: dict[str, Any], one: dict[str, Any]) -> dict[str, Any]:
    if "$ref" in one:
        found: dict[str, Any] = made["components"]["schemas"][one["$ref"].rsplit("/", 1)[-1]]
        return found
    if "anyOf" in one:
        others = [each for each in one["anyOf"] if each.get("type") != "null"]
        return _resolved(made, others[0]) if len(others) == 1 else one
    if len(one.get("allOf", [])) == 1:
        return _resolved(made, one["allOf"][0])
    return one


def _kind(made: dict[str, Any], one: dict[str, Any]) -> str:
    plain = _resolved(made, one)
    if plain.get("type") == "array":
        return f"{_kind(made, plain.get('items', {}))}[]"
    if "anyOf" in plain:
        return " | ".join(dict.fromkeys(_kind(made, each) for each in plain["anyOf"]))
    if "enum" in plain:
        return " | ".join(str(each) for each in plain["enum"] if each != "")
    return str(plain.get("format") or plain.get("type") or "any")


def _rows(made: dict[str, Any], one: dict[str, Any], depth: int = 0) -> Any:
    plain = _resolved(made, one)
    if plain.get("type") == "array":
        yield from _rows(made, plain.get("items", {}), depth)
        return
    if depth > 2:
        return
    for name, field in plain.get("properties", {}).items():
        kind = _kind(made, field)
        yield Row(name, kind, name in plain.get("required", []), _words(field), depth)
        inner = _resolved(made, field)
        if inner.get("type") == "array":
            inner = _resolved(made, inner.get("items", {}))
        if "properties" in inner:
            yield from _rows(made, inner, depth + 1)
