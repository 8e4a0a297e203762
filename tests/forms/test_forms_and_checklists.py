"""Forms are checked by their declaration; checklists conclude by key and general items; items are sound."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qipan.kernel.forms import checklists, queries
from qipan.kernel.forms.validation import prefill, validate
from qipan.kernel.items import queries as items
from qipan.kernel.items.models import Item
from qipan.kernel.law import citing, library
from tests.beside import beside
from tests.law.catalogues import load_catalogues

LAWS = beside("laws")


@pytest.fixture
def loaded(db: None) -> None:
    load_catalogues()


GOOD = {
    "name": "粤味小馆",
    "uscc": "92440304MA5EFXYW94",
    "domicile": "红荔路1号",
    "number": "JY24403040001232",
    "unchanged": "true",
    "contact_name": "王小明",
    "contact_phone": "13800138000",
    "truthful": "on",
}


def test_a_complete_renewal_passes_and_each_gap_is_named(loaded: None) -> None:
    form = queries.form("licensing.food_renew")
    assert validate(form, GOOD).ok
    for code in ("contact_name", "contact_phone", "truthful"):
        result = validate(form, {**GOOD, code: ""})
        assert list(result.errors) == [code] and form.field(code).title in result.errors[code]


def test_a_field_is_asked_only_under_its_condition(loaded: None) -> None:
    form = queries.form("licensing.food_renew")
    assert "changes" not in validate(form, GOOD).cleaned
    assert list(validate(form, {**GOOD, "unchanged": "false"}).errors) == ["changes"]


@pytest.mark.parametrize(
    ("code", "value", "words"),
    [
        ("contact_phone", "12345", "11 位手机号码"),
        ("contact_name", "王" * 51, "最多 50 个字"),
        ("contact_name", "王\x00明", "不能显示"),
        ("uscc", "9" * 19, "最多 18 个字"),
    ],
)
def test_wrong_answers_are_told_at_their_field(loaded: None, code: str, value: str, words: str) -> None:
    assert words in validate(queries.form("licensing.food_renew"), {**GOOD, code: value}).errors[code]


def test_a_draft_may_be_incomplete_but_not_wrong(loaded: None) -> None:
    form = queries.form("licensing.food_renew")
    assert validate(form, {}, draft=True).ok
    assert not validate(form, {"contact_phone": "1"}, draft=True).ok


def test_what_the_registry_knows_is_not_asked(loaded: None) -> None:
    values, skip = prefill(
        queries.form("licensing.food_renew"), {"subject.name": "粤味小馆", "grant.number": "JY1"}
    )
    assert values == {"name": "粤味小馆", "number": "JY1"} and skip == {"name", "number"}


@given(
    st.dictionaries(
        st.sampled_from([*GOOD, "changes", "zzz"]),
        st.one_of(st.none(), st.text(max_size=40), st.integers(), st.lists(st.text(max_size=5))),
    )
)
def test_no_answer_breaks_the_check(answers: dict) -> None:
    from qipan.kernel.forms.declaration import FormRow

    form = FormRow.model_validate(
        {
            "code": "t.t",
            "valid_from": "2024-01-01",
            "title": "t",
            "sections": [
                {
                    "title": "s",
                    "fields": [
                        {"code": "name", "title": "n", "required": True},
                        {"code": "uscc", "title": "u", "kind": "number"},
                        {"code": "number", "title": "d", "kind": "date"},
                        {
                            "code": "changes",
                            "title": "c",
                            "kind": "multi",
                            "options": [{"code": "a", "title": "a"}],
                        },
                    ],
                }
            ],
        }
    )
    result = validate(form, answers)
    assert set(result.errors) <= {"name", "uscc", "number", "changes"}


def test_the_catering_list_has_20_key_and_36_general_items(loaded: None) -> None:
    listed = queries.checklist("CATER-2025").items
    assert (sum(item.key for item in listed), sum(not item.key for item in listed)) == (20, 36)
    assert len({item.code for item in listed}) == 56


def answers(codes: dict[str, str], checklist: checklists.ChecklistRow) -> dict[str, dict[str, str]]:
    return {item.code: {"answer": codes.get(item.code, "YES")} for item in checklist.items}


def test_one_failed_key_item_is_nonconformity(loaded: None) -> None:
    checklist = queries.checklist("CATER-2025")
    facts = {"main_format": "2", "items": ["HOT"], "marks": []}
    assert checklists.conclude(checklist, answers({}, checklist), facts).result == "CONFORM"
    assert checklists.conclude(checklist, answers({"2.2": "NO"}, checklist), facts).result == "BASIC"
    key = checklists.conclude(checklist, answers({"2.1": "NO"}, checklist), facts)
    assert key.result == "NONCONFORM" and [item.code for item in key.key_failed] == ["2.1"]
    assert checklists.conclude(checklist, {}, facts).result == "INCOMPLETE"


def test_items_that_do_not_apply_are_not_asked(loaded: None) -> None:
    checklist = queries.checklist("CATER-2025")
    hot = {item.code for item in checklist.applicable({"main_format": "2", "items": ["HOT"], "marks": []})}
    canteen = {
        item.code
        for item in checklist.applicable({"main_format": "3", "items": ["HOT", "COLD"], "marks": ["SCHOOL"]})
    }
    assert "3.4" not in hot and "9.2" not in hot and "8.1" not in hot
    assert {"3.4", "9.2", "9.3", "1.4"} <= canteen


def test_the_flags_of_items_are_nested_and_food_has_no_commitment(loaded: None) -> None:
    for item in Item.objects.all():
        assert (not item.is_auto or item.is_instant) and (not item.is_instant or item.is_mobile)
        assert not item.is_commitment
        assert queries.form(item.form)
    assert "FB-RENEW" in [item.code for item in items.items_for_public("食品经营 延续")]


def test_materials_that_a_source_supplies_are_not_asked_for(loaded: None) -> None:
    for item in Item.objects.all():
        supplied = {row.code for row in items.materials_of(item) if row.supplied_by}
        asked = {field.material for field in queries.form(item.form).fields if field.material}
        assert not supplied & asked


@pytest.mark.skipif(not LAWS.exists(), reason="the texts of the laws are not beside the project")
def test_every_citation_of_every_catalogue_exists(loaded: None) -> None:
    library.load(library.read_laws(LAWS))
    assert citing.problems() == []
