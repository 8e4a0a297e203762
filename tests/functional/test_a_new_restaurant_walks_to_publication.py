"""Both loops in a real browser: a new restaurant from its application to the published inspection; a renewal in a second."""

import io
import re
import time
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, expect
from pypdf import PdfReader

from qipan.domains.inspection.models import Visit
from qipan.kernel.documents.models import Document
from qipan.kernel.flow.models import Case, WorkOrder
from qipan.kernel.jobs.testing import drain
from qipan.kernel.ledger.dispatch import deliver_waiting
from tests.functional.hands import answer, answer_all, saved, sign
from tests.inspection.office import Office, photo
from tests.subjects.factories import SubjectFactory, owner_of

pytestmark = pytest.mark.django_db(transaction=True)
NAME = "深圳市福田区新味坊餐馆"


@pytest.fixture
def office(settings, tmp_path) -> Office:
    settings.HOME = tmp_path
    return Office()


def settle() -> None:
    """What the workers do: render, seal, deliver events, twice, because events open work that renders again."""
    for _round in range(2):
        drain()
        deliver_waiting(quiet=False)


@pytest.fixture
def person(context_for: Any, sign_in: Any) -> Any:
    """A signed-in person at a device: `person(user, "phone")` gives the page."""

    def enter(user: Any, size: str = "desk") -> Page:
        context: BrowserContext = context_for(size)
        sign_in(context, user)
        return context.new_page()

    return enter


def take(page: Page, title: str) -> None:
    """An official finds the order in the inbox, signs for it and opens its case."""
    page.goto("/desk/")
    row = page.get_by_role("row").filter(has_text=title)
    row.get_by_role("button", name="认领").click()
    expect(page.get_by_text("已签收")).to_be_visible()
    page.locator("dl.facts a[href^='/desk/cases/']").first.click()


def papers_of(case: Case) -> int:
    return Document.objects.filter(record_kind="flow.case", record_id=case.pk).count()


def apply(page: Page, look: Any, tmp_path: Path) -> Case:
    """The applicant, on a phone: find the item, choose the business, fill in, photograph the plan, hand in."""
    page.goto("/")
    page.get_by_role("link", name="全部事项").click()
    page.locator("#item-query").fill("餐饮 新办")
    page.locator(".hall-words").get_by_role("button").click()
    page.get_by_role("link", name="食品经营许可（餐饮服务）新办").first.click()
    look(page, "apply-guide-phone")
    page.get_by_role("link", name="在线办理").click()
    page.get_by_role("radio", name=re.compile(NAME)).check()
    look(page, "apply-start-phone")
    page.get_by_role("button", name="下一步").click()
    expect(page.get_by_text("不需要再填")).to_be_visible()
    page.get_by_role("button", name="提交申请").click()
    expect(page.locator(".error-summary")).to_be_focused()
    expect(page.locator("#error-premises")).to_have_text("请填写“经营场所地址”。")
    look(page, "apply-errors-phone")
    premises = page.get_by_role("group", name="经营场所地址")
    premises.get_by_label("区", exact=True).select_option("福田区")
    premises.get_by_label("街道", exact=True).select_option("福田区/园岭街道")
    premises.get_by_label("详细地址").fill("红荔路88号首层")
    page.get_by_label("使用面积").fill("120")
    page.get_by_label("餐饮服务经营者").check()
    page.get_by_label("热食类食品制售").check()
    page.get_by_label("食品安全管理人员姓名").fill("李四")
    page.get_by_label("食品安全管理人员电话").fill("13900139000")
    page.get_by_label("从业人员数").fill("6")
    page.get_by_role("button", name="保存草稿").click()
    expect(page.get_by_text("草稿已保存")).to_be_visible()
    expect(page.get_by_label("食品安全管理人员姓名")).to_have_value("李四")
    plan = tmp_path / "plan.jpg"
    plan.write_bytes(photo("plan"))
    page.locator("#file-layout_plan").set_input_files(plan)
    expect(page.locator("#upload-layout_plan .upload-state")).to_have_text("已上传")
    page.get_by_label("联系人姓名").fill("王小明")
    page.get_by_label("联系电话").fill("13800138000")
    page.get_by_label("本申请人对材料的真实性负责").check()
    look(page, "apply-filled-phone")
    page.get_by_role("button", name="提交申请").click()
    expect(page.locator(".page-head .state")).to_have_text("待受理")
    look(page, "apply-submitted-phone")
    return Case.objects.get(flow_code="licensing.application")


