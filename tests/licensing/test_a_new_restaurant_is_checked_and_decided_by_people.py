"""Loop (b), first half: accepted, checked by two officers, decided by a person, sealed."""

import base64
import io
import uuid

import pytest
from PIL import Image

from qipan.domains.licensing import actions
from qipan.domains.licensing.models import Application
from qipan.kernel.documents import queries as documents
from qipan.kernel.evidence import actions as evidence
from qipan.kernel.flow import actions as flow
from qipan.kernel.flow import registry
from qipan.kernel.flow.checks import problems
from qipan.kernel.flow.models import Case, WorkOrder
from qipan.kernel.forms import queries as forms
from qipan.kernel.jobs.testing import drain
from qipan.kernel.ledger.errors import Refused
from qipan.kernel.subjects.codes import is_licence_number
from tests.licensing.city import BUSINESS, PLACE, City
from tests.orgs.factories import reader_for
from tests.subjects.factories import SubjectFactory, owner_of

pytestmark = pytest.mark.django_db


def picture() -> bytes:
    stream = io.BytesIO()
    Image.new("RGB", (40, 20), "white").save(stream, "PNG")
    return stream.getvalue()


def drawn() -> str:
    return "data:image/png;base64," + base64.b64encode(picture()).decode()


def submitted(city: City) -> Case:
    subject = SubjectFactory("深圳市新味餐馆")
    owner = reader_for(owner_of(subject))
    plan = evidence.store(picture(), actor=owner.actor(), kind="material", name="布局图.png")
    row = city.drafted("FB-NEW", subject, None, owner, layout_plan=[str(plan.uuid)], **PLACE, **BUSINESS)
    return actions.submit(row, owner)


def step(case: Case, who, code: str, **more) -> Case:
    reader = reader_for(who)
    return flow.fire(Case.objects.get(pk=case.pk), code, reader.actor(None, case.org_path), **more)


def checking(city: City) -> tuple[Case, WorkOrder]:
    case = submitted(city)
    step(case, city.receiver, "accept")
    case = step(case, city.reviewer, "order_check")
    order = WorkOrder.objects.get(case=case, kind="licensing.check")
    for officer in city.inspectors:
        flow.claim(order, actor=reader_for(officer).actor(None, case.org_path))
    return Case.objects.get(pk=case.pk), order


def visit(city: City, case: Case, failed: dict[str, str] | None = None, rectify: bool = False, **more):
    row = Application.objects.get(pk=case.pk)
    reader = reader_for(city.inspectors[0])
    officers = [officer.user_id for officer in city.inspectors]
    check = actions.start_check(row, reader, uuid=uuid.uuid4(), officers=officers)
    checklist = forms.checklist(check.checklist_code)
    answers = {item.code: {"answer": "YES"} for item in checklist.applicable(actions.check_facts(row))}
    for code, note in (failed or {}).items():
        answers[code] = {"answer": "NO", "note": note}
    signatures = more.pop("signatures", {"officer1": drawn(), "officer2": drawn(), "operator": drawn()})
    return actions.conclude_check(
        check, reader, answers=answers, signatures=signatures, asked_rectification=rectify, **more
    )


def test_a_new_restaurant_gets_its_licence_from_people(city: City) -> None:
    case, _order = checking(city)
    visit(city, case)
    case = step(case, city.decider, "grant")
    drain()
    case.refresh_from_db()
    row = Application.objects.get(pk=case.pk)
    assert case.state == "ISSUED" and row.mode == "NORMAL"
    assert is_licence_number(row.result_grant.number) and row.result_grant.number.startswith("JY2440304")
    titles = {document.template.code for document in documents.of_record("flow.case", case.pk)}
    assert {"licensing.acceptance", "licensing.decision", "licensing.certificate"} <= titles


def test_a_single_officer_cannot_start(city: City) -> None:
    case = submitted(city)
    step(case, city.receiver, "accept")
    case = step(case, city.reviewer, "order_check")
    row = Application.objects.get(pk=case.pk)
    alone = city.inspectors[0]
    with pytest.raises(Refused, match="两名以上"):
        actions.start_check(row, reader_for(alone), uuid=uuid.uuid4(), officers=[alone.user_id])


