"""Each rule of law that an inspection stands under, by its name."""

import datetime
import uuid

import pytest
from django.db import IntegrityError, transaction

from qipan.domains.inspection import actions
from qipan.domains.inspection.models import Conclusion, Kind, Visit
from qipan.kernel.documents import queries as documents
from qipan.kernel.flow import actions as flow
from qipan.kernel.flow.jobs import mark_missed_limits
from qipan.kernel.flow.models import Case, WorkOrder
from qipan.kernel.jobs.testing import drain
from qipan.kernel.law import terms
from qipan.kernel.ledger import clock
from qipan.kernel.ledger.actor import Actor
from qipan.kernel.ledger.clock import today
from qipan.kernel.ledger.errors import Refused
from qipan.kernel.ledger.models import Event
from qipan.kernel.orgs.roles import Role
from qipan.kernel.publication.queries import public_of
from tests.inspection.office import BOTH, OFFICERS_ONLY, Office, drawn, fresh, order_of
from tests.orgs.factories import StaffFactory, reader_for

pytestmark = pytest.mark.django_db
GENERAL, KEY = {"2.2": "原料直接放在地面"}, {"2.1": "未见供货者许可证"}


def clues(visit: Visit) -> list[WorkOrder]:
    return list(WorkOrder.objects.filter(kind="inspection.clue", record_id=visit.pk))


def test_two_officers_always_a_single_one_cannot_begin(office: Office) -> None:
    subject, grant, _owner = office.shop()
    visit = office.ordered(subject, grant)
    office.claim(visit, office.lead)
    with pytest.raises(Refused, match="2 名以上持有效执法证"):
        actions.begin(fresh(visit), reader_for(office.lead), shown=True)


def test_an_officer_without_a_valid_certificate_does_not_count(office: Office) -> None:
    subject, grant, _owner = office.shop()
    visit = office.ordered(subject, grant)
    bare = StaffFactory(role=Role.INSPECTOR, unit=office.tree.offices[0], certified=False)
    office.claim(visit, office.lead)
    with pytest.raises(Refused):
        office.claim(visit, bare)


def test_certificates_are_shown_first(office: Office) -> None:
    subject, grant, _owner = office.shop()
    visit = office.ordered(subject, grant)
    office.claim(visit)
    with pytest.raises(Refused, match="出示执法证件"):
        actions.begin(fresh(visit), reader_for(office.lead), shown=False)


def test_nobody_but_the_pair_records(office: Office) -> None:
    visit = office.begun()
    with pytest.raises(Refused, match="不是这次检查的承办人"):
        actions.note(visit, reader_for(office.third), {"1.1": {"answer": "NO"}})


def test_every_item_is_recorded_and_each_gap_is_named(office: Office) -> None:
    visit = office.begun()
    actions.note(
        visit, reader_for(office.second), {"2.2": {"answer": ""}, "2.3": {"answer": "YES", "value": "冷"}}
    )
    with pytest.raises(Refused) as refused:
        actions.conclude(fresh(visit), reader_for(office.lead), {"1.2": {"answer": "NO"}})
    said = {row["field"]: row["message"] for row in refused.value.details["refusals"]}
    assert set(said) == {"answer-2.2", "answer-2.3", "answer-1.2"} and "数字" in said["answer-2.3"]
    assert fresh(visit).answers["1.2"]["answer"] == "NO"


def test_a_failed_key_item_carries_a_photo(office: Office) -> None:
    visit = office.begun()
    with pytest.raises(Refused, match="拍照留证"):
        actions.conclude(visit, reader_for(office.lead), {"2.1": {"answer": "NO", "note": "未见许可证"}})
    done = actions.conclude(
        fresh(visit),
        reader_for(office.lead),
        {"2.1": {"answer": "NO", "note": "未见许可证", "photos": [office.photo()]}},
    )
    assert done.case.state == "CONCLUDED" and len(done.answers["2.1"]["photos"]) == 1


