"""A page renews itself under somebody's hands: what was opened, ticked and typed stays, and a press meets its aim."""

import re

import pytest
from django.conf import settings as django_settings
from django.utils import timezone
from playwright.sync_api import Dialog, Page, expect

from qipan.domains.licensing.models import Application
from qipan.kernel.evidence import actions as evidence
from qipan.kernel.law.drafting.models import Draft, Trial
from qipan.kernel.orgs.roles import Role
from tests.functional.test_designers_on_screen import FORM, editor  # noqa: F401
from tests.licensing.city import City
from tests.licensing.test_a_decision_waits_for_its_countersignature import to_decide
from tests.licensing.test_a_new_restaurant_is_checked_and_decided_by_people import picture
from tests.orgs.factories import SYSTEM, StaffFactory
from tests.portal.test_heads_see_and_even_out_the_work import House

pytestmark = pytest.mark.django_db(transaction=True)


def renew(page: Page, part: str) -> None:
    """Says to a part of the page what the live feed says: something changed."""
    page.evaluate("part => document.querySelector(part).dispatchEvent(new CustomEvent('changed'))", part)


def test_an_officer_keeps_the_opened_material_and_the_ticks(context_for, sign_in, settings, tmp_path) -> None:
    settings.HOME = tmp_path
    city = City()
    city.head, other = (StaffFactory(role=Role.OFFICE_HEAD, unit=city.tree.offices[0]) for _one in range(2))
    case = to_decide(city, ["HOT", "RAW"])
    row = Application.objects.get(pk=case.pk)
    files = [
        str(evidence.store(picture(), actor=SYSTEM, kind="material", name=name).uuid)
        for name in ("布局图.png", "流程图.png")
    ]
    Application.objects.filter(pk=case.pk).update(answers=row.answers | {"layout_plan": files})
    context = context_for("desk")
    sign_in(context, city.decider.user)
    page = context.new_page()
    page.goto(f"/desk/cases/{case.uuid}/")
    page.locator(".materials a").first.click()
    expect(page.locator("#material-viewer img")).to_be_visible()
    tick = page.get_by_role("checkbox", name=str(other.user))
    tick.check()
    mark = tick.evaluate_handle("box => box")
    Application.objects.filter(pk=case.pk).update(correction=["请补充从业人员健康证明"])
    renew(page, "#case-body")
    expect(page.get_by_text("请补充从业人员健康证明")).to_be_visible()
    expect(tick).to_be_checked()
    expect(tick).to_be_focused()
    assert mark.evaluate("(box) => box.isConnected"), "it is the same box, not another in its place"
    expect(page.locator("#material-viewer img")).to_be_visible()
    tick.blur()
    page.locator("body").press("ArrowRight")
    expect(page.locator("#material-viewer")).to_contain_text("第 2 份")
    # Where the session has ended meanwhile, the page stays as it is.
    title = page.title()
    context.clear_cookies(name=django_settings.SESSION_COOKIE_NAME)
    with page.expect_response(re.compile("login")):
        renew(page, "#case-body")
    page.wait_for_timeout(300)
    expect(tick).to_be_checked()
    assert page.title() == title


def test_a_press_on_the_inbox_meets_what_it_was_aimed_at(context_for, sign_in) -> None:
    house = House()
    house.order(None, 5)
    late = house.order(None, 6)
    context = context_for("desk")
    sign_in(context, house.people[0].user)
    page = context.new_page()
    page.goto("/desk/?which=unclaimed")
    line = page.locator(f"#line-{late.pk}")
    line.get_by_role("checkbox").check()
    new = house.order(None, 1)
    button = line.get_by_role("button", name="认领")
    box = button.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    with page.expect_response(re.compile("which=unclaimed")):
        renew(page, "#inbox")
    page.wait_for_timeout(500)
    assert button.bounding_box() == box, "nothing moves under a press"
    expect(page.locator(f"#line-{new.pk}")).to_have_count(0)
    with page.expect_navigation():
        page.mouse.up()
    late.refresh_from_db()
    assert late.state == "CLAIMED"


