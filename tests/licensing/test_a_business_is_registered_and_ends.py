"""Registration: a person registers an individual business at once; it changes, pauses, reopens and ends by its applications."""

import datetime
import uuid

import pytest
from django.test import Client
from django.urls import reverse

from qipan.domains.licensing import actions
from qipan.domains.licensing.models import Application
from qipan.kernel.documents import queries as documents
from qipan.kernel.evidence import actions as evidence
from qipan.kernel.flow import actions as flow
from qipan.kernel.flow.models import Case
from qipan.kernel.jobs.testing import drain
from qipan.kernel.ledger.clock import now, today
from qipan.kernel.ledger.errors import Refused
from qipan.kernel.subjects import actions as subjects
from qipan.kernel.subjects.codes import is_uscc
from qipan.kernel.subjects.models import StatusChange, Subject
from qipan.kernel.subjects.queries import suspended_days, uscc_of
from tests.licensing.city import CONTACT, SYSTEM, City
from tests.licensing.test_a_new_restaurant_is_checked_and_decided_by_people import picture
from tests.orgs.factories import BusinessUserFactory, reader_for, signed_in
from tests.subjects.factories import SubjectFactory, owner_of

pytestmark = pytest.mark.django_db
NEW = {
    "new_name": "深圳市福田区清味小面馆",
    "new_domicile": "深圳市福田区园岭街道红荔路77号",
    "street": "园岭街道",
    "business_scope": "餐饮服务",
    "before": "on",
    "manager_name": "赵六",
    "manager_phone": "13700137000",
    "contact_name": "赵六",
    "contact_phone": "13700137000",
    "truthful": "on",
}


def applied(city: City, item: str, subject: Subject, **answers):
    owner = reader_for(subject.representatives.first().user)
    case = actions.submit(city.drafted(item, subject, None, owner, **answers), owner, key=uuid.uuid4().hex)
    drain()
    case.refresh_from_db()
    subject.refresh_from_db()
    return case


def registered(client: Client, **more: str):
    started = client.post(reverse("apply", args=["BI-NEW"]), {"choice": "0", "uuid": str(uuid.uuid4())})
    answers = {**NEW, "act": "submit", "key": uuid.uuid4().hex, **more}
    assert client.get(started.url).status_code == 200
    return client.post(started.url, answers, follow=True)


def test_an_individual_business_is_registered_at_once_and_lives(client: Client, city: City) -> None:
    person = BusinessUserFactory()
    signed_in(client, person)
    shown = registered(client)
    drain()
    case = Case.objects.get(flow_code="licensing.matter")
    assert case.state == "ISSUED", shown.content.decode()[-3000:]
    subject = case.subject
    assert subject.name == NEW["new_name"] and subject.type == "INDIVIDUAL" and is_uscc(uscc_of(subject))
    assert subject.org_path == "SZ/FT/FT01/" and subject.legal_rep.clear(["name"])["name"] == "赵六"
    assert [each.user for each in subject.representatives.all()] == [person]
    made = {paper.template.code: paper for paper in documents.of_record("flow.case", case.pk)}
    assert set(made) == {"licensing.registration_notice", "licences.business"}
    lines = documents.check_upload(documents.file_of(made["licences.business"])).document.lines
    assert ("类型", "个体工商户") in lines and ("经营范围", "餐饮服务") in lines
    assert client.get(reverse("my_case", args=[case.uuid])).status_code == 200

    change = {"alter_kinds": ["SCOPE"], "new_business_scope": "餐饮服务；食品销售", "resolved_on": "2026-11-01"}
    case = applied(city, "BI-ALTER", subject, **change)
    assert case.state == "SUBMITTED", "a change is decided by a person"
    decider = reader_for(city.decider)
    flow.fire(case, "grant_now", decider.actor(None, case.org_path))
    drain()
    subject.refresh_from_db()
    assert subject.business_scope == "餐饮服务；食品销售" and subject.grants.get().data["business_scope"].endswith("销售")

    cause = {"cause": "装修", **from_today(364)}
    assert applied(city, "BX-PAUSE", subject, **cause).state == "ISSUED" and subject.status == "SUSPENDED"
    assert applied(city, "BX-REOPEN", subject, **cause).state == "ISSUED" and subject.status == "ACTIVE"
    assert applied(city, "BI-END", subject, **cause, settled="true").state == "ISSUED"
    assert subject.status == "CANCELLED"


def test_a_name_that_is_taken_goes_to_a_person(client: Client, city: City) -> None:
    SubjectFactory(NEW["new_name"])
    signed_in(client, BusinessUserFactory())
    registered(client)
    row = Application.objects.get(item_code="BI-NEW")
    assert row.case.state == "SUBMITTED" and row.case.org_path == "SZ/FT/FT01/"
    assert row.mode_reasons == ["名称没有被使用：否（要求 是）"]


def test_who_is_not_listed_needs_no_removal_and_who_is_gets_it_from_a_person(city: City) -> None:
    """移出经营异常名录 (Abn 11)."""
    subject = SubjectFactory("深圳市迟报餐馆")
    owner_of(subject)
    answers = {"remedied": "已补报年度报告并公示"}
    with pytest.raises(Refused, match="没有被列入"):
        applied(city, "CU-REPORT", subject, **answers)
    subjects.add_mark(subject, "ABNORMAL_LIST", SYSTEM, ground="未年报")
    case = applied(city, "CU-REPORT", subject, **answers)
    decider = reader_for(city.decider)
    flow.fire(case, "grant_now", decider.actor(None, case.org_path))
    drain()
    assert not subjects.in_force_marks(subject).exists()
    assert [paper.template.code for paper in documents.of_record("flow.case", case.pk)] == ["licensing.matter_result"]


