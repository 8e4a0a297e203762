"""Steps that come too early, or where they have no place, are refused in words."""

import datetime
import uuid

import pytest
from django.utils import timezone

from qipan.domains.licensing import actions
from qipan.domains.licensing.models import Application
from qipan.kernel.accounts.models import Person, User
from qipan.kernel.documents import queries as documents
from qipan.kernel.evidence import actions as evidence
from qipan.kernel.flow import actions as flow
from qipan.kernel.flow import jobs
from qipan.kernel.flow.models import Case, WorkOrder
from qipan.kernel.jobs.testing import drain
from qipan.kernel.ledger import clock
from qipan.kernel.ledger.clock import now, today
from qipan.kernel.ledger.errors import Refused
from qipan.kernel.orgs import actions as orgs
from qipan.kernel.orgs.roles import Role
from qipan.kernel.subjects import actions as subjects
from qipan.kernel.subjects.models import Grant
from tests.licensing.city import SYSTEM, City
from tests.licensing.test_a_new_restaurant_is_checked_and_decided_by_people import (
    BUSINESS,
    PLACE,
    checking,
    picture,
    step,
    submitted,
    visit,
)
from tests.orgs.factories import as_person, post_with, reader_for
from tests.subjects.factories import SubjectFactory, owner_of

pytestmark = pytest.mark.django_db


def fire(case: Case, who, code: str, **more) -> Case:
    return flow.fire(Case.objects.get(pk=case.pk), code, reader_for(who).actor(None, case.org_path), **more)


def renewal(city: City, *, unchanged: bool = True, **facts) -> tuple[Case, Grant]:
    subject, grant, owner = city.restaurant(**{"risk_grade": "D", **facts})
    extra = {} if unchanged else {"changes": "更换了灶具"}
    row = city.drafted("FB-RENEW", subject, grant, owner, unchanged=unchanged, **extra)
    return actions.submit(row, owner), grant


def test_an_unfinished_form_is_not_handed_in(city: City) -> None:
    subject = SubjectFactory("深圳市没填完餐馆")
    owner = reader_for(owner_of(subject))
    row = city.drafted("FB-NEW", subject, None, owner, **PLACE)
    with pytest.raises(Refused) as refused:
        actions.submit(row, owner)
    fields = {each["field"] for each in refused.value.details["refusals"]}
    assert {"main_format", "items", "layout_plan"} <= fields
    assert Case.objects.get(pk=row.pk).state == "DRAFT"


def test_each_person_that_the_form_names_is_asked_for(city: City) -> None:
    subject = SubjectFactory("深圳市缺管理员餐馆")
    owner = reader_for(owner_of(subject))
    plan = evidence.store(picture(), actor=owner.actor(), kind="material", name="图.png")
    business = {key: value for key, value in BUSINESS.items() if not key.startswith("manager")}
    row = city.drafted("FB-NEW", subject, None, owner, layout_plan=[str(plan.uuid)], **PLACE, **business)
    with pytest.raises(Refused) as refused:
        actions.submit(row, owner)
    assert {each["field"] for each in refused.value.details["refusals"]} == {"manager_name", "manager_phone"}


def test_the_contact_is_who_fills_in_and_saving_again_makes_nobody_new(city: City) -> None:
    subject, grant, owner = city.restaurant()
    user = as_person(User.objects.get(pk=owner.user_id))
    row = actions.start("FB-RENEW", uuid=uuid.uuid4(), reader=owner, subject=subject, grant=grant)
    assert row.contact_id == user.person_id
    people = Person.objects.count()
    answers = {"contact_name": "陈店主", "contact_phone": "13700137000", "unchanged": True}
    actions.save(row, answers, owner)
    assert Person.objects.count() == people
    actions.save(row, {**answers, "contact_name": "李店长"}, owner)
    actions.save(row, {**answers, "contact_name": "李店长"}, owner)
    assert Person.objects.count() == people + 1 and user.person.clear(["name"])["name"] == "陈店主"


def test_a_closed_subject_does_not_apply(city: City) -> None:
    subject, grant, owner = city.restaurant()
    row = city.drafted("FB-RENEW", subject, grant, owner, unchanged=True)
    subjects.change_status(subject, "REVOKED", SYSTEM, "吊销营业执照")
    with pytest.raises(Refused, match="吊销"):
        actions.submit(Application.objects.get(pk=row.pk), owner)


