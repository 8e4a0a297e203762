"""Passwords: what is refused, what is taken as it was typed, and what an open session does not give away."""

import hashlib
import re
from pathlib import Path

import pytest
from allauth.mfa.totp.internal.auth import TOTP
from django.conf import settings
from django.core.exceptions import ValidationError
from django.test import Client

from qipan.kernel.accounts import actions, passwords
from qipan.kernel.accounts.actions import check_password
from qipan.kernel.accounts.models import User
from qipan.kernel.ledger.errors import Refused
from tests.orgs.factories import PASSWORD, SYSTEM, BusinessUserFactory, StaffFactory, signed_in

FRESH = "kites-over-harbour-31"
CHANGE = "/accounts/password/change/"


def changed(client: Client, old: str, new: str) -> bool:
    answer = client.post(CHANGE, {"oldpassword": old, "password1": new, "password2": new})
    return answer.status_code == 302


@pytest.mark.parametrize(
    "password",
    [
        "password123", "Password2026!", "qwertyuiop", "1q2w3e4r5t", "sunshine99!!", "monkey-123456", "Shenzhen@2026",
        "深圳市场监管2026", "qipan-admin-1", "Qipan123456", "admin@futian01", "wang.wu-2026", "wang.wu.wang.wu",
        "!!!!!!!!!!!!", "11111-22222",
    ],
)  # fmt: skip
def test_what_is_easy_to_guess_is_refused(password: str) -> None:
    with pytest.raises(Refused):
        check_password(password, User(username="wang.wu"))


@pytest.mark.parametrize(
    "password",
    [FRESH, "四只灯笼挂在旧码头上面", "correct horse battery", "shenzhen-kites-at-noon", "p7#kQz!vN2x", "x" * 3 + "Yb-wren-1" * 12],
)  # fmt: skip
def test_what_is_not_is_taken_whatever_it_is_made_of(password: str) -> None:
    check_password(password, User(username="wang.wu"))


def test_a_short_user_name_does_not_eat_up_the_password() -> None:
    check_password(FRESH, User(username="e"))


@pytest.fixture
def leaked(tmp_path: Path, settings) -> Path:
    """A file as the public list is handed out: sorted digests with counts, lines of different length."""
    known = [FRESH, *(f"leaked-{number}" for number in range(3000))]
    digests = sorted(hashlib.sha1(each.encode()).hexdigest().upper() for each in known)
    file = tmp_path / "leaked.txt"
    file.write_text("".join(f"{digest}:{10 ** (place % 7)}\r\n" for place, digest in enumerate(digests)))
    settings.QIPAN_LEAKED_PASSWORDS = str(file)
    return file


def test_what_was_leaked_elsewhere_is_refused(leaked: Path) -> None:
    assert all(passwords.is_listed(leaked, f"leaked-{number}") for number in range(3000))
    assert not any(passwords.is_listed(leaked, f"other-{number}") for number in range(3000))
    with pytest.raises(Refused, match="已泄露"):
        check_password(FRESH)
    check_password(FRESH + "!")


def test_a_list_without_counts_or_of_one_line_or_none_is_read_too(tmp_path: Path) -> None:
    file = tmp_path / "list.txt"
    for words in ([], ["one"], ["one", "two", "three"]):
        file.write_text("\n".join(sorted(hashlib.sha1(word.encode()).hexdigest() for word in words)))
        assert [passwords.is_listed(file, word) for word in ("one", "two", "none")] == [
            "one" in words, "two" in words, False,
        ]  # fmt: skip


def test_a_list_that_cannot_be_read_lets_nothing_through(leaked: Path) -> None:
    leaked.unlink()
    with pytest.raises(ValidationError, match="暂时不能检查"):
        passwords.LeakedPasswordValidator().validate("anything-at-all-1")


@pytest.mark.django_db
class TestAtThePages:
    def test_a_password_counts_to_its_last_sign(self) -> None:
        """Neither blanks nor case nor what stands beyond the seventieth sign is dropped."""
        long = " Kites over the harbour, " * 4 + "and 棋子 "
        assert len(long) > 100
        user = BusinessUserFactory()
        assert changed(signed_in(Client(), user), PASSWORD, long)
        for wrong in (long.strip(), long.lower(), long[:-1], long[:72]):
            client = Client()
            client.post("/accounts/login/", {"login": user.username, "password": wrong})
            assert "_auth_user_id" not in client.session, repr(wrong)
        client = Client()
        client.post("/accounts/login/", {"login": user.username, "password": long})
        assert "_auth_user_id" in client.session

    def test_a_wrong_old_password_changes_nothing_and_few_are_tried(self) -> None:
        """Who finds an open session neither takes the account over nor guesses its password there."""
        user = BusinessUserFactory()
        client = signed_in(Client(), user)
        for _try in range(5):
            assert not changed(client, "not-the-old-one-1", FRESH)
        assert not changed(client, PASSWORD, FRESH), "the right one comes too late"
        user.refresh_from_db()
        assert user.check_password(PASSWORD)
        other = BusinessUserFactory()
        assert changed(signed_in(Client(), other), PASSWORD, FRESH), "somebody else is not kept waiting"

    def test_the_passing_password_does_not_stay(self) -> None:
        user = StaffFactory().user
        passing = actions.reset_password(user, actor=SYSTEM, reason="忘记密码")
        user.refresh_from_db()
        client = signed_in(Client(), user)
        assert not changed(client, passing, passing)
        assert changed(client, passing, FRESH)
        user.refresh_from_db()
        assert not user.must_change_password and user.check_password(FRESH)

    def test_resetting_the_password_leaves_the_second_factor(self) -> None:
        user = BusinessUserFactory()
        TOTP.activate(user, "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP")
        actions.set_password(user, FRESH, actor=SYSTEM, by="code")
        client = Client()
        answer = client.post("/accounts/login/", {"login": user.username, "password": FRESH})
        assert answer["Location"] == "/accounts/2fa/authenticate/" and "_auth_user_id" not in client.session

    def test_passwords_are_masked_and_managers_may_fill_them_in(self) -> None:
        business = signed_in(Client(), BusinessUserFactory())
        pages = {
            (Client(), "/accounts/login/"): 1,
            (Client(), "/accounts/register/"): 1,
            (business, "/accounts/reauthenticate/"): 1,
            (business, CHANGE): 3,
        }
        for (client, address), count in pages.items():
            page = client.get(address).content.decode()
            fields = re.findall(r"<input[^>]*name=\"\w*password\w*\"[^>]*>", page)
            assert len(fields) == count, address
            for field in fields:
                assert 'type="password"' in field and 'autocomplete="off"' not in field, field
                assert "maxlength" not in field and 'autocomplete="' in field, field
        scripts = (Path(settings.ROOT) / "frontend" / "src").rglob("*.ts")
        assert not [path.name for path in scripts if "paste" in path.read_text(encoding="utf-8")]
