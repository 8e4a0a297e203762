"""What several forms ask stands once in the dictionary; a field that says otherwise is refused at loading."""

import datetime
from typing import Any

import pytest

from qipan.kernel.forms import elements, queries
from qipan.kernel.forms.declaration import FormField, FormRow
from qipan.kernel.forms.loading import load_elements, load_forms
from qipan.kernel.forms.models import FormVersion
from qipan.kernel.ledger.actor import Actor
from qipan.kernel.ledger.errors import Refused
from tests.law.catalogues import load_catalogues

pytestmark = pytest.mark.django_db
SYSTEM = Actor.system()
DAY = datetime.date(2026, 1, 1)
SHOPS = {"code": "shop.kind", "valid_from": DAY, "title": "店铺", "kind": "choice"} | {
    "options": [{"code": "A", "title": "甲"}, {"code": "B", "title": "乙"}]
}
NOTE = {"code": "shop.note", "valid_from": DAY, "title": "说明", "min_length": 2, "max_length": 20}
OWNER = {"code": "shop.owner", "valid_from": DAY, "title": "店主", "personal": True}
SIZE = {"code": "shop.size", "valid_from": DAY, "title": "面积", "kind": "number", "min": 1, "max": 100}


def form(*fields: dict[str, Any], day: datetime.date = DAY) -> FormRow:
    return FormRow.model_validate(
        {"code": "t.shop", "valid_from": day, "title": "t", "sections": [{"title": "s", "fields": fields}]}
    )


def load(*fields: dict[str, Any]) -> FormRow:
    load_elements([elements.ElementRow.model_validate(row) for row in (SHOPS, NOTE, OWNER, SIZE)], SYSTEM)
    load_forms([form(*fields)], SYSTEM)
    return queries.form("t.shop")


def test_a_field_has_what_its_element_says() -> None:
    kind, note, owner = load(
        {"code": "kind", "element": "shop.kind"},
        {"code": "note", "element": "shop.note", "title": "补充说明", "max_length": 10},
        {"code": "owner", "element": "shop.owner"},
    ).fields
    assert (kind.title, kind.kind, [option.code for option in kind.options]) == ("店铺", "choice", ["A", "B"])
    assert (note.title, note.min_length, note.max_length) == ("补充说明", 2, 10)
    assert owner.personal


@pytest.mark.parametrize(
    ("field", "words"),
    [
        ({"element": "shop.kind", "kind": "date"}, "种类是 date"),
        ({"element": "shop.kind", "options": [{"code": "C", "title": "丙"}]}, "C（丙）"),
        ({"element": "shop.kind", "options": [{"code": "A", "title": "别的"}]}, "A（别的）"),
        ({"element": "shop.note", "max_length": 21}, "超出数据元的 20"),
        ({"element": "shop.note", "min_length": 1}, "超出数据元的 2"),
        ({"element": "shop.size", "max": 101}, "超出数据元的 100"),
        ({"element": "shop.owner", "personal": False}, "个人信息"),
        ({"element": "shop.unknown"}, "不在数据元目录中"),
    ],
)
def test_a_field_that_contradicts_its_element_is_refused_with_both_named(field: dict, words: str) -> None:
    with pytest.raises(Refused) as refused:
        load({"code": "one", **field})
    assert (
        words in str(refused.value) and field["element"] in str(refused.value) and "one" in str(refused.value)
    )
    assert not FormVersion.objects.exists()


def test_a_field_may_narrow_its_element() -> None:
    (kind,) = load({"code": "kind", "element": "shop.kind", "options": [{"code": "B", "title": "乙"}]}).fields
    assert [option.code for option in kind.options] == ["B"]


def test_a_later_version_of_an_element_changes_no_released_form() -> None:
    load({"code": "note", "element": "shop.note"})
    later = {**NOTE, "valid_from": DAY + datetime.timedelta(days=60), "max_length": 5}
    load_elements([elements.ElementRow.model_validate(later)], SYSTEM)
    load_forms([form({"code": "note", "element": "shop.note"})], SYSTEM)
    assert queries.form("t.shop").fields[0].max_length == 20
    stricter = form({"code": "note", "element": "shop.note"}, day=DAY + datetime.timedelta(days=61))
    load_forms([stricter], SYSTEM)
    assert queries.form("t.shop", stricter.valid_from).fields[0].max_length == 5


def test_a_row_kept_by_an_earlier_release_is_the_same_row() -> None:
    """A release that knows more properties of a form finds the old row unchanged."""
    load({"code": "note", "element": "shop.note"})
    kept = FormVersion.objects.get(code="t.shop")
    body = kept.body
    for section in body["sections"]:
        for name in ("repeat", "row_title", "code", "when"):
            section.pop(name)
    FormVersion.objects.filter(pk=kept.pk).update(body=body)
    assert load_forms([form({"code": "note", "element": "shop.note"})], SYSTEM).unchanged == 1


def test_what_forms_share_is_an_element_and_the_same_title_means_the_same() -> None:
    """In the shipped forms of today a question that stands in several of them with one title and kind is an element."""
    load_catalogues()
    asked: dict[tuple[str, str], set[str]] = {}
    for code in FormVersion.objects.values_list("code", flat=True).distinct():
        declared = queries.form(code)
        for section in declared.sections:
            for field in section.fields:
                if not _own(field):
                    asked.setdefault((field.title, field.kind), set()).add(code)
    shared = {title: codes for (title, _kind), codes in asked.items() if len(codes) > 1}
    assert shared == {}


def _own(field: FormField) -> bool:
    """Files are one by their material; `原因` and `要变更的事项` are asked with other choices by each form."""
    return bool(field.element or field.material or field.title in {"原因", "要变更的事项"})


def test_writing_out_twice_changes_nothing() -> None:
    load_catalogues()
    dictionary = elements.Dictionary()
    for code in FormVersion.objects.values_list("code", flat=True).distinct():
        declared = queries.form(code)
        assert elements.written_out(declared, dictionary) == declared, code
