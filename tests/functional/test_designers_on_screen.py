"""The designers of forms and tables, and the catalogue's pages, in a real browser: by mouse and by keyboard, desk and phone."""

import pytest
from playwright.sync_api import Page, expect

from qipan.kernel.decisions import queries as decisions
from qipan.kernel.law.drafting.models import Draft
from qipan.kernel.orgs.roles import Role
from tests.law.catalogues import load_catalogues
from tests.orgs.factories import StaffFactory, UnitTree

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
FORM, TABLE = "licensing.food_new", "licensing.food_renew"


@pytest.fixture
def editor(context_for, sign_in):
    load_catalogues()
    person = StaffFactory(role=Role.CATALOGUE_EDITOR, unit=UnitTree().city, label="规则编辑").user

    def opened(size: str) -> Page:
        context = context_for(size)
        sign_in(context, person)
        page: Page = context.new_page()
        return page

    return opened


def test_a_form_is_designed(editor, look) -> None:
    page = editor("desk")
    page.goto("/desk/forms/")
    look(page, "forms-desk", full=False)
    page.goto(f"/desk/forms/{FORM}/")
    look(page, "form-desk")
    page.get_by_role("button", name="起草新的一版").click()
    expect(page.get_by_role("heading", name="分节和字段")).to_be_visible()
    draft = page.url
    look(page, "form-draft-desk")
    page.get_by_role("link", name="加字段").first.click()
    editor_form = page.locator("#field-editor")
    editor_form.get_by_label("名称", exact=True).fill("无线网络名称")
    editor_form.get_by_label("代码").fill("Wifi")
    editor_form.get_by_role("button", name="保存字段").click()
    expect(editor_form.get_by_role("link", name="小写英文字母开头")).to_be_visible()
    expect(editor_form.get_by_label("名称", exact=True)).to_have_value("无线网络名称")
    look(page, "form-field-error-desk")
    editor_form.get_by_label("代码").fill("wifi")
    expect(page.locator("#preview").get_by_label("无线网络名称")).to_be_visible()
    assert "wifi" not in str(Draft.objects.get().body), "seen before it is kept"
    editor_form.get_by_role("button", name="保存字段").click()
    row = page.locator("#row-wifi")
    expect(row).to_contain_text("无线网络名称")
    up = row.get_by_role("button", name="上移")
    up.focus()
    before = row.evaluate("row => [...row.parentElement.children].indexOf(row)")
    page.keyboard.press("Enter")
    expect(page.locator("#up-wifi")).to_be_focused()
    page.wait_for_function(
        f"() => {{ const row = document.getElementById('row-wifi');"
        f" return [...row.parentElement.children].indexOf(row) === {before - 1}; }}"
    )
    look(page, "form-designed-desk")
    phone = editor("phone")
    phone.goto(f"{draft}?field=wifi")
    look(phone, "form-designed-phone")


def test_a_table_is_designed(editor, look) -> None:
    page = editor("desk")
    page.goto(f"/desk/tables/{TABLE}/")
    page.get_by_role("button", name="起草新的一版").first.click()
    expect(page.get_by_role("heading", name="规则", exact=True)).to_be_visible()
    draft = page.url
    look(page, "table-designer-desk")
    cell = page.locator("#r1c1")
    was = cell.input_value()
    cell.fill("<= = 5")
    expect(page.locator("#table-check")).to_contain_text("第 1 行")
    expect(cell).to_be_focused()
    cell.fill(was)
    expect(page.locator("#table-check")).to_contain_text("没有遗漏，也没有冲突")
    page.get_by_role("button", name="复制规则 1").click()
    expect(page.locator("td.cell-overlap").first).to_be_visible()
    expect(page.locator("#table-check")).to_contain_text("同时适用")
    look(page, "table-overlap-desk")
    assert decisions.table(TABLE).rules[0].when[0] == was
    phone = editor("phone")
    phone.goto(draft)
    look(phone, "table-overlap-phone")


def test_items_and_what_they_use(editor, look) -> None:
    page = editor("desk")
    page.goto("/desk/items/")
    look(page, "items-desk-list", full=False)
    page.get_by_role("searchbox").fill("FB-RENEW")
    page.get_by_role("button", name="查找").click()
    page.locator('a[href="/desk/items/FB-RENEW/"]').click()
    expect(page.get_by_role("heading", name="它用到的")).to_be_visible()
    look(page, "item-desk")
    page.get_by_role("button", name="起草新的一版").click()
    expect(page.get_by_role("button", name="保存内容")).to_be_visible()
    look(page, "item-draft-desk")
    page.get_by_label("名称").first.fill("食品经营许可延续（新）")
    page.get_by_role("button", name="保存内容").click()
    expect(page.locator(".draft-changes")).to_contain_text("食品经营许可延续（新）")
    page.goto("/desk/drafts/")
    look(page, "drafts-desk")
    phone = editor("phone")
    phone.goto("/desk/items/FB-RENEW/")
    look(phone, "item-phone")
    phone.goto("/desk/catalogue/materials/")
    look(phone, "materials-phone", full=False)