def check_on_site(first: Page, second: Page, case: Case, look: Any, tmp_path: Path) -> None:
    """Two officers at the place: both sign for the order, record, photograph, and all three sign."""
    order = WorkOrder.objects.get(case=case, kind="licensing.check")
    for phone in (first, second):
        phone.goto(f"/m/orders/{order.uuid}/")
        phone.get_by_role("button", name="认领").click()
    first.goto(f"/m/orders/{order.uuid}/")
    first.get_by_role("link", name="开始办理").click()
    answer_all(first)
    picture = tmp_path / "kitchen.jpg"
    picture.write_bytes(photo("kitchen"))
    item = first.locator("[data-check-item]").first
    item.locator("summary").click()
    item.locator("input[type=file]").set_input_files(picture)
    expect(item.locator(".upload-state")).to_have_text("已上传")
    saved(first)
    for name in ("officer1", "officer2", "operator"):
        sign(first, name)
    look(first, "site-check-phone")
    first.get_by_role("button", name="提交核查结论").click()
    expect(first.get_by_text("核查结论已提交")).to_be_visible()


def inspect(first: Page, second: Page, visit: Visit, look: Any) -> None:
    """The follow-up inspection: found in order but for one item that is put right at once."""
    order = WorkOrder.objects.get(case_id=visit.pk)
    for phone in (first, second):
        phone.goto("/m/")
        phone.get_by_role("link", name=re.compile(NAME)).first.click()
        phone.get_by_role("button", name="认领").click()
    first.goto(f"/m/inspections/{order.uuid}/")
    first.get_by_label("已当场出示执法证件").check()
    first.get_by_role("button", name="开始检查").click()
    expect(first.locator("[data-check-item]").first).to_be_visible()
    answer_all(first)
    for measured in first.locator('input[id^="value-"]:visible').all():
        measured.fill("4.5")
    answer(first, "2.1", "是")
    saved(first)
    first.get_by_role("button", name="完成记录，看结论").click()
    expect(first.locator(".verdict-word")).to_have_text("符合")
    for name in ("officer1", "officer2", "operator"):
        sign(first, name)
    first.get_by_role("button", name="提交检查结果").click()
    expect(first.get_by_text("当场告知的文书")).to_be_visible()
    look(first, "follow-up-done-phone")


