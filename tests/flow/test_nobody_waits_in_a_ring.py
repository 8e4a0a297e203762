"""Many people on the same cases and the same tree of orders at once: everybody is served or told, nobody deadlocks."""

import random
import threading

import pytest
from django.db import connections

from qipan.kernel.flow import actions, jobs
from qipan.kernel.flow.models import ACTIVE, Case, Completion, WorkOrder
from qipan.kernel.ledger.actor import Actor
from qipan.kernel.ledger.errors import Refused
from tests.flow import terms_of_law
from tests.flow.people import Desk, acts
from tests.flow.test_work_orders_have_one_owner import make


@pytest.mark.django_db(transaction=True)
def test_nobody_waits_in_a_ring() -> None:
    terms_of_law.load()
    desk = Desk()
    parent = make(desk, completion=Completion.ANY)
    children = [make(desk, parent=parent) for _number in range(4)]
    cases = [desk.submitted() for _number in range(3)]
    people = [
        acts(who) for who in (desk.receiver, desk.second_receiver, desk.owner, desk.head, *desk.inspectors)
    ]
    failures: list[BaseException] = []

    def work(seed: int) -> None:
        dice = random.Random(seed)
        try:
            for _turn in range(14):
                actor, child, case = dice.choice(people), dice.choice(children), dice.choice(cases)
                live = list(WorkOrder.objects.filter(case=case, state__in=ACTIVE))
                order = dice.choice([child, *live])
                acts_on = [
                    lambda o=order, a=actor: actions.claim(o, actor=a),
                    lambda o=order, a=actor: actions.finish(o, actor=a),
                    lambda o=order, a=actor: actions.release(o, actor=a),
                    lambda o=order: actions.urge(o, "快", actor=Actor.system()),
                    lambda c=case, a=actor: actions.fire(c, "accept", a),
                    lambda c=case, a=actor: actions.fire(c, "withdraw", a),
                    lambda o=child: actions.cancel(o, reason="x", actor=Actor.system()),
                    jobs.mark_missed_limits,
                ]
                try:
                    dice.choice(acts_on)()
                except Refused:
                    continue
        except BaseException as error:
            failures.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    for case in Case.objects.all():
        assert case.closed_at is None or not case.orders.filter(state__in=ACTIVE).exists()
