"""What was typed in outlives an ended session, a refused form and a page that was left; signing out forgets it."""

import pytest
from django.conf import settings as django_settings
from playwright.sync_api import expect

from qipan.domains.licensing.models import Application
from tests.licensing.city import City

pytestmark = pytest.mark.django_db(transaction=True)
SESSION = django_settings.SESSION_COOKIE_NAME


def test_an_application_outlives_an_ended_session(context_for, sign_in, tmp_path, settings) -> None:
    settings.HOME = tmp_path
    city = City()
    subject, _grant, _owner = city.restaurant()
    owner = subject.representatives.get().user
    context = context_for("phone")
    sign_in(context, owner)
    page = context.new_page()
    page.goto("/apply/FB-RENEW/")
    page.get_by_role("button", name="下一步").click()
    page.get_by_label("联系人姓名").fill("王小明")
    page.get_by_label("联系电话").fill("13800138000")
    form = page.url
    context.clear_cookies(name=SESSION)
    page.get_by_label("发生变化的内容").fill("更换了灶具")
    page.get_by_label("本申请人对材料的真实性负责").check()
    with page.expect_navigation():
        page.get_by_role("button", name="提交申请").click()
    assert not Application.objects.exclude(case__state="DRAFT").exists()
    sign_in(context, owner)
    page.goto(form)
    expect(page.get_by_label("发生变化的内容")).to_have_value("更换了灶具")
    expect(page.get_by_label("联系人姓名")).to_have_value("王小明")
    expect(page.get_by_text("已恢复上次没有提交的内容")).to_be_visible()
    assert (
        page.evaluate("Object.keys(localStorage).filter(key => key.startsWith('qipan:draft:')).length") == 1
    )
    with page.expect_navigation():
        page.get_by_role("button", name="退出").click()
    assert (
        page.evaluate("Object.keys(localStorage).filter(key => key.startsWith('qipan:draft:')).length") == 0
    )
