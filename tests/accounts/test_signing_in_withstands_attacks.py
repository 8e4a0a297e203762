"""Signing in: two factors for staff, and what attackers try."""

import re
import time

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP
from django.test import Client, override_settings

from qipan.kernel.accounts import actions, factors, limits
from qipan.kernel.accounts.models import User
from qipan.kernel.ledger.models import Event
from qipan.kernel.orgs.roles import Role
from qipan.ui.signin import hooks
from qipan.ui.signin.address import client_address
from tests.orgs.factories import (
    PASSWORD,
    SYSTEM,
    BusinessUserFactory,
    PublicUserFactory,
    StaffFactory,
    signed_in,
)

pytestmark = pytest.mark.django_db
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
LOGIN = "/accounts/login/"
SECOND = "/accounts/2fa/authenticate/"


def type_in(client: Client, user: str, password: str = PASSWORD, **more: str):
    return client.post(LOGIN, {"login": user, "password": password}, **more)


def with_totp(user: User) -> User:
    TOTP.activate(user, SECRET)
    return user


@pytest.fixture
def code(monkeypatch: pytest.MonkeyPatch):
    """The present code, on a clock that stands still until it is moved by steps."""
    moment = [time.time() // 30 * 30 + 5]
    monkeypatch.setattr(factors.time, "time", lambda: moment[0])

    def at(steps: int = 0) -> str:
        moment[0] += 30 * steps
        return factors.code_at(SECRET, factors.step_now())

    return at


def is_in(client: Client) -> bool:
    return "_auth_user_id" in client.session


def test_the_published_vector() -> None:
    """RFC 6238 appendix B (SHA-1, T = 59 and 1111111109), last six digits."""
    secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
    assert factors.code_at(secret, 59 // 30) == "287082"
    assert factors.code_at(secret, 1111111109 // 30) == "081804"


def test_a_business_signs_in_with_a_password(client: Client) -> None:
    user = BusinessUserFactory()
    response = type_in(client, user.username)
    assert response.status_code == 302 and response["Location"] == "/"
    assert is_in(client)
    assert Event.objects.filter(name="accounts.user.signed_in", record_id=user.pk).count() == 1


def test_one_signs_in_by_phone_and_e_mail_too(client: Client) -> None:
    row = actions.create_person(name="王五", phone="13700137000", email="wang@example.cn", actor=SYSTEM)
    BusinessUserFactory(person=row)
    type_in(client, "137 0013 7000")
    assert is_in(client)
    other = Client()
    type_in(other, "Wang@example.cn")
    assert is_in(other)


def test_staff_need_the_second_factor(client: Client, code) -> None:
    staff = StaffFactory()
    with_totp(staff.user)
    response = type_in(client, staff.user.username)
    assert response["Location"] == SECOND and not is_in(client)
    response = client.post(SECOND, {"code": code()})
    assert response["Location"] == "/desk/" and is_in(client)


def test_a_code_works_once(code) -> None:
    """Replay: a code seen over a shoulder is worth nothing, in any process."""
    user = with_totp(StaffFactory().user)
    first, second = Client(), Client()
    type_in(first, user.username)
    first.post(SECOND, {"code": code()})
    type_in(second, user.username)
    response = second.post(SECOND, {"code": code()})
    assert is_in(first) and not is_in(second)
    assert "已使用" in response.content.decode()
    second.post(SECOND, {"code": code(1)})
    assert is_in(second)


def test_an_older_code_than_the_last_is_refused(code) -> None:
    user = with_totp(StaffFactory().user)
    old = code()
    assert factors.use_code(user, code(1)) is not None
    assert factors.use_code(user, old) is None


def test_five_wrong_codes_close_the_door(client: Client, code) -> None:
    user = with_totp(StaffFactory().user)
    type_in(client, user.username)
    for _try in range(5):
        client.post(SECOND, {"code": "000000"})
    response = client.post(SECOND, {"code": code()})
    assert not is_in(client) and "次数过多" in response.content.decode()


def test_a_recovery_code_works_once() -> None:
    user = with_totp(StaffFactory().user)
    spare = RecoveryCodes.activate(user).get_unused_codes()[0]
    assert factors.use_code(user, spare) is not None
    assert factors.use_code(user, spare) is None


def test_secrets_of_factors_are_sealed() -> None:
    with_totp(StaffFactory().user)
    row = Authenticator.objects.get()
    assert SECRET not in str(row.data)


def test_staff_without_a_factor_are_led_to_it_first(client: Client) -> None:
    staff = StaffFactory(Role.SYSTEM_ADMIN)
    response = type_in(client, staff.user.username)
    assert is_in(client), "password alone opens a session that may do nothing else"
    for address in ("/admin/", "/accounts/tokens/", "/accounts/security/", "/accounts/sessions/"):
        response = client.get(address)
        assert response.status_code == 302 and response["Location"].startswith(
            "/accounts/security/needed/"
        ), address
    page = client.get("/accounts/security/needed/").content.decode()
    assert "先设置两步验证" in page
    assert client.get("/accounts/tokens/", headers={"Accept": "application/json"}).status_code == 403


@pytest.mark.django_db(transaction=True)
def test_setting_up_the_factor_ends_the_leading_and_changes_the_session_key(client: Client, code) -> None:
    staff = StaffFactory()
    type_in(client, staff.user.username)
    page = client.get("/accounts/2fa/totp/activate/")
    secret = re.search(r"<code class=\"user-select-all\">([A-Z2-7]+)</code>", page.content.decode()).group(1)
    before = client.session.session_key
    code()
    first = factors.code_at(secret, factors.step_now())
    response = client.post("/accounts/2fa/totp/activate/", {"code": first})
    assert response["Location"] == "/accounts/2fa/recovery-codes/"
    assert client.session.session_key != before
    shown = client.get("/accounts/2fa/recovery-codes/").content.decode()
    assert "只显示这一次" in shown
    assert "只显示这一次" not in client.get("/accounts/2fa/recovery-codes/").content.decode()
    assert client.get("/accounts/security/").status_code == 200
    assert Event.objects.filter(name="accounts.factor.added", data__type="totp").count() == 1


def test_a_session_by_password_alone_must_show_an_existing_factor(client: Client, code) -> None:
    user = with_totp(StaffFactory().user)
    client.force_login(user)
    response = client.get("/accounts/security/")
    assert response["Location"].startswith("/accounts/2fa/reauthenticate/")
    client.post("/accounts/2fa/reauthenticate/", {"code": code()})
    assert client.get("/accounts/security/").status_code == 200


def test_the_session_key_changes_at_sign_in(client: Client) -> None:
    """Fixation: a key planted before signing in is worthless after."""
    client.get(LOGIN)
    session = client.session
    session["planted"] = "x"
    session.save()
    planted = session.session_key
    client.cookies["sessionid"] = planted
    type_in(client, BusinessUserFactory().username)
    assert is_in(client) and client.session.session_key != planted
    attacker = Client()
    attacker.cookies["sessionid"] = planted
    assert not is_in(attacker)


def test_nobody_learns_who_has_an_account(client: Client) -> None:
    user, closed = BusinessUserFactory(), BusinessUserFactory()
    actions.deactivate(closed, actor=SYSTEM, reason="停用")
    answers = set()
    for name, password in (
        (user.username, "wrong-password-1"),
        ("nobody-at-all", "wrong-password-1"),
        (closed.username, PASSWORD),
    ):
        page = Client().post(LOGIN, {"login": name, "password": password})
        text = re.sub(r'value="[^"]*"|content="[^"]*"', "", page.content.decode())
        answers.add((page.status_code, text))
    assert len(answers) == 1


def test_as_much_work_is_done_for_an_unknown_name(monkeypatch: pytest.MonkeyPatch, client: Client) -> None:
    from django.contrib.auth import hashers

    calls = []
    plain = hashers.MD5PasswordHasher.encode
    monkeypatch.setattr(
        hashers.MD5PasswordHasher, "encode", lambda self, *rest: (calls.append(1), plain(self, *rest))[1]
    )
    type_in(client, "nobody-at-all")
    unknown = len(calls)
    calls.clear()
    type_in(client, BusinessUserFactory().username, "wrong-password-1")
    known = len(calls) - 1  # the factory sets a password
    assert unknown == known == 1


def test_five_failures_lock_and_the_right_password_does_not_help(client: Client) -> None:
    user = BusinessUserFactory()
    for _try in range(5):
        response = type_in(client, user.username, "wrong-password-1")
    assert response.status_code == 429 and "登录已暂停" in response.content.decode()
    assert type_in(client, user.username).status_code == 429
    assert not is_in(client)
    assert Event.objects.filter(name="accounts.user.locked_out", record_id=user.pk).exists()
    elsewhere = Client(REMOTE_ADDR="203.0.113.9")
    type_in(elsewhere, user.username)
    assert is_in(elsewhere), "the owner at another address is not shut out by an attacker"


def test_one_address_that_tries_many_names_is_slowed(client: Client) -> None:
    for number in range(limits.SIGN_IN_ADDRESS.burst):
        type_in(client, f"guess{number}", "wrong-password-1")
    user = BusinessUserFactory()
    response = type_in(client, user.username)
    assert not is_in(client) and "次数过多" in response.content.decode()


def test_a_forwarded_header_is_only_believed_from_a_trusted_proxy(rf) -> None:
    request = rf.get("/", REMOTE_ADDR="10.0.0.1", HTTP_X_FORWARDED_FOR="6.6.6.6, 198.51.100.7")
    assert client_address(request) == "10.0.0.1"
    with override_settings(QIPAN_TRUSTED_PROXIES=1):
        assert client_address(request) == "198.51.100.7"
    with override_settings(QIPAN_TRUSTED_PROXIES=3):
        assert client_address(request) == "10.0.0.1"


def test_one_is_not_sent_elsewhere_after_signing_in(client: Client) -> None:
    response = client.post(
        LOGIN + "?next=https://evil.example/", {"login": BusinessUserFactory().username, "password": PASSWORD}
    )
    assert response["Location"] == "/"


def test_a_closed_account_is_out_at_once(client: Client) -> None:
    user = BusinessUserFactory()
    type_in(client, user.username)
    assert client.get("/accounts/security/").status_code == 200
    actions.deactivate(user, actor=SYSTEM, reason="离职")
    assert client.get("/accounts/security/").status_code == 302


def test_changing_the_password_ends_the_other_sessions() -> None:
    user = BusinessUserFactory()
    here, there = Client(), Client()
    type_in(here, user.username)
    type_in(there, user.username)
    fresh = "another-good-pass-77"
    response = here.post(
        "/accounts/password/change/", {"oldpassword": PASSWORD, "password1": fresh, "password2": fresh}
    )
    assert response["Location"] == "/accounts/security/"
    assert here.get("/accounts/security/").status_code == 200
    assert there.get("/accounts/security/").status_code == 302
    assert Event.objects.filter(name="accounts.password.changed").count() == 1


def test_a_passing_password_must_be_changed_first(client: Client) -> None:
    staff = StaffFactory()
    actions.reset_password(staff.user, actor=SYSTEM, reason="忘记密码")
    staff.user.refresh_from_db()
    signed_in(client, staff.user)
    assert client.get("/accounts/security/")["Location"].startswith("/accounts/password/change/")


def test_staff_keep_their_last_factor(client: Client, code) -> None:
    user = with_totp(StaffFactory().user)
    signed_in(client, user)
    response = client.post("/accounts/2fa/totp/deactivate/")
    assert response.status_code == 200 and "必须保留至少一种" in response.content.decode()
    assert Authenticator.objects.filter(user=user).exists()


def test_the_demo_shows_accounts_and_the_code_and_nothing_outside_it(
    client: Client, code, monkeypatch: pytest.MonkeyPatch
) -> None:
    staff = StaffFactory(username="inspector")
    User.objects.filter(pk=staff.user_id).update(is_demo=True)
    staff.user.refresh_from_db()
    actions.give_known_factor(staff.user, SECRET, actor=SYSTEM)
    offered = hooks.DemoAccount("inspector", PASSWORD, "园岭所检查员", "监管所")
    monkeypatch.setattr(hooks, "_sources", [lambda: [offered]])
    page = client.get(LOGIN + "?demo=inspector").content.decode()
    assert "园岭所检查员" in page and f'value="{PASSWORD}"' in page
    type_in(client, "inspector")
    shown = code()
    assert shown in client.get(SECOND).content.decode()
    with override_settings(QIPAN_DEMO=False):
        assert shown not in client.get(SECOND).content.decode()
        page = Client().get(LOGIN + "?demo=inspector").content.decode()
        assert "园岭所检查员" not in page and PASSWORD not in page
        with pytest.raises(ValueError):
            actions.give_known_factor(staff.user, SECRET, actor=SYSTEM)
    client.post(SECOND, {"code": shown})
    assert is_in(client)


def test_the_code_of_a_real_account_is_never_shown(client: Client, code) -> None:
    user = with_totp(StaffFactory().user)
    type_in(client, user.username)
    assert code() not in client.get(SECOND).content.decode()


@pytest.mark.parametrize(
    "address", [LOGIN, "/accounts/register/", "/accounts/password/reset/", "/accounts/2fa/totp/activate/"]
)
def test_pages_keep_the_content_policy(client: Client, address: str) -> None:
    """No script of ours or of the library stands in the page; data blocks are no scripts."""
    if "2fa" in address:
        signed_in(client, PublicUserFactory())
    response = client.get(address)
    page = response.content.decode()
    assert response.status_code == 200 and "script-src 'self'" in response["Content-Security-Policy"]
    for tag in re.findall(r"<script[^>]*>", page):
        assert "src=" in tag or 'type="application/json"' in tag, tag
    assert not re.search(r"\son\w+=|<style|\sstyle=", page)