def test_a_new_restaurant_walks_from_its_application_to_the_published_inspection(
    office: Office, person: Any, context_for: Any, look: Any, tmp_path: Path
) -> None:
    subject = SubjectFactory(NAME)
    shop = person(owner_of(subject), "phone")
    case = apply(shop, look, tmp_path)
    settle()
    # the window accepts
    window = person(office.receiver.user)
    take(window, NAME)
    look(window, "case-submitted-desk")
    window.get_by_role("button", name="受理", exact=True).click()
    expect(window.locator(".page-head .state")).to_have_text("审查中")
    settle()
    # the reviewer arranges the site check, a step inside the house: nothing is issued by it
    before = papers_of(case)
    reviewer = person(office.reviewer.user)
    take(reviewer, NAME)
    reviewer.get_by_role("button", name="安排现场核查").click()
    expect(reviewer.locator(".page-head .state")).to_have_text("现场核查")
    settle()
    assert papers_of(case) == before
    # two officers check on their phones
    officers = [person(officer.user, "phone") for officer in office.inspectors]
    check_on_site(officers[0], officers[1], case, look, tmp_path)
    settle()
    # a person decides
    decider = person(office.decider.user)
    take(decider, NAME)
    look(decider, "case-decide-desk")
    decider.get_by_role("button", name="准予许可").click()
    expect(decider.locator(".page-head .state")).to_have_text("准予，制证中")
    settle()
    # sealed, and verified by the address behind its QR, without an account
    shop.reload()
    expect(shop.locator(".page-head .state")).to_have_text("已制证")
    look(shop, "licence-issued-phone")
    paper = shop.get_by_role("listitem").filter(has_text="食品经营许可证（正本）")
    number = paper.locator("small").inner_text().strip()
    stranger = context_for("phone").new_page()
    stranger.goto(paper.get_by_role("link", name="核验").get_attribute("href"))
    expect(stranger.get_by_text("有效", exact=True)).to_be_visible()
    expect(stranger.get_by_text(number, exact=True)).to_be_visible()
    look(stranger, "verify-phone")
    # inspected later: the head sends it to the inbox, two officers go
    visit = Visit.objects.select_related("case").get()
    head = person(office.head.user)
    head.goto(f"/desk/cases/{visit.case.uuid}/")
    head.locator("summary", has_text="派发检查任务").click()
    look(head, "visit-assign-desk")
    head.get_by_role("button", name="确认派发检查任务").click()
    expect(head.locator(".page-head .state")).to_have_text("待检查")
    inspect(officers[0], officers[1], visit, look)
    settle()
    # and the result stands on the public page of the business
    stranger.goto(f"/businesses/{subject.pk}/")
    expect(stranger.get_by_text("公示日期").first).to_be_visible()
    expect(stranger.locator("dd", has_text=re.compile("^符合$")).first).to_be_visible()
    expect(stranger.get_by_text(subject.grants.get().number).first).to_be_visible()
    look(stranger, "business-public-phone")


def test_an_unchanged_renewal_is_granted_in_a_second_and_followed_up(
    office: Office, person: Any, context_for: Any, look: Any, tmp_path: Path
) -> None:
    subject, grant, _owner = office.shop()
    page = person(subject.representatives.get().user, "phone")
    page.goto("/apply/FB-RENEW/")
    page.get_by_role("radio", name=re.compile(grant.number)).check()
    page.get_by_role("button", name="下一步").click()
    page.get_by_label("声明经营条件没有变化").check()
    expect(page.get_by_label("发生变化的内容")).to_be_hidden()
    page.get_by_label("联系人姓名").fill("王小明")
    page.get_by_label("联系电话").fill("13800138000")
    page.get_by_label("本申请人对材料的真实性负责").check()
    started = time.monotonic()
    page.get_by_role("button", name="提交申请").click()
    expect(page.get_by_text("秒批").first).to_be_visible()
    assert (
        time.monotonic() - started < 5
    )  # the bar of one second is held by `./qipan bench approval`, not on a shared runner
    settle()
    page.reload()
    expect(page.locator(".page-head .state")).to_have_text("已制证")
    look(page, "renewal-issued-phone")
    paper = page.get_by_role("listitem").filter(has_text="食品经营许可证（正本）")
    file = page.request.get(paper.get_by_role("link", name="PDF").get_attribute("href"))
    assert file.headers["content-type"] == "application/pdf"
    assert grant.number in PdfReader(io.BytesIO(file.body())).pages[0].extract_text()
    kept = tmp_path / "licence.pdf"
    kept.write_bytes(file.body())
    stranger = context_for("desk").new_page()
    stranger.goto("/verify/")
    stranger.locator("#file").set_input_files(kept)
    stranger.get_by_role("button", name="核验文件").click()
    expect(stranger.get_by_text("文件未被改动")).to_be_visible()
    look(stranger, "verify-upload-desk")
    kept.write_bytes(file.body().replace(b"%PDF-1.", b"%PDF-2.", 1))
    stranger.locator("#file").set_input_files(kept)
    stranger.get_by_role("button", name="核验文件").click()
    expect(stranger.get_by_text("核验不通过")).to_be_visible()
    # the follow-up lies in the office's inbox, with its limit
    officer = person(office.lead.user)
    officer.goto("/desk/")
    row = officer.get_by_role("row").filter(has_text=subject.name)
    expect(row).to_contain_text("剩余")
    look(officer, "inbox-follow-up-desk")
