"""The road of a permit through the engine, by people and by rules."""

import pytest

from qipan.kernel.flow import actions, queries
from qipan.kernel.flow.models import ACTIVE, ClockState
from qipan.kernel.ledger.errors import Refused
from qipan.kernel.ledger.models import Event
from tests.flow.people import Desk, acts
from tests.orgs.factories import reader_for

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("law")]


def test_people_take_it_to_the_end() -> None:
    desk = Desk()
    case = desk.reviewed()
    assert case.state == "REVIEWED"
    case = actions.fire(case, "grant", acts(desk.decider))
    assert (case.state, case.result) == ("GRANTED", "GRANTED")
    assert case.closed_at is not None
    assert case.due_on is None
    assert not case.orders.filter(state__in=ACTIVE).exists()
    assert set(case.clocks.values_list("state", flat=True)) == {ClockState.MET}
    events = Event.objects.filter(record_kind="flow.case", record_id=case.pk).order_by("id")
    steps = [event.data["transition"] for event in events if "transition" in event.data]
    assert steps == ["submit", "accept", "order_check", "conclude_check", "grant"]
    assert case.version == 1 + len(steps)


def test_rules_grant_at_once_what_is_unchanged() -> None:
    desk = Desk()
    case = desk.submitted(unchanged=True)
    assert case.state == "GRANTED"
    assert case.version == 3
    last = Event.objects.filter(record_kind="flow.case", record_id=case.pk).latest("id")
    assert (last.actor_kind, last.data["transition"]) == ("rules", "grant_by_rules")
    assert not case.orders.exists()  # nobody is given work that the rules have done


def test_every_refusal_is_told_at_once() -> None:
    desk = Desk()
    with pytest.raises(Refused) as refused:
        actions.fire(desk.open(), "submit", acts(desk.owner), data={"place": "", "area": 0})
    assert [each["field"] for each in refused.value.details["refusals"]] == ["place", "area"]


def test_offers_are_the_readers_own() -> None:
    desk = Desk()
    case = desk.submitted()
    assert [offer.code for offer in queries.offers(case, reader_for(desk.receiver))] == [
        "ask_correction",
        "accept",
    ]
    assert [offer.code for offer in queries.offers(case, reader_for(desk.owner))] == ["withdraw"]
    assert queries.offers(case, reader_for(desk.stranger)) == []
