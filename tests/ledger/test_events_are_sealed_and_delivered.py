"""The ledger: hashed, append-only, sealed; delivered at least once, in order, to whoever subscribed."""

import hashlib
import json

import pytest
from django.db import IntegrityError, connection, transaction
from hypothesis import given
from hypothesis import strategies as st

from qipan.kernel.jobs.testing import drain
from qipan.kernel.ledger import dispatch, feed, sealing
from qipan.kernel.ledger.actions import append, resend
from qipan.kernel.ledger.actor import Actor
from qipan.kernel.ledger.canonical import FIELDS, digest
from qipan.kernel.ledger.models import Delivery, Event, Seal
from qipan.kernel.ledger.registry import declare
from tests.orgs.factories import UnitTree

THING = declare("test.thing.happened", "测试事件", n=int)
SYSTEM = Actor.system()


@pytest.fixture
def home(settings, tmp_path):
    settings.HOME = tmp_path
    return tmp_path


@pytest.mark.django_db
def test_an_event_carries_the_hash_of_what_it_says() -> None:
    unit = UnitTree().city
    event = append(THING, unit, SYSTEM, data={"n": 1}, reason="㐂𠀀 罕见字")
    stored = Event.objects.get(pk=event.pk)
    assert bytes(stored.digest) == digest({name: getattr(stored, name) for name in FIELDS})


@pytest.mark.django_db
def test_data_that_was_not_declared_is_no_event() -> None:
    with pytest.raises(ValueError, match="not declared"):
        append(THING, UnitTree().city, SYSTEM, data={"phone": "13800138000"})


@pytest.mark.django_db
@pytest.mark.parametrize("change", ["UPDATE ledger_event SET reason = 'x'", "DELETE FROM ledger_event"])
def test_events_cannot_be_changed(change: str) -> None:
    append(THING, UnitTree().city, SYSTEM)
    with (
        pytest.raises(IntegrityError, match="append-only"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(change)


@given(st.lists(st.binary(min_size=32, max_size=32), min_size=1, max_size=40), st.data())
def test_an_inclusion_path_leads_to_the_root(leaves: list[bytes], data: st.DataObject) -> None:
    index = data.draw(st.integers(0, len(leaves) - 1))
    node = hashlib.sha256(b"\x00" + leaves[index]).digest()
    for side, other in sealing.inclusion_path(leaves, index):
        node = hashlib.sha256(b"\x01" + (other + node if side == "left" else node + other)).digest()
    assert node == sealing.merkle_root(leaves)


@pytest.mark.django_db(transaction=True)
def test_what_is_committed_is_sealed_once_and_chained(home) -> None:
    with transaction.atomic():
        unit = UnitTree().city
        append(THING, unit, SYSTEM, data={"n": 1})
    first = sealing.seal()
    assert first >= 1 and sealing.seal() == 0
    with transaction.atomic():
        append(THING, unit, SYSTEM, data={"n": 2})
    assert sealing.seal() == 1
    one, two = Seal.objects.order_by("number")
    assert bytes(two.previous) == bytes(one.digest) and two.from_xid == one.to_xid
    lines = [json.loads(line) for line in (home / "ledger" / "seals.jsonl").read_text().splitlines()]
    assert [line["number"] for line in lines] == [1, 2]


@pytest.mark.django_db
def test_a_reaction_runs_after_the_event_in_order_and_once(monkeypatch) -> None:
    seen: list[int] = []
    monkeypatch.setitem(
        dispatch._reactions,
        "t",
        dispatch.Reaction("t", ("test.thing.*",), lambda event: seen.append(event.data["n"])),
    )
    unit = UnitTree().city
    for number in range(5):
        append(THING, unit, SYSTEM, data={"n": number})
    drain()
    drain()
    assert seen == [0, 1, 2, 3, 4]


@pytest.mark.django_db
def test_a_failing_reaction_holds_back_only_its_own_record(monkeypatch) -> None:
    seen: list[tuple[int, int]] = []
    broken = {"on": True}

    def handler(event: Event) -> None:
        if broken["on"] and event.data["n"] == 1:
            raise RuntimeError("down")
        seen.append((event.record_id, event.data["n"]))

    monkeypatch.setitem(dispatch._reactions, "t", dispatch.Reaction("t", ("test.thing.*",), handler))
    tree = UnitTree()
    append(THING, tree.city, SYSTEM, data={"n": 1})
    append(THING, tree.city, SYSTEM, data={"n": 2})
    append(THING, tree.bureau, SYSTEM, data={"n": 3})
    dispatch.deliver_waiting()
    assert seen == [(tree.bureau.pk, 3)]
    broken["on"] = False
    resend(Delivery.objects.filter(event__data__n=1).get(), actor=SYSTEM)
    dispatch.deliver_waiting()
    assert [n for _pk, n in seen] == [3, 1, 2]


def test_a_feed_ticket_cannot_be_forged() -> None:
    from django.core.signing import BadSignature, dumps

    assert feed.opened(feed.ticket(["case:1", "user:2"]))[0] == {"case:1", "user:2"}
    with pytest.raises(BadSignature):
        feed.opened(feed.ticket(["case:1"])[:-2] + "xx")
    with pytest.raises(BadSignature):
        feed.opened(dumps({"channels": ["case:1"], "at": 0}))  # signed by us, for something else
