"""Seals in a real browser, on a phone and on a desk: asked for, activated, put on a PDF, verified, stopped."""

import re
import uuid
from pathlib import Path

import pytest
from playwright.sync_api import expect

from qipan.domains.seals import actions
from qipan.kernel.documents import seals
from qipan.kernel.documents.models import Seal, SealKind, SealUse
from qipan.kernel.orgs.roles import Role
from qipan.kernel.subjects import queries as registry
from tests.functional.hands import fits
from tests.law.catalogues import load_catalogues
from tests.orgs.factories import BusinessUserFactory, StaffFactory, UnitTree, as_person, reader_for
from tests.seals.papers import pdf
from tests.seals.shop import LOWER_RIGHT, SYSTEM, Shop, applied, code_of, reviewer

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]


@pytest.fixture
def paper(tmp_path: Path) -> Path:
    path = tmp_path / "供货合同.pdf"
    path.write_bytes(pdf(2))
    return path


@pytest.fixture(autouse=True)
def own_home(settings, tmp_path) -> None:
    settings.HOME = tmp_path
    seals.signers.cache_clear()


def test_a_business_gets_and_uses_a_seal_on_the_phone(context_for, sign_in, look, paper) -> None:
    load_catalogues()
    shop = Shop()
    context = context_for("phone")
    sign_in(context, shop.user)
    page = context.new_page()
    page.goto("/my/seals/")
    look(page, "seals-empty-phone")
    page.get_by_role("link", name="申领印章").first.click()
    look(page, "seals-apply-phone")
    fits(page)
    page.get_by_role("button", name="提交申请").click()
    expect(page.get_by_text("申请已提交")).to_be_visible()
    look(page, "seals-case-phone")
    from qipan.domains.seals.models import SealApplication
    from tests.seals.shop import decided

    seal = decided(SealApplication.objects.select_related("case").get(), by=reviewer()).seal
    assert seal is not None
    page.goto("/my/seals/")
    page.get_by_role("link", name="激活").click()
    page.get_by_role("button", name="发送验证码到手机").click()
    page.get_by_label("短信验证码").fill("00000000")
    page.get_by_role("button", name="激活印章").click()
    expect(page.get_by_text("验证码不正确")).to_be_visible()
    look(page, "seals-activate-phone")
    fits(page)
    page.get_by_label("短信验证码").fill(code_of(shop.user))
    page.get_by_role("button", name="激活印章").click()
    expect(page.get_by_text("印章已激活")).to_be_visible()
    look(page, "seals-seal-phone")
    fits(page)
    page.get_by_role("link", name="盖章", exact=True).click()
    page.get_by_label("PDF 文件").set_input_files(paper)
    page.get_by_label("合同协议").check()
    page.get_by_label("第 6 行第 4 列").check(force=True)
    look(page, "seals-use-phone")
    fits(page)
    page.get_by_role("button", name="盖章").click()
    expect(page.get_by_text("盖章时有效")).to_be_visible()
    look(page, "seals-used-phone")
    fits(page)
    with page.expect_download() as download:
        page.get_by_role("link", name="下载盖章文件").click()
    sealed = paper.with_name("sealed.pdf")
    download.value.save_as(sealed)
    use = SealUse.objects.get()
    stranger = context_for("phone").new_page()
    stranger.goto(f"/verify/{use.code}/")
    look(stranger, "seals-verify-code-phone")
    stranger.locator("#file").set_input_files(sealed)
    stranger.get_by_role("button", name="核验文件").click()
    expect(stranger.get_by_text("文件未被改动，签章有效")).to_be_visible()
    look(stranger, "seals-verify-file-phone")
    fits(stranger)


def test_the_pages_on_a_desk(context_for, sign_in, look, paper) -> None:
    load_catalogues()
    shop, partner = Shop(), Shop("深圳市岭南商贸有限公司")
    as_person(BusinessUserFactory(username="clerk", label="李会计"), "王小明")
    made = {
        kind: shop.seal(kind)
        for kind in (
            SealKind.COMPANY,
            SealKind.FINANCE,
            SealKind.CONTRACT,
            SealKind.INVOICE,
            SealKind.LEGAL_REP,
        )
    }
    partner.seal()
    seal = made[SealKind.COMPANY]
    actions.authorise(seal, shop.reader, login="clerk", purposes=["CONTRACT", "FINANCE"])
    shop.use(seal, title="购销合同")
    actions.move(made[SealKind.FINANCE], "report_lost", shop.reader, "电脑被盗")
    applied(partner, SealKind.CONTRACT)
    code = registry.uscc_of
    row = actions.open_round(
        uuid=uuid.uuid4(), reader=shop.reader, subject=shop.subject, title="三方供货协议", purpose="CONTRACT",
        content=pdf(), parties=[actions.Party(code(one.subject), "COMPANY", LOWER_RIGHT) for one in (shop, partner)],
    )  # fmt: skip
    context = context_for("desk")
    sign_in(context, shop.user)
    page = context.new_page()
    for address, name in (
        ("/my/seals/", "mine"), ("/my/seals/apply/", "apply"), (f"/my/seals/{seal.seal_id}/", "seal"),
        (f"/my/seals/{seal.seal_id}/use/", "use"), (f"/my/seals/{seal.seal_id}/batch/", "batch"), ("/my/seals/rounds/", "rounds"),
        ("/my/seals/rounds/open/", "round-open"), (f"/my/seals/rounds/{row.uuid}/", "round"), (f"/my/seals/uses/{SealUse.objects.get().uuid}/", "used"),
    ):  # fmt: skip
        page.goto(address)
        look(page, f"seals-{name}-desk")
        fits(page)
    page.goto(f"/my/seals/{seal.seal_id}/batch/")
    page.locator("#file-input").set_input_files([paper, paper])
    page.get_by_label("合同协议").check()
    page.get_by_role("button", name="全部盖章").click()
    expect(page.get_by_role("heading", name=re.compile("已盖章 2 份"))).to_be_visible()
    look(page, "seals-batched-desk")
    page.goto(f"/my/seals/rounds/{row.uuid}/")
    page.get_by_role("button", name="盖章").click()
    expect(page.get_by_text("轮到盖章")).to_be_visible()


