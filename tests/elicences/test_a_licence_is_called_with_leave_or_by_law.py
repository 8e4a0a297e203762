"""调用: registered systems, for registered items, with the holder's leave or an article; everything is in the log."""

import datetime
import uuid

import pytest
from django.test import Client
from django.urls import reverse

from qipan.domains.licensing.elicences import callers, calling
from qipan.domains.licensing.elicences.models import Call, CallingSystem, CallRight
from qipan.kernel.ledger import clock
from qipan.kernel.ledger.clock import today
from qipan.kernel.ledger.errors import Refused
from qipan.kernel.ledger.models import Event
from qipan.kernel.orgs.roles import Role
from qipan.kernel.subjects import actions as subjects
from qipan.kernel.subjects.models import Grant
from tests.api.programs import Program
from tests.elicences.conftest import Town
from tests.licensing.city import SYSTEM, City, file_of
from tests.orgs.factories import BusinessUserFactory, PublicUserFactory, StaffFactory, reader_for, signed_in
from tests.subjects.factories import GrantFactory, SubjectFactory, owner_of

pytestmark = pytest.mark.django_db
PURPOSE = "核对纳税人的经营许可"


class Tax:
    """The tax authority's system and its program."""

    def __init__(self, town: Town | City, *, law: str = "", kinds: tuple[str, ...] = ("JY",)) -> None:
        self.administrator = StaffFactory(role=Role.SYSTEM_ADMIN, unit=town.tree.city)
        self.leader = StaffFactory(role=Role.BUREAU_LEADER, unit=town.tree.city)
        self.user = PublicUserFactory()
        self.system: CallingSystem = callers.register(
            reader_for(self.administrator), login=self.user.username, name="深圳市税务局 登记系统"
        )
        self.right: CallRight = callers.entitle(
            self.system,
            reader_for(self.leader),
            item_code="TAX-REG",
            item_name="税务信息确认",
            purpose=PURPOSE,
            kinds=kinds,
            law=law,
        )
        self.program = Program(self.user, "licences.call")

    def call(self, number: str, key: str = "", **wish: str):
        body = {"number": number, "item": "TAX-REG", "purpose": PURPOSE, **wish}
        return self.program.call("post", "/licence-calls", body, key or uuid.uuid4().hex)


def test_without_leave_nothing_is_given_and_the_holder_sees_that_it_was_asked(
    client: Client, town: Town
) -> None:
    grant, tax = GrantFactory(SubjectFactory()), Tax(town)
    answer = tax.call(grant.number)
    assert answer.status_code == 403 and "持证人没有授权" in answer.json()["detail"]
    row = Call.objects.get()
    assert (row.given, row.basis, row.grant, row.subject_id) == (False, "", grant, grant.subject_id)
    assert Event.objects.filter(name="licensing.call.refused", subject_id=grant.subject_id).exists()
    page = signed_in(client, owner_of(grant.subject)).get(reverse("licence_calls")).content.decode()
    assert "深圳市税务局" in page and "持证人没有授权" in page


def test_a_key_stands_for_one_call_and_no_other(town: Town) -> None:
    grant, tax = GrantFactory(SubjectFactory()), Tax(town)
    first = tax.call(grant.number, "k-1")
    assert (
        tax.call(grant.number, "k-1").json()["detail"] == first.json()["detail"] and Call.objects.count() == 1
    )
    for other in (
        tax.call(GrantFactory(SubjectFactory()).number, "k-1"),
        tax.call(grant.number, "k-1", matter="2"),
    ):
        assert other.status_code == 409 and "另一次调用" in other.json()["detail"]
    assert Call.objects.count() == 1


