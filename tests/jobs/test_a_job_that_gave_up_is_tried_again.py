"""A job that failed for good is queued again by one word, once for its key, and the ledger knows."""

import pytest
from django.db import connection

from qipan.cli.work import run
from qipan.kernel.ledger import events, failed_jobs
from qipan.kernel.ledger.actor import Actor
from qipan.kernel.ledger.models import Event

pytestmark = pytest.mark.django_db


def put(status: str, key: str | None = None, attempts: int = 12) -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO procrastinate_jobs (task_name, queue_name, status, attempts, queueing_lock)"
            " VALUES ('x', 'default', %s, %s, %s) RETURNING id",
            [status, attempts, key],
        )
        return int(cursor.fetchone()[0])


def state(number: int) -> tuple[str, int]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT status, attempts FROM procrastinate_jobs WHERE id = %s", [number])
        return tuple(cursor.fetchone())  # type: ignore[return-value]


def test_it_has_all_its_tries_before_it_again() -> None:
    failed, done = put("failed"), put("succeeded", attempts=1)
    assert failed_jobs.retry(actor=Actor.system()) == 1
    assert state(failed) == ("todo", 0) and state(done) == ("succeeded", 1)
    told = Event.objects.get(name=events.JOBS_RETRIED.name)
    assert told.data["count"] == 1 and told.record_id == failed


def test_of_several_with_one_key_one_is_enough() -> None:
    put("todo", "document:1")
    first, second, third = (
        put("failed", "document:1"),
        put("failed", "document:2"),
        put("failed", "document:2"),
    )
    assert failed_jobs.retry(actor=Actor.system()) == 3
    assert [state(number)[0] for number in (first, second, third)] == ["aborted", "todo", "aborted"]


def test_where_none_failed_nothing_is_written() -> None:
    put("todo")
    before = Event.objects.count()
    arguments = type("Arguments", (), {"retry_failed": True})()
    assert run(arguments) == 0 and Event.objects.count() == before
