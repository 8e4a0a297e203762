"""An obligation forms with its act, goes out in time, and shows only what may be shown."""

import datetime
import json

import pytest

from qipan.kernel.flow.models import OrderState, WorkOrder
from qipan.kernel.law import calendar
from qipan.kernel.ledger.actor import Actor
from qipan.kernel.ledger.clock import today
from qipan.kernel.ledger.errors import Refused
from qipan.kernel.orgs.roles import Role
from qipan.kernel.publication import actions, jobs, queries
from qipan.kernel.publication.models import Publication, PublicationKind, PublicationState
from tests.flow.people import acts
from tests.orgs.factories import StaffFactory, UnitTree, reader_for
from tests.subjects.factories import SubjectFactory

SYSTEM = Actor.system("SZ/FT/FT01/")


def penalty(subject, **more):
    content = {
        "number": "深市监福处罚〔2026〕12号",
        "name": "王小明",
        "code": "440301199001011232",
        "facts": "当事人王小明（电话13800138000，身份证440301199001011232）在福田区经营。",
        "fine": 5000,
        **more.pop("content", {}),
    }
    return actions.oblige(
        "penalty.decision",
        subject,
        formed_on=more.pop("formed_on", today()),
        subject_id=subject.pk,
        org_path="SZ/FT/FT01/",
        content=content,
        actor=SYSTEM,
        party=more.pop("party", "natural"),
        **more,
    )


def inspection(subject, record=None, **more):
    return actions.oblige(
        "inspection.result",
        record or subject,
        formed_on=today(),
        subject_id=subject.pk,
        org_path=subject.org_path,
        content={"number": "JC1", "name": subject.name, "conclusion": "符合", **more},
        actor=SYSTEM,
    )


def test_what_goes_out_at_once_is_out_at_once() -> None:
    subject = SubjectFactory()
    made = inspection(subject)
    assert made.state == PublicationState.PUBLISHED
    [shown] = queries.public_of(subject)
    assert (shown.value("conclusion"), shown.source) == ("符合", "《食品生产经营监督检查管理办法》第三十九条")
    assert [record.uuid for record in queries.search_public("符合")[0]] == [made.uuid]
    assert queries.search_public("不符合")[0] == []


def test_the_limit_is_counted_by_its_rule_and_review_waits_for_the_publisher() -> None:
    UnitTree()
    publisher = StaffFactory(Role.PUBLISHER, UnitTree().districts[0])
    made = penalty(SubjectFactory())
    assert made.state == PublicationState.DUE
    assert made.due_on == calendar.current().add_working_days(today(), 20)
    assert queries.latest() == []
    order = WorkOrder.objects.get(pk=made.order_id)
    assert (order.role, order.due_on) == (Role.PUBLISHER, made.due_on)
    with pytest.raises(Refused):
        actions.publish(made, actor=acts(StaffFactory(Role.INSPECTOR)))
    actions.publish(made, actor=acts(publisher))
    order.refresh_from_db()
    assert (order.state, order.assignee_id) == (OrderState.DONE, publisher.user_id)
    [shown] = queries.latest("penalty.decision")
    assert shown.until_on == today().replace(year=today().year + 3) or shown.until_on is not None


def test_a_natural_persons_data_is_masked_before_it_is_kept() -> None:
    made = penalty(SubjectFactory())
    kept = json.dumps(made.content, ensure_ascii=False)
    assert "440301199001011232" not in kept
    assert "13800138000" not in kept
    assert "王小明" not in kept
    assert made.content["name"] == "王**"
    assert "code" not in made.content


def test_of_a_minor_nothing_personal_is_shown() -> None:
    made = penalty(SubjectFactory(), party="minor")
    assert not {"name", "code", "representative"} & set(made.content)
    assert "王小明" not in json.dumps(made.content, ensure_ascii=False)


def test_a_field_that_the_kind_does_not_declare_is_an_error_and_nobody_who_reports_can_be_declared() -> None:
    with pytest.raises(ValueError, match="reporter"):
        inspection(SubjectFactory(), reporter="李四")
    for kind in PublicationKind.objects.all():
        assert not any("reporter" in field["key"] or "举报人" in field["title"] for field in kind.fields)


def test_the_next_result_takes_the_place_of_the_last() -> None:
    subject = SubjectFactory()
    first = inspection(subject)
    second = inspection(subject, record=UnitTree().offices[0])
    first.refresh_from_db()
    assert first.state == PublicationState.EXPIRED
    assert [shown.uuid for shown in queries.public_of(subject)] == [second.uuid]


def test_obliging_twice_gives_the_same() -> None:
    subject = SubjectFactory()
    assert inspection(subject).pk == inspection(subject).pk


def test_an_annulled_publication_is_gone_within_three_working_days() -> None:
    district = UnitTree().districts[0]
    publisher = StaffFactory(Role.PUBLISHER, district)
    subject = SubjectFactory()
    made = penalty(subject)
    actions.publish(made, actor=acts(publisher))
    [touched] = actions.annul(subject, formed_on=today(), reason="行政复议撤销", actor=SYSTEM)
    assert touched.withdraw_by == calendar.current().add_working_days(today(), 3)
    order = WorkOrder.objects.get(pk=touched.order_id)
    assert order.due_on == touched.withdraw_by
    actions.withdraw(touched, reason="行政复议撤销原处罚决定", actor=acts(publisher))
    assert queries.public_record(made.uuid) is None
    at_once = inspection(subject)
    actions.annul(subject, formed_on=today(), reason="检查结果有误", actor=SYSTEM)
    at_once.refresh_from_db()
    assert at_once.state == PublicationState.WITHDRAWN


def test_what_is_over_ends_and_what_is_late_lies_before_the_publisher() -> None:
    tree = UnitTree()
    publisher = StaffFactory(Role.PUBLISHER, tree.districts[0])
    made = penalty(SubjectFactory(), formed_on=today() - datetime.timedelta(days=60))
    WorkOrder.objects.filter(pk=made.order_id).update(state=OrderState.CANCELLED, closed_at=made.created_at)
    jobs.remind_of_obligations()
    made.refresh_from_db()
    assert WorkOrder.objects.get(pk=made.order_id).state == OrderState.OPEN
    assert list(queries.overdue(reader_for(publisher))) == [made]
    actions.publish(made, actor=acts(publisher))
    Publication.objects.filter(pk=made.pk).update(until_on=today() - datetime.timedelta(days=1))
    assert queries.latest() == []
    jobs.expire_publications()
    made.refresh_from_db()
    assert made.state == PublicationState.EXPIRED


def test_open_data_is_what_is_public_and_no_formula() -> None:
    subject = SubjectFactory()
    inspection(subject, handling="=1+1", key_failed=["1.1", "2.1"])
    [line] = list(queries.export("inspection.result"))
    assert json.loads(line)["key_failed"] == ["1.1", "2.1"]
    head, row = list(queries.export("inspection.result", "csv"))
    assert head.startswith("\ufeff标识,标题")
    assert "'=1+1" in row
    with pytest.raises(LookupError):
        list(queries.export("device.location"))
    assert list(queries.export("penalty.decision")) == []


def test_a_correction_replaces_what_is_shown() -> None:
    subject = SubjectFactory()
    made = inspection(subject)
    actions.correct(made, {"number": "JC1", "conclusion": "基本符合"}, reason="录入有误", actor=SYSTEM)
    [shown] = queries.public_of(subject)
    assert shown.value("conclusion") == "基本符合"