def test_with_leave_the_data_are_given_until_it_is_taken_back(client: Client, town: Town) -> None:
    grant, tax = GrantFactory(SubjectFactory(rep="王小明")), Tax(town)
    user = owner_of(grant.subject)
    signed_in(client, user)
    page = client.get(reverse("my_licence", args=[grant.pk])).content.decode()
    assert "税务信息确认" in page
    until = (today() + datetime.timedelta(days=30)).isoformat()
    sent = {"right": tax.right.pk, "until": until}
    assert client.post(reverse("licence_consent", args=[grant.pk]), sent).status_code == 302
    answer = tax.call(grant.number, key="once", matter="税 2026-1")
    told = answer.json()
    assert answer.status_code == 200, told
    assert told["basis"] == "CONSENT" and told["licence"]["holder"] == grant.subject.name
    assert {"title": "法定代表人（负责人）", "text": "王小明"} in told["licence"]["lines"]
    assert tax.call(grant.number, key="once", matter="税 2026-1").json()["uuid"] == told["uuid"]
    assert Call.objects.count() == 1
    (line,) = Program(user).get("/licence-calls/of-my-licences")
    assert (line["caller"], line["purpose"], line["given"]) == ("深圳市税务局 登记系统", PURPOSE, True)
    assert tax.program.get("/licence-calls")[0]["uuid"] == told["uuid"]
    consent = grant.consents.get()
    client.post(reverse("licence_consent", args=[grant.pk]), {"end": consent.pk})
    assert tax.call(grant.number).status_code == 403, "taken back, at once"
    names = set(Event.objects.filter(subject_id=grant.subject_id).values_list("name", flat=True))
    assert {"licensing.consent.given", "licensing.consent.ended", "licensing.licence.called"} <= names


def test_by_law_no_leave_is_needed_and_the_article_is_told(town: Town) -> None:
    grant, tax = GrantFactory(SubjectFactory()), Tax(town, law="Online 7")
    told = tax.call(grant.number).json()
    assert (told["basis"], told["law"]) == ("LAW", "Online 7")
    with pytest.raises(Refused, match="依法调用"):
        calling.give_consent(grant, tax.right, reader_for(owner_of(grant.subject)), until=today())


def test_an_article_must_exist(town: Town) -> None:
    for wrong in ("Online 99", "随便 7", "法律"):
        with pytest.raises(Refused):
            Tax(town, law=wrong)


@pytest.mark.parametrize(
    ("wish", "words"),
    [
        ({"item": "TAX-OTHER"}, "没有登记这个调用事项"),
        ({"purpose": "好奇"}, "用途与登记的不符"),
        ({"number": "JY24403040000000"}, "没有编号为"),
    ],
)
def test_what_was_not_registered_is_refused_and_logged(town: Town, wish: dict[str, str], words: str) -> None:
    grant, tax = GrantFactory(SubjectFactory()), Tax(town, law="Online 7")
    answer = tax.call(**{"number": grant.number, **wish})
    assert answer.status_code == 403 and words in answer.json()["detail"]
    assert Call.objects.get().reason == answer.json()["detail"]


def test_another_kind_an_ended_right_and_a_stopped_system_get_nothing(town: Town) -> None:
    grant, tax = GrantFactory(SubjectFactory()), Tax(town, law="Online 7", kinds=("SC",))
    assert "不能调用" in tax.call(grant.number).json()["detail"]
    callers.end(tax.right, reader_for(tax.leader), "合作结束")
    assert "没有登记这个调用事项" in tax.call(grant.number).json()["detail"]
    callers.switch(tax.system, reader_for(tax.administrator), active=False, reason="密钥泄露")
    assert "已停用" in tax.call(grant.number).json()["detail"]
    assert Call.objects.filter(given=False, grant=grant).count() == 3


def test_an_account_that_is_no_system_gets_nothing(town: Town) -> None:
    grant = GrantFactory(SubjectFactory())
    body = {"number": grant.number, "item": "X", "purpose": "Y"}
    stranger = Program(BusinessUserFactory(), "licences.call")
    answer = stranger.call("post", "/licence-calls", body, "k")
    assert answer.status_code == 403 and "没有登记为证照调用方" in answer.json()["detail"]
    assert Call.objects.get().caller == "未登记的账户"
    assert (
        Program(BusinessUserFactory(), "subjects.read").call("post", "/licence-calls", body, "k").status_code
        == 403
    )


def test_a_system_is_held_to_its_limit(town: Town) -> None:
    grant, tax = GrantFactory(SubjectFactory()), Tax(town, law="Online 7")
    CallingSystem.objects.update(a_minute=2)
    assert [tax.call(grant.number).status_code for _n in range(3)] == [200, 200, 429]


