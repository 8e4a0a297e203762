"""Who did one thing may not do the other; an absent officer is not given the next order."""

import dataclasses
from collections.abc import Iterator

import pytest

from qipan.kernel.flow import actions, guards, queries, registry, testing
from qipan.kernel.flow.declaration import Flow
from qipan.kernel.flow.queries import InboxFilters
from qipan.kernel.ledger.actor import Actor
from qipan.kernel.ledger.clock import today
from qipan.kernel.ledger.errors import Refused
from qipan.kernel.orgs import actions as orgs
from qipan.kernel.orgs.models import Staff
from qipan.kernel.orgs.roles import Role
from tests.flow.people import Desk, acts
from tests.flow.sample import PERMIT
from tests.orgs.factories import StaffFactory, reader_for
from tests.subjects.factories import SubjectFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("law")]


def strict() -> Flow:
    """Who accepted may not decide, nor who checked; the decision goes to the one who reviewed if present."""
    steps = []
    for step in PERMIT.transitions:
        if step.code == "grant":
            step = dataclasses.replace(
                step,
                guards=(guards.separated_from("accept"), guards.separated_from(orders=("sample.check",))),
            )
        if step.code == "conclude_check":
            step = dataclasses.replace(step, guards=(guards.held_by_certified("sample.check"),))
        if step.code == "order_check":
            [order] = step.opens
            given = dataclasses.replace(
                order,
                assignees=lambda context: Staff.objects.order_by("pk").values_list("user_id", flat=True),
            )
            step = dataclasses.replace(step, opens=(given,))
        steps.append(step)
    return dataclasses.replace(PERMIT, version=4, transitions=tuple(steps))


@pytest.fixture(autouse=True)
def strict_flow() -> Iterator[None]:
    flow = registry.register(strict())
    yield
    registry.unregister(flow)


def test_who_accepted_or_checked_may_not_decide() -> None:
    desk = Desk()
    everything = StaffFactory(
        roles=[Role.LIC_RECEIVER, Role.LIC_DECIDER, Role.INSPECTOR], unit=desk.tree.offices[0]
    )
    case = actions.fire(desk.submitted(), "accept", acts(everything))
    case = actions.fire(case, "order_check", acts(desk.reviewer))
    order = desk.order(case, "sample.check")
    actions.assign(order, [everything.user_id, desk.inspectors[0].user_id], actor=acts(desk.head))
    actions.claim(order, actor=acts(everything))
    case = actions.fire(case, "conclude_check", acts(everything))
    with pytest.raises(Refused) as refused:
        actions.fire(case, "grant", acts(everything))
    assert len(refused.value.details["refusals"]) == 2
    assert actions.fire(case, "grant", acts(desk.decider)).state == "GRANTED"


def test_only_fit_and_present_people_are_given_an_order_of_themselves() -> None:
    desk = Desk()
    orgs.declare_absence(desk.inspectors[0], today(), None, reason="休假", actor=Actor.system())
    case = actions.fire(desk.accepted(), "order_check", acts(desk.reviewer))
    order = desk.order(case, "sample.check")
    people = set(order.participants.filter(active=True).values_list("user_id", flat=True))
    assert people == {desk.inspectors[1].user_id, desk.inspectors[2].user_id}


def test_what_one_is_recused_from_is_not_offered_in_the_inbox() -> None:
    desk = Desk()
    barred, free = SubjectFactory(), SubjectFactory()
    orders = [
        actions.create_order(
            "sample.errand", "核实", Role.INSPECTOR, desk.path, subject_id=subject, actor=Actor.system()
        )
        for subject in (barred.pk, free.pk, None)
    ]
    officer = desk.inspectors[0]
    actions.recuse(officer.user_id, subject_id=barred.pk, reason="亲属", actor=acts(officer))
    seen = [row.order.pk for row in queries.inbox(reader_for(officer), InboxFilters("unclaimed")).rows]
    assert seen == [orders[1].pk, orders[2].pk]


def test_kernel_guards_have_names_for_the_recorder() -> None:
    names = {testing.guard_name(guard) for step in strict().transitions for guard in step.guards}
    assert "qipan.kernel.flow.guards.separated_from(accept)" in names
    assert "qipan.kernel.flow.guards.held_by_certified(sample.check, 2)" in names
