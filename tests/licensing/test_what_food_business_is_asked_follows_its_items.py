"""What food business is asked and offered, by its items: DOMAIN 3.2, School 36."""

from typing import Any

import pytest

from qipan.domains.licensing.elicences import face
from qipan.domains.licensing.themes import queries
from qipan.kernel.forms import queries as forms
from qipan.kernel.forms.validation import validate
from tests.law.catalogues import load_catalogues
from tests.orgs.factories import UnitTree
from tests.subjects.factories import GrantFactory, SubjectFactory

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def catalogues(db: None) -> None:
    load_catalogues()
    queries.forget()


def lacking(**answers: Any) -> set[str]:
    return set(validate(forms.form("licensing.food_new"), answers).errors)


@pytest.mark.parametrize("item", ["HOT", "COLD", "RAW", "DRINK", "SEMI", "BULK", "BULK_PACKED"])
def test_who_makes_or_sells_food_shows_the_layout(item: str) -> None:
    assert "layout_plan" in lacking(items=[item]) and "layout_plan" in lacking(items=["CHAIN_SALES", item])


@pytest.mark.parametrize("items", [["CHAIN_SALES"], ["CHAIN_CATER", "CATER_MANAGE"]])
def test_who_only_manages_shows_no_layout(items: list[str]) -> None:
    """Management only: no layout (DOMAIN 3.2)."""
    told = lacking(items=items)
    assert "layout_plan" not in told and "manager_name" in told


def test_wholesale_is_a_way_of_business_too() -> None:
    """DOMAIN 3.2: the bracket marks begin with 批发销售."""
    marks = forms.form("licensing.food_new").field("marks")
    assert marks is not None
    assert [one.code for one in marks.options] == [
        "NETWORK", "CENTRAL_KITCHEN", "COLLECTIVE", "VENDING", "SCHOOL", "WHOLESALE",
    ]  # fmt: skip


def test_cakes_are_an_item_of_old_licences_only() -> None:
    """The list of 2015 had them; who holds such a licence keeps the words, and keeps it on reducing others."""
    new, change = (
        forms.form("licensing.food_new").field("items"),
        forms.form("licensing.food_change").field("new_items"),
    )
    assert new is not None and change is not None
    assert {one.code for one in change.options} - {one.code for one in new.options} == {"CAKE"}
    for theme in queries.themes():
        for question in theme.questions:
            assert "CAKE" not in {one.code for one in question.options}, theme.code
    UnitTree()
    grant = GrantFactory(SubjectFactory("深圳市老面包店"), ends_in=60)
    grant.data = {**grant.data, "items": ["HOT", "CAKE"]}
    assert ("经营项目", "热食类食品制售；糕点类食品制售") in face.lines_of(grant)


def test_a_school_canteen_is_not_offered_what_it_must_not_make() -> None:
    """中小学、幼儿园食堂不得制售冷荤类食品、生食类食品、裱花蛋糕 (School 36)."""
    theme = queries.theme("school-canteen")
    assert theme is not None
    items = next(one for one in theme.questions if one.code == "items")
    assert not {"RAW", "CAKE"} & {one.code for one in items.options}
    assert items.usual == ["HOT"] and "第三十六条" in items.help
