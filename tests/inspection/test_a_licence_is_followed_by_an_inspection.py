"""Loops (a) and (b): what licensing issues, inspection goes and looks at; they meet by event only."""

import uuid

import pytest

from qipan.domains.inspection.models import Kind, Visit
from qipan.domains.inspection.reactions import LICENSED, inspect_what_was_licensed
from qipan.domains.licensing import actions as licensing
from qipan.kernel.flow import actions as flow
from qipan.kernel.flow.models import Case, WorkOrder
from qipan.kernel.jobs.testing import drain
from qipan.kernel.law import terms
from qipan.kernel.ledger.actor import Actor
from qipan.kernel.ledger.clock import today
from qipan.kernel.ledger.dispatch import deliver_waiting
from qipan.kernel.ledger.models import Event
from qipan.kernel.orgs.roles import Role
from tests.inspection.office import Office
from tests.licensing import test_a_new_restaurant_is_checked_and_decided_by_people as licensed

pytestmark = pytest.mark.django_db


def renewed(office: Office) -> Case:
    subject, grant, owner = office.shop()
    row = office.drafted("FB-RENEW", subject, grant, owner, unchanged="true")
    case = licensing.submit(row, owner)
    drain()
    deliver_waiting(quiet=False)
    return Case.objects.get(pk=case.pk)


def test_a_licence_granted_unchecked_is_inspected_within_thirty_working_days(office: Office) -> None:
    case = renewed(office)
    assert case.state == "ISSUED"
    visit = Visit.objects.select_related("case").get()
    order = WorkOrder.objects.get(case=visit.case)
    assert visit.kind == Kind.LICENCE_AFTER and visit.case.state == "ASSIGNED"
    assert order.org_path == "SZ/FT/FT01/" and order.role == Role.INSPECTOR and order.needs == 2
    assert order.due_on == terms.due("FBL23.after_check", today()).due_on
    assert (
        terms.rule("FBL23.after_check").source.startswith("待确认")
        or "未" in terms.rule("FBL23.after_check").source
    )


def test_the_same_event_twice_opens_one_inspection(office: Office) -> None:
    renewed(office)
    inspect_what_was_licensed(Event.objects.get(name=LICENSED))
    assert Visit.objects.count() == 1 and WorkOrder.objects.filter(kind="inspection.visit").count() == 1


def test_a_new_restaurant_that_was_checked_is_planned_and_then_sent_to_the_inbox(office: Office) -> None:
    case, _order = licensed.checking(office)
    licensed.visit(office, case)
    licensed.step(case, office.decider, "grant")
    drain()
    deliver_waiting(quiet=False)
    visit = Visit.objects.select_related("case").get()
    assert visit.kind == Kind.ROUTINE and visit.case.state == "PLANNED"
    assert visit.wanted_by == terms.due("Insp22.coverage", today()).due_on
    head = office.actor(office.head, visit, Role.OFFICE_HEAD)
    assert flow.fire(visit.case, "assign", head, data={"wanted_by": None}).state == "ASSIGNED"
    assert WorkOrder.objects.get(case=visit.case).due_on == visit.wanted_by


def test_a_planned_inspection_is_not_held_against_the_next_application(office: Office) -> None:
    subject, grant, owner = office.shop()
    office.ordered(subject, grant)
    row = office.drafted("FB-RENEW", subject, grant, owner, unchanged="true")
    licensing.submit(row, owner)
    row.refresh_from_db()
    assert row.mode == "AUTO", row.mode_reasons


def test_other_events_open_nothing(office: Office) -> None:
    renewed(office)
    event = Event.objects.get(name=LICENSED)
    event.uuid, event.data = uuid.uuid4(), {**event.data, "kind": "REISSUE", "unchecked": False}
    inspect_what_was_licensed(event)
    event.data = {**event.data, "kind": "NEW", "grant": 0}
    inspect_what_was_licensed(event)
    assert Visit.objects.count() == 1 and Actor.system().kind == "system"
