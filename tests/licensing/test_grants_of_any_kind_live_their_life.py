"""One course for every kind of licence: it begins, rests, changes, goes on, is printed again and ends."""

import datetime
import uuid
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from qipan.domains.licensing import actions
from qipan.domains.licensing.models import Application
from qipan.kernel.documents import queries as documents
from qipan.kernel.evidence import actions as evidence
from qipan.kernel.flow import actions as flow
from qipan.kernel.flow.models import Case
from qipan.kernel.forms import queries as forms
from qipan.kernel.items import queries as items
from qipan.kernel.jobs.testing import drain
from qipan.kernel.ledger.clock import today
from qipan.kernel.ledger.errors import Refused
from qipan.kernel.orgs.reader import Reader
from qipan.kernel.subjects import actions as subjects
from qipan.kernel.subjects.models import Grant, Subject
from tests.licensing.city import PLACE, SYSTEM, City
from tests.licensing.test_a_new_restaurant_is_checked_and_decided_by_people import picture
from tests.orgs.factories import reader_for, signed_in
from tests.subjects.factories import GrantFactory, SubjectFactory, owner_of

pytestmark = pytest.mark.django_db
HERE = {"premises": PLACE["premises"], "street": PLACE["street"]}
LIFT = {
    "equipment_code": "3110440304202600001",
    "factory_number": "L-2026-01",
    "maker": "某某电梯有限公司",
    "used_from": "2026-11-01",
    "manager_post": "设安全管理员两名",
    **HERE,
}
SITE = {"site": "清味到家", "domain": "example.cn", "telecom": "粤ICP备0000001号", "scope": "预包装食品"}


@pytest.fixture
def city(settings, tmp_path) -> City:
    settings.HOME = tmp_path
    from qipan.kernel.documents import seals

    made = City()
    seals.create_seal(made.tree.city, SYSTEM)
    return made


def asked(
    city: City, code: str, subject: Subject, owner: Reader, grant: Grant | None = None, **answers: Any
) -> Case:
    """An item applied for with the uploads it wants, and decided by a person at once where no rule decides."""
    item = items.item(code)
    uploads = {
        field.code: [str(evidence.store(picture(), actor=owner.actor(), kind="material", name="图.png").uuid)]
        for field in forms.asked(item).fields
        if field.kind == "file" and field.required
    }
    row = city.drafted(code, subject, grant, owner, **uploads, **answers)
    case = actions.submit(row, owner, key=uuid.uuid4().hex)
    if case.state == "SUBMITTED":
        decider = reader_for(city.decider)
        flow.fire(Case.objects.get(pk=case.pk), "grant_now", decider.actor(None, case.org_path))
    drain()
    case.refresh_from_db()
    return case


def test_a_lift_is_registered_rests_runs_again_and_is_scrapped(client: Client, city: City) -> None:
    """使用登记, 停用, 启用, 变更, 补办, 注销 (Equip 33, 47, 48)."""
    subject = SubjectFactory("深圳市高楼物业有限公司", type="COMPANY")
    user = owner_of(subject)
    owner = reader_for(user)
    case = asked(city, "SE-LIFT-NEW", subject, owner, **LIFT)
    assert case.state == "ISSUED"
    grant = Application.objects.get(pk=case.pk).result_grant
    assert grant.number.startswith("梯粤B00001") and grant.valid_to is None
    made = {paper.template.code: paper for paper in documents.of_record("flow.case", case.pk)}
    lines = documents.check_upload(documents.file_of(made["licences.equipment_use"])).document.lines
    assert ("设备类别", "电梯") in lines and ("设备代码", LIFT["equipment_code"]) in lines

    signed_in(client, user)
    assert grant.number in client.get(reverse("apply", args=["SE-LIFT-STOP"])).content.decode()
    assert grant.number not in client.get(reverse("apply", args=["SE-CRANE-STOP"])).content.decode()
    with pytest.raises(Refused, match="名下的一张证照"):
        asked(city, "SE-CRANE-STOP", subject, owner, grant, cause="STOPPED", no_investigation=True)

    for code, answers, state in (
        ("SE-LIFT-STOP", {"cause": "STOPPED", "no_investigation": True}, "SUSPENDED"),
        ("SE-LIFT-START", {"unchanged": True}, "VALID"),
        ("SE-LIFT-CHANGE", {"change_kinds": ["PLACE"], "new_place": "深圳市福田区园岭街道红荔路99号"}, "VALID"),
        ("SE-LIFT-REISSUE", {"cause": "LOST"}, "VALID"),
        ("SE-LIFT-CANCEL", {"cause": "SCRAPPED", "no_investigation": True}, "CANCELLED"),
    ):
        case = asked(city, code, subject, owner, grant, **answers)
        grant.refresh_from_db()
        assert (case.state, grant.state) == ("ISSUED", state), code
    assert grant.data["place"] == "深圳市福田区园岭街道红荔路99号"
    with pytest.raises(Refused, match="注销"):
        asked(city, "SE-LIFT-START", subject, owner, grant, unchanged=True)