def test_ticks_stay_with_their_lines(context_for, sign_in) -> None:
    house = House()
    orders = [house.order(None, due) for due in (4, 5, 6)]
    context = context_for("desk")
    sign_in(context, house.people[0].user)
    page = context.new_page()
    page.goto("/desk/?which=unclaimed")
    page.locator(f"#line-{orders[1].pk}").get_by_role("checkbox").check()
    new = house.order(None, 1)
    renew(page, "#inbox")
    expect(page.locator(f"#line-{new.pk}")).to_be_visible()
    ticked = page.locator("#inbox .pick input:checked")
    expect(ticked).to_have_count(1)
    expect(ticked).to_have_value(str(orders[1].uuid))
    expect(page.locator("[data-pick-act]").first).to_be_visible()


@pytest.mark.slow
def test_what_is_typed_into_a_draft_outlives_its_trial(editor) -> None:  # noqa: F811
    page = editor("desk")
    page.goto(f"/desk/forms/{FORM}/")
    page.get_by_role("button", name="起草新的一版").click()
    expect(page.get_by_role("heading", name="分节和字段")).to_be_visible()
    draft = Draft.objects.get()
    trial = Trial.objects.create(
        draft=draft,
        org_path=draft.org_path,
        digest=draft.digest,
        valid_from=draft.valid_from,
        total=10,
        most=10,
        at=timezone.now(),
    )
    page.reload()
    expect(page.get_by_text("正在试算：0 / 10 件")).to_be_visible()
    page.get_by_label("表单名称").fill("名称改到一半")
    page.locator("summary", has_text="YAML").click()
    text = page.locator("#yaml-text")
    typed = text.input_value() + "# 改到一半\n"
    text.fill(typed)
    page.get_by_label("新的分节").focus()
    # Somebody else saves the same draft in the middle of it.
    Draft.objects.filter(pk=draft.pk).update(revision=draft.revision + 1)
    Trial.objects.filter(pk=trial.pk).update(tried=5)
    expect(page.get_by_text("正在试算：5 / 10 件")).to_be_visible()
    expect(page.get_by_label("表单名称")).to_have_value("名称改到一半")
    expect(text).to_be_visible()
    expect(text).to_have_value(typed)
    form = page.locator("form", has=text)
    assert form.locator("[name=revision]").input_value() == str(draft.revision)
    Trial.objects.filter(pk=trial.pk).update(tried=10, ended_at=timezone.now())
    expect(page.get_by_text("试算了 10 件")).to_be_visible()
    expect(page.get_by_label("表单名称")).to_have_value("名称改到一半")
    form.get_by_role("button", name="检查并保存").click()
    expect(page.get_by_role("alert")).to_contain_text("别人")
    assert Draft.objects.get().revision == draft.revision + 1, "what the other saved stands"


@pytest.mark.slow
def test_another_act_asks_before_it_takes_what_is_not_saved(editor) -> None:  # noqa: F811
    page = editor("desk")
    page.goto(f"/desk/forms/{FORM}/")
    page.get_by_role("button", name="起草新的一版").click()
    page.get_by_role("link", name="加字段").first.click()
    field = page.locator("#field-editor").get_by_label("名称", exact=True)
    field.fill("无线网络名称")
    other = page.locator("[id^=row-]").first
    asked: list[str] = []

    def no(dialog: Dialog) -> None:
        asked.append(dialog.message)
        dialog.dismiss()

    page.once("dialog", no)
    other.get_by_role("button", name="下移").click()
    expect(field).to_have_value("无线网络名称")
    assert len(asked) == 1 and "没有保存" in asked[0]
    page.once("dialog", lambda dialog: dialog.accept())
    other.get_by_role("button", name="下移").click()
    expect(field).to_have_count(0)
    page.get_by_role("link", name="加字段").first.click()
    page.locator("#field-editor").get_by_label("名称", exact=True).fill("门头照片")
    page.get_by_role("link", name="不改了").click()
    expect(page.locator("#field-editor")).to_have_count(0)
    assert len(asked) == 1
