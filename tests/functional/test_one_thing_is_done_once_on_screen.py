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
    answers = walk.answers(row)
    files = {code: value for code, value in answers.items() if isinstance(value, list)}
    for code, value in answers.items():
        field = page.locator(f"[name='{code}']")
        if code in files or code == "key" or not field.count() or not field.first.is_visible():
            continue
        kind = field.first.get_attribute("type")
        if kind == "checkbox":
            field.first.check()
        elif kind != "radio":
            field.first.fill(str(value))
    page.get_by_role("button", name="保存草稿").click()
    expect(page.get_by_text("草稿已保存").first).to_be_visible()
    walk.hand_in(row)
    page.goto(f"/my/cases/{row.case.uuid}/")
    expect(page.get_by_role("heading", name="各事项进度")).to_be_visible()
    expect(page.get_by_text("营业执照").first).to_be_visible()
    look(page, f"themes-progress-{size}")
    fits(page)
    expect(page.get_by_text("共 3 个事项：2 个已经办成，1 个正在办理。")).to_be_visible()
    walk.officers(row)
    drain()
    # The page follows its items by the feed: nobody reloads it.
    expect(page.get_by_text("全部办成：3 个事项都有了结果。")).to_be_visible()
    expect(page.locator("[data-part=food]").get_by_text("已办结")).to_be_visible()
    look(page, f"themes-results-{size}")
    staff = context_for(size)
    sign_in(staff, city.reviewer.user)
    table = staff.new_page()
    table.goto("/desk/themes/")
    expect(table.get_by_role("heading", name="主题服务：合并前后")).to_be_visible()
    look(table, f"themes-table-{size}")
    fits(table)
