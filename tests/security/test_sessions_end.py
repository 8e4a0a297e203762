"""Sessions: they end when unused, in any case, by signing out, by their owner elsewhere, and by an administrator."""

import datetime

import pytest
from allauth.usersessions.models import UserSession
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.models import Session
from django.test import Client

from qipan.kernel.accounts import actions
from qipan.kernel.accounts.models import User
from qipan.kernel.ledger import clock
from qipan.kernel.ledger.models import Event
from qipan.kernel.orgs.roles import Role
from tests.orgs.factories import PASSWORD, SYSTEM, BusinessUserFactory, StaffFactory, UnitTree, signed_in

pytestmark = pytest.mark.django_db
PAGE = "/accounts/security/"
MINUTE = datetime.timedelta(minutes=1)


def entered(user: User) -> Client:
    client = Client()
    client.post("/accounts/login/", {"login": user.username, "password": PASSWORD})
    assert SESSION_KEY in client.session
    return client


def opens(client: Client) -> bool:
    return client.get(PAGE).status_code == 200


def after(client: Client, pause: datetime.timedelta) -> bool:
    with clock.at(clock.now() + pause):
        return opens(client)


def test_a_session_that_nobody_uses_ends() -> None:
    client = entered(BusinessUserFactory())
    assert after(client, 59 * MINUTE)
    assert after(client, 118 * MINUTE), "use counts from the last time"
    key = client.session.session_key
    assert not after(client, 179 * MINUTE)
    assert not Session.objects.filter(pk=key).exists() and not opens(client)


def test_a_session_ends_in_any_case() -> None:
    client = entered(BusinessUserFactory())
    for half_hours in range(1, 16):
        assert after(client, half_hours * 30 * MINUTE)
    assert not after(client, 16 * 30 * MINUTE)


def test_use_is_not_written_down_at_every_page() -> None:
    client = entered(BusinessUserFactory())
    opens(client)
    before = Session.objects.get(pk=client.session.session_key).session_data
    assert after(client, 4 * MINUTE)
    assert Session.objects.get(pk=client.session.session_key).session_data == before


def test_who_signed_out_is_out_with_every_copy_of_the_cookie() -> None:
    client = entered(BusinessUserFactory())
    copy = Client()
    copy.cookies["sessionid"] = client.cookies["sessionid"].value
    assert opens(copy)
    client.post("/accounts/logout/")
    assert not opens(copy) and not opens(client)


def test_reading_the_page_of_signing_out_signs_nobody_out() -> None:
    client = entered(BusinessUserFactory())
    client.get("/accounts/logout/")
    assert opens(client)


def test_a_closed_account_leaves_no_session_behind() -> None:
    user = BusinessUserFactory()
    client = entered(user)
    actions.deactivate(user, actor=SYSTEM, reason="离职")
    assert not Session.objects.filter(pk=client.cookies["sessionid"].value).exists()
    actions.reactivate(user, actor=SYSTEM, reason="回来了")
    assert not opens(client), "what was ended is not opened again"


def test_the_security_administrator_signs_somebody_out_everywhere() -> None:
    user = BusinessUserFactory()
    here, there = entered(user), entered(user)
    chosen = {"action": "end_sessions", "_selected_action": [user.pk]}
    city = UnitTree().city
    for role in (Role.SYSTEM_ADMIN, Role.AUDITOR):
        signed_in(Client(), StaffFactory(role=role, unit=city).user).post("/admin/accounts/user/", chosen)
        assert opens(here) and opens(there)
    signed_in(Client(), StaffFactory(role=Role.SECURITY_ADMIN, unit=city).user).post(
        "/admin/accounts/user/", chosen
    )
    assert not opens(here) and not opens(there)
    event = Event.objects.get(name="accounts.sessions.ended")
    assert event.record_id == user.pk and event.data == {"count": 2}


def test_one_sees_ones_sessions_and_ends_the_others() -> None:
    user = BusinessUserFactory()
    here, there = entered(user), entered(user)
    assert len(here.get("/accounts/sessions/").context["sessions"]) == 2
    here.post("/accounts/sessions/")
    assert opens(here) and not opens(there)
    assert UserSession.objects.filter(user=user).count() == 1


@pytest.mark.parametrize(
    "address",
    [
        "/accounts/sessions/",
        "/accounts/tokens/",
        "/accounts/2fa/totp/activate/",
        "/accounts/2fa/passkeys/add/",
        "/accounts/2fa/recovery-codes/generate/",
    ],
)
def test_what_is_sensitive_asks_to_prove_it_again(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    import time

    client = entered(BusinessUserFactory())
    assert "/reauthenticate/" not in client.get(address).headers.get("Location", "")
    later = time.time() + 700
    monkeypatch.setattr("qipan.ui.signin.adapters.time.time", lambda: later)
    for answer in (client.get(address), client.post(address)):
        assert answer.status_code == 302 and "/reauthenticate/" in answer["Location"]


def test_signing_out_is_on_every_frame() -> None:
    form = 'action="/accounts/logout/"'
    business = entered(BusinessUserFactory())
    assert all(form in business.get(page).content.decode() for page in ("/", "/my/", "/notices/", PAGE))
    officer = signed_in(Client(), StaffFactory(role=Role.INSPECTOR).user)
    assert all(form in officer.get(page).content.decode() for page in ("/desk/", "/me/", PAGE))


def test_a_session_that_is_proven_again_gets_another_key() -> None:
    """The old key opens nothing, and the page of sessions and the administrator still find the session."""
    user = BusinessUserFactory()
    client = entered(user)
    old = client.session.session_key
    answer = client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    assert answer.status_code == 302 and client.session.session_key != old
    assert not Session.objects.filter(pk=old).exists() and opens(client)
    assert UserSession.objects.get(user=user).session_key == client.session.session_key
    assert actions.end_sessions(user, actor=SYSTEM, reason="手机丢失") == 1 and not opens(client)


def test_forgetting_a_person_ends_their_sessions() -> None:
    user = BusinessUserFactory(person=actions.create_person(name="王五", phone="13700137000", actor=SYSTEM))
    key = entered(user).session.session_key
    actions.forget(user.person, actor=SYSTEM, reason="本人要求")
    assert not Session.objects.filter(pk=key).exists()
