"""Rescission (LicProc 40-47, FBL15 47): told, heard, decided by somebody else, announced void, and a bar of three years."""

import datetime
import uuid

import pytest
from django.test import Client
from django.utils import timezone

from qipan.domains.licensing import actions, ex_officio
from qipan.domains.licensing.models import Application, Rescission
from qipan.domains.licensing.rescission import actions as rescission
from qipan.kernel.documents import queries as documents
from qipan.kernel.flow import actions as flow
from qipan.kernel.flow import jobs, registry
from qipan.kernel.flow.checks import problems
from qipan.kernel.flow.models import Case, WorkOrder
from qipan.kernel.jobs.testing import drain
from qipan.kernel.ledger import clock
from qipan.kernel.ledger.clock import today
from qipan.kernel.ledger.errors import Refused
from qipan.kernel.orgs.roles import Role
from qipan.kernel.publication.queries import public_of
from qipan.kernel.subjects import actions as subjects
from qipan.kernel.subjects.models import Grant
from tests.licensing.city import SYSTEM, City
from tests.orgs.factories import StaffFactory, reader_for, signed_in

pytestmark = pytest.mark.django_db
FACTS = "提交的布局图与现场不符，系伪造。"


def found(city: City, ground: str = "FRAUD") -> Rescission:
    _subject, grant, _owner = city.restaurant()
    actor = reader_for(city.reviewer).actor(Role.LIC_REVIEWER, grant.org_path)
    return rescission.begin(grant, uuid=uuid.uuid4(), ground=ground, finding="现场检查发现", actor=actor)


def step(row: Rescission, who, code: str, **more) -> Case:
    reader = who if hasattr(who, "subject_ids") else reader_for(who)
    actor = reader.actor(None, row.grant.org_path) if reader.kind == "staff" else reader.actor()
    return flow.fire(Case.objects.get(pk=row.pk), code, actor, **more)


def holder(row: Rescission):
    return reader_for(row.grant.subject.representatives.get().user)


def told(city: City, ground: str = "FRAUD") -> Rescission:
    row = found(city, ground)
    step(row, city.reviewer, "tell", data={"facts": FACTS})
    return row


def test_the_holder_is_told_and_heard_before_the_licence_is_rescinded(city: City) -> None:
    row = told(city)
    assert row.case.number and Case.objects.get(pk=row.pk).state == "TOLD"
    with pytest.raises(Refused, match="当前状态"):
        step(row, city.decider, "rescind")
    step(row, holder(row), "make_statement", data={"statement": "图纸由装修公司提供。"})
    case = step(row, city.decider, "rescind")
    drain()
    grant = Grant.objects.get(pk=row.grant_id)
    assert (case.state, case.result, grant.state) == ("RESCINDED", "RESCINDED", "RESCINDED")
    made = {paper.template.code: paper for paper in documents.of_record("flow.case", case.pk)}
    assert set(made) == {"licensing.rescission_notice", "licensing.rescission"}
    assert all(paper.state == "ISSUED" for paper in made.values())
    void = next(record for record in public_of(grant.subject) if record.kind == "licence.void")
    assert void.value("number") == grant.number and void.value("kind") == "撤销"


def test_five_days_of_silence_are_a_waiver(city: City) -> None:
    row = told(city)
    with clock.at(timezone.now() + datetime.timedelta(days=30)):
        jobs.mark_missed_limits()
    assert Case.objects.get(pk=row.pk).state == "DECIDING"
    assert WorkOrder.objects.filter(case_id=row.pk, kind="licensing.rescission.decide", state="OPEN").exists()


def test_the_time_of_a_hearing_does_not_count(city: City) -> None:
    row = told(city)
    legal = StaffFactory(role=Role.LEGAL_REVIEWER, unit=city.tree.districts[0])
    step(row, holder(row), "ask_hearing")
    sixty = row.case.clocks.get(rule_code="LicProc45.rescind")
    assert sixty.state == "STOPPED"
    later = timezone.now() + datetime.timedelta(days=20)
    with clock.at(later):
        step(row, legal, "report_hearing", data={"report": "双方意见一致，事实清楚。"})
    before = sixty.due_on
    sixty.refresh_from_db()
    assert sixty.due_on >= before + datetime.timedelta(days=18)


def test_sixty_days_are_extended_once_by_twenty(city: City) -> None:
    row = told(city)
    leader = StaffFactory(role=Role.BUREAU_LEADER, unit=city.tree.districts[0])
    before = row.case.clocks.get(rule_code="LicProc45.rescind").due_on
    step(row, leader, "extend", reason="案情复杂")
    after = row.case.clocks.get(rule_code="LicProc45.rescind").due_on
    assert after > before
    with pytest.raises(Refused, match="不能再延长"):
        step(row, leader, "extend", reason="还需要时间")