def test_what_cannot_be_printed_is_told_before_it_is_sealed(office: Office) -> None:
    visit = office.begun()
    with pytest.raises(Refused, match="不能印制"):
        actions.conclude(visit, reader_for(office.lead), {"2.2": {"answer": "NO", "note": "脏乱\U000f0000"}})


def test_a_colleagues_photo_stays_and_a_strangers_is_refused(office: Office) -> None:
    visit = office.begun()
    mine = office.photo(office.second)
    actions.note(visit, reader_for(office.second), {"2.2": {"answer": "NO", "note": "脏", "photos": [mine]}})
    actions.note(
        fresh(visit), reader_for(office.lead), {"2.2": {"answer": "NO", "note": "很脏", "photos": [mine]}}
    )
    assert fresh(visit).answers["2.2"]["photos"] == [mine]
    with pytest.raises(Refused, match="本人上传"):
        actions.note(fresh(visit), reader_for(office.lead), {"2.2": {"photos": [office.photo(office.third)]}})


def test_a_key_item_failed_is_never_conform(office: Office) -> None:
    visit = office.concluded(KEY)
    assert visit.conclusion == Conclusion.NONCONFORM and visit.key_failed == 1
    with pytest.raises(IntegrityError), transaction.atomic():
        Visit.objects.filter(pk=visit.pk).update(conclusion="CONFORM")


def test_general_items_failed_are_basic_conformity(office: Office) -> None:
    assert office.concluded(GENERAL).conclusion == Conclusion.BASIC


def test_the_record_is_opened_again_before_it_is_signed(office: Office) -> None:
    visit = office.concluded(GENERAL)
    with pytest.raises(Refused, match="不能再改动"):
        actions.note(visit, reader_for(office.lead), {"2.2": {"answer": "YES"}})
    actions.reopen(visit, reader_for(office.lead))
    visit = actions.conclude(fresh(visit), reader_for(office.second), {"2.2": {"answer": "YES"}})
    assert visit.conclusion == Conclusion.CONFORM


@pytest.mark.parametrize(
    ("failed", "more", "words"),
    [
        ({}, {"signatures": OFFICERS_ONLY}, "被检查单位的签名"),
        ({}, {"signatures": {"officer1": drawn(), "operator": drawn()}}, "检查人员二"),
        ({}, {"signatures": OFFICERS_ONLY, "refused": True}, "注明原因"),
        (GENERAL, {"measure": ""}, "请选择处理措施"),
        (GENERAL, {"affects_safety": None}, "是否影响食品安全"),
        (KEY, {"measure": "ON_SITE"}, "不能只作当场整改"),
        (GENERAL, {"measure": "ON_SITE", "affects_safety": True}, "依法调查处理"),
        (GENERAL, {"measure": "TO_CASE"}, "应当认定影响食品安全"),
        (KEY, {}, "写明理由"),
        (GENERAL, {"rectify_by": None}, "请写明改正期限"),
        (GENERAL, {"rectify_by": datetime.date(2020, 1, 1)}, "改正期限应当在"),
        (GENERAL, {"rectify_by": datetime.date(2099, 1, 1)}, "改正期限应当在"),
    ],
)
def test_a_result_is_signed_rightly_or_not_at_all(
    office: Office, failed: dict, more: dict, words: str
) -> None:
    with pytest.raises(Refused, match=words):
        office.signed(failed, **more)
    row = Visit.objects.get()
    assert row.signed_at is None and row.signatures == {} and row.case.state == "CONCLUDED"


def test_a_refusal_to_sign_is_noted_with_its_witness(office: Office) -> None:
    visit = office.signed(
        signatures={**OFFICERS_ONLY, "witness": drawn()},
        refused=True,
        refusal_note="负责人称需请示总部，拒绝签字，已全程录像",
        witness_name="陈大文",
    )
    drain()
    assert visit.operator_refused and set(visit.signatures) == {"officer1", "officer2", "witness"}
    (paper,) = documents.of(visit.case)
    assert "拒绝签字" in paper.data["signed"] and "陈大文" in paper.data["signed"] and paper.state == "ISSUED"
    with pytest.raises(IntegrityError), transaction.atomic():
        Visit.objects.filter(pk=visit.pk).update(refusal_note="")


