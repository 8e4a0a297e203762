"""Two officers inspect a restaurant on their phones: notice, record with photo, a cut line, conclusion, signatures, recheck."""

import re
import uuid
from pathlib import Path

import pytest
from playwright.sync_api import expect

from qipan.domains.inspection import actions
from qipan.domains.inspection.models import Kind, Visit
from qipan.kernel.evidence.models import Evidence
from qipan.kernel.flow.models import WorkOrder
from qipan.kernel.jobs.testing import drain
from tests.functional.hands import answer, answer_all, saved, sign
from tests.inspection.office import Office, fresh, order_of, photo
from tests.orgs.factories import reader_for

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def office(settings, tmp_path) -> Office:
    settings.HOME = tmp_path
    return Office()


def ordered(office: Office) -> Visit:
    subject, grant, _owner = office.shop()
    return actions.order_visit(
        reader_for(office.head), Kind.ROUTINE, uuid=uuid.uuid4(), subject=subject, grant=grant
    )


def test_two_officers_inspect_on_their_phones(
    office: Office, context_for, sign_in, look, tmp_path: Path
) -> None:
    visit = ordered(office)
    order = order_of(visit)
    first, second = context_for("phone"), context_for("phone")
    sign_in(first, office.lead.user)
    sign_in(second, office.second.user)
    page, other = first.new_page(), second.new_page()
    page.goto("/m/")
    look(page, "inspection-inbox-phone")
    page.goto(f"/m/orders/{order.uuid}/")
    page.get_by_role("button", name="认领").click()
    expect(page.get_by_text("还需 1 名同事")).to_be_visible()
    other.goto(f"/m/orders/{order.uuid}/")
    other.get_by_role("button", name="认领").click()
    page.goto(f"/m/orders/{order.uuid}/")
    look(page, "inspection-order-phone")
    page.get_by_role("link", name="开始办理").click()
    look(page, "inspection-notice-phone")
    page.get_by_role("button", name="开始检查").click()
    expect(page.get_by_role("alert").first).to_contain_text("出示执法证件")
    page.get_by_label("已当场出示执法证件").check()
    page.get_by_role("button", name="开始检查").click()
    expect(page.get_by_role("heading", name="餐饮服务监督检查要点表")).to_be_visible()
    # one officer records an item with note and photo
    answer(page, "2.1", "否")
    page.locator("#note-2\\.1").fill("未见供货者许可证")
    picture = tmp_path / "shelf.jpg"
    picture.write_bytes(photo("shelf"))
    page.locator("#file-photo-2\\.1").set_input_files(picture)
    expect(page.locator("#upload-photo-2\\.1 .upload-state")).to_have_text("已上传")
    saved(page)
    look(page, "inspection-record-phone", full=False)
    stored = Evidence.objects.get(kind="photo")
    assert stored.media_type == "image/jpeg" and stored.place.startswith("114.0579") and stored.taken_at
    # the colleague records another item on the own phone; neither overwrites the other
    other.goto(page.url)
    answer(other, "2.2", "是")
    saved(other)
    assert {"2.1", "2.2"} <= set(fresh(visit).answers)
    # the line is cut: what is recorded stays on the phone, and is saved once the line is back
    first.set_offline(True)
    answer(page, "1.2", "否")
    page.locator("#note-1\\.2").fill("许可证未上墙")
    expect(page.locator("[data-draft-status]").first).to_contain_text("已留在本机", timeout=20_000)
    assert "1.2" not in fresh(visit).answers
    first.set_offline(False)
    saved(page)
    assert fresh(visit).answers["1.2"]["note"] == "许可证未上墙"
    # the page is left and found again as it was
    page.goto("/m/")
    page.goto(f"/m/inspections/{order.uuid}/")
    expect(page.locator("#note-2\\.1")).to_have_value("未见供货者许可证")
    page.get_by_role("button", name="完成记录，看结论").click()
    expect(page.get_by_role("alert").first).to_contain_text("还没有记录")
    look(page, "inspection-gaps-phone", full=False)
    answer_all(page)
    page.locator("#value-2\\.3").fill("4.5")
    page.locator("#value-3\\.7").fill("72")
    saved(page)
    look(page, "inspection-record-full-phone")
    page.get_by_role("button", name="完成记录，看结论").click()
    expect(page.locator(".verdict-word")).to_have_text("不符合")
    page.get_by_role("button", name="提交检查结果").click()
    expect(page.get_by_role("alert").first).to_contain_text("请选择处理措施")
    page.locator("#affects").get_by_role("radio", name="不影响", exact=True).check()
    page.get_by_label("理由").fill("当日已从有资质的供货者补齐凭证，食品感官正常")
    page.get_by_label("责令限期改正").check()
    sign(page, "officer1")
    page.get_by_role("button", name="提交检查结果").click()
    expect(page.get_by_role("alert").first).to_contain_text("还缺被检查单位的签名")
    expect(page.locator("#officer1 [data-signature]")).to_have_attribute("data-signed", "1")
    for name in ("officer2", "operator"):
        sign(page, name)
    look(page, "inspection-sign-phone")
    page.get_by_role("button", name="提交检查结果").click()
    expect(page.get_by_text("当场告知的文书")).to_be_visible()
    drain()
    page.reload()
    look(page, "inspection-done-phone")
    assert fresh(visit).case.state == "RECTIFYING"