def test_who_granted_does_not_decide_on_the_rescission(city: City) -> None:
    subject, grant, owner = city.restaurant(risk_grade="D")
    renewal = actions.submit(city.drafted("FB-RENEW", subject, grant, owner, unchanged=True), owner)
    reader = reader_for(city.decider)
    flow.fire(Case.objects.get(pk=renewal.pk), "grant_now", reader.actor(Role.LIC_DECIDER, renewal.org_path))
    drain()
    actor = reader_for(city.reviewer).actor(Role.LIC_REVIEWER, grant.org_path)
    row = rescission.begin(
        Grant.objects.get(pk=grant.pk), uuid=uuid.uuid4(), ground="FRAUD", finding="声明不实", actor=actor
    )
    step(row, city.reviewer, "tell", data={"facts": FACTS})
    step(row, owner, "make_statement", data={"statement": "无"})
    with pytest.raises(Refused, match="由您决定"):
        step(row, city.decider, "rescind")
    with pytest.raises(Refused, match="由您决定"):
        step(row, city.decider, "keep", reason="公共利益")


def test_fraud_bars_a_new_application_for_three_years(city: City) -> None:
    row = told(city)
    owner = holder(row)
    step(row, owner, "make_statement", data={"statement": "无"})
    step(row, city.decider, "rescind")
    place = {"premises": "深圳市福田区福田街道滨河路9号", "street": "福田街道", "area": "30"}
    draft = city.drafted("FF-NEW", row.grant.subject, None, owner, prepackaged_only=True, **place)
    with pytest.raises(Refused, match="不能再次申请"):
        actions.submit(draft, owner)
    with clock.at(timezone.now() + datetime.timedelta(days=3 * 366 + 10)):
        assert actions.submit(Application.objects.get(pk=draft.pk), owner).state != "DRAFT"


def test_what_is_missing_or_out_of_place_is_told(city: City) -> None:
    row = found(city)
    actor = reader_for(city.reviewer).actor(Role.LIC_REVIEWER, row.grant.org_path)
    with pytest.raises(Refused, match="请写明拟撤销的事实"):
        step(row, city.reviewer, "tell", data={"facts": "  "})
    with pytest.raises(Refused, match="已有一件在办"):
        rescission.begin(row.grant, uuid=uuid.uuid4(), ground="FRAUD", finding="再次发现", actor=actor)
    again = rescission.begin(
        row.grant, uuid=row.case.uuid, ground="FRAUD", finding="现场检查发现", actor=actor
    )
    assert again.pk == row.pk
    with pytest.raises(Refused, match="请选择"):
        rescission.begin(row.grant, uuid=uuid.uuid4(), ground="NONE", finding="x", actor=actor)
    step(row, city.reviewer, "tell", data={"facts": FACTS})
    with pytest.raises(Refused, match="请填写陈述"):
        step(row, holder(row), "make_statement", data={"statement": ""})
    step(row, holder(row), "ask_hearing")
    legal = StaffFactory(role=Role.LEGAL_REVIEWER, unit=city.tree.districts[0])
    with pytest.raises(Refused, match="请填写听证报告"):
        step(row, legal, "report_hearing", data={"report": ""})
    step(row, city.decider, "drop", reason="查无此情形")
    subjects.set_grant_state(Grant.objects.get(pk=row.grant_id), "CANCELLED", SYSTEM, "注销")
    ended = Grant.objects.select_related("subject").get(pk=row.grant_id)
    with pytest.raises(Refused, match="不存在撤销"):
        rescission.begin(ended, uuid=uuid.uuid4(), ground="FRAUD", finding="x", actor=actor)


def test_the_page_registers_and_a_stranger_office_sees_nothing(city: City) -> None:
    _subject, grant, _owner = city.restaurant()
    address = f"/desk/grants/{grant.pk}/rescission/"
    page = signed_in(Client(), city.reviewer.user)
    assert page.get(address).status_code == 200
    empty = page.post(address, {"uuid": str(uuid.uuid4()), "ground": "FRAUD", "finding": ""})
    assert empty.status_code == 422 and "请写明发现的情况" in empty.content.decode()
    done = page.post(
        address, {"uuid": str(uuid.uuid4()), "ground": "FRAUD", "finding": "比对发现"}, follow=True
    )
    assert done.status_code == 200 and "拟撤销的许可" in done.content.decode()
    stranger = StaffFactory(role=Role.LIC_REVIEWER, unit=city.tree.districts[1])
    assert signed_in(Client(), stranger.user).get(address).status_code == 404


def test_what_ended_is_cancelled_ex_officio_and_announced(city: City) -> None:
    _a, expired, _owner = city.restaurant(ends_in=-3)
    _b, held, _owner = city.restaurant()
    gone, orphan, _owner = city.restaurant()
    subjects.expire_grants()
    gone.status = "CANCELLED"
    gone.save(update_fields=["status"])
    assert ex_officio.cancel_ended() == 2
    states = dict(Grant.objects.values_list("pk", "state"))
    assert (states[expired.pk], states[held.pk], states[orphan.pk]) == ("CANCELLED", "VALID", "CANCELLED")
    void = public_of(expired.subject)[0]
    assert void.value("ground") == "有效期届满未延续" and void.value("ended_on") == today().isoformat()
    assert ex_officio.cancel_ended() == 0


def test_the_flow_is_sound() -> None:
    assert problems(registry.get("licensing.rescission")) == []
