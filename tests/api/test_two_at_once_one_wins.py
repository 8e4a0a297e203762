"""Two programs act on the same case in the same moment: one wins, the other is told; a repeated call is done once."""

import threading
import uuid
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection

from qipan.domains.licensing.models import Application
from qipan.kernel.flow.models import Case
from qipan.kernel.ledger.models import Event
from tests.api.programs import CONTACT, Program
from tests.licensing.city import City

pytestmark = pytest.mark.django_db(transaction=True)


def at_once(*acts: Callable[[], Any]) -> list[Any]:
    """The answers of acts that begin together, each on a connection of its own."""
    barrier, answers = threading.Barrier(len(acts)), [None] * len(acts)

    def run(place: int, act: Callable[[], Any]) -> None:
        try:
            barrier.wait(timeout=30)
            answers[place] = act()
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    return answers


@pytest.fixture
def waiting(city: City):
    """(program, identifier) of a filled draft that only a person may decide."""
    subject, grant, _reader = city.restaurant(risk_grade="D")
    program = Program(subject.representatives.get().user)
    number = program.draft("FB-RENEW", subject.pk, grant.pk)
    assert program.fill(number, unchanged=True, **CONTACT).status_code == 200
    return program, number


def test_two_officials_decide_and_one_is_told(city: City, waiting) -> None:
    program, number = waiting
    assert program.submit(number).status_code == 200
    receiver = Program(city.receiver.user)
    version = receiver.get(f"/cases/{number}")["version"]
    answers = at_once(
        lambda: receiver.step(number, "accept", version=version),
        lambda: receiver.step(number, "decline", version=version, reason="不属于本机关职权范围"),
    )
    assert sorted(answer.status_code for answer in answers) == [200, 409]
    loser = next(answer for answer in answers if answer.status_code == 409)
    assert loser.json()["type"].endswith("stale")
    assert Case.objects.get(uuid=number).version == version + 1


def test_the_same_submission_from_many_threads_is_done_once(city: City, waiting) -> None:
    program, number = waiting
    answers = at_once(*[lambda: program.submit(number, key="same")] * 4)
    assert Counter(answer.status_code for answer in answers) == {200: 4}
    assert Event.objects.filter(name="licensing.application.submitted").count() == 1


def test_different_submissions_of_one_draft_let_one_through(city: City, waiting) -> None:
    program, number = waiting
    answers = at_once(*[lambda: program.submit(number)] * 3)
    assert Counter(answer.status_code for answer in answers) == {200: 1, 409: 2}
    assert Event.objects.filter(name="licensing.application.submitted").count() == 1


def test_a_draft_that_is_begun_twice_at_once_is_one(city: City, waiting) -> None:
    program, _number = waiting
    row = Application.objects.get()
    number = str(uuid.uuid4())
    body = {"item": "FB-RENEW", "subject": row.case.subject_id, "grant": row.grant_id}
    answers = at_once(*[lambda: program.call("put", f"/applications/{number}", body)] * 3)
    assert {answer.status_code for answer in answers} <= {200, 201}
    assert (
        Case.objects.filter(uuid=number).count() == Application.objects.filter(case__uuid=number).count() == 1
    )
