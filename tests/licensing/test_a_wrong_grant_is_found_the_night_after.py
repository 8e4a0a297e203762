"""The wrong-grant guard: yesterday's automatic decisions are worked out again, on the facts of then and on those of now."""

import datetime
import json
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from qipan.cli import guard as command
from qipan.cli.__main__ import parser
from qipan.domains.licensing import actions as applying
from qipan.domains.licensing import jobs
from qipan.domains.licensing.guarding import actions
from qipan.domains.licensing.guarding.models import Aftermath, GuardFinding, GuardRun, Outcome
from qipan.domains.licensing.models import Application
from qipan.kernel.decisions.models import Decision
from qipan.kernel.documents import seals
from qipan.kernel.documents.models import Document
from qipan.kernel.flow.models import WorkOrder
from qipan.kernel.jobs.interface import periodic
from qipan.kernel.jobs.testing import drain
from qipan.kernel.ledger.clock import today
from qipan.kernel.ledger.errors import Refused
from qipan.kernel.ledger.models import Event
from qipan.kernel.orgs.roles import Role
from qipan.kernel.subjects import actions as subjects
from qipan.kernel.subjects.models import Grant, GrantState, Subject
from tests.licensing.automatic import Applied, Walk, applied, prepare, tomorrow, walks
from tests.licensing.city import CONTACT, SYSTEM, City
from tests.orgs.factories import StaffFactory, reader_for, signed_in
from tests.subjects.factories import SubjectFactory

pytestmark = pytest.mark.django_db
EVERY = {walk.item: walk for walk in walks()}
Plant = Callable[[Applied, Application], None]


@pytest.fixture
def city(settings, tmp_path) -> City:
    settings.HOME = tmp_path
    made = City()
    seals.create_seal(made.tree.city, SYSTEM)
    return made


def granted(city: City, item: str, **more: Any) -> tuple[Applied, Application]:
    walk = EVERY[item]
    made = prepare(Walk(**{**vars(walk), **more}))
    row = applied(city, made)
    assert row.mode == "AUTO", row.mode_reasons
    drain()
    return made, Application.objects.select_related("case").get(pk=row.pk)


def found() -> list[GuardFinding]:
    with tomorrow():
        actions.replay_day(today() - datetime.timedelta(days=1))
    return list(GuardFinding.objects.order_by("pk"))


def late_mark(made: Applied, row: Application) -> None:
    subjects.add_mark(made.subject, "SERIOUS_LIST", SYSTEM, ground="较重处罚", since=today())


def revoked_base(made: Applied, row: Application) -> None:
    grant = Grant.objects.get(subject=made.subject, kind="JY")
    subjects.set_grant_state(grant, GrantState.REVOKED, SYSTEM, "吊销")


def duplicate_name(made: Applied, row: Application) -> None:
    SubjectFactory(row.answers["new_name"])


def lost_scope(made: Applied, row: Application) -> None:
    subjects.change_subject(made.subject, {"business_scope": "咨询服务"}, SYSTEM, "更正")


def graded_down(made: Applied, row: Application) -> None:
    Subject.objects.filter(pk=made.subject.pk).update(risk_grade="D")


def another_name(made: Applied, row: Application) -> None:
    """What the licence says is not what is registered."""
    grant = Grant.objects.get(pk=made.grant.pk)
    Grant.objects.filter(pk=grant.pk).update(data={**grant.data, "name": "别的名称"})


