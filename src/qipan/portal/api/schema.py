"""The description of the interface (OpenAPI 3.1), made from the operations themselves."""

import json
from http.client import responses
from typing import Any

from django.utils import translation

from qipan.ui.access import Access, ApiAccess
from qipan.ui.interface.problems import MEDIA_TYPE, Problem
from qipan.ui.interface.scopes import SCOPES

USUAL = (400, 404, 422, 429)
GUARDED = (401, 403, 409)
TOKEN = "token"  # noqa: S105 (the name of a scheme)
PREFIX = "/api/v1"
METHODS = ("get", "put", "post", "patch", "delete")


def openapi() -> dict[str, Any]:
    """The whole description, the same on every machine and in every language setting."""
    from qipan.portal.api import api

    with translation.override("zh-hans"):
        made = json.loads(json.dumps(api.get_openapi_schema(path_prefix=""), default=str))
    problem = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas = made["components"].setdefault("schemas", {})
    schemas |= problem.pop("$defs", {})
    schemas["Problem"] = problem
    made["components"]["schemas"] = dict(sorted(schemas.items()))
    made["components"]["securitySchemes"] = {
        TOKEN: {
            "type": "http",
            "scheme": "bearer",
            "description": "在“账户 → 接口令牌”页面生成，以 qp_ 开头；只显示一次。",
        }
    }
    made["servers"] = [{"url": PREFIX}]
    declared = _declared()
    for path, operations in made["paths"].items():
        for method, operation in operations.items():
            _complete(operation, declared[(method, path)])
    made["paths"] = dict(sorted(made["paths"].items()))
    return made


def _complete(operation: dict[str, Any], access: Access) -> None:
    """Adds what every operation answers and which scopes it asks for."""
    for status in (*USUAL, *(GUARDED if access.kind == "api" else ())):
        operation["responses"].setdefault(
            str(status),
            {
                "description": responses[status],
                "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
            },
        )
    operation["responses"] = dict(sorted(operation["responses"].items()))
    if access.kind == "api":
        operation["security"] = [{TOKEN: []}]
        operation["x-scopes"] = list(access.scopes)
        operation["x-roles"] = [role.value for role in access.roles]
    else:
        operation["security"] = []


def _declared() -> dict[tuple[str, str], Access]:
    """(method, path) → what the operation declares of its access."""
    from qipan.portal.api import api

    found: dict[tuple[str, str], Access] = {}
    for bound in api._get_bound_routers():
        for path, view in bound.path_operations.items():
            address = "/" + "/".join(part.strip("/") for part in (bound.prefix, path) if part.strip("/"))
            for operation in view.operations:
                guard = next(
                    (auth for auth in operation.auth_callbacks or () if isinstance(auth, ApiAccess)), None
                )
                access = guard.access if guard else operation.view_func.access  # type: ignore[attr-defined]
                for method in operation.methods:
                    found[(method.lower(), address)] = access
    return found


def as_text() -> str:
    """The description as the file that is checked in."""
    return json.dumps(openapi(), ensure_ascii=False, indent=1) + "\n"


def unknown_scopes() -> set[str]:
    """Scopes that operations ask for and nobody listed; empty is right."""
    return {scope for access in _declared().values() for scope in access.scopes} - set(SCOPES)
