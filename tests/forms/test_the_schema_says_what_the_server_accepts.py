"""The JSON Schema of a form and the check of its answers agree: on every shipped form, and on one of every kind."""

import functools
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qipan.kernel.forms import queries, schema
from qipan.kernel.forms.declaration import FormField, FormRow
from qipan.kernel.forms.models import FormVersion
from qipan.kernel.forms.validation import validate
from qipan.kernel.items import queries as items
from tests.law.catalogues import load_catalogues

A, B = {"code": "A", "title": "甲"}, {"code": "B", "title": "乙"}
EVERY_KIND = FormRow.model_validate(
    {
        "code": "t.every",
        "valid_from": "2026-01-01",
        "title": "t",
        "sections": [
            {
                "title": "s",
                "fields": [
                    {"code": "word", "title": "t", "required": True, "min_length": 2, "max_length": 4},
                    {"code": "plain", "title": "t", "pattern": "[a-c]+"},
                    {"code": "number", "title": "t", "kind": "number", "min": -1, "max": 3},
                    {"code": "day", "title": "t", "kind": "date", "required": True},
                    {"code": "one", "title": "t", "kind": "choice", "options": [A, B]},
                    {"code": "many", "title": "t", "kind": "multi", "options": [A, B], "required": True},
                    {"code": "tick", "title": "t", "kind": "bool"},
                    {"code": "sworn", "title": "t", "kind": "bool", "required": True},
                    {"code": "papers", "title": "t", "kind": "file"},
                    {"code": "phone", "title": "t", "kind": "phone"},
                    *(
                        {"code": f"when_{place}", "title": "t", "required": place % 2 == 0, "when": when}
                        for place, when in enumerate(
                            [
                                {"field": "one", "op": "eq", "value": "A"},
                                {"field": "many", "op": "eq", "value": "A"},
                                {"field": "one", "op": "ne", "value": "A"},
                                {"field": "one", "op": "in", "value": ["A", "B"]},
                                {"field": "many", "op": "contains", "value": "B"},
                                {"field": "plain", "op": "contains", "value": "a"},
                                {"field": "plain", "op": "filled"},
                                {"field": "papers", "op": "empty"},
                                {"field": "number", "op": "gt", "value": 1},
                                {"field": "number", "op": "le", "value": 1},
                                {"field": "tick", "op": "eq", "value": True},
                                {"field": "tick", "op": "eq", "value": False},
                                {
                                    "any": [
                                        {"not": {"field": "tick", "op": "eq", "value": True}},
                                        {
                                            "all": [
                                                {"field": "one", "op": "filled"},
                                                {"field": "number", "op": "ge", "value": 0},
                                            ]
                                        },
                                    ]
                                },
                            ]
                        )
                    ),
                ],
            },
            {
                "title": "rows",
                "code": "rows",
                "row_title": "行",
                "repeat": {"min": 1, "max": 3},
                "when": {"field": "one", "op": "eq", "value": "A"},
                "fields": [
                    {"code": "row_kind", "title": "t", "kind": "choice", "options": [A, B], "required": True},
                    {
                        "code": "row_note",
                        "title": "t",
                        "required": True,
                        "when": {"field": "row_kind", "op": "eq", "value": "B"},
                    },
                    {"code": "row_count", "title": "t", "kind": "number", "min": 0},
                ],
            },
        ],
    }
)
NOT_GIVEN = object()


def answers_to(field: FormField) -> st.SearchStrategy[Any]:
    """Answers of the right type and of others, right and wrong, or none."""
    codes = [option.code for option in field.options] + ["?"]
    own: dict[str, st.SearchStrategy[Any]] = {
        "number": st.integers(-3, 5) | st.floats(-2, 4, allow_nan=False) | st.just(10**16),
        "date": st.dates().map(str) | st.sampled_from(["2026-02-30", "20260101", "2026-W01-1", "明天"]),
        "choice": st.sampled_from(codes),
        "multi": st.lists(st.sampled_from(codes), max_size=3, unique=True),
        "bool": st.booleans(),
        "file": st.lists(st.uuids().map(str), max_size=2) | st.just([str(i) for i in range(21)]),
        "phone": st.sampled_from(["13800138000", "0755-12345678", "123", "1380013800０"]),
    }
    words = st.text("abc 甲\n\u0007", max_size=6).map(str.strip).filter(bool) | st.just("长" * 5001)
    return st.just(NOT_GIVEN) | own.get(field.kind, words)


def rows_of(fields: list[FormField]) -> st.SearchStrategy[dict[str, Any]]:
    given = st.fixed_dictionaries({field.code: answers_to(field) for field in fields})
    return given.map(lambda row: {code: value for code, value in row.items() if value is not NOT_GIVEN})


@st.composite
def answers_to_form(draw: st.DrawFn, form: FormRow) -> dict[str, Any]:
    answers = draw(rows_of(form.fields))
    for group in form.groups:
        rows = draw(st.just(NOT_GIVEN) | st.lists(rows_of(group.fields), max_size=group.repeat.max + 1))
        if rows is not NOT_GIVEN:
            answers[group.code] = rows
    return answers


@functools.cache
def check_of(form_key: tuple[str, str]) -> Any:
    return jsonschema_rs.validator_for(schema.of_form(FORMS[form_key]), validate_formats=True)


FORMS: dict[tuple[str, str], FormRow] = {}


def agree(form: FormRow, answers: dict[str, Any]) -> None:
    key = (form.code, str(form.valid_from))
    FORMS.setdefault(key, form)
    told = validate(form, answers).errors
    wrong = [f"{list(error.instance_path)} {error.message}" for error in check_of(key).iter_errors(answers)]
    assert bool(told) == bool(wrong), (answers, told, wrong)


@given(answers_to_form(EVERY_KIND))
@settings(max_examples=100, deadline=None)
def test_of_every_kind_condition_and_row(answers: dict[str, Any]) -> None:
    agree(EVERY_KIND, answers)


@pytest.mark.django_db
def test_on_every_shipped_form() -> None:
    load_catalogues()
    shipped = [queries.form(code) for code in sorted(set(FormVersion.objects.values_list("code", flat=True)))]
    assert len(shipped) > 40

    @given(data=st.data())
    @settings(max_examples=3, deadline=None, database=None)
    def hold(form: FormRow, data: st.DataObject) -> None:
        agree(form, data.draw(answers_to_form(form)))

    for form in shipped:
        hold(form)


@pytest.mark.django_db
def test_each_schema_is_one_and_is_served(client) -> None:
    load_catalogues()
    for item in items.items_for_public():
        if item.handler == "licensing":
            assert jsonschema_rs.meta.is_valid(schema.of_form(queries.asked(item))), item.code
    served = client.get("/api/v1/items/FB-NEW/schema").json()
    assert served["$schema"] == schema.DIALECT and served["x-form"] == "licensing.food_new"
    assert "main_format" in served["required"], "nobody but who applies knows it"
    assert "name" not in served["required"] and "contact_phone" not in served["required"]
    assert client.get("/api/v1/items/NOTHING/schema").status_code == 404
