"""Jobs: queued with their cause, once a key; given back when their worker died."""

import pytest
from django.db import connection, transaction

from qipan.kernel.jobs import job, worker
from qipan.kernel.jobs.interface import registry
from qipan.kernel.jobs.testing import drain

ran: list[int] = []


@job(queue="tests")
def note(n: int) -> None:
    """Remember a number."""
    ran.append(n)


def waiting() -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM procrastinate_jobs WHERE status = 'todo' AND queue_name = 'tests'"
        )
        return cursor.fetchone()[0]


@pytest.mark.django_db
def test_a_job_of_a_rolled_back_transaction_is_gone() -> None:
    with pytest.raises(RuntimeError), transaction.atomic():
        note.defer(n=1)
        assert waiting() == 1
        raise RuntimeError
    assert waiting() == 0


@pytest.mark.django_db
def test_a_key_is_queued_once() -> None:
    ran.clear()
    assert note.defer(n=1, key="one")
    assert not note.defer(n=1, key="one")
    assert drain() == 1
    assert ran == [1] and note.name in registry


@pytest.mark.django_db
def test_what_a_dead_worker_held_is_given_back() -> None:
    note.defer(n=7)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now() - interval '5 minutes') RETURNING id"
        )
        dead = cursor.fetchone()[0]
        cursor.execute(
            "UPDATE procrastinate_jobs SET status = 'doing', worker_id = %s WHERE queue_name = 'tests'",
            [dead],
        )
    assert worker.reap() == 1
    assert waiting() == 1