def test_what_fails_is_rectified_and_checked_again(city: City) -> None:
    case, _order = checking(city)
    visit(city, case, {"3.2": "缺防鼠板"}, rectify=True)
    case.refresh_from_db()
    assert case.state == "RECTIFYING"
    owner = reader_for(case.subject.representatives.get().user)
    flow.fire(case, "report_rectified", owner.actor())
    order = WorkOrder.objects.get(case=case, kind="licensing.check", state="OPEN")
    for officer in city.inspectors:
        flow.claim(order, actor=reader_for(officer).actor(None, case.org_path))
    visit(city, Case.objects.get(pk=case.pk))
    assert Case.objects.get(pk=case.pk).state == "REVIEWED"


def test_nothing_is_granted_against_a_failed_check_and_a_refusal_gives_reasons(city: City) -> None:
    case, _order = checking(city)
    visit(city, case, {"1.1": "地址与申请不符"})
    with pytest.raises(Refused, match="不符合"):
        step(case, city.decider, "grant")
    with pytest.raises(Refused, match="理由"):
        step(case, city.decider, "refuse")
    case = step(
        case,
        city.decider,
        "refuse",
        reason="经营场所地址与申请不符，不符合《食品经营许可管理办法》第十一条规定的条件。",
    )
    drain()
    document = documents.of_record("flow.case", case.pk)[-1]
    assert case.state == "REFUSED" and "行政复议" in document.data["remedies"] and document.state == "ISSUED"


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"signatures": {"officer1": drawn(), "officer2": drawn()}}, "申请人的签名"),
        ({"signatures": {"officer1": drawn(), "officer2": drawn()}, "refused": True}, "拒绝签字"),
        ({"failed": {"1.1": ""}}, "写明问题"),
    ],
)
def test_a_check_is_complete_and_signed_by_both_sides(city: City, more: dict, words: str) -> None:
    case, _order = checking(city)
    with pytest.raises(Refused, match=words):
        visit(city, case, more.pop("failed", None), **more)
    assert Case.objects.get(pk=case.pk).state == "CHECKING"


def test_correction_is_told_once_in_full(city: City) -> None:
    case = submitted(city)
    with pytest.raises(Refused, match="逐项写明"):
        step(case, city.receiver, "correct", data={"points": []})
    case = step(case, city.receiver, "correct", data={"points": ["布局图看不清，请重新上传"]})
    owner = reader_for(case.subject.representatives.get().user)
    row = Application.objects.get(pk=case.pk)
    actions.save(row, {**row.answers, "staff_count": "8"}, owner)
    case = actions.submit(Application.objects.get(pk=case.pk), owner)
    assert case.state == "SUBMITTED"
    with pytest.raises(Refused, match="一次性告知"):
        step(case, city.receiver, "correct", data={"points": ["再补"]})


def test_one_place_one_licence(city: City) -> None:
    case, _order = checking(city)
    visit(city, case)
    step(case, city.decider, "grant")
    subject = SubjectFactory("深圳市后来餐馆")
    owner = reader_for(owner_of(subject))
    plan = evidence.store(picture(), actor=owner.actor(), kind="material", name="图.png")
    row = city.drafted("FB-NEW", subject, None, owner, layout_plan=[str(plan.uuid)], **PLACE, **BUSINESS)
    with pytest.raises(Refused, match="已有有效的食品经营许可"):
        actions.submit(row, owner)


def test_another_district_sees_nothing(city: City) -> None:
    case = submitted(city)
    from qipan.kernel.orgs.roles import Role
    from tests.orgs.factories import StaffFactory

    stranger = reader_for(StaffFactory(role=Role.LIC_RECEIVER, unit=city.tree.districts[1]))
    assert not Case.objects.visible_to(stranger).filter(pk=case.pk).exists()
    assert not Application.objects.visible_to(stranger).filter(pk=case.pk).exists()
    with pytest.raises(Refused):
        flow.fire(case, "accept", stranger.actor(Role.LIC_RECEIVER))


def test_the_declared_flow_is_sound(city: City) -> None:
    assert problems(registry.get("licensing.application")) == []
