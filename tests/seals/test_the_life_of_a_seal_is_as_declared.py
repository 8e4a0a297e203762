"""The states of a seal and the steps between them: with their sources, walked at random, and against a use at once."""

import random
import threading

import pytest
from django.db import connection, transaction

from qipan.kernel.documents import moves, seals, using
from qipan.kernel.documents.models import SealState
from qipan.kernel.law.citations import SHORT_NAMES, Citation
from qipan.kernel.ledger.clock import now
from qipan.kernel.ledger.errors import Refused
from qipan.kernel.ledger.models import Event
from tests.seals.shop import SYSTEM, Shop


def test_every_step_has_its_source_or_says_that_it_must_be_confirmed() -> None:
    for move in moves.MOVES.values():
        assert move.law == "unconfirmed" or Citation.parse(move.law).law in SHORT_NAMES, move.code


def reached(start: SealState) -> set[str]:
    seen, todo = set(), [start.value]
    while todo:
        for move in moves.leaving(todo.pop()):
            if move.target.value not in seen:
                seen.add(move.target.value)
                todo.append(move.target.value)
    return seen


def test_nothing_leads_back_from_lost_and_nothing_out_of_an_ended_seal() -> None:
    """Esign 15: signing data that others may know is not used again."""
    assert reached(SealState.LOST) == {"REVOKED", "REPLACED"}
    assert not reached(SealState.REVOKED) and not reached(SealState.REPLACED)
    assert reached(SealState.ISSUED) == {"ACTIVE", "SUSPENDED", "LOST", "REVOKED", "REPLACED"}


@pytest.mark.django_db
def test_random_walks_keep_to_the_declaration() -> None:
    shop, chance = Shop(), random.Random(5)
    for _walk in range(6):
        seal = shop.seal(state=SealState.ISSUED)
        for _step in range(10):
            code = chance.choice(list(moves.MOVES))
            before, told = (
                seal.state,
                Event.objects.filter(record_id=seal.pk, name="documents.seal.moved").count(),
            )
            try:
                seals.move(seal, code, SYSTEM, "试验")
            except Refused:
                assert before not in moves.MOVES[code].sources
            seal.refresh_from_db()
            now_told = Event.objects.filter(record_id=seal.pk, name="documents.seal.moved").count()
            assert (now_told - told) == (before in moves.MOVES[code].sources)
            assert seals.state_at(seal, now()) == seal.state
            usable = True
            try:
                using.must_be_usable(seal)
            except Refused:
                usable = False
            assert usable == (seal.state == "ACTIVE")
        if seal.state not in {"REVOKED", "REPLACED"}:
            seals.move(seal, "revoke", SYSTEM, "试验完毕")


@pytest.mark.django_db(transaction=True)
def test_a_use_does_not_slip_in_while_the_seal_is_being_stopped() -> None:
    shop = Shop()
    seal = shop.seal()
    moved, tried, said = threading.Event(), threading.Event(), []

    def stop() -> None:
        try:
            with transaction.atomic():
                seals.move(seal, "suspend", SYSTEM, "试验")
                moved.set()
                tried.wait(1)
        finally:
            connection.close()

    def use() -> None:
        try:
            moved.wait(5)
            tried.set()
            shop.use(seal)
            said.append("sealed")
        except Refused as refused:
            said.append(str(refused))
        finally:
            connection.close()

    threads = [threading.Thread(target=stop), threading.Thread(target=use)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(said) == 1 and "已停用" in said[0]
