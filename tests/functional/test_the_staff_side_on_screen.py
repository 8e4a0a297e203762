"""The officers' places of work in a real browser, at the desk and on the phone: looked at, axe clean, by keyboard."""

import datetime
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from qipan.domains.licensing.booking.models import BookedOfficer, Booking, BookingState
from qipan.domains.licensing.models import Application
from qipan.domains.licensing.offers.models import OfferState
from qipan.kernel.flow.models import WorkOrder
from qipan.kernel.ledger.clock import today
from qipan.kernel.orgs import actions as orgs
from qipan.kernel.orgs.roles import Role
from tests.licensing.city import City
from tests.licensing.test_a_new_restaurant_is_checked_and_decided_by_people import picture, step
from tests.licensing.test_a_review_has_all_beside_one_another import handed_in, pdf, renewal
from tests.licensing.test_a_site_check_is_booked_within_its_limit import waiting
from tests.licensing.test_like_applications_are_worked_in_one_go import renewals
from tests.licensing.test_the_platform_offers_renewals import offered
from tests.orgs.factories import SYSTEM, StaffFactory
from tests.portal.test_heads_see_and_even_out_the_work import House

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]


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


def test_like_applications_are_worked_side_by_side(
    city: City, context_for: Callable[..., Any], sign_in: Callable[..., None], look: Callable[..., None]
) -> None:
    cases = renewals(city, 6)
    Application.objects.filter(pk=cases[0].pk).update(correction=["已经告知过"])
    context = context_for("desk")
    sign_in(context, city.receiver.user)
    page = context.new_page()
    page.goto("/desk/batch/")
    look(page, "staff-batch-groups-desk")
    page.get_by_role("link", name="食品经营许可延续").click()
    expect(page.get_by_label("全部选择")).to_be_visible()
    look(page, "staff-batch-beside-desk")
    page.get_by_label("全部选择").uncheck()
    for one in page.get_by_role("checkbox").all()[1:4]:
        one.check()
    page.locator("summary", has_text="一次性告知补正").click()
    page.get_by_label("每一件都要补正的内容", exact=False).fill("请补充从业人员健康证明")
    page.get_by_role("button", name="对所选各件一次性告知补正").click()
    expect(page.get_by_text("没有办成的，仍在原处")).to_be_visible()
    look(page, "staff-batch-result-desk")
    phone = context_for("phone")
    sign_in(phone, city.receiver.user)
    page = phone.new_page()
    page.goto("/desk/batch/?item=FB-RENEW&state=SUBMITTED")
    look(page, "staff-batch-beside-phone")
    page.goto("/desk/batch/")
    look(page, "staff-batch-groups-phone")


def test_a_head_sees_and_evens_out_the_work(
    city: City, context_for: Callable[..., Any], sign_in: Callable[..., None], look: Callable[..., None]
) -> None:
    house = House()
    for due in (-2, 0, 2, 9):
        house.order(house.people[0], due)
    house.order(None, 3)
    house.order(house.people[1], 4)
    orgs.declare_absence(house.people[2], today(), None, "培训", actor=SYSTEM)
    for size in ("desk", "phone"):
        context = context_for(size)
        sign_in(context, house.head.user)
        page = context.new_page()
        page.goto("/desk/workload/")
        look(page, f"staff-workload-{size}")
        page.get_by_role("link", name=str(house.people[0].user)).click()
        expect(page.get_by_role("button", name="分派所选")).to_be_visible()
        look(page, f"staff-workload-of-{size}")
    page.get_by_role("checkbox").nth(1).check()
    chosen = page.get_by_role("checkbox").nth(1).get_attribute("value")
    page.get_by_label("接办人", exact=False).select_option(str(house.people[1].user_id))
    page.get_by_label("理由").fill("均衡工作量")
    page.get_by_role("button", name="分派所选").click()
    expect(page.locator(f"input[value='{chosen}']")).to_have_count(0)
    assert WorkOrder.objects.get(uuid=chosen).participants.get(active=True).user_id == house.people[1].user_id


def test_a_site_check_is_booked_by_both_sides(
    city: City, context_for: Callable[..., Any], sign_in: Callable[..., None], look: Callable[..., None]
) -> None:
    case, _owner = waiting(city)
    applicant, officer = case.subject.representatives.get().user, city.inspectors[0].user
    for size in ("phone", "desk"):
        context = context_for(size)
        sign_in(context, applicant)
        page = context.new_page()
        page.goto(f"/my/bookings/{case.uuid}/")
        look(page, f"staff-booking-{size}")
        slot = page.locator(".slot").nth(1 if size == "phone" else 3)
        day, hour = slot.locator("xpath=ancestor::fieldset/legend").inner_text().split()[0], slot.inner_text().strip()
        slot.click()
        page.get_by_role("button", name="确认").click()
        expect(page.locator("dd", has_text=f"{day} {hour}")).to_be_visible()
    booking = Booking.objects.get()
    assert booking.moves == 1 and timezone.localtime(booking.starts_at).strftime("%Y-%m-%d %H:%M") == f"{day} {hour}"
    # The first moment of today has passed at any hour at which this runs.
    moment = timezone.make_aware(datetime.datetime.combine(today(), datetime.time()))
    Booking.objects.update(starts_at=moment)
    BookedOfficer.objects.update(starts_at=moment)
    phone = context_for("phone")
    sign_in(phone, officer)
    page = phone.new_page()
    page.goto("/m/visits/")
    page.locator("summary").click()
    look(page, "staff-visits-phone")
    page.get_by_label("到场后的情况").fill("店门关闭，电话无人接听")
    page.get_by_role("button", name="登记申请人未到场").click()
    expect(page.get_by_text("已登记申请人未到场")).to_be_visible()
    booking.refresh_from_db()
    assert booking.state == BookingState.MISSED


def test_a_renewal_offer_is_confirmed(
    city: City, context_for: Callable[..., Any], sign_in: Callable[..., None], look: Callable[..., None]
) -> None:
    offer, grant, _owner = offered(city)
    for size in ("desk", "phone"):
        context = context_for(size)
        sign_in(context, grant.subject.representatives.get().user)
        page = context.new_page()
        page.goto(f"/my/offers/{offer.uuid}/")
        look(page, f"staff-offer-{size}")
    page.get_by_label("联系人姓名").fill("王小明")
    page.get_by_label("联系电话").fill("13800138000")
    page.get_by_label("我声明：经营条件没有变化", exact=False).check()
    page.get_by_role("button", name="确认并提交延续申请").click()
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    offer.refresh_from_db()
    assert offer.state == OfferState.TAKEN
    assert Application.objects.get(pk=offer.case_id).case.state != "DRAFT"
    leader = StaffFactory(role=Role.BUREAU_LEADER, unit=city.tree.districts[0])
    context = context_for("desk")
    sign_in(context, leader.user)
    page = context.new_page()
    page.goto("/desk/offers/")
    look(page, "staff-offers-desk")