def test_a_signed_result_is_handed_in_once(office: Office) -> None:
    visit, submission = office.concluded(), uuid.uuid4()
    first = actions.sign(visit, reader_for(office.lead), submission=submission, signatures=BOTH)
    again = actions.sign(visit, reader_for(office.lead), submission=submission, signatures=BOTH)
    assert first.pk == again.pk and Event.objects.filter(name="inspection.visit.signed").count() == 1
    with pytest.raises(Refused):
        actions.sign(fresh(visit), reader_for(office.second), submission=uuid.uuid4(), signatures=BOTH)


def test_what_touches_food_safety_becomes_a_clue_for_the_enforcement_head(office: Office) -> None:
    visit = office.signed(KEY, measure="TO_CASE", affects_safety=True)
    (order,) = clues(visit)
    assert fresh(visit).case.state == "TO_CASE"
    assert order.role == Role.ENF_UNIT_HEAD and order.due_on == terms.due("PenProc18.verify", today()).due_on
    event = Event.objects.get(name="inspection.clue.raised")
    assert event.data["items"] == ["2.1"] and event.subject_id == visit.case.subject_id
    flow.claim(order, actor=office.actor(office.head, visit, Role.ENF_UNIT_HEAD))
    flow.finish(order, actor=office.actor(office.head, visit, Role.ENF_UNIT_HEAD), result="已立案")
    assert WorkOrder.objects.get(pk=order.pk).state == "DONE"


def test_an_order_to_correct_does_not_replace_the_investigation(office: Office) -> None:
    visit = office.signed(KEY, affects_safety=True)
    assert fresh(visit).case.state == "RECTIFYING" and len(clues(visit)) == 1


def test_a_key_item_without_effect_on_safety_needs_a_reason_and_then_no_clue(office: Office) -> None:
    visit = office.signed(KEY, safety_reason="凭证当日补齐，食品感官正常")
    assert fresh(visit).case.state == "RECTIFYING" and clues(visit) == []


def test_rectification_overdue_escalates(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    visit = office.signed(GENERAL)
    later = clock.now() + datetime.timedelta(days=9)
    monkeypatch.setattr("qipan.kernel.flow.jobs.now", lambda: later)
    monkeypatch.setattr("qipan.kernel.flow.jobs.today", lambda: later.date())
    mark_missed_limits()
    case = fresh(visit).case
    assert case.state == "ESCALATED" and len(clues(visit)) == 1
    (shown,) = public_of(case.subject, kind="inspection.result")
    assert shown.value("rechecked") == "逾期未报告整改情况"


def test_a_failed_recheck_escalates(office: Office) -> None:
    visit = office.signed({**GENERAL, "6.7": "垃圾桶无盖"})
    office.reported(visit)
    visit = office.rechecked(fresh(visit), **{"6.7": "仍无盖"})
    assert visit.case.state == "ESCALATED"
    assert Event.objects.get(name="inspection.clue.raised").data["items"] == ["6.7"]


def test_a_report_says_what_was_done_and_is_the_operators_own(office: Office) -> None:
    visit = office.signed(GENERAL)
    owner = reader_for(visit.case.subject.representatives.get().user)
    with pytest.raises(Refused, match="写明整改情况"):
        flow.fire(visit.case, "report", owner.actor(), data={"report": " "})
    _other, _grant, stranger = office.shop()
    with pytest.raises(Refused, match="无权"):
        flow.fire(visit.case, "report", stranger.actor(), data={"report": "已改"})
    case = flow.fire(
        visit.case,
        "report_on_paper",
        office.actor(office.lead, visit),
        data={"report": "当事人书面报告已改正"},
    )
    assert case.state == "RECHECK" and fresh(visit).rectification.on_paper


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"found": {}}, "还没有复查结果"),
        ({"found": {"2.2": {"answer": "NO"}}}, "写明情况"),
        ({"signatures": OFFICERS_ONLY}, "被检查单位的签名"),
        ({"signatures": OFFICERS_ONLY, "refused": True}, "拒绝签字"),
    ],
)
def test_a_recheck_is_complete_and_signed(office: Office, more: dict, words: str) -> None:
    visit = office.signed(GENERAL)
    office.reported(visit)
    office.claim(visit, kind=actions.AGAIN)
    values = {"found": {"2.2": {"answer": "YES"}}, "signatures": BOTH, **more}
    with pytest.raises(Refused, match=words):
        actions.recheck(fresh(visit), reader_for(office.lead), submission=uuid.uuid4(), **values)
    assert fresh(visit).case.state == "RECHECK"