@pytest.mark.parametrize(
    ("item", "plant", "told"),
    [
        ("FB-RENEW", late_mark, "在严重违法失信名单：是（要求 否）"),
        ("FB-RENEW", graded_down, "风险等级：D（要求 A 或 B）"),
        ("FB-REISSUE", another_name, "登记信息与原证一致：否（要求 是）"),
        ("FN-SITE-FILE", revoked_base, "持有有效的食品生产、经营许可或者备案：否（要求 是）"),
        ("MT-TWO-FILE", lost_scope, "经营范围包含医疗器械：否（要求 是）"),
        ("BI-NEW", duplicate_name, "名称没有被使用：否（要求 是）"),
        ("BX-PAUSE", late_mark, "在严重违法失信名单：是（要求 否）"),
    ],
)
def test_a_grant_that_would_not_be_given_now_goes_to_who_decides(
    city: City, item: str, plant: Plant, told: str
) -> None:
    made, row = granted(city, item)
    assert found() == []
    plant(made, row)
    (one,) = found()
    assert one.kind == "CURRENT" and told in one.reasons, one.reasons
    assert one.lines and all(line["then"] != line["now"] for line in one.lines)
    order = WorkOrder.objects.get(kind=actions.ORDER)
    assert order == one.order and order.role == Role.LIC_DECIDER and order.org_path == row.case.org_path
    assert (order.due_on - today()).days in range(58, 65), "sixty days from the finding (LicProc 45)"
    assert Event.objects.filter(name="licensing.difference.found").count() == 1
    assert found() == [one], "again for the same day finds nothing new"


def test_the_job_of_the_night_works_out_the_day_before(city: City) -> None:
    assert ("20 1 * * *", jobs.guard_yesterday) in periodic
    made, row = granted(city, "FB-RENEW")
    late_mark(made, row)
    with tomorrow():
        jobs.guard_yesterday.defer()
        drain()
    one = GuardFinding.objects.get()
    assert (one.application_id, one.run.day, one.run.checked) == (row.pk, today(), 1)


def test_what_came_after_the_decision_is_no_difference(city: City) -> None:
    """A case opened, a mark set and an application made after the grant say nothing of whether it was right."""
    made, _row = granted(city, "FB-RENEW")
    with tomorrow():
        subjects.add_mark(made.subject, "SERIOUS_LIST", SYSTEM, ground="较重处罚")
        later = city.drafted("FB-CHANGE", made.subject, made.grant, made.reader, change_kinds=["LAYOUT"], change_note="换灶台")
        applying.submit(later, made.reader, key="later")
        assert Application.objects.get(pk=later.pk).case.state == "SUBMITTED"
    assert found() == []


def test_a_later_act_of_the_same_applicant_is_no_difference(city: City) -> None:
    """歇业 and 恢复经营 on one day: each is laid beside what the later one left."""
    made, _row = granted(city, "BX-PAUSE")
    row = city.drafted("BX-REOPEN", made.subject, None, made.reader, cause="恢复", from_on="2026-11-20")
    applying.submit(row, made.reader, key="again")
    drain()
    row = city.drafted("BI-END", made.subject, None, made.reader, **EVERY["BI-END"].answers, **CONTACT)
    applying.submit(row, made.reader, key="end")
    assert Application.objects.filter(mode="AUTO").count() == 3
    assert found() == []


def test_a_decision_that_comes_out_otherwise_on_its_own_facts_is_told(city: City) -> None:
    _made, row = granted(city, "BX-REPRINT")
    decision = Decision.objects.get(pk=row.decision_id)
    decision.facts["cause"] = "MORE"
    decision.save()
    kinds = {one.kind: one for one in found()}
    assert "结果" in kinds["REPLAY"].reasons[0]
    assert GuardRun.objects.get(org_path="SZ/FT/").unequal == 1


def test_what_has_ended_meanwhile_needs_no_order(city: City) -> None:
    made, _row = granted(city, "FB-RENEW")
    grant = Grant.objects.get(pk=made.grant.pk)
    subjects.set_grant_state(grant, GrantState.REVOKED, SYSTEM, "吊销")
    (one,) = found()
    assert one.outcome == Outcome.ENDED and one.order is None


