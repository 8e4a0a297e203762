"""Registering by a code, finding back in by a code, and telling nobody who is known."""

import datetime
import re

import pytest
from django.test import Client

from qipan.kernel.accounts import actions, letters
from qipan.kernel.accounts.models import Letter, OneTimeCode, Person, User, UserKind
from qipan.kernel.ledger import clock
from qipan.kernel.ledger.errors import Refused
from tests.orgs.factories import SYSTEM, BusinessUserFactory, UserFactory

pytestmark = pytest.mark.django_db
FORM = {
    "kind": "business",
    "name": "陈老板",
    "contact": "13600136000",
    "password": "a-good-password-9",
    "agree": "on",
}


def code_in(text: str) -> str:
    return re.search(r"\d{8}", text).group(0)


def sent() -> str:
    return letters.text_of(Letter.objects.first())


def test_one_registers_and_signs_in_by_phone(client: Client) -> None:
    response = client.post("/accounts/register/", FORM)
    assert response["Location"] == "/accounts/register/confirm/"
    user = User.objects.get()
    assert not user.is_active and user.label == "陈**" and user.kind == UserKind.BUSINESS
    assert user.email == "" and "13600136000" not in user.username
    page = client.get("/accounts/register/confirm/").content.decode()
    assert code_in(sent()) in page, "the demo sends nothing, so it shows the message"
    done = client.post("/accounts/register/confirm/", {"code": code_in(sent())})
    assert "注册成功" in done.content.decode()
    client.post("/accounts/login/", {"login": "13600136000", "password": FORM["password"]})
    assert "_auth_user_id" in client.session


def test_outside_the_demo_the_code_is_not_shown(client: Client, settings) -> None:
    settings.QIPAN_DEMO = False
    client.post("/accounts/register/", FORM)
    assert code_in(sent()) not in client.get("/accounts/register/confirm/").content.decode()


def test_a_known_phone_gets_a_letter_and_the_same_page(client: Client) -> None:
    known = actions.create_person(name="陈老板", phone="13600136000", actor=SYSTEM)
    BusinessUserFactory(person=known)
    response = client.post("/accounts/register/", FORM)
    assert response["Location"] == "/accounts/register/confirm/"
    assert User.objects.count() == 1 and "已有账户" in sent()
    assert client.post("/accounts/register/confirm/", {"code": "12345678"}).status_code == 422


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"contact": "12345"}, "contact"),
        ({"contact": "not@mail"}, "contact"),
        ({"password": "1234567890"}, "password"),
        ({"password": "short"}, "password"),
        ({"name": ""}, "name"),
        ({"kind": "staff"}, "kind"),
        ({"agree": ""}, "agree"),
    ],
)
def test_what_is_wrong_stands_at_its_field(client: Client, change: dict[str, str], field: str) -> None:
    response = client.post("/accounts/register/", FORM | change)
    assert response.status_code == 422 and field in response.context["form"].errors
    assert not User.objects.exists() and not Person.objects.exists()


def test_the_code_lasts_five_tries_and_ten_minutes() -> None:
    user, _letter = actions.register(
        kind="public", name="甲", contact="a@example.cn", password="a-good-password-9"
    )
    right = code_in(sent())
    with clock.at(clock.now() + datetime.timedelta(minutes=11)), pytest.raises(Refused):
        actions.confirm_registration(user, right)
    for _try in range(4):
        with pytest.raises(Refused):
            actions.confirm_registration(user, "00000000")
    assert OneTimeCode.objects.get().attempts == 4, "a try out of time is none; a wrong one counts"
    with pytest.raises(Refused):
        actions.confirm_registration(user, "00000000")
    with pytest.raises(Refused):
        actions.confirm_registration(user, right)
    user.refresh_from_db()
    assert not user.is_active


def test_two_registrations_of_one_phone_make_one_account() -> None:
    first, one = actions.register(
        kind="public", name="甲", contact="13600136000", password="a-good-password-9"
    )
    second, two = actions.register(
        kind="public", name="乙", contact="13600136000", password="a-good-password-9"
    )
    actions.confirm_registration(first, code_in(letters.text_of(one)))
    with pytest.raises(Refused, match="已有账户"):
        actions.confirm_registration(second, code_in(letters.text_of(two)))


def test_the_unconfirmed_are_forgotten_after_a_day() -> None:
    actions.register(kind="public", name="甲", contact="13600136000", password="a-good-password-9")
    assert actions.sweep_unconfirmed() == 0
    with clock.at(clock.now() + datetime.timedelta(days=2)):
        assert actions.sweep_unconfirmed() == 1
    assert Person.objects.get().forgotten_at is not None


def test_finding_back_in(client: Client) -> None:
    row = actions.create_person(name="陈老板", phone="13600136000", actor=SYSTEM)
    user = BusinessUserFactory(person=row)
    client.post("/accounts/password/reset/", {"contact": "13600136000"})
    form = {"code": code_in(sent()), "password": "brand-new-pass-3"}
    assert "密码已更新" in client.post("/accounts/password/reset/confirm/", form).content.decode()
    user.refresh_from_db()
    assert user.check_password("brand-new-pass-3")
    assert client.post("/accounts/password/reset/confirm/", form).status_code == 302, "the code is used up"


def test_a_weak_password_does_not_use_up_the_code() -> None:
    row = actions.create_person(name="陈老板", phone="13600136000", actor=SYSTEM)
    user = BusinessUserFactory(person=row)
    actions.request_reset("13600136000")
    with pytest.raises(Refused) as refused:
        actions.confirm_reset(user, code_in(sent()), "short")
    assert refused.value.field == "password"
    actions.confirm_reset(user, code_in(sent()), "brand-new-pass-3")


def test_unknown_people_and_staff_get_the_same_answer_and_no_letter(client: Client) -> None:
    row = actions.create_person(name="李检查", phone="13500135000", actor=SYSTEM)
    UserFactory(kind=UserKind.STAFF, person=row)
    for contact in ("13500135000", "13400134000"):
        response = client.post("/accounts/password/reset/", {"contact": contact})
        assert response["Location"] == "/accounts/password/reset/confirm/"
        page = client.post(
            "/accounts/password/reset/confirm/", {"code": "12345678", "password": "brand-new-pass-3"}
        )
        assert page.status_code == 422 and "验证码不正确" in page.content.decode()
    assert not Letter.objects.exists()


def test_registering_is_limited_by_address(client: Client) -> None:
    for number in range(5):
        client.post("/accounts/register/", FORM | {"contact": f"1360013600{number}"})
    response = client.post("/accounts/register/", FORM | {"contact": "13600136009"})
    assert response.status_code == 422 and "过于频繁" in response.content.decode()