def test_what_needs_a_check_is_not_decided_without_one(city: City) -> None:
    case = submitted(city)
    with pytest.raises(Refused, match="须现场核查"):
        fire(case, city.decider, "grant_now")
    fire(case, city.receiver, "accept")
    with pytest.raises(Refused, match="须先进行现场核查"):
        fire(case, city.reviewer, "review", data={"opinion": "同意"})


def test_what_needs_no_check_is_not_checked(city: City) -> None:
    case, _grant = renewal(city)
    fire(case, city.receiver, "accept")
    with pytest.raises(Refused, match="不需要现场核查"):
        fire(case, city.reviewer, "order_check")
    with pytest.raises(Refused, match="请填写审查意见"):
        fire(case, city.reviewer, "review", data={"opinion": " "})
    case = fire(case, city.reviewer, "review", data={"opinion": "符合条件"})
    assert case.state == "REVIEWED"


def test_a_check_ends_as_its_record_says(city: City) -> None:
    case, _order = checking(city)
    officer = city.inspectors[0]
    with pytest.raises(Refused, match="还没有作出结论"):
        fire(case, officer, "finish_check")
    with pytest.raises(Refused, match="没有要求整改"):
        fire(case, officer, "ask_rectification")
    row = Application.objects.get(pk=case.pk)
    row.checks.create(
        uuid="7b1c6f0e-6f0c-4f6e-9d0a-0c9f5a6b7c8d",
        round=1,
        checklist_code="LIC-CATER",
        officers=[each.user_id for each in city.inspectors],
        started_at=now(),
        conclusion="RECTIFY",
    )
    with pytest.raises(Refused, match="整改复核前不能结束"):
        fire(case, officer, "finish_check")


def test_nothing_is_issued_before_its_documents_are_sealed(city: City) -> None:
    case, _order = checking(city)
    visit(city, case)
    case = fire(case, city.decider, "grant")
    with pytest.raises(Refused, match="还在制作"):
        flow.fire(case, "issue", SYSTEM)
    drain()
    assert Case.objects.get(pk=case.pk).state == "ISSUED"


def test_who_checked_does_not_decide(city: City) -> None:
    case, _order = checking(city)
    visit(city, case)
    both = city.inspectors[0]
    orgs.appoint(both, post_with(city.tree.districts[0], [Role.LIC_DECIDER]), today(), actor=SYSTEM)
    with pytest.raises(Refused, match="参加现场核查"):
        fire(case, both, "grant")


def test_silence_for_five_days_is_acceptance_from_the_day_of_receipt(city: City) -> None:
    case = submitted(city)
    received = Application.objects.get(pk=case.pk).submitted_at
    with clock.at(timezone.now() + datetime.timedelta(days=12)):
        jobs.mark_missed_limits()
        case = Case.objects.get(pk=case.pk)
        assert case.state == "ACCEPTED"
        assert case.clocks.get(rule_code="FBL23.decide").started_at == received
        assert WorkOrder.objects.filter(case=case, kind="licensing.review", state="OPEN").count() == 1
        drain()
    assert documents.of_record("flow.case", case.pk)[-1].template.code == "licensing.acceptance"


def test_a_filing_lapses_when_a_licence_is_obtained_for_the_place(city: City) -> None:
    subject = SubjectFactory("深圳市由备案转许可商店")
    owner = reader_for(owner_of(subject))
    filing = actions.submit(
        city.drafted("FF-NEW", subject, None, owner, prepackaged_only=True, **PLACE), owner
    )
    filed = Application.objects.get(pk=filing.pk).result_grant
    plan = evidence.store(picture(), actor=owner.actor(), kind="material", name="图.png")
    row = city.drafted("FB-NEW", subject, None, owner, layout_plan=[str(plan.uuid)], **PLACE, **BUSINESS)
    case = actions.submit(row, owner)
    step(case, city.receiver, "accept")
    case = step(case, city.reviewer, "order_check")
    order = WorkOrder.objects.get(case=case, kind="licensing.check")
    for officer in city.inspectors:
        flow.claim(order, actor=reader_for(officer).actor(None, case.org_path))
    visit(city, Case.objects.get(pk=case.pk))
    step(case, city.decider, "grant")
    filed.refresh_from_db()
    assert filed.state == "CANCELLED"