def test_the_operator_reports_and_the_officers_look_again(
    office: Office, context_for, sign_in, look, tmp_path
) -> None:
    visit = office.signed({"2.2": "原料直接放在地面", "6.7": "垃圾桶无盖"})
    drain()
    owner = visit.case.subject.representatives.get().user
    shop = context_for("phone")
    sign_in(shop, owner)
    page = shop.new_page()
    page.goto("/my/")
    page.get_by_role("link", name=re.compile("日常监督检查")).first.click()
    expect(page.get_by_role("heading", name="不符合的项目")).to_be_visible()
    page.locator("summary", has_text="报告整改情况").click()
    page.get_by_role("textbox", name="整改情况").first.fill("已购置货架，垃圾桶已加盖。")
    picture = tmp_path / "after.jpg"
    picture.write_bytes(photo("after"))
    page.locator("#file-files").set_input_files(picture)
    expect(page.locator("#upload-files .upload-state")).to_have_text("已上传")
    look(page, "inspection-report-phone")
    page.get_by_role("button", name="确认报告整改情况").click()
    expect(page.locator(".page-head .state")).to_have_text("待复查")
    order = WorkOrder.objects.get(case_id=visit.pk, kind=actions.AGAIN)
    office.claim(visit, kind=actions.AGAIN)
    phone = context_for("phone")
    sign_in(phone, office.lead.user)
    page = phone.new_page()
    page.goto(f"/m/rechecks/{order.uuid}/")
    for code in ("2.2", "6.7"):
        answer(page, code, "已改正")
    for name in ("officer1", "officer2", "operator"):
        sign(page, name)
    look(page, "inspection-recheck-phone")
    page.get_by_role("button", name="提交复查结果").click()
    expect(page.get_by_text("复查合格，已办结。")).to_be_visible()
    drain()
    desk = context_for("desk")
    sign_in(desk, office.head.user)
    page = desk.new_page()
    page.goto(f"/desk/cases/{visit.case.uuid}/")
    look(page, "inspection-case-desk")
    page.goto(f"/desk/businesses/{visit.case.subject_id}/")
    page.get_by_role("link", name="安排检查").click()
    look(page, "inspection-open-desk")
    page.goto("/desk/inspections/?which=done")
    look(page, "inspection-list-desk")
    page.goto(f"/businesses/{visit.case.subject_id}/")
    expect(page.get_by_text("复查合格")).to_be_visible()
    look(page, "inspection-public-desk")
