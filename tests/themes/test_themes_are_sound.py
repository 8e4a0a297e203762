"""The 38 themes as they are declared: items that exist, an order without rings, questions that prune, one form of many."""

import copy

import pytest
from django.test import Client
from django.urls import reverse

from qipan.domains.licensing.themes import asking, graph, loading, planning, queries
from qipan.domains.licensing.themes.declaration import ThemeRow
from qipan.domains.licensing.themes.measuring import Savings
from qipan.kernel.ledger.errors import Refused
from qipan.kernel.orgs.roles import Role
from tests.orgs.factories import StaffFactory, UnitTree, signed_in

pytestmark = pytest.mark.django_db


def usual(theme: ThemeRow) -> planning.Plan:
    return planning.plan(theme, asking.answered(theme, theme.usual).cleaned)


def test_there_are_38_and_each_spares_something(every: list[ThemeRow]) -> None:
    assert [theme.number for theme in every] == list(range(1, 39))
    for theme in every:
        shown = usual(theme)
        assert len(shown.steps) >= 3 and shown.savings.parts == len(shown.steps), theme.code
        assert shown.savings.fields_saved > 0, theme.code
        asked = [f.material for node in shown.merged.nodes for f in node.form.fields if f.kind == "file"]
        shared = len(asked) - len(set(asked))
        assert shown.savings.materials_apart == len(asked) and shown.savings.materials_saved >= shared, theme.code
        assert {step.code for step in shown.steps} == {
            part.code for part in asking.chosen(theme, theme.usual)
        }


def test_what_is_spared_is_what_one_counts_by_hand(every: list[ThemeRow]) -> None:
    """Two items on one form of ten fields (address, street, mode, scope, persons, store, tracing, two of the contact, a
    declaration) and five uploads: once but for the scope, and three uploads; three questions led there."""
    devices = queries.theme("medical-devices")
    assert devices is not None
    situation = {"registered": "HELD", "place": "OTHER", "classes": ["TWO", "THREE"]}
    spared = planning.plan(devices, asking.answered(devices, situation).cleaned).savings
    assert spared == Savings(
        parts=2, fields_apart=20, fields_merged=11, materials_apart=5, materials_merged=3, questions=3
    )
    assert (spared.fields_saved, spared.materials_saved, spared.fields_share) == (6, 2, 30)


def test_nothing_is_asked_twice(every: list[ThemeRow]) -> None:
    """DOMAIN 3.7 a, b: one field for each element, one upload for each material; what a part gives is not asked."""
    for theme in every:
        merged = usual(theme).merged
        elements = [ask.element for ask in merged.asks.values() if ask.element]
        materials = [ask.field.material for ask in merged.asks.values() if ask.field.kind == "file"]
        assert len(set(elements)) == len(elements) and len(set(materials)) == len(materials), theme.code
        takers = [taker for ask in merged.asks.values() for taker in ask.takers]
        assert len(set(takers)) == len(takers)
        given = {token for node in merged.nodes for token in node.produces}
        assert not given & set(elements), theme.code


def test_a_new_business_licence_feeds_the_food_licence(every: list[ThemeRow]) -> None:
    restaurant = queries.theme("small-restaurant")
    assert restaurant is not None
    shown = usual(restaurant)
    assert [step.code for step in shown.stages[0]] == ["bl_individual"]
    assert [step.code for step in shown.stages[2]] == ["kitchen"]
    origin = shown.merged.origins["food"]
    assert origin["name"].place == origin["uscc"].place == "PART" and origin["name"].code == "bl_individual"
    assert origin["premises"].place == "SAME" and origin["premises"].code == "subject_new_domicile"
    assert origin["area"].place == "SITUATION" and origin["main_format"].place == "THEME"


def test_answers_prune(every: list[ThemeRow]) -> None:
    """DOMAIN 3.7 c: each answer says what it adds or drops."""
    restaurant = queries.theme("small-restaurant")
    assert restaurant is not None
    small = asking.answered(restaurant, {**restaurant.usual, "area": "80", "sign": False}).cleaned
    assert {"fire", "sign"} & {part.code for part in asking.chosen(restaurant, small)} == set()
    registered = next(one for one in restaurant.questions if one.code == "registered")
    effects = {one.code: one for one in asking.effects(restaurant, small, registered)}
    assert set(effects["HELD"].drops) == {"bl_individual", "stamp", "tax"} and effects["HELD"].adds == ()
    assert effects["COMPANY"].adds == ("bl_company",) and effects["COMPANY"].drops == ("bl_individual",)


def test_a_stricter_material_stands_in_for_the_weaker(every: list[ThemeRow]) -> None:
    kitchen = queries.theme("central-kitchen")
    assert kitchen is not None
    merged = usual(kitchen).merged
    assert "m_safety_rules" not in merged.asks and "m_equipment_layout" not in merged.asks
    assert ("food", "safety_rules") in merged.asks["m_food_safety_system"].takers