def test_a_recheck_is_made_by_two_and_never_without_a_record(office: Office) -> None:
    visit = office.signed(GENERAL)
    office.reported(visit)
    office.claim(visit, office.lead, kind=actions.AGAIN)
    found = {"2.2": {"answer": "YES"}}
    with pytest.raises(Refused, match="两名以上"):
        actions.recheck(
            fresh(visit), reader_for(office.lead), submission=uuid.uuid4(), found=found, signatures=BOTH
        )
    office.claim(visit, office.second, kind=actions.AGAIN)
    for step in ("recheck_passed", "recheck_failed"):
        with pytest.raises(Refused, match="还没有"):
            flow.fire(fresh(visit).case, step, office.actor(office.lead, visit))
    row = fresh(visit).rectification
    row.passed = True
    row.save()
    with pytest.raises(Refused, match="应当办结"):
        flow.fire(fresh(visit).case, "recheck_failed", office.actor(office.lead, visit))
    row.passed = False
    row.save()
    with pytest.raises(Refused, match="不能办结"):
        flow.fire(fresh(visit).case, "recheck_passed", office.actor(office.lead, visit))


def test_who_refuses_the_inspection_is_pursued(office: Office) -> None:
    subject, grant, _owner = office.shop()
    visit = office.ordered(subject, grant)
    office.claim(visit)
    with pytest.raises(Refused, match="理由"):
        actions.leave(fresh(visit), reader_for(office.lead), "refuse", reason="")
    case = actions.leave(fresh(visit), reader_for(office.lead), "refuse", reason="锁门拒绝检查人员进入厨房")
    assert case.state == "REFUSED" and "锁门" in clues(visit)[0].requirement


def test_who_cannot_be_found_is_put_forward_for_the_abnormal_list(office: Office) -> None:
    subject, grant, _owner = office.shop()
    visit = office.ordered(subject, grant)
    office.claim(visit)
    case = actions.leave(
        fresh(visit), reader_for(office.second), "unreachable", reason="门锁，电话无人接听，邻铺称已搬离"
    )
    order = WorkOrder.objects.get(kind="inspection.unreachable")
    assert case.state == "UNREACHABLE" and order.role == Role.BUREAU_LEADER
    assert order.due_on == terms.due("Abn9.list_unreachable", today()).due_on


def test_the_operator_knows_nothing_before_the_certificates_are_shown(office: Office) -> None:
    subject, grant, owner = office.shop()
    visit = office.ordered(subject, grant, Kind.FLYING, cause="抽检不合格线索")
    assert not Case.objects.visible_to(owner).filter(pk=visit.pk).exists()
    assert not Visit.objects.visible_to(owner).filter(pk=visit.pk).exists()
    office.claim(visit)
    actions.begin(fresh(visit), reader_for(office.lead), shown=True)
    assert Case.objects.visible_to(owner).filter(pk=visit.pk).exists()
    assert Visit.objects.visible_to(owner).filter(pk=visit.pk).exists()


