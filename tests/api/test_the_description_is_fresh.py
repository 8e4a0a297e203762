"""The OpenAPI file in docs/ is the one that the operations give, and the page shows all of them."""

import json
import re

import pytest
from django.conf import settings
from django.test import Client
from ninja import NinjaAPI

from qipan.portal.api import api, schema

FILE = settings.ROOT / "docs" / "openapi.json"


def test_the_file_is_not_stale() -> None:
    assert FILE.read_text(encoding="utf-8") == schema.as_text(), (
        "run ./qipan openapi and commit docs/openapi.json"
    )


def test_the_language_of_the_caller_does_not_change_it() -> None:
    from django.utils import translation

    with translation.override("en"):
        assert schema.as_text() == FILE.read_text(encoding="utf-8")


def test_every_reference_leads_somewhere_and_names_are_single() -> None:
    made = json.loads(FILE.read_text(encoding="utf-8"))
    assert made["openapi"].startswith("3.1")
    known = {f"#/components/schemas/{name}" for name in made["components"]["schemas"]}
    used = set(re.findall(r'"\$ref": "([^"]+)"', json.dumps(made)))
    assert used and used <= known
    names = [op["operationId"] for ops in made["paths"].values() for op in ops.values()]
    assert len(names) == len(set(names)) >= 25
    for operations in made["paths"].values():
        for operation in operations.values():
            assert operation["summary"] and "400" in operation["responses"]
            assert ("401" in operation["responses"]) == bool(operation.get("x-scopes"))


@pytest.mark.django_db
def test_the_page_shows_every_operation_without_script() -> None:
    page = Client().get("/api/docs/")
    text = page.content.decode()
    made = json.loads(Client().get("/api/openapi.json").content)
    for address, operations in made["paths"].items():
        for name, operation in operations.items():
            assert f'id="{operation["operationId"]}"' in text and f"{name.upper()} /api/v1{address}" in text
    assert 'id="problem-stale"' in text and "applications.write" in text
    assert "<script>" not in text and not re.search(r'\son\w+="', text)
    assert not re.search(r'(src|href)="https?://', text)


def test_the_interface_has_no_hidden_operation() -> None:
    assert isinstance(api, NinjaAPI) and api.openapi_url is None and api.docs_url is None
    hidden = [
        operation.view_func.__name__
        for bound in api._get_bound_routers()
        for view in bound.path_operations.values()
        for operation in view.operations
        if not operation.include_in_schema
    ]
    assert hidden == []
