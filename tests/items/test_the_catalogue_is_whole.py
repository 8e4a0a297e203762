"""The catalogue of the city: real items, each with its basis, form, limits and what it ends in; nothing stands twice."""

import time
from collections import Counter

import pytest

from qipan.domains.licensing import handling
from qipan.kernel.flow import registry
from qipan.kernel.forms import queries as forms
from qipan.kernel.items import queries as items
from qipan.kernel.items.models import Item, LicenceKind
from qipan.kernel.law import catalogue, citing
from qipan.kernel.law.citations import SHORT_NAMES, Citation
from tests.law.catalogues import load_catalogues

pytestmark = pytest.mark.django_db


@pytest.fixture
def every() -> list[Item]:
    load_catalogues()
    return items.items_for_public()


def test_the_city_offers_420_items_of_which_269_103_and_54(every: list[Item]) -> None:
    """The published figures: 掌上办, 即刻办, 秒办; each within the one before."""
    mobile, instant, auto = (
        {item.code for item in every if getattr(item, flag)}
        for flag in ("is_mobile", "is_instant", "is_auto")
    )
    assert (len(every), len(mobile), len(instant), len(auto)) == (420, 269, 103, 54)
    assert auto < instant < mobile


def test_names_and_codes_are_each_their_own(every: list[Item]) -> None:
    assert [name for name, times in Counter(item.name for item in every).items() if times > 1] == []
    codes = [item.code for item in every]
    assert len(set(codes)) == len(codes) == Item.objects.values("code").distinct().count()


def test_each_says_by_what_law_or_that_this_is_unconfirmed(every: list[Item]) -> None:
    for item in every:
        assert item.bases or item.unconfirmed, item.code
        assert all(Citation.parse(basis).law in SHORT_NAMES for basis in item.bases), item.code
        assert item.conditions or item.code == "FF-CANCEL", item.code
        for condition in item.conditions:
            assert condition["source"] or condition["unconfirmed"], (item.code, condition["text"])
        assert item.code_unconfirmed, f"{item.code}: no source at hand confirms a national code"
        assert item.authority or item.agency, item.code


def test_each_can_be_applied_for_and_ends_in_a_document(every: list[Item]) -> None:
    for item in every:
        assert registry.get(item.flow)
        asked = forms.asked(item)
        assert any(field.code == "contact_phone" for field in asked.fields), item.code
        wanted = [each for each in items.materials_of(item) if not each.supplied_by]
        assert {each.code for each in wanted} <= {field.material for field in asked.fields}, item.code
        assert handling.ends_in(item), f"{item.code} ends in no document"


def test_flags_are_nested_and_health_and_safety_have_no_commitment(every: list[Item]) -> None:
    """告知承诺 is not offered where personal health, life and property safety are at stake (SZCredit 59)."""
    for item in every:
        assert not item.is_auto or item.is_instant
        assert not item.is_instant or item.is_mobile
        assert item.is_auto == bool(item.table)
        assert ("PHONE" in item.channels) == item.is_mobile
        assert not item.is_commitment, item.code


def test_the_certificate_shows_only_what_a_form_asks_or_the_register_knows(every: list[Item]) -> None:
    known = {"name", "uscc", "rep", "domicile", "place", "type", "capital", "established", "business_scope"}
    founding = [item for item in every if item.handling in {"NEW", "FILING", "REGISTER"}]
    for kind in LicenceKind.objects.exclude(code__in=["JY", "YB"]):
        asked = {
            field.code for item in founding if item.licence == kind.code for field in forms.asked(item).fields
        }
        assert asked, f"nobody can apply for {kind.code}"
        lacking = {face["field"] for face in kind.faces} - known - asked
        assert not lacking, (kind.code, lacking)


def test_loading_all_of_them_takes_less_than_a_second_and_again_changes_nothing(every: list[Item]) -> None:
    started = time.perf_counter()
    sources = list(catalogue.files())
    blocks = catalogue.blocks_of(sources)
    for source in sources:
        if source.kind in {"items", "item_families"}:
            catalogue.checked(source, blocks)
    assert (
        time.perf_counter() - started < 5
    )  # far above what it takes: a bound for a loop gone wrong, no benchmark
    again = {report.kind: report for report in catalogue.load_all(without=frozenset({"units", "posts"}))}
    assert again["item_families"].created == 0 and again["items"].created == 0


def test_no_citation_of_any_item_is_malformed(every: list[Item]) -> None:
    assert citing.problems() == []


def test_who_ends_a_licence_is_not_asked_for_what_it_began_with(every: list[Item]) -> None:
    """注销: the licence itself, never again the dossier of its beginning."""
    ending = [item for item in every if item.handling in {"CANCEL", "FILING_CANCEL"}]
    asked = {
        material.code for item in ending for material in items.materials_of(item) if not material.supplied_by
    }
    assert len(ending) > 40 and asked <= {"original_licence"}
