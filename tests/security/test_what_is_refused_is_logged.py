"""The security log: who was refused and who failed to sign in, a line each that nobody can forge, without secrets."""

import datetime
import logging
import re
import stat
from pathlib import Path

import pytest
from allauth.mfa.totp.internal.auth import TOTP
from django.test import Client

from qipan.conf import home
from qipan.conf.logs import LineFormatter
from qipan.kernel.accounts import limits
from qipan.kernel.orgs.roles import Role
from tests.api.programs import Program
from tests.orgs.factories import PASSWORD, BusinessUserFactory, StaffFactory, signed_in

WRONG = "wrong-password-of-mine-1"


@pytest.fixture
def said(caplog: pytest.LogCaptureFixture):
    """What the security log said since it was last asked."""
    caplog.set_level(logging.INFO, "qipan.security")

    def lines() -> list[str]:
        found = [each.getMessage() for each in caplog.records if each.name == "qipan.security"]
        caplog.clear()
        return found

    return lines


@pytest.mark.django_db
class TestLines:
    def test_a_failed_sign_in_names_the_account_and_not_what_was_typed(self, said) -> None:
        user = BusinessUserFactory()
        Client(REMOTE_ADDR="203.0.113.9").post(
            "/accounts/login/", {"login": user.username, "password": WRONG}
        )
        assert said() == [f'signin.failed method="password" account={user.pk} address="203.0.113.9"']
        Client().post("/accounts/login/", {"login": "my-secret-in-the-wrong-field", "password": WRONG})
        (line,) = said()
        assert "account=0" in line and "secret" not in line and WRONG not in line

    def test_a_wrong_code_and_a_lock_out(self, said) -> None:
        user = StaffFactory().user
        TOTP.activate(user, "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP")
        client = Client()
        client.post("/accounts/login/", {"login": user.username, "password": PASSWORD})
        said()
        client.post("/accounts/2fa/authenticate/", {"code": "000000"})
        assert any(f'signin.failed method="totp" account={user.pk}' in line for line in said())
        for _try in range(5):
            Client().post("/accounts/login/", {"login": user.username, "password": WRONG})
        assert any(line.startswith("refused status=429") for line in said())

    def test_signing_out(self, said) -> None:
        user = BusinessUserFactory()
        client = signed_in(Client(), user)
        said()
        client.post("/accounts/logout/")
        assert any(line.startswith(f"signout account={user.pk}") for line in said())

    def test_pages_that_are_not_ones_own(self, said) -> None:
        user = BusinessUserFactory()
        client = signed_in(Client(), user)
        said()
        client.get("/desk/?q=13800138000")
        (line,) = said()
        assert (
            line.startswith('refused status=403 method="GET" path="/desk/" ') and f"user={user.pk} " in line
        )
        client.get("/my/cases/00000000-0000-4000-8000-000000000000/")
        assert said()[0].startswith("refused status=404")
        Client().get("/my/cases/00000000-0000-4000-8000-000000000000/nothing/at/all/")
        assert said() == [], "a stranger's wrong address is nobody's concern"

    def test_forged_forms(self, said) -> None:
        client = Client(enforce_csrf_checks=True)
        client.force_login(BusinessUserFactory())
        client.post("/accounts/logout/")
        assert any(line.startswith("refused status=403") and "/accounts/logout/" in line for line in said())

    def test_programs_with_wrong_tokens_scopes_and_bodies(self, said) -> None:
        Program().call("get", "/account", Authorization="Bearer qp_wrong-token-of-mine")
        (line,) = said()
        assert line.startswith("refused status=401") and "wrong-token" not in line
        user = BusinessUserFactory()
        Program(user, "cases.read").call("get", "/account")
        assert said()[0].startswith("refused status=403")
        Program(user).call("put", "/applications/00000000-0000-4000-8000-000000000000", "{")
        assert said()[0].startswith("refused status=400")

    def test_who_asks_too_often(self, said, monkeypatch: pytest.MonkeyPatch) -> None:
        """Strangers may search, but not without end; those with an account are known."""
        for _try in range(limits.PAGE_ADDRESS.burst):
            assert limits.take("page:ip:127.0.0.1", limits.PAGE_ADDRESS)
        answer = Client().get("/search/?q=餐厅")
        assert answer.status_code == 429 and answer["Retry-After"] and "太频繁" in answer.content.decode()
        assert said()[0].startswith("refused status=429")
        assert Client(REMOTE_ADDR="203.0.113.9").get("/search/?q=餐厅").status_code == 200
        assert signed_in(Client(), BusinessUserFactory()).get("/search/?q=餐厅").status_code == 200
        assert (
            signed_in(Client(), StaffFactory(role=Role.INSPECTOR).user).get("/businesses/").status_code == 200
        )


@pytest.mark.django_db
def test_a_failure_of_ours_is_logged_with_its_trace(caplog, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("qipan.kernel.items.hall.look", lambda wish: 1 / 0)
    assert Client(raise_request_exception=False).get("/items/").status_code == 500
    record = next(each for each in caplog.records if each.name == "django.request")
    assert record.levelname == "ERROR" and "ZeroDivisionError" in LineFormatter().format(record)


def line(message: str, *values: object, **more: object) -> str:
    record = logging.LogRecord("qipan.security", logging.WARNING, __file__, 1, message, values, None)
    for name, value in more.items():
        setattr(record, name, value)
    return LineFormatter().format(record)


def test_a_line_has_its_moment_with_the_zone() -> None:
    when, level, name, text = line("refused status=%d", 403).split(" ", 3)
    moment = datetime.datetime.fromisoformat(when)
    assert moment.tzinfo and abs((datetime.datetime.now(datetime.UTC) - moment).total_seconds()) < 60
    assert (level, name, text) == ("WARNING", "qipan.security", "refused status=403")


def test_nothing_that_is_logged_begins_a_line_of_its_own() -> None:
    forged = "x\r\n2026-01-31T08:00:00.000+08:00 INFO qipan.security all is well\x1b[2J\u2028\u202e\x00"
    told = line("path=%s", forged)
    assert re.fullmatch(r"[^\n]*", told) and told.isprintable() and r"\r\n2026" in told
    try:
        raise ValueError(forged)
    except ValueError as error:
        told = line("failed", exc_info=(type(error), error, error.__traceback__))
    first, *rest = told.split("\n")
    assert first.endswith("failed") and rest and all(each.startswith("  ") for each in rest)
    assert told.replace("\n", "").isprintable()


def test_logs_are_their_owners_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QIPAN_HOME", str(tmp_path))
    folder = home.log_file("web").parent
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    folder.chmod(0o755)
    home.log_file("web")
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700, "one that was open before is closed"
