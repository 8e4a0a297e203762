"""办事大厅 in a real browser: from the lines to an item and its guide, on a phone and at a desk; axe clean, nothing sideways."""

from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, expect

from tests.functional.hands import fits
from tests.law.catalogues import load_catalogues

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize("size", ["phone", "desk"])
def test_an_item_is_found_from_its_line(
    context_for: Callable[..., BrowserContext], look: Callable[..., None], size: str
) -> None:
    load_catalogues()
    page = context_for(size).new_page()
    page.goto("/items/")
    expect(page.get_by_role("heading", name="办事大厅")).to_be_visible()
    look(page, f"hall-{size}")
    page.locator(".hall-lines").get_by_role("link", name="特种设备").click()
    page.locator("#item-query").fill("电梯 登记")
    page.locator(".hall-words").get_by_role("button").click()
    expect(page.get_by_role("link", name="电梯使用登记").first).to_be_visible()
    look(page, f"hall-found-{size}")
    fits(page)
    page.goto("/items/MD-NEW/")
    expect(page.get_by_role("heading", name="第三类医疗器械经营许可新办")).to_be_visible()
    look(page, f"guide-{size}")
    fits(page)
