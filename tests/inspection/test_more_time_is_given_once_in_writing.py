"""The period for putting things right is extended by a head, once, with a reason, and told in writing."""

import datetime

import pytest

from qipan.domains.inspection import actions
from qipan.kernel.documents import queries as documents
from qipan.kernel.flow.jobs import mark_missed_limits
from qipan.kernel.jobs.testing import drain
from qipan.kernel.ledger import clock
from qipan.kernel.ledger.clock import now, today
from qipan.kernel.ledger.errors import Refused
from qipan.kernel.ledger.models import Event
from qipan.kernel.publication.queries import public_of
from tests.inspection.office import Office, fresh
from tests.orgs.factories import reader_for

pytestmark = pytest.mark.django_db
GENERAL = {"2.2": "原料直接放在地面"}


def day(count: int) -> datetime.date:
    return today() + datetime.timedelta(days=count)


def test_a_later_day_is_named_and_the_clock_runs_to_it(office: Office) -> None:
    visit = office.signed(GENERAL)
    actions.extend(visit, reader_for(office.head), day(20), reason="冷库改造需要报审。")
    drain()
    visit = fresh(visit)
    found = visit.rectification
    assert (visit.case.state, found.first_by, found.rectify_by) == ("RECTIFYING", day(7), day(20))
    running = visit.case.clocks.get(rule_code="Insp.rectify", ended_at__isnull=True)
    assert running.due_on == day(20) == visit.case.due_on
    event = Event.objects.get(name="inspection.rectification.extended")
    assert event.reason == "冷库改造需要报审。" and event.data["was"] == day(7).isoformat()
    paper = next(row for row in documents.of(visit.case) if row.template.code == "inspection.extension")
    assert paper.state == "ISSUED" and paper.data["reason"] == "冷库改造需要报审。"
    assert paper.data["order_number"].startswith("深市监")
    (shown,) = public_of(visit.case.subject, kind="inspection.result")
    assert shown.value("rectify_by") == day(20).isoformat()


def test_the_first_day_passes_without_consequence_the_second_does_not(office: Office) -> None:
    visit = office.signed(GENERAL)
    actions.extend(visit, reader_for(office.head), day(20), reason="冷库改造需要报审。")
    for days, state in ((10, "RECTIFYING"), (30, "ESCALATED")):
        with clock.at(now() + datetime.timedelta(days=days)):
            mark_missed_limits()
        assert fresh(visit).case.state == state


def test_it_is_refused_without_reason_by_the_wrong_people_too_late_and_twice(office: Office) -> None:
    visit = office.signed(GENERAL)
    head = reader_for(office.head)
    with pytest.raises(Refused, match="由监管所所长或者局领导"):
        actions.extend(visit, reader_for(office.lead), day(20), reason="理由")
    with pytest.raises(Refused, match="理由"):
        actions.extend(visit, head, day(20), reason="")
    for until in (None, day(7), day(3), day(61)):
        with pytest.raises(Refused, match="延长后的"):
            actions.extend(visit, head, until, reason="理由")
    with pytest.raises(Refused, match="不能印制的字符"):
        actions.extend(visit, head, day(20), reason="等待配件🧊")
    assert fresh(visit).rectification.first_by is None
    actions.extend(visit, head, day(20), reason="理由")
    with pytest.raises(Refused, match="延长过一次"):
        actions.extend(visit, head, day(30), reason="理由")
