"""Staff sign in with password and code, and with a passkey, in a real browser with a (virtual) authenticator."""

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import hotp_value, yield_hotp_counters_from_time
from playwright.sync_api import BrowserContext, Page, expect

from qipan.kernel.orgs.roles import Role
from tests.functional.test_administration_and_api_pages import complaints_of
from tests.orgs.factories import StaffFactory, UnitTree

pytestmark = pytest.mark.django_db(transaction=True)
PASSWORD = "fine-long-word-2026"


@pytest.fixture
def user():
    found = StaffFactory(role=Role.INSPECTOR, unit=UnitTree().offices[0], label="张巡").user
    found.set_password(PASSWORD)
    found.save()
    return found


def enter_password(page: Page, user) -> None:
    page.goto("/desk/")
    page.get_by_label("用户名").fill(user.username)
    page.get_by_label("密码").fill(PASSWORD)
    page.get_by_role("button", name="登录", exact=True).click()


def authenticator_in(context: BrowserContext, page: Page) -> None:
    """A platform authenticator that always recognises its owner."""
    session = context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    session.send(
        "WebAuthn.addVirtualAuthenticator",
        {
            "options": {
                "protocol": "ctap2",
                "transport": "internal",
                "hasResidentKey": True,
                "hasUserVerification": True,
                "isUserVerified": True,
                "automaticPresenceSimulation": True,
            }
        },
    )


def test_a_passkey_is_set_up_and_opens_the_desk_without_a_password(context_for, look, user) -> None:
    context = context_for("desk")
    page = context.new_page()
    said = complaints_of(page)
    authenticator_in(context, page)
    enter_password(page, user)
    expect(page.get_by_role("heading", name="先设置两步验证")).to_be_visible()
    look(page, "second-factor-needed")
    page.get_by_role("link", name="使用通行密钥").click()
    page.get_by_label("名称").fill("办公电脑")
    look(page, "passkey-add")
    page.get_by_role("button", name="添加").click()
    page.wait_for_url(lambda address: "/passkeys/add/" not in address)
    assert Authenticator.objects.filter(user=user, type="webauthn").count() == 1
    page.goto("/desk/")
    expect(page.get_by_role("heading", name="收件箱")).to_be_visible()
    page.get_by_role("button", name="退出").click()
    page.goto("/desk/")
    look(page, "sign-in")
    page.get_by_role("button", name="用通行密钥登录").click()
    expect(page.get_by_role("heading", name="收件箱")).to_be_visible()
    assert [text for text in said if "404" not in text] == []  # the feed is a process of its own


def test_a_code_is_set_up_asked_for_and_used_once(context_for, look, user) -> None:
    page = context_for("phone").new_page()
    enter_password(page, user)
    page.get_by_role("link", name="使用手机验证器").click()
    look(page, "totp-set-up-phone")
    secret = page.locator("[data-copy], code").first.inner_text().replace(" ", "")
    page.get_by_label("动态口令").fill(_code(secret))
    page.get_by_role("button", name="启用").click()
    expect(page.get_by_text("备用码").first).to_be_visible()
    look(page, "recovery-codes-phone")
    page.goto("/accounts/logout/")
    page.get_by_role("button", name="退出").first.click()
    enter_password(page, user)
    expect(page.get_by_role("heading", name="两步验证")).to_be_visible()
    look(page, "second-step-phone")
    page.get_by_label("动态口令").fill("000000")
    page.get_by_role("button", name="登录", exact=True).click()
    expect(page.get_by_role("alert").first).to_be_visible()
    page.get_by_label("动态口令").fill(_code(secret, 1))
    page.get_by_role("button", name="登录", exact=True).click()
    page.wait_for_url("**/desk/")


def _code(secret: str, ahead: int = 0) -> str:
    """The code of now, or of a later half minute (the server bears a clock that is one ahead)."""
    counter = next(iter(yield_hotp_counters_from_time()))
    return f"{hotp_value(secret, counter + ahead):06d}"
