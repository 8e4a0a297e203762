"""E-licences in a real browser: the wallet and a showing on the phone, the scan, leave to call, the officials' desk."""

import datetime
import re

import pytest
from django.test import Client
from playwright.sync_api import expect

from qipan.domains.licensing.elicences import callers
from qipan.domains.licensing.elicences.models import CallRight
from qipan.kernel.documents import seals
from qipan.kernel.jobs.testing import drain
from qipan.kernel.ledger.clock import today
from qipan.kernel.orgs.roles import Role
from qipan.kernel.subjects import actions as subjects
from tests.api.programs import Program
from tests.elicences.kinds import granted
from tests.functional.hands import fits
from tests.licensing.city import SYSTEM, City
from tests.orgs.factories import PublicUserFactory, StaffFactory, reader_for
from tests.subjects.factories import GrantFactory, PremisesFactory, SubjectFactory, owner_of

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]


@pytest.fixture(autouse=True)
def own_home(settings, tmp_path) -> None:
    settings.HOME = tmp_path
    seals.signers.cache_clear()


def tax_system(city: City) -> CallRight:
    """The tax authority's system, which needs the holder's leave."""
    leader = StaffFactory(role=Role.BUREAU_LEADER, unit=city.tree.city)
    administrator = StaffFactory(role=Role.SYSTEM_ADMIN, unit=city.tree.city)
    system = callers.register(
        reader_for(administrator), login=PublicUserFactory().username, name="深圳市税务局 登记系统"
    )
    return callers.entitle(
        system,
        reader_for(leader),
        item_code="TAX-REG",
        item_name="税务信息确认",
        purpose="核对纳税人的经营许可",
        kinds=["JY"],
    )


def test_a_holder_shows_a_licence_and_gives_leave_on_the_phone(context_for, sign_in, look) -> None:
    city = City()
    right = tax_system(city)
    subject = SubjectFactory("深圳市福田区一个名字非常长的粤味小馆餐饮管理有限公司园岭街道第一分店")
    grant = GrantFactory(subject)
    over = granted("XZF", subject, PremisesFactory(subject))
    subjects.set_grant_state(over, "SUSPENDED", SYSTEM, "停业")
    user = owner_of(subject)
    context = context_for("phone")
    page = context.new_page()
    sign_in(context, user)
    page.goto("/my/licences/")
    look(page, "licences-wallet-phone")
    fits(page)
    page.get_by_role("link", name=re.compile("食品经营许可证")).click()
    expect(page.get_by_role("button", name="亮证")).to_be_visible()
    look(page, "licences-licence-phone")
    fits(page)
    page.get_by_role("button", name="亮证").click()
    code = page.locator("#licence-code")
    expect(code).to_be_visible()
    look(page, "licences-show-phone")
    fits(page)
    address = code.get_attribute("data-address")
    assert address

    checker = context_for("phone").new_page()
    checker.goto(address)
    expect(checker.get_by_text("证照有效", exact=True)).to_be_visible()
    look(checker, "licences-scanned-phone")
    fits(checker)
    checker.goto(address.replace("-", "-0", 1))
    expect(checker.get_by_text("这不是有效的亮证码")).to_be_visible()
    look(checker, "licences-forged-phone")

    page.get_by_role("link", name="结束亮证").click()
    page.get_by_label("授权给谁、办什么事").select_option(str(right.pk))
    page.get_by_label("授权的最后一天").fill((today() - datetime.timedelta(days=1)).isoformat())
    page.get_by_role("button", name="授权").click()
    expect(page.get_by_text("一年以内")).to_be_visible()
    page.get_by_label("授权的最后一天").fill((today() + datetime.timedelta(days=30)).isoformat())
    page.get_by_role("button", name="授权").click()
    expect(page.get_by_text("已授权")).to_be_visible()
    program = Program(right.system.user, "licences.call")
    body = {"number": grant.number, "item": "TAX-REG", "purpose": right.purpose}
    assert program.call("post", "/licence-calls", body, "one").status_code == 200
    assert program.call("post", "/licence-calls", {**body, "purpose": "好奇"}, "two").status_code == 403
    page.reload()
    look(page, "licences-consented-phone")
    page.goto("/my/licences/calls/")
    expect(page.get_by_text("用途与登记的不符")).to_be_visible()
    look(page, "licences-calls-phone")
    fits(page)
    wide = context_for("desk")
    sign_in(wide, user)
    desk = wide.new_page()
    desk.goto("/my/licences/")
    look(desk, "licences-wallet-desk")
    desk.goto(f"/verify/?number={grant.number}")
    look(desk, "licences-verify-number")


def test_officials_watch_calls_and_issue_in_batches_on_the_desk(context_for, sign_in, look) -> None:
    city = City()
    right = tax_system(city)
    for _number in range(3):
        subject = SubjectFactory()
        granted("JY", subject, PremisesFactory(subject))
    leader = StaffFactory(role=Role.BUREAU_LEADER, unit=city.tree.city)
    context = context_for("desk")
    sign_in(context, leader.user)
    page = context.new_page()
    page.goto("/desk/licences/")
    look(page, "licences-figures-empty")
    page.get_by_role("link", name="调用方").click()
    expect(page.get_by_role("heading", name="证照调用方")).to_be_visible()
    look(page, "licences-callers")
    page.get_by_role("link", name=right.system.name).click()
    expect(page.get_by_role("heading", name=right.system.name, level=1)).to_be_visible()
    look(page, "licences-caller")
    fits(page)
    page.goto("/desk/licences/batches/")
    page.get_by_label("证照种类").select_option("JY")
    page.get_by_label("机构").select_option("SZ/FT/")
    page.get_by_role("button", name="预览").click()
    expect(page.get_by_label("为什么重新制发")).to_be_visible()
    look(page, "licences-batch-preview")
    page.get_by_label("为什么重新制发").fill("模板更新")
    page.get_by_role("button", name="建立这一批").click()
    page.get_by_role("button", name="开始制作").click()
    drain()
    expect(page.get_by_text("已完成")).to_be_visible()
    look(page, "licences-batch-done")
    fits(page)
    phone = context_for("phone")
    sign_in(phone, leader.user)
    small = phone.new_page()
    for name, address in (("figures", "/desk/licences/"), ("batches", "/desk/licences/batches/")):
        small.goto(address)
        look(small, f"licences-{name}-phone")
        fits(small)
    assert Client().get("/desk/licences/").status_code == 302
