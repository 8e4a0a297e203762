"""The decision tables in a real browser: read, downloaded, imported with mistakes, compared, released."""

import datetime
from pathlib import Path

import pytest
from playwright.sync_api import expect

from qipan.kernel.jobs.testing import drain
from qipan.kernel.ledger.clock import today
from qipan.kernel.orgs.roles import Role
from tests.law.catalogues import load_catalogues
from tests.orgs.factories import StaffFactory, UnitTree

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
CODE = "licensing.food_renew"


def test_a_rule_is_changed_by_two_people(context_for, sign_in, look, tmp_path: Path) -> None:
    load_catalogues()
    city = UnitTree().city
    context = context_for("desk")
    sign_in(context, StaffFactory(role=Role.CATALOGUE_EDITOR, unit=city, label="规则编辑").user)
    page = context.new_page()
    page.goto("/desk/tables/")
    look(page, "tables-desk")
    page.locator(f'a[href="/desk/tables/{CODE}/"]').click()
    expect(page.get_by_text("没有遗漏，也没有冲突")).to_be_visible()
    look(page, "table-desk")
    with page.expect_download() as download:
        page.get_by_role("link", name="下载 DMN 文件").click()
    text = Path(download.value.path()).read_text("utf-8")

    page.goto("/desk/tables/import/")
    page.get_by_label("决策表代码").fill(CODE)
    page.get_by_label("生效日期").fill((today() + datetime.timedelta(days=7)).isoformat())
    broken = tmp_path / "坏的.dmn"
    broken.write_text(text.replace("true", "ture"), encoding="utf-8")
    page.get_by_label("DMN 文件").set_input_files(str(broken))
    page.get_by_role("button", name="检查并保存草稿").click()
    expect(page.get_by_role("heading", name="文件中的问题")).to_be_visible()
    expect(page.get_by_label("决策表代码")).to_have_value(CODE)
    look(page, "table-import-desk")

    good = tmp_path / "新版.dmn"
    good.write_text(text, encoding="utf-8")
    page.get_by_label("DMN 文件").set_input_files(str(good))
    page.get_by_role("button", name="检查并保存草稿").click()
    expect(page.get_by_text("草稿已保存")).to_be_visible()
    draft = page.url
    look(page, "table-draft-desk")

    phone = context_for("phone")
    sign_in(phone, StaffFactory(role=Role.CATALOGUE_RELEASER, unit=city, label="规则发布").user)
    other = phone.new_page()
    other.goto(draft)
    other.get_by_role("button", name="开始试算").click()
    expect(other.get_by_text("正在试算")).to_be_visible()
    drain()
    expect(other.get_by_text("试算了 0 件")).to_be_visible()
    look(other, "table-draft-phone")
    other.on("dialog", lambda dialog: dialog.accept())
    other.get_by_role("button", name="发布", exact=True).click()
    expect(other.get_by_text("已发布，自")).to_be_visible()
    other.goto("/desk/tables/")
    look(other, "tables-phone")
