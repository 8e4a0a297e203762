"""A declared form in the browser: errors read aloud, rows by keyboard, addresses, uploads, two people at one draft."""

import itertools
import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, Route, expect

from qipan.domains.licensing.models import Application
from qipan.kernel.evidence.models import Upload
from qipan.kernel.ledger.actor import Actor
from qipan.kernel.subjects import actions as subjects
from tests.licensing.city import BUSINESS, PLACE, City
from tests.orgs.factories import BusinessUserFactory

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
MEGABYTE = 1024 * 1024


@pytest.fixture
def city(settings: Any, tmp_path: Path) -> City:
    settings.HOME = tmp_path
    return City()


def opened(context_for: Any, sign_in: Any, user: Any, row: Application, size: str = "phone") -> Page:
    context: BrowserContext = context_for(size)
    sign_in(context, user)
    page = context.new_page()
    page.goto(f"/applications/{row.case.uuid}/")
    return page


def draft(city: City, **answers: Any) -> tuple[Application, Any]:
    subject, _grant, reader = city.restaurant()
    row = city.drafted("FB-NEW", subject, None, reader, **answers)
    return row, subject.representatives.get().user


def test_errors_rows_and_addresses_by_keyboard(context_for, sign_in, look, city: City) -> None:
    row, user = draft(city, **{**BUSINESS, "staff_count": "6"})
    page = opened(context_for, sign_in, user, row)
    expect(page.locator("#field-machines")).to_be_hidden()
    page.get_by_label("利用自动设备").check()
    first = page.locator("#field-machines [data-row]").first
    first.get_by_label("设备编号").fill("A1")
    add = page.get_by_role("button", name="添加自动设备")
    add.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#field-machines [role=status]")).to_have_text("已添加自动设备 2")
    expect(page.locator(":focus")).to_have_attribute("name", "machines.1.machine_number")
    page.keyboard.type("A2")
    page.get_by_role("button", name="提交申请").click()
    summary = page.locator(".error-summary")
    expect(summary).to_be_focused()
    expect(summary).to_contain_text("自动设备 2：请填写“放置地点”。")
    look(page, "forms-errors-phone")
    summary.get_by_role("link", name="自动设备 2：请填写“放置地点”。").click()
    expect(page.locator(":focus")).to_have_attribute("id", "area-machines.1.machine_place")
    second = page.locator("#field-machines [data-row]").nth(1)
    second.get_by_label("区", exact=True).select_option("福田区")
    streets = second.get_by_label("街道", exact=True)
    assert set(streets.locator("optgroup").evaluate_all("all => all.map(one => one.label)")) == {"福田区"}
    streets.select_option("园岭街道")
    second.get_by_label("详细地址").fill("红荔路1号大堂")
    page.get_by_role("button", name="移除 自动设备 1").click()
    only = page.locator("#field-machines [data-row]")
    expect(only).to_have_count(1)
    expect(only.get_by_label("设备编号")).to_have_value("A2")
    expect(page.locator("[data-draft-status]")).to_have_text(re.compile(r"^已保存 \d\d:\d\d$"))
    look(page, "forms-rows-phone")
    row.refresh_from_db()
    assert row.answers["machines"] == [
        {"machine_number": "A2", "machine_place": "深圳市福田区园岭街道红荔路1号大堂"}
    ]
    page.reload()
    expect(only.get_by_label("详细地址")).to_have_value("红荔路1号大堂")
    expect(only.get_by_label("街道", exact=True)).to_have_value("福田区/园岭街道")


def test_a_cut_upload_goes_on_after_a_reload_and_what_is_too_large_is_not_sent(
    context_for, sign_in, look, city: City, tmp_path: Path
) -> None:
    row, user = draft(city)
    page = opened(context_for, sign_in, user, row)
    sent = itertools.count()

    def cut(route: Route) -> None:
        if route.request.method == "PATCH" and next(sent) >= 1:
            route.abort()
        else:
            route.continue_()

    page.route("**/uploads/**", cut)
    plan = tmp_path / "布局图.pdf"
    plan.write_bytes(b"%PDF-1.4\n" + b"0" * (3 * MEGABYTE) + b"\n%%EOF")
    # The second piece sets out once the server has confirmed the first.
    with page.expect_event("requestfailed", lambda request: request.method == "PATCH"):
        page.locator("#file-layout_plan").set_input_files(plan)
    half = Upload.objects.get()
    assert 0 < half.offset < half.length
    page.unroute("**/uploads/**")
    page.reload()
    expect(page.locator("#upload-layout_plan .upload-state")).to_have_text("已上传")
    assert Upload.objects.get().pk == half.pk, "the same upload went on"
    huge = tmp_path / "huge.pdf"
    with huge.open("wb") as file:
        file.truncate(300 * MEGABYTE)
    page.get_by_label("使用面积").fill("77")
    page.locator("#file-safety_rules").set_input_files(huge)
    told = page.locator("#upload-safety_rules .upload-state")
    expect(told).to_contain_text("300 MB，超过 50 MB 的上限")
    other = tmp_path / "notes.exe"
    other.write_bytes(b"MZ")
    page.locator("#file-safety_rules").set_input_files(other)
    expect(told.nth(1)).to_contain_text("种类不对")
    assert Upload.objects.count() == 1
    look(page, "forms-uploads-phone")
    expect(page.get_by_label("使用面积")).to_have_value("77")
    expect(page.locator("[data-draft-status]")).to_have_text(re.compile(r"^已保存 \d\d:\d\d$"))
    page.wait_for_load_state("networkidle")


def test_two_people_at_one_draft_lose_nothing(context_for, sign_in, look, city: City) -> None:
    row, user = draft(city, **PLACE, **BUSINESS)
    other = BusinessUserFactory(label="代办人乙")
    subjects.represent(other, row.case.subject, Actor.system())
    mine = opened(context_for, sign_in, user, row, "desk")
    theirs = opened(context_for, sign_in, other, row, "desk")
    theirs.get_by_label("从业人员数").fill("9")
    expect(theirs.locator("[data-draft-status]")).to_have_text(re.compile(r"^已保存 \d\d:\d\d$"))
    mine.get_by_label("从业人员数").fill("7")
    expect(mine.locator("[data-draft-status]")).to_contain_text("代办人乙刚才保存过这份草稿")
    mine.get_by_role("button", name="保存草稿").click()
    clash = mine.locator(".clash")
    expect(clash).to_have_count(1)
    expect(clash).to_contain_text("从业人员数")
    look(mine, "forms-clash-desk")
    expect(mine.get_by_label("从业人员数")).to_have_value("7")
    clash.get_by_label(re.compile("我填写的")).check()
    mine.get_by_role("button", name="保存草稿").click()
    expect(mine.get_by_text("草稿已保存")).to_be_visible()
    for page in (mine, theirs):
        page.wait_for_load_state("networkidle")
    row.refresh_from_db()
    assert row.answers["staff_count"] == "7"