def test_a_cancelled_task_was_never_known_and_an_annulled_result_is_taken_back(office: Office) -> None:
    subject, grant, owner = office.shop()
    visit = office.ordered(subject, grant)
    flow.fire(visit.case, "cancel", office.actor(office.head, visit, Role.OFFICE_HEAD), reason="重复派发")
    assert not Case.objects.visible_to(owner).filter(pk=visit.pk).exists()
    signed = office.signed(GENERAL)
    flow.fire(
        signed.case,
        "annul",
        office.actor(office.leader, signed, Role.BUREAU_LEADER),
        reason="检查程序有误，另行组织检查",
    )
    assert (
        fresh(signed).case.state == "ANNULLED"
        and public_of(signed.case.subject, kind="inspection.result") == []
    )


def test_what_a_higher_level_inspected_is_not_inspected_again_for_three_months(office: Office) -> None:
    subject, grant, _owner = office.shop()
    visit = office.signed(visit=office.ordered(subject, grant))
    Case.objects.filter(pk=visit.pk).update(org_path="SZ/FT/")
    with pytest.raises(Refused, match="三个月内"):
        office.ordered(subject, grant)
    again = office.ordered(subject, grant, Kind.FLYING, cause="举报线索")
    assert again.case.state == "ASSIGNED"


@pytest.mark.parametrize(
    ("kind", "more", "words"),
    [
        ("LICENCE_AFTER", {}, "请选择检查类型"),
        ("FLYING", {}, "问题线索"),
        ("ROUTINE", {"wanted_by": datetime.date(2020, 1, 1)}, "不能早于今天"),
    ],
)
def test_a_task_is_ordered_rightly_or_not_at_all(office: Office, kind: str, more: dict, words: str) -> None:
    subject, grant, _owner = office.shop()
    with pytest.raises(Refused, match=words):
        office.ordered(subject, grant, kind, **more)
    assert not Visit.objects.exists()


def test_only_heads_order_inspections_and_only_of_businesses_that_live(office: Office) -> None:
    subject, grant, _owner = office.shop()
    _other, foreign, _reader = office.shop()
    with pytest.raises(Refused, match="所长或者局领导"):
        actions.order_visit(
            reader_for(office.lead), "ROUTINE", uuid=uuid.uuid4(), subject=subject, grant=grant
        )
    with pytest.raises(Refused, match="该主体名下"):
        office.ordered(subject, foreign)
    type(subject).objects.filter(pk=subject.pk).update(status="CANCELLED")
    subject.refresh_from_db()
    with pytest.raises(Refused, match="不再派发"):
        office.ordered(subject, grant)


def test_ordering_twice_with_the_same_key_makes_one_inspection(office: Office) -> None:
    subject, grant, _owner = office.shop()
    key = uuid.uuid4()
    assert office.ordered(subject, grant, uuid=key).pk == office.ordered(subject, grant, uuid=key).pk
    assert WorkOrder.objects.filter(kind=actions.WORK).count() == 1


def test_another_district_sees_nothing(office: Office) -> None:
    visit = office.begun()
    stranger = reader_for(StaffFactory(role=Role.INSPECTOR, unit=office.tree.offices[2]))
    assert not Visit.objects.visible_to(stranger).exists() and not Case.objects.visible_to(stranger).exists()
    with pytest.raises(Refused):
        actions.note(visit, stranger, {"1.1": {"answer": "NO"}})
    assert order_of(visit).state == "CLAIMED"


def test_nothing_is_handed_over_that_was_not_so_decided(office: Office) -> None:
    visit = office.concluded(GENERAL)
    Case.objects.filter(pk=visit.pk).update(state="SIGNED")
    Visit.objects.filter(pk=visit.pk).update(measure="BY_DATE")
    with pytest.raises(Refused, match="移送调查处理"):
        flow.fire(visit.case, "hand_over", Actor.system(visit.case.org_path))


def test_what_both_sides_say_on_signing_can_be_printed(office: Office) -> None:
    visit = office.concluded()
    with pytest.raises(Refused, match="不能印制的字符“🧊”"):
        actions.sign(
            visit, reader_for(office.lead), submission=uuid.uuid4(), signatures=BOTH, note="冷柜结冰🧊"
        )
    assert fresh(visit).case.state == "CONCLUDED"