def test_the_difference_leads_to_the_rescission_and_closes_its_order(city: City) -> None:
    """LicProc 40, 45: verified and decided within sixty days from the finding."""
    made, _row = granted(city, "FB-RENEW")
    late_mark(made, _row)
    (one,) = found()
    client = signed_in(Client(), city.decider.user)
    page = client.get(reverse("guard_difference", args=[one.uuid]))
    assert "在严重违法失信名单" in page.content.decode()
    sent = {"act": "rescind", "ground": "UNQUALIFIED", "finding": "准予时已列入严重违法失信名单"}
    assert client.post(reverse("guard_difference", args=[one.uuid]), sent).status_code == 302
    one.refresh_from_db()
    assert one.outcome == Outcome.RESCISSION and one.rescission.case.state == "VERIFYING"
    assert WorkOrder.objects.get(pk=one.order_id).state == "DONE"
    again = client.post(reverse("guard_difference", args=[one.uuid]), sent)
    assert again.status_code == 422 and "已经处理过" in again.content.decode()
    night = client.get(reverse("guard_night", args=[today().isoformat()]))
    assert "已启动撤销程序" in night.content.decode()


def test_it_may_be_kept_with_a_reason_by_who_decides_and_nobody_else(city: City) -> None:
    made, _row = granted(city, "FB-RENEW")
    graded_down(made, _row)
    (one,) = found()
    with pytest.raises(Refused, match="写明核实的情况"):
        actions.keep(one, reader_for(city.decider), note=" ")
    with pytest.raises(Refused, match="作出许可决定"):
        actions.keep(one, reader_for(city.reviewer), note="不应撤销")
    actions.keep(one, reader_for(city.decider), note="分级在准予之后调整，准予时符合条件")
    one.refresh_from_db()
    assert one.outcome == Outcome.KEPT and WorkOrder.objects.get(pk=one.order_id).state == "DONE"
    assert Event.objects.get(name="licensing.difference.settled").data["outcome"] == "KEPT"


def test_another_district_sees_nothing_of_it(city: City) -> None:
    made, _row = granted(city, "FB-RENEW")
    graded_down(made, _row)
    (one,) = found()
    stranger = StaffFactory(role=Role.LIC_DECIDER, unit=city.tree.districts[1])
    client = signed_in(Client(), stranger.user)
    assert client.get(reverse("guard_difference", args=[one.uuid])).status_code == 404
    shown = client.get(reverse("guard")).content.decode()
    assert today().isoformat() in shown, "its own district had a quiet day"
    night = client.get(reverse("guard_night", args=[today().isoformat()])).content.decode()
    assert made.subject.name not in night and "福田" not in night


def test_the_command_works_a_day_out_again(city: City, capsys) -> None:
    made, _row = granted(city, "FB-RENEW")
    day = today().isoformat()
    with tomorrow():
        assert command.run(parser()[0].parse_args(["guard", "--date", day, "--json"])) == 0
        told = json.loads(capsys.readouterr().out)
        assert (told["checked"], told["changed"], told["differences"]) == (1, 0, [])
        graded_down(made, _row)
        assert command.run(parser()[0].parse_args(["guard", "--date", day])) == 1
    assert "风险等级：D" in capsys.readouterr().out
    with pytest.raises(Refused, match="已经过去"):
        actions.replay_day(today())


def test_a_licence_relied_on_whose_file_is_not_the_sealed_one_is_found(city: City) -> None:
    made, _first = granted(city, "FB-REISSUE")
    row = city.drafted("FB-REISSUE", made.subject, made.grant, made.reader, **made.answers)
    applying.submit(row, made.reader, key="second")
    second = Application.objects.get(pk=row.pk)
    assert Decision.objects.get(pk=second.decision_id).facts["elicence"] == "验证通过"
    assert found() == []
    paper = Grant.objects.get(pk=made.grant.pk).document_id
    Document.objects.filter(pk=paper).update(seal_signature=None)
    assert any("电子证照核验：验证不符" in reason for one in found() for reason in one.reasons)


def test_how_an_act_left_the_facts_is_kept_with_it(city: City) -> None:
    made, row = granted(city, "FB-CANCEL")
    left = Aftermath.objects.get(pk=row.pk)
    kept = Decision.objects.get(pk=row.decision_id)
    assert (kept.facts["grant_state"], left.facts["grant_state"]) == ("VALID", "CANCELLED")
    assert left.grant_id == made.grant.pk and left.subject_id == made.subject.pk
