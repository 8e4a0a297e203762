"""The short form of `./qipan drill receiver`: away in the middle of a stream of events, none is lost, none overtakes."""

import threading
import time

import pytest
from django.db import connection, transaction
from django.utils import timezone

from drills.receiver import Receiver
from qipan.kernel.ledger import dispatch
from qipan.kernel.ledger.actions import append, save_subscription
from qipan.kernel.ledger.actor import Actor
from qipan.kernel.ledger.models import Delivery, DeliveryState, Subscription
from qipan.kernel.ledger.registry import declare
from tests.orgs.factories import UnitTree

TICK = declare("test.away.ticked", "演练", n=int)
SECRET = "sixteen-signs-or-more"
EVENTS, AWAY = 120, (30, 80)


@pytest.mark.django_db(transaction=True)
def test_away_in_the_middle_none_is_lost_and_none_overtakes() -> None:
    tree = UnitTree()
    records = [tree.city, tree.bureau, *tree.districts, *tree.offices]
    receiver = Receiver(SECRET)
    values = {"code": "away", "title": "away", "pattern": "test.away.*", "url": receiver.url, "secret": SECRET}
    save_subscription(Subscription(**values), actor=Actor.system())
    ends = threading.Event()

    def send() -> None:
        """A sender whose pauses after a failure are short, as if time passed faster."""
        try:
            while not ends.is_set():
                dispatch.send_waiting()
                waiting = Delivery.objects.exclude(state=DeliveryState.DONE).filter(attempts__gt=0)
                waiting.update(next_at=timezone.now())
                time.sleep(0.02)
        finally:
            connection.close()

    thread = threading.Thread(target=send)
    thread.start()
    try:
        for number in range(EVENTS):
            receiver.up = not AWAY[0] <= number < AWAY[1]
            with transaction.atomic():
                append(TICK, records[number % len(records)], Actor.system(), data={"n": number})
            time.sleep(0.004)
        end = time.monotonic() + 30
        while Delivery.objects.exclude(state=DeliveryState.DONE).exists() and time.monotonic() < end:
            time.sleep(0.05)
    finally:
        ends.set()
        thread.join()
        receiver.shutdown()
    assert receiver.refused > 0 and not receiver.forged
    assert len({name for name, _subject, _number in receiver.got}) == EVENTS
    assert receiver.out_of_order() == 0
    assert not Delivery.objects.exclude(state=DeliveryState.DONE).exists()
