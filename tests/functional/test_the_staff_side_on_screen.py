"""The officers' places of work in a real browser, at the desk and on the phone: looked at, axe clean, by keyboard."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.licensing.city import City
from tests.licensing.test_a_new_restaurant_is_checked_and_decided_by_people import picture, step
from tests.licensing.test_a_review_has_all_beside_one_another import handed_in, pdf, renewal

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def city(settings, tmp_path) -> City:
    settings.HOME = tmp_path
    return City()


def test_an_officer_reviews_with_all_beside_one_another(
    city: City, context_for: Callable[..., Any], sign_in: Callable[..., None], look: Callable[..., None]
) -> None:
    case = handed_in(city, ("布局图.png", picture()), ("流程.pdf", pdf(2)))
    odd = renewal(city, name="深圳市旧名餐馆")
    for size in ("desk", "phone"):
        context = context_for(size)
        sign_in(context, city.receiver.user)
        page = context.new_page()
        page.goto(f"/desk/cases/{case.uuid}/")
        page.locator(".materials a").first.click()
        viewer = page.locator("#material-viewer")
        expect(viewer.get_by_text("第 1 份，共 2 份")).to_be_visible()
        page.locator("body").press("ArrowRight")
        expect(viewer.get_by_text("第 1 页，共 2 页")).to_be_visible()
        page.locator("body").press("ArrowRight")
        expect(viewer.get_by_text("第 2 页，共 2 页")).to_be_visible()
        page.locator("summary", has_text="一次性告知补正").click()
        page.get_by_label("主要设备设施、布局和操作流程图", exact=False).first.check()
        page.get_by_role("button", name="预览补正告知书").click()
        expect(page.locator(".letter-preview img")).to_be_visible()
        look(page, f"staff-correct-{size}")
        page.goto(f"/desk/cases/{odd.uuid}/")
        expect(page.get_by_text("1 处不一致")).to_be_visible()
        look(page, f"staff-compared-{size}")
    step(odd, city.receiver, "accept")
    context = context_for("desk")
    sign_in(context, city.reviewer.user)
    page = context.new_page()
    page.goto(f"/desk/cases/{odd.uuid}/")
    page.locator("summary", has_text="提出审查意见").click()
    for one in page.locator(".condition").all():
        one.get_by_label("符合", exact=True).check()
    page.get_by_role("button", name="按审查结果起草意见").click()
    expect(page.locator("#opinion")).to_have_value(holding("建议准予"))
    look(page, "staff-review-desk")


def holding(words: str) -> Any:
    """A pattern for a field's value that holds these words."""
    return re.compile(re.escape(words))