def test_a_seal_is_suspended_and_reported_lost_by_its_keeper(context_for, sign_in, look, paper) -> None:
    load_catalogues()
    shop = Shop()
    seal = shop.seal(SealKind.CONTRACT)
    shop.use(seal, title="购销合同")
    context = context_for("phone")
    sign_in(context, shop.user)
    page = context.new_page()

    def move(code: str, reason: str) -> None:
        part = page.locator(f"#move-{code}")
        part.locator("summary").click()
        part.get_by_label("理由").fill(reason)
        look(page, f"seals-{code}-phone")
        fits(page)
        part.get_by_role("button", name="确认").click()
        expect(part).to_have_count(0)

    page.goto(f"/my/seals/{seal.seal_id}/")
    move("suspend", "装修停业")
    expect(page.get_by_role("link", name="盖章", exact=True)).to_have_count(0)
    assert Seal.objects.get(pk=seal.pk).state == "SUSPENDED"
    move("resume", "恢复营业")
    expect(page.get_by_role("link", name="盖章", exact=True)).to_be_visible()
    move("report_lost", "手机被盗")
    assert Seal.objects.get(pk=seal.pk).state == "LOST"
    expect(page.get_by_role("link", name="申请换发")).to_be_visible()
    expect(page.locator("#move-resume")).to_have_count(0)


def test_the_officials_pages(context_for, sign_in, look) -> None:
    load_catalogues()
    tree = UnitTree()
    bureau = seals.create_seal(tree.districts[0], SYSTEM)
    shop = Shop()
    seal = shop.seal()
    shop.use(seal)
    case = applied(shop, SealKind.CONTRACT).case
    leader = StaffFactory(
        roles=[Role.BUREAU_LEADER, Role.LIC_REVIEWER], unit=tree.districts[0], label="局领导"
    )
    actions.authorise(bureau, reader_for(leader), role=Role.LIC_DECIDER, purposes=["LETTER"])
    for size in ("desk", "phone"):
        context = context_for(size)
        sign_in(context, leader.user)
        page = context.new_page()
        for address, name in (
            ("/desk/seals/", "register"), ("/desk/seals/uses/", "register-uses"), ("/desk/seals/issue/", "issue"),
            (f"/desk/seals/{seal.seal_id}/", "desk-seal"), (f"/desk/seals/{bureau.seal_id}/", "desk-bureau"),
            (f"/desk/cases/{case.uuid}/", "review"),
        ):  # fmt: skip
            page.goto(address)
            look(page, f"seals-{name}-{size}")
            fits(page)
    assert Seal.objects.count() == 2


def test_an_agency_seals_one_paper_and_several_and_renews(context_for, sign_in, look, paper) -> None:
    """The government's scene: issued by the leader, lent to a post, used on a desk and on a phone, verified by anyone."""
    load_catalogues()
    tree = UnitTree()
    leader = StaffFactory(roles=[Role.BUREAU_LEADER], unit=tree.districts[0], label="局领导")
    context = context_for("desk")
    sign_in(context, leader.user)
    page = context.new_page()
    page.goto("/desk/seals/issue/")
    page.get_by_label("行政许可专用章").check()
    page.get_by_role("button", name="制发").click()
    expect(page.get_by_text("印章已制发")).to_be_visible()
    page.get_by_text("授权岗位用印").click()
    page.get_by_label("岗位角色").select_option(Role.BUREAU_LEADER.value)
    page.get_by_role("button", name="授权", exact=True).click()
    expect(page.get_by_text("已授权")).to_be_visible()
    page.get_by_role("link", name="盖章", exact=True).click()
    page.locator("#file-input").set_input_files(paper)
    page.get_by_label("公函和通知").check()
    look(page, "seals-agency-use-desk")
    page.get_by_role("button", name="盖章").click()
    expect(page.get_by_text("盖章时有效")).to_be_visible()
    look(page, "seals-agency-used-desk")
    fits(page)
    seal = Seal.objects.get()
    phone = context_for("phone")
    sign_in(phone, leader.user)
    page = phone.new_page()
    page.goto(f"/desk/seals/{seal.seal_id}/")
    page.get_by_role("link", name="批量盖章").click()
    page.locator("#file-input").set_input_files([paper, paper])
    page.get_by_label("公函和通知").check()
    look(page, "seals-agency-batch-phone")
    fits(page)
    page.get_by_role("button", name="全部盖章").click()
    expect(page.get_by_role("heading", name=re.compile("已盖章 2 份"))).to_be_visible()
    look(page, "seals-agency-batched-phone")
    page.goto("/desk/seals/uses/")
    page.get_by_text("按月、单位和种类").click()
    look(page, "seals-figures-phone")
    fits(page)
    page.goto(f"/desk/seals/{seal.seal_id}/")
    look(page, "seals-agency-seal-phone")
    page.get_by_text("换发印章").click()
    page.get_by_role("button", name="确认换发").click()
    expect(page.get_by_text("已换发，原印章不能再用")).to_be_visible()
    look(page, "seals-agency-renewed-phone")
    fits(page)
    stranger = context_for("phone").new_page()
    stranger.goto(f"/verify/{SealUse.objects.order_by('pk')[0].code}/")
    expect(stranger.get_by_text("证书签发")).to_be_visible()
    look(stranger, "seals-agency-verify-phone")
