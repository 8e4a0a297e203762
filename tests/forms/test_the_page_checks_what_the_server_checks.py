"""The check in the browser says what the server says, field by field and in the same words; it refuses nothing more."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qipan.conf import frontend
from qipan.kernel.forms import queries
from qipan.kernel.forms.conditions import is_empty
from qipan.kernel.forms.declaration import FormField, FormRow
from qipan.kernel.forms.models import FormVersion
from qipan.kernel.forms.validation import validate
from tests.forms.test_the_schema_says_what_the_server_accepts import EVERY_KIND
from tests.law.catalogues import load_catalogues

#: What only the server says, of answers that no page of ours sends, or that it alone can know.
SERVER_ONLY = ("个选项。", "应当是日期", "的数值过大", "个文件。", "不能显示的字符", "行，现在是", "最多 5000 个字")


class Page:
    """The page's check, in a process of its own."""

    def __init__(self) -> None:
        node = frontend.node_program()
        script = Path(__file__).parent / "page_check.mjs"
        self.process = subprocess.Popen(
            [node, script, frontend.FOLDER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def told(self, form: FormRow, answers: dict[str, Any]) -> dict[str, str]:
        assert self.process.stdin and self.process.stdout
        declaration = queries.as_json(form)
        self.process.stdin.write(json.dumps({"declaration": declaration, "answers": answers}) + "\n")
        self.process.stdin.flush()
        found: dict[str, str] = json.loads(self.process.stdout.readline())
        return found


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    made = Page()
    yield made
    made.process.stdin.close()
    made.process.wait(20)


def typed(field: FormField) -> st.SearchStrategy[Any]:
    """What a page sends of a field: texts, lists of texts, ticks."""
    codes = [option.code for option in field.options]
    if field.kind == "bool":
        return st.booleans()
    if field.kind == "multi":
        return st.lists(st.sampled_from(codes), max_size=3, unique=True) if codes else st.just([])
    if field.kind == "file":
        return st.lists(st.uuids().map(str), max_size=2)
    own: dict[str, st.SearchStrategy[str]] = {
        "number": st.text("0129０５.,-+eE x甲", max_size=5) | st.integers(-3, 2000).map(str),
        "date": st.dates().map(str),
        "choice": st.sampled_from(["", *codes]),
        "phone": st.sampled_from(["", "13800138000", "0755-12345678", "123", "1380013800０"]),
    }
    words = st.text("abcXY 019甲乙\n()（）—·", max_size=12) | st.just("91440300MA5EXAMPLE") | st.just("长" * 600)
    return own.get(field.kind, words).map(str.strip)


@st.composite
def typed_into(draw: st.DrawFn, form: FormRow) -> dict[str, Any]:
    answers = {field.code: draw(typed(field)) for field in form.fields}
    for group in form.groups:
        row = st.fixed_dictionaries({field.code: typed(field) for field in group.fields})
        filled = row.filter(lambda one: any(not is_empty(value) and value is not False for value in one.values()))
        answers[group.code] = draw(st.lists(filled, max_size=min(group.repeat.max, 3)))
    return answers


def agree(page: Page, form: FormRow, answers: dict[str, Any]) -> None:
    told, server = page.told(form, answers), validate(form, answers).errors
    own = {key for key, text in server.items() if any(one in text for one in SERVER_ONLY)}
    said = {key: text for key, text in told.items() if key not in own}
    assert {key: server.get(key) for key in said} == said, (form.code, answers)
    unsaid = {key: text for key, text in server.items() if key not in told and key not in own}
    assert not unsaid, (form.code, answers)


@given(typed_into(EVERY_KIND))
@settings(max_examples=60, deadline=None)
def test_of_every_kind_condition_and_row(page: Page, answers: dict[str, Any]) -> None:
    agree(page, EVERY_KIND, answers)


@pytest.mark.django_db
def test_on_every_shipped_form(page: Page) -> None:
    load_catalogues()
    shipped = [queries.form(code) for code in sorted(set(FormVersion.objects.values_list("code", flat=True)))]
    assert len(shipped) > 40

    @given(st.data())
    @settings(max_examples=60, deadline=None, database=None)
    def hold(data: st.DataObject) -> None:
        form = data.draw(st.sampled_from(shipped))
        agree(page, form, data.draw(typed_into(form)))

    hold()


def test_wide_digits_are_numbers_on_both_sides(page: Page) -> None:
    answers = {"number": "２", "word": "abc", "day": "2026-01-01", "many": ["A"], "sworn": True}
    assert "number" not in page.told(EVERY_KIND, answers)
    assert "number" not in validate(EVERY_KIND, answers).errors