def test_the_file_is_given_while_the_licence_is_in_force(city: City) -> None:
    grant, tax = GrantFactory(SubjectFactory()), Tax(city, law="Online 7")
    content = file_of(grant)
    file = tax.call(grant.number).json()["file"].removeprefix("/api/v1")
    assert file and tax.program.call("get", file).content == content
    subjects.set_grant_state(grant, "REVOKED", SYSTEM, "处罚")
    told = tax.call(grant.number).json()
    assert told["licence"]["state"] == "REVOKED" and told["file"] == ""
    assert tax.program.call("get", file).status_code == 404, "nor by the address that was given before"


def test_the_file_of_a_call_can_be_fetched_for_a_day(city: City) -> None:
    grant, tax = GrantFactory(SubjectFactory()), Tax(city, law="Online 7")
    file_of(grant)
    file = tax.call(grant.number).json()["file"].removeprefix("/api/v1")
    for hours, status in ((calling.FILE_HOURS - 1, 200), (calling.FILE_HOURS + 1, 404)):
        with clock.at(clock.now() + datetime.timedelta(hours=hours)):
            assert tax.program.call("get", file).status_code == status
    assert "/file" in tax.call(grant.number).json()["file"], "called again, there is another address"


def test_registering_and_entitling_are_two_peoples_work(town: Town) -> None:
    tax = Tax(town)
    with pytest.raises(Refused, match="系统管理员"):
        callers.register(reader_for(tax.leader), login=PublicUserFactory().username, name="甲")
    with pytest.raises(Refused, match="市局领导"):
        callers.entitle(
            tax.system, reader_for(tax.administrator), item_code="A", item_name="A", purpose="A", kinds=["JY"]
        )
    local = StaffFactory(role=Role.BUREAU_LEADER, unit=town.tree.districts[0])
    with pytest.raises(Refused, match="市局领导"):
        callers.end(tax.right, reader_for(local), "越权")
    with pytest.raises(Refused, match="工作人员"):
        callers.register(reader_for(tax.administrator), login=tax.leader.user.username, name="乙")


@pytest.mark.parametrize("days", [-1, 400])
def test_leave_is_for_a_time(town: Town, days: int) -> None:
    grant, tax = GrantFactory(SubjectFactory()), Tax(town)
    with pytest.raises(Refused, match="一年以内"):
        calling.give_consent(
            grant,
            tax.right,
            reader_for(owner_of(grant.subject)),
            until=today() + datetime.timedelta(days=days),
        )


def test_leave_that_ran_out_is_none(town: Town) -> None:
    grant, tax = GrantFactory(SubjectFactory()), Tax(town)
    row = calling.give_consent(grant, tax.right, reader_for(owner_of(grant.subject)), until=today())
    assert tax.call(grant.number).status_code == 200
    type(row).objects.update(valid_to=today() - datetime.timedelta(days=1))
    assert tax.call(grant.number).status_code == 403


def test_the_officials_see_who_may_call(client: Client, town: Town) -> None:
    grant, tax = GrantFactory(SubjectFactory()), Tax(town, law="Online 7")
    tax.call(grant.number)
    signed_in(client, tax.leader.user)
    page = client.get(reverse("licence_caller", args=[tax.system.pk])).content.decode()
    assert "税务信息确认" in page and grant.number in page
    figures = client.get(reverse("licence_figures")).content.decode()
    assert "税务信息确认" in figures and "法律规定" in figures
    sent = {
        "item_code": "TAX-2",
        "item_name": "清税",
        "purpose": "清税",
        "kinds": ["JY"],
        "law": "Online 999",
    }
    wrong = client.post(reverse("licence_caller", args=[tax.system.pk]), sent)
    assert wrong.status_code == 422 and "清税" in wrong.content.decode()
    assert client.get(reverse("licence_callers")).status_code == 200
    signed_in(client, town.inspectors[0].user)
    assert client.get(reverse("licence_callers")).status_code == 403


def test_a_stranger_reads_no_log(client: Client, town: Town) -> None:
    grant, tax = GrantFactory(SubjectFactory()), Tax(town, law="Online 7")
    tax.call(grant.number)
    assert Program(BusinessUserFactory()).get("/licence-calls/of-my-licences") == []
    page = signed_in(client, BusinessUserFactory()).get(reverse("licence_calls")).content.decode()
    assert grant.number not in page and Grant.objects.exists()
