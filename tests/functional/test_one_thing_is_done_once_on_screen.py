"""一件事一次办 in a real browser: the questions change the list at once, one form is handed in, one page follows and collects."""

from collections.abc import Callable
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import BrowserContext, expect

from qipan.domains.licensing.themes import queries
from qipan.domains.licensing.themes.models import ThemeCase
from qipan.kernel.documents import seals
from qipan.kernel.jobs.testing import drain
from tests.functional.hands import fits
from tests.ledger.test_screens_hear_what_changed import served  # noqa: F401  (a real feed process)
from tests.licensing.city import SYSTEM, City
from tests.licensing.test_a_new_restaurant_is_checked_and_decided_by_people import picture
from tests.orgs.factories import BusinessUserFactory, signed_in
from tests.themes.walking import Walk

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]


@pytest.mark.parametrize("size", ["phone", "desk"])
def test_from_the_hall_to_the_results(
    served: str,  # noqa: F811
    context_for: Callable[..., BrowserContext],
    sign_in: Callable[..., None],
    look: Callable[..., None],
    client,
    settings,
    tmp_path,
    size: str,
) -> None:
    settings.HOME = tmp_path
    queries.forget()
    city = City()
    seals.create_seal(city.tree.city, SYSTEM)
    person = BusinessUserFactory()
    context = context_for(size)
    sign_in(context, person)
    page = context.new_page()
    page.route("**/feed?*", lambda route: route.continue_(url=f"{served}?{urlsplit(route.request.url).query}"))
    page.goto("/themes/")
    look(page, f"themes-hall-{size}")
    page.get_by_label("按您要做的事查找").fill("小吃")
    page.get_by_role("button", name="查找").click()
    page.get_by_role("link", name="我要开小餐馆").click()
    expect(page.get_by_role("heading", name="要办 8 个事项")).to_be_visible()
    look(page, f"themes-guide-{size}")
    page.get_by_role("radio", name="没有，办个体工商户").check()
    expect(page.get_by_role("heading", name="要办 2 个事项")).to_be_visible()
    page.get_by_role("radio", name="是，同一个地址").check()
    page.get_by_label("经营场所面积（平方米）").fill("80")
    page.get_by_role("checkbox", name="热食类食品制售").check()
    page.get_by_role("checkbox", name="要设置户外招牌").check()
    expect(page.get_by_role("heading", name="要办 3 个事项")).to_be_visible()
    look(page, f"themes-answered-{size}")
    fits(page)
    page.get_by_role("button", name="开始办理").click()
    expect(page.get_by_role("button", name="下一步：填写申请")).to_be_visible()
    look(page, f"themes-start-{size}")
    page.get_by_role("button", name="下一步：填写申请").click()
    expect(page.get_by_text("由“个体工商户设立登记”产生").first).to_be_visible()
    look(page, f"themes-form-{size}")
    fits(page)
    row = ThemeCase.objects.get()
    walk = Walk(signed_in(client, person), city, queries.theme("small-restaurant"), person)
    photo = tmp_path / "现场.png"
    photo.write_bytes(picture())
    for code, value in walk.answers(row).items():
        box = page.locator(f"[data-field='{code}']")
        if code == "key" or not box.count() or not box.is_visible():
            continue
        if isinstance(value, list) and box.locator("input[type=file]").count():
            box.locator("input[type=file]").set_input_files(photo)
            expect(box.get_by_text("已上传")).to_be_visible()
            continue
        field = box.locator(f"[name='{code}']").first
        kind = field.get_attribute("type") or field.evaluate("element => element.localName")
        if kind in {"radio", "checkbox"}:
            chosen = value[0] if isinstance(value, list) else value
            box.locator(f"[name='{code}'][value='{chosen}']").check()
        else:
            field.fill(str(value))
    for address in page.locator("[data-address-place]").all():
        if address.is_visible() and not address.input_value():
            address.select_option(index=1)
    page.get_by_role("button", name="一次提交").click()
    expect(page.get_by_role("heading", name="各事项进度")).to_be_visible()
    assert urlsplit(page.url).path == f"/my/cases/{row.case.uuid}/"
    drain()
    expect(page.get_by_text("营业执照").first).to_be_visible()
    look(page, f"themes-progress-{size}")
    fits(page)
    expect(page.get_by_text("共 3 个事项：2 个已经办成，1 个正在办理。")).to_be_visible()
    walk.officers(row)
    drain()
    # The page follows its items by the feed: nobody reloads it.
    expect(page.get_by_text("全部办成：3 个事项都有了结果。")).to_be_visible()
    expect(page.locator("[data-part=food]").get_by_text("已办结")).to_be_visible()
    results = page.get_by_label("全部结果")
    expect(results.locator("li")).not_to_have_count(0)
    expect(results.locator("li:not(:has(a))")).to_have_count(0)
    look(page, f"themes-results-{size}")
    staff = context_for(size)
    sign_in(staff, city.reviewer.user)
    table = staff.new_page()
    table.goto("/desk/themes/")
    expect(table.get_by_role("heading", name="主题服务：合并前后")).to_be_visible()
    look(table, f"themes-table-{size}")
    fits(table)