def test_a_filing_is_made_by_rule_changed_by_a_person_and_ended_by_rule(city: City) -> None:
    subject = SubjectFactory("深圳市网店食品有限公司", type="COMPANY")
    GrantFactory(subject)
    owner = reader_for(owner_of(subject))
    case = asked(city, "FN-SITE-FILE", subject, owner, **SITE)
    row = Application.objects.get(pk=case.pk)
    assert (case.state, row.mode) == ("ISSUED", "AUTO")
    second = asked(city, "FN-SITE-FILE", subject, owner, **SITE)
    assert Application.objects.get(pk=second.pk).mode_reasons == ["已有同类有效备案：是（要求 否）"]
    grant = row.result_grant
    change = {"change_kinds": ["SCOPE"], "new_scope": "预包装食品、散装食品"}
    asked(city, "FN-SITE-CHANGE", subject, owner, grant, **change)
    grant.refresh_from_db()
    assert grant.data["scope"] == "预包装食品、散装食品" and grant.data["domain"] == "example.cn"
    ended = asked(city, "FN-SITE-CANCEL", subject, owner, grant, cause="STOPPED", no_investigation=True)
    grant.refresh_from_db()
    assert grant.state == "CANCELLED" and Application.objects.get(pk=ended.pk).mode == "AUTO"
    assert [paper.template.code for paper in documents.of_record("flow.case", ended.pk)] == [
        "licensing.matter_receipt"
    ]


def test_a_renewed_licence_goes_on_from_the_day_after_its_end(city: City) -> None:
    """延续后的有效期自原有效期届满次日起算 (LicProc 27); the number stays."""
    subject = SubjectFactory("深圳市康械贸易有限公司", type="COMPANY")
    owner = reader_for(owner_of(subject))
    ends = today() + datetime.timedelta(days=80)
    grant = subjects.register_grant(
        number="粤深药监械经营许202100001",
        kind="QX3",
        title="医疗器械经营许可证",
        subject=subject,
        org_path="SZ/FT/FT01/",
        data={"scope": "6815 注射穿刺器械"},
        valid_from=today() - datetime.timedelta(days=1700),
        valid_to=ends,
        item_code="MD-NEW",
        issuer="SZ/FT/",
        actor=SYSTEM,
    )
    case = asked(city, "MD-RENEW", subject, owner, grant, unchanged=True)
    grant.refresh_from_db()
    start = ends + datetime.timedelta(days=1)
    assert case.state == "ISSUED" and grant.number == "粤深药监械经营许202100001"
    assert grant.valid_to == start.replace(year=start.year + 5) - datetime.timedelta(days=1)
    decision = documents.of_record("flow.case", case.pk)[0]
    assert decision.template.code == "licensing.matter_decision"
    assert documents.by_code(decision.code).issuer == "深圳市市场监督管理局", "the city bureau decides this item"


def test_what_needs_a_visit_is_not_granted_on_the_spot(city: City) -> None:
    """第三类医疗器械经营许可 is checked on site before it is decided (LicProc 18)."""
    subject = SubjectFactory("深圳市新械贸易有限公司", type="COMPANY")
    owner = reader_for(owner_of(subject))
    answers = {
        "mode": "WHOLESALE", "scope": "6815", "person": "本科、工程师", "warehouse": "不设库房", "stored": True, **HERE,
    }  # fmt: skip
    with pytest.raises(Refused, match="现场核查"):
        asked(city, "MD-NEW", subject, owner, **answers)


def test_a_request_ends_in_the_result_of_the_authority(city: City) -> None:
    subject = SubjectFactory("深圳市查档有限公司", type="COMPANY")
    owner = reader_for(owner_of(subject))
    case = asked(
        city, "XX-FILES", subject, owner, wanted="设立登记档案", purpose="诉讼", delivery="ONLINE"
    )
    assert case.state == "ISSUED" and Application.objects.get(pk=case.pk).result_grant is None
    paper = documents.of_record("flow.case", case.pk)[0]
    assert (paper.template.code, paper.state) == ("licensing.matter_result", "ISSUED")
    assert not Grant.objects.exists()