def broken(theme: ThemeRow, change) -> ThemeRow:
    row = copy.deepcopy(theme.model_dump())
    change(row)
    return ThemeRow.model_validate(row)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda row: row["parts"][0].update(item="XX-NONE"), "没有这样的事项"),
        (lambda row: row["parts"][0].update(after=["kitchen"]), "互相等待"),
        (lambda row: row["parts"][-1].update(consumes=["licence.NONE"]), "没有部分产生"),
        (lambda row: row["parts"][0].update(produces=["material.none"]), "不存在"),
        (lambda row: row["parts"][0].update(given={"none": "x"}), "没有可以代填的字段"),
        (lambda row: row["questions"].append({"code": "idle", "title": "闲问", "kind": "bool"}), "没有用处"),
        (lambda row: row["same"][0].update(element="net.site"), "没有表单"),
    ],
)
def test_a_theme_that_does_not_hold_together_is_refused(every: list[ThemeRow], change, said: str) -> None:
    theme = queries.theme("small-restaurant")
    assert theme is not None
    loading.prove(theme)
    with pytest.raises(Refused, match=said):
        loading.prove(broken(theme, change))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            lambda row: row["parts"][0].update(when={"field": "nowhere", "op": "eq", "value": 1}),
            "没有（或者还没有）",
        ),
        (
            lambda row: row["parts"][0].update(when={"field": "registered", "op": "eq", "value": "MARS"}),
            "没有选项",
        ),
        (
            lambda row: row["parts"][0].update(when={"field": "registered", "op": "near", "value": 1}),
            "条件不对",
        ),
        (lambda row: row["parts"].append(row["parts"][0]), "重复"),
        (lambda row: row["parts"][0].update(after=["nobody"]), "不存在"),
    ],
)
def test_a_wrong_row_is_refused_in_words(every: list[ThemeRow], change, said: str) -> None:
    theme = queries.theme("small-restaurant")
    assert theme is not None
    with pytest.raises(ValueError, match=said):
        broken(theme, change)


def test_no_question_asks_for_more_than_the_forms_accept(every: list[ThemeRow]) -> None:
    """What is answered there has no field to be put right in: a workshop of 6000 m² would be refused at the end."""
    workshop, restaurant = queries.theme("food-workshop"), queries.theme("small-restaurant")
    assert workshop is not None and restaurant is not None
    area = next(one for one in workshop.questions if one.element == "place.area")
    assert (area.kind, float(area.min), float(area.max)) == ("number", 1, 5000)

    def change(code: str, **own):
        return lambda row: next(one for one in row["questions"] if one["code"] == code).update(own)

    loading.prove(broken(workshop, change("area", max=4000)))
    with pytest.raises(Refused, match="问得宽"):
        loading.prove(broken(workshop, change("area", max=6000)))
    with pytest.raises(Refused, match="矛盾"):
        loading.prove(broken(restaurant, change("area", max=200000)))
    strange = [{"code": "HOT", "title": "热食类食品制售"}, {"code": "COLD", "title": "冷的"}]
    with pytest.raises(Refused, match="矛盾"):
        loading.prove(broken(restaurant, change("items", options=strange)))


def test_a_question_is_what_its_element_is(every: list[ThemeRow]) -> None:
    restaurant = queries.theme("small-restaurant")
    assert restaurant is not None
    row = restaurant.model_dump()
    items = next(one for one in row["questions"] if one["code"] == "items")
    for name in ("kind", "options"):
        del items[name]
    assert loading.prove(ThemeRow.model_validate(row)) == restaurant


def test_what_is_not_asked_has_no_answer(every: list[ThemeRow]) -> None:
    """Who has a licence is not asked about a seal: an answer to it from before brings nothing."""
    restaurant, repair = queries.theme("small-restaurant"), queries.theme("credit-repair")
    assert restaurant is not None and repair is not None
    held = {part.code for part in asking.chosen(restaurant, {**restaurant.usual, "registered": "HELD"})}
    assert not held & {"bl_individual", "stamp", "tax"} and "food" in held
    parts = {
        kind: {part.item for part in asking.chosen(repair, {**repair.usual, "kind": kind})}
        for kind in ("FIRM", "INDIVIDUAL", "COOP")
    }
    both = {"CU-SERIOUS", "CQ-PENALTY", "CQ-REPAIR"}
    assert parts == {
        "FIRM": {"CR-YEAR", "CU-REPORT", *both},
        "INDIVIDUAL": {"CR-YEARIND", "CU-INDREPORT", *both},
        "COOP": {"CR-YEARCOOP", "CU-COOP", *both},
    }


def test_one_bank_account_is_closed_before_the_next_is_opened(every: list[ThemeRow]) -> None:
    change = queries.theme("change-business")
    assert change is not None
    codes = [[step.code for step in stage] for stage in usual(change).stages]
    at = {code: number for number, stage in enumerate(codes) for code in stage}
    assert at["stamp"] < at["bank_close"] < at["bank"]


def test_no_situation_has_a_ring(every: list[ThemeRow]) -> None:
    for theme in every:
        graph.layers(graph.waits(graph.nodes(theme.parts)))


def test_everybody_reads_the_guides_and_officials_the_table(client: Client, every: list[ThemeRow]) -> None:
    page = client.get(reverse("themes"), {"q": "餐馆"}).content.decode()
    assert "我要开小餐馆" in page and "我要开药店" not in page
    assert "没有找到主题" in client.get(reverse("themes"), {"q": "火箭"}).content.decode()
    assert client.get(reverse("theme", args=["no-such"])).status_code == 404
    for theme in every:
        assert client.get(reverse("theme", args=[theme.code])).status_code == 200
    answered = {
        "asked": "1",
        "registered": "INDIVIDUAL",
        "seal": "true",
        "place": "SAME",
        "area": "12x",
        "items": ["HOT"],
    }
    page = client.get(reverse("theme", args=["small-restaurant"]), answered).content.decode()
    assert "应当是数字" in page and "食品经营许可（餐饮服务）新办" in page and "不用办：" in page
    assert client.get(reverse("theme_table")).status_code == 302
    signed_in(client, StaffFactory(role=Role.LIC_REVIEWER, unit=UnitTree().districts[0]).user)
    table = client.get(reverse("theme_table")).content.decode()
    assert all(theme.title in table for theme in every)
