"""One's own page: what one is, roles lent and taken back, absence with a substitute; nobody does it for another."""

import datetime

import pytest
from django.test import Client

from qipan.kernel.ledger.clock import today
from qipan.kernel.orgs.models import Absence, Delegation
from qipan.kernel.orgs.roles import Role
from tests.orgs.factories import BusinessUserFactory, StaffFactory, UnitTree, reader_for, signed_in

pytestmark = pytest.mark.django_db


class House:
    """Three officers of one office and one of another bureau."""

    def __init__(self) -> None:
        tree = UnitTree()
        self.me, self.colleague, self.third = (
            StaffFactory(role=Role.INSPECTOR, unit=tree.offices[0]) for _each in range(3)
        )
        self.head = StaffFactory(role=Role.OFFICE_HEAD, unit=tree.offices[0])
        self.far = StaffFactory(role=Role.INSPECTOR, unit=tree.districts[1])
        self.days = {
            "valid_from": today().isoformat(),
            "valid_to": (today() + datetime.timedelta(days=3)).isoformat(),
        }

    @staticmethod
    def at(who) -> Client:
        return signed_in(Client(), who.user)


@pytest.fixture
def house() -> House:
    return House()


def test_it_shows_posts_and_powers(house: House) -> None:
    text = house.at(house.me).get("/me/").content.decode()
    assert "监督检查人员" in text and house.me.number in text and "本人任职" in text
    owner = signed_in(Client(), BusinessUserFactory())
    text = owner.get("/me/").content.decode()
    assert "账户安全" in text and "委托代理" not in text


def test_roles_are_lent_seen_and_taken_back(house: House) -> None:
    answer = house.at(house.head).post(
        "/me/delegations/",
        {"taker": house.colleague.pk, "roles": [Role.OFFICE_HEAD.value], "reason": "出差", **house.days},
    )
    assert answer.status_code == 302
    row = Delegation.objects.get()
    assert reader_for(house.colleague).may(Role.OFFICE_HEAD, "SZ/FT/FT01/")
    assert "出差" in house.at(house.colleague).get("/me/").content.decode()
    assert house.at(house.third).post(f"/me/delegations/{row.pk}/").status_code == 404
    house.at(house.head).post(f"/me/delegations/{row.pk}/")
    assert not reader_for(house.colleague).may(Role.OFFICE_HEAD, "SZ/FT/FT01/")


def test_what_cannot_be_lent_is_refused_in_words_and_stays_typed(house: House) -> None:
    client = house.at(house.me)
    answer = client.post(
        "/me/delegations/",
        {"taker": house.colleague.pk, "roles": ["office_head"], "reason": "替我签字", **house.days},
    )
    text = answer.content.decode()
    assert answer.status_code == 409 and "不担任" in text and "替我签字" in text
    answer = client.post("/me/delegations/", {"taker": house.far.pk, "roles": ["inspector"], "reason": "x"})
    assert answer.status_code == 409 and "请选择受托人" in answer.content.decode()
    assert client.post("/me/absences/", {"valid_from": "31.12.", "reason": "休假"}).status_code == 409
    assert not Delegation.objects.exists() and not Absence.objects.exists()


def test_absence_is_declared_with_a_substitute_and_ended(house: House) -> None:
    client = house.at(house.head)
    answer = client.post(
        "/me/absences/", {"reason": "年休假", "substitute": house.colleague.pk, **house.days}
    )
    assert answer.status_code == 302
    row = Absence.objects.get()
    assert Delegation.objects.get().taker_id == house.colleague.pk
    assert client.post("/me/absences/", {"reason": "又一次", **house.days}).status_code == 409
    assert house.at(house.me).post(f"/me/absences/{row.pk}/").status_code == 404
    client.post(f"/me/absences/{row.pk}/")
    row.refresh_from_db()
    assert row.valid_to < today()
