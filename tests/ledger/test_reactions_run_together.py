"""Reactions that are due share a transaction; one that fails takes nobody's effect with it and leaves none of its own."""

import pytest
from django.db import transaction

from qipan.kernel.ledger import dispatch
from qipan.kernel.ledger.actions import append
from qipan.kernel.ledger.actor import Actor
from qipan.kernel.ledger.models import Delivery, DeliveryState, Event
from qipan.kernel.ledger.registry import declare
from qipan.kernel.orgs.models import Unit
from tests.orgs.factories import UnitTree

THING = declare("test.together.happened", "测试事件", n=int)
SYSTEM = Actor.system()
PATTERN = ("test.together.*",)


def _listen(monkeypatch: pytest.MonkeyPatch, handler: dispatch.Handler, **options: object) -> None:
    monkeypatch.setitem(dispatch._reactions, "t", dispatch.Reaction("t", PATTERN, handler, **options))  # type: ignore[arg-type]


@pytest.mark.django_db(transaction=True)
def test_what_failed_leaves_no_effect_and_the_others_have_theirs_once(monkeypatch: pytest.MonkeyPatch) -> None:
    tree = UnitTree()
    units = [tree.city, tree.bureau, tree.offices[0]]

    def handler(event: Event) -> None:
        row = Unit.objects.get(pk=event.record_id)
        row.phone = f"{row.phone}x"
        row.save(update_fields=["phone"])
        if event.data["n"] == 1:
            raise RuntimeError("down")

    _listen(monkeypatch, handler)
    with transaction.atomic():
        for number, unit in enumerate(units):
            append(THING, unit, SYSTEM, data={"n": number})
    before = [unit.phone for unit in units]
    assert dispatch.react_waiting() == 3
    for unit in units:
        unit.refresh_from_db()
    assert [unit.phone for unit in units] == [f"{before[0]}x", before[1], f"{before[2]}x"]
    states = Delivery.objects.filter(event__name=THING.name).order_by("event__id")
    assert [(row.state, row.attempts) for row in states] == [
        (DeliveryState.DONE, 1),
        (DeliveryState.WAITING, 1),
        (DeliveryState.DONE, 1),
    ]
    assert "down" in states[1].error


@pytest.mark.django_db
def test_an_event_that_a_reaction_does_not_want_is_not_noted_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []
    _listen(monkeypatch, lambda event: seen.append(event.data["n"]), when=lambda event: event.data["n"] > 1)
    unit = UnitTree().city
    for number in range(4):
        append(THING, unit, SYSTEM, data={"n": number})
    assert Delivery.objects.filter(receiver="t").count() == 2
    dispatch.react_waiting(quiet=False)
    assert seen == [2, 3]


@pytest.mark.django_db
def test_events_of_one_record_keep_their_order_though_others_share_the_transaction(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen: list[tuple[int, int]] = []
    _listen(monkeypatch, lambda event: seen.append((event.record_id, event.data["n"])))
    tree = UnitTree()
    for number in range(3):
        for unit in (tree.city, tree.bureau):
            append(THING, unit, SYSTEM, data={"n": number})
    assert dispatch.react_waiting(quiet=False) == 6
    for unit in (tree.city, tree.bureau):
        assert [n for pk, n in seen if pk == unit.pk] == [0, 1, 2]
