"""Each demo account signs in with password and second factor, sees its own, and opens nothing outside the demo."""

import datetime

import pytest
from django.test import Client

from qipan.city import accounts
from qipan.city.models import City
from qipan.city.parts import PASSWORD, SECRET
from qipan.city.shape import Plan
from qipan.kernel.accounts.factors import code_at, step_now
from qipan.kernel.accounts.models import User
from qipan.kernel.ledger.clock import today
from qipan.kernel.ledger.errors import Refused
from qipan.kernel.orgs.queries import reader_of
from qipan.kernel.orgs.roles import Role

pytestmark = pytest.mark.django_db
PLAN = Plan(0.0002, 3, today() - datetime.timedelta(days=1))


def entered(username: str, code: str = "") -> Client:
    client = Client()
    answer = client.post("/accounts/login/", {"login": username, "password": PASSWORD})
    assert answer.status_code == 302, answer.content.decode()[:2000]
    if "authenticate" in answer["Location"]:
        assert (
            client.post(answer["Location"], {"code": code or code_at(SECRET, step_now())}).status_code == 302
        )
    return client


def test_every_part_has_an_account(city: City) -> None:
    rows = accounts.demo_accounts()
    assert list(rows[0]) == ["角色", "用户名", "密码", "第二因素/口令密钥", "所属", "用途"]
    assert len(rows) == len(accounts.STAFF) + len(accounts.BUSINESS) + len(accounts.PUBLIC)
    held = {
        power.role
        for each in accounts.STAFF
        for power in reader_of(User.objects.get(username=each.username)).powers
    }
    assert held == set(Role)
    two = [User.objects.get(username=name).staff for name in ("inspector1", "inspector2")]
    assert two[0].unit_id == two[1].unit_id and all(one.certificate_number for one in two)


@pytest.mark.parametrize("username", ["window", "duty", "ba03-inspector-1"])
def test_staff_sign_in_with_the_shown_secret(city: City, username: str) -> None:
    assert entered(username).get("/desk/").status_code == 200


def test_the_printed_code_is_the_one_that_is_asked_for(city: City) -> None:
    code, seconds = accounts.present_code("decider")
    assert entered("decider", code).get("/desk/").status_code == 200 and 0 < seconds <= 90


def test_business_users_sign_in_and_find_what_they_can_do(city: City) -> None:
    assert "JY2440304" in entered("shop1").get("/apply/FB-RENEW/").content.decode()
    assert "新枰小馆" in entered("shop2").get("/apply/FB-NEW/").content.decode()
    assert "楸邻便利店" in entered("shop3").get("/apply/FF-NEW/").content.decode()
    assert entered("shop5").get("/apply/FB-CHANGE/").content.decode().count("JY2440304") == 2
    assert entered("public1").get("/").status_code == 200


def test_the_sign_in_page_offers_them(city: City) -> None:
    page = Client().get("/accounts/login/").content.decode()
    assert "inspector1" in page and "shop1" in page


def test_the_restaurant_of_shop1_is_renewed_by_the_rules(city: City) -> None:
    from qipan.kernel.flow.models import Case

    client = entered("shop1")
    start = client.get("/apply/FB-RENEW/")
    answer = client.post(
        "/apply/FB-RENEW/", {"choice": start.context["choices"][0]["value"], "uuid": start.context["uuid"]}
    )
    form = {"act": "submit", "key": "k", "unchanged": "true", "truthful": "true"}
    form |= {"contact_name": "陈弈一", "contact_phone": "13800138000"}
    assert client.post(answer["Location"], form).status_code == 302
    assert Case.objects.get(uuid=answer["Location"].split("/")[-2]).application.mode == "AUTO"


def test_a_known_password_opens_nothing_in_a_real_installation(city: City, settings) -> None:
    settings.QIPAN_DEMO = False
    client = Client()
    answer = client.post("/accounts/login/", {"login": "shop1", "password": PASSWORD})
    assert answer.status_code == 200 and "_auth_user_id" not in client.session
    assert "inspector1" not in Client().get("/accounts/login/").content.decode()
    for call in (accounts.demo_accounts, lambda: accounts.present_code("window")):
        with pytest.raises(Refused, match="正式系统"):
            call()


@pytest.mark.parametrize(("name", "words"), [("nobody", "没有示范账号"), ("shop1", "不需要第二因素")])
def test_a_code_is_given_for_demo_staff_only(city: City, name: str, words: str) -> None:
    with pytest.raises(Refused, match=words):
        accounts.present_code(name)