def test_a_listed_subject_has_no_simple_cancellation(city: City) -> None:
    """简易注销 is barred for who is on a list (RegDet 48): no rule grants it, and the register refuses it to people too."""
    subject = SubjectFactory("深圳市在列餐馆")
    owner_of(subject)
    subjects.add_mark(subject, "ABNORMAL_LIST", SYSTEM, ground="未年报")
    row = city.drafted(
        "BX-SIMPLE", subject, None, reader_for(subject.representatives.get().user), cause="不再经营"
    )  # fmt: skip
    assert CONTACT
    from qipan.domains.licensing.facts import facts_of

    assert facts_of(row)["in_abnormal_list"] is True
    with pytest.raises(Refused, match="简易注销"):
        subjects.change_status(subject, "CANCELLING", SYSTEM, "简易注销公告")


def from_today(days: int) -> dict[str, str]:
    """A time that begins today and ends so many days later."""
    return {
        "from_on": today().isoformat(),
        "until_on": (today() + datetime.timedelta(days=days)).isoformat(),
    }


def why(city: City, item: str, subject: Subject, **answers) -> list[str]:
    """What a person is told of an application that no rule granted; nothing for one that was."""
    case = applied(city, item, subject, **answers)
    assert case.state in {"ISSUED", "SUBMITTED"}
    return Application.objects.get(pk=case.pk).mode_reasons


def test_a_pause_has_an_end_within_three_years_in_all(city: City) -> None:
    """歇业的期限最长不得超过三年 (Reg 30), 累计 (RegDet 42): an open end or too long a one is for a person to look at."""
    subject = SubjectFactory("深圳市歇业餐馆")
    owner_of(subject)
    pause = {"cause": "水浸停业", "from_on": today().isoformat()}
    (told,) = why(city, "BX-PAUSE", subject, **pause)
    assert "写明了歇业期限" in told and subject.status == "ACTIVE"
    for before, after, on in (
        ("ACTIVE", "SUSPENDED", "2022-01-01"),
        ("SUSPENDED", "ACTIVE", "2023-01-01"),
        ("ACTIVE", "SUSPENDED", "2024-01-01"),
        ("SUSPENDED", "ACTIVE", "2024-12-31"),
    ):
        StatusChange.objects.create(subject=subject, before=before, after=after, on=on, reason="歇业", source="Reg 30")
    assert suspended_days(subject, today()) == 365 + 365
    assert suspended_days(subject, datetime.date(2024, 1, 11)) == 365 + 10
    Case.objects.filter(subject=subject).update(closed_at=now())
    (told,) = why(city, "BX-PAUSE", subject, cause="水浸停业", **from_today(3 * 365))
    assert "累计不超过三年" in told
    Case.objects.filter(subject=subject).update(closed_at=now())
    assert why(city, "BX-PAUSE", subject, cause="水浸停业", **from_today(364)) == []
    assert subject.status == "SUSPENDED"


def test_a_pause_is_filed_before_it_begins(city: City) -> None:
    """应当在歇业前向登记机关办理备案 (Reg 30): what began already is for a person to look at."""
    subject = SubjectFactory("深圳市先歇餐馆")
    owner_of(subject)
    begun = from_today(90) | {"from_on": (today() - datetime.timedelta(days=1)).isoformat()}
    assert why(city, "BX-PAUSE", subject, cause="水浸停业", **begun) == ["在歇业开始以前备案：否（要求 是）"]
    assert subject.status == "ACTIVE"


@pytest.mark.parametrize(
    ("missing", "told"),
    [
        ("unencumbered", "声明没有冻结、出质、抵押和对外投资：否（要求 是）"),
        ("no_investigation", "声明没有被立案调查、采取强制措施和诉讼仲裁：否（要求 是）"),
        ("penalties_met", "声明没有尚未执行完毕的行政处罚：否（要求 是）"),
    ],
)
def test_each_bar_to_a_simple_cancellation_is_asked_about(city: City, missing: str, told: str) -> None:
    """不得申请办理简易注销登记的情形 (RegDet 48): who does not declare that there is none goes to a person."""
    subject = SubjectFactory("深圳市简易注销餐馆")
    owner_of(subject)
    declared = dict.fromkeys(("settled", "unencumbered", "no_investigation", "penalties_met"), "true")
    actor = reader_for(subject.representatives.get().user).actor()
    promise = evidence.store(picture(), actor=actor, kind="material", name="承诺书.png")
    answers = {"cause": "不再经营", "m_promise": [str(promise.uuid)], **declared}
    assert why(city, "BX-SIMPLE", subject, **(answers | {missing: ""})) == [told]


def test_nobody_comes_back_who_never_paused(city: City) -> None:
    subject = SubjectFactory("深圳市常开餐馆")
    owner_of(subject)
    with pytest.raises(Refused, match="存续"):
        applied(city, "BX-REOPEN", subject, cause="恢复", from_on="2026-11-20")
