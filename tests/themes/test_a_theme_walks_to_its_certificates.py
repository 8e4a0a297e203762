"""One thing, done once: asked, filled in once, handed in once, its items on their own ways, its results in one place."""

import pytest
from django.test import Client
from django.urls import reverse

from qipan.kernel.flow import registry
from qipan.kernel.flow.checks import missing, problems
from tests.licensing.city import City
from tests.themes.walking import Walk, walker

pytestmark = pytest.mark.django_db


@pytest.fixture
def walk(client: Client, city: City) -> Walk:
    return walker(client, city, "small-restaurant")


def test_a_small_restaurant_from_the_first_question_to_the_last_certificate(walk: Walk) -> None:
    row = walk.begin()
    page = walk.client.get(reverse("theme_form", args=[row.case.uuid])).content.decode()
    assert page.count('name="contact_phone"') == 1 and "由“个体工商户设立登记”产生" in page
    row = walk.hand_in(row)
    assert row.case.state == "HANDLING" and row.case.subject.name == f"深圳市福田区一件事{row.pk}店"
    assert walk.states(row) == {
        "bl_individual": "DONE", "stamp": "DONE", "tax": "DONE", "fire": "DONE", "sign": "DONE", "drain": "DONE",
        "food": "HANDED", "kitchen": "WAITING",
    }  # fmt: skip
    page = walk.client.get(reverse("my_case", args=[row.case.uuid])).content.decode()
    assert "“食品经营许可（餐饮服务）新办”有结果以后自动提交" in page and "营业执照" in page
    row = walk.officers(row)
    assert set(walk.states(row).values()) == {"DONE"}
    assert (row.case.state, row.case.result) == ("CLOSED", "DONE")
    page = walk.client.get(reverse("my_case", args=[row.case.uuid])).content.decode()
    assert "食品经营许可证" in page
    kinds = set(row.case.subject.grants.values_list("kind", flat=True))
    assert kinds == {"YYZZ", "JY"}
    seal = row.case.subject.cases.get(flow_code="seals.application")
    assert seal.opened_by == walk.user.pk, "the electronic seal that was wished is applied for"


def test_the_declared_flow_is_sound(city: City) -> None:
    assert problems(registry.get("licensing.theme")) == [] and missing(registry.get("licensing.theme")) == []
