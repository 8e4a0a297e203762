"""The applicant's side in a real browser: several businesses, an agent, a case in words, messages, a rating, a system's keys."""

import pytest
from playwright.sync_api import expect

from qipan.domains.licensing import actions as licensing
from qipan.kernel.accounts.actions import create_person
from qipan.kernel.accounts.models import User
from qipan.kernel.jobs.testing import drain
from qipan.kernel.subjects import actions as subjects
from tests.functional.hands import fits
from tests.licensing.city import SYSTEM, City
from tests.orgs.factories import PublicUserFactory, reader_for

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]


@pytest.fixture
def city(settings, tmp_path) -> City:
    settings.HOME = tmp_path
    return City()


def test_several_businesses_an_agent_and_a_rating(context_for, sign_in, look, city: City) -> None:
    first, grant, reader = city.restaurant(name="深圳市福田区粤味小馆连锁餐饮管理有限公司园岭分公司")
    user = User.objects.get(pk=reader.user_id)
    User.objects.filter(pk=user.pk).update(
        person=create_person(name="陈店主", phone="13700137000", actor=SYSTEM)
    )
    second, other, _rep = city.restaurant()
    subjects.represent(user, second, SYSTEM)
    reader = reader_for(user)
    licensing.submit(city.drafted("FB-RENEW", first, grant, reader, unchanged=True), reader)
    waiting = city.drafted("FB-RENEW", second, other, reader, changes="换了灶具", unchanged=False)
    case = licensing.submit(waiting, reader)
    drain()
    agent = PublicUserFactory(username="agent-zhou", label="代办员小周")
    for size in ("phone", "desk"):
        context = context_for(size)
        sign_in(context, user)
        page = context.new_page()
        page.goto("/my/")
        look(page, f"applicant-home-{size}")
        fits(page)
        page.goto(f"/my/cases/{case.uuid}/")
        expect(page.get_by_role("status").filter(has_text="现在由")).to_be_visible()
        look(page, f"applicant-case-{size}")
        fits(page)
        page.goto("/notices/")
        look(page, f"applicant-notices-{size}")
        page.goto("/my/mandates/new/")
        look(page, f"applicant-mandate-new-{size}")
        fits(page)
        if size == "phone":
            page.get_by_label("代理人的用户名、手机号码或者电子邮箱").fill(agent.username)
            page.get_by_role("button", name="发出委托").click()
            expect(page.get_by_text("委托已发出")).to_be_visible()
        page.goto("/my/mandates/")
        look(page, f"applicant-mandates-{size}")
        fits(page)
    page.goto("/my/")
    page.get_by_label("正在代表：").select_option(label=second.name)
    page.get_by_role("button", name="切换").press("Enter")
    expect(page.get_by_role("cell", name=first.name)).to_have_count(0)
    done = first.cases.get(application__isnull=False)
    page.goto(f"/my/evaluations/{done.uuid}/")
    look(page, "applicant-rate-desk")
    page.get_by_label("不满意", exact=True).check()
    page.get_by_role("button", name="提交评价").click()
    expect(page.get_by_text("单位负责人会联系您")).to_be_visible()
    look(page, "applicant-rated-desk")
    page.goto("/satisfaction/")
    look(page, "satisfaction-desk")


def test_keys_and_deliveries_of_a_system(context_for, sign_in, look, city: City) -> None:
    subject, _grant, reader = city.restaurant()
    client = subjects.register_client(
        subject, reader, name="连锁门店管理系统", scopes=["cases.read", "subjects.read"]
    )
    subjects.add_webhook(
        client, reader, title="ERP", url="https://8.8.8.8/qipan", names=["licensing.licence.issued"]
    )
    for size in ("phone", "desk"):
        context = context_for(size)
        sign_in(context, User.objects.get(pk=reader.user_id))
        page = context.new_page()
        page.goto("/my/clients/")
        look(page, f"clients-{size}")
        fits(page)
        page.get_by_role("link", name="连锁门店管理系统").click()
        page.get_by_role("button", name="测试推送 ERP").click()
        expect(page.get_by_text("待投递").first).to_be_visible()
        look(page, f"client-{size}")
        fits(page)
