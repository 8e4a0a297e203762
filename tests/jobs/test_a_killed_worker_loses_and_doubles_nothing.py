"""Workers killed with -9 in the middle of their jobs: what they held is given back, and every effect is there once."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.db import connection, transaction

from qipan.kernel.jobs import worker
from tests.jobs.drill import drilled

ROOT = Path(__file__).resolve().parents[2]
JOBS = 200


def address() -> str:
    known = connection.settings_dict
    return f"postgresql://{known['USER']}:{known['PASSWORD']}@:{known['PORT'] or 5432}/{known['NAME']}?host={known['HOST']}"


WORKER = """
import django; django.setup()
import tests.jobs.drill
from qipan.kernel.jobs import worker
worker.run(["drill"], concurrency=3)
"""


def start() -> subprocess.Popen[bytes]:
    """A real worker in a process of its own, with the intervals of every worker."""
    environment = {**os.environ, "DATABASE_URL": address(), "PYTHONPATH": f"{ROOT / 'src'}:{ROOT}"}
    return subprocess.Popen([sys.executable, "-c", WORKER], env=environment, cwd=ROOT)


def one(query: str, *values: Any) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(query, values)
        return cursor.fetchone()[0]


def wait(condition: Any, seconds: float, what: str) -> float:
    begun = time.monotonic()
    while not condition():
        assert time.monotonic() - begun < seconds, what
        time.sleep(0.1)
    return time.monotonic() - begun


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_two_hundred_jobs_survive_three_kills() -> None:
    with psycopg.connect(address(), autocommit=True) as own:
        own.execute("CREATE TABLE drill_run (n integer)")
        own.execute("CREATE TABLE drill_effect (key text PRIMARY KEY)")
    workers: list[subprocess.Popen[bytes]] = []
    try:
        with transaction.atomic():
            for n in range(JOBS):
                drilled.defer(n=n)
        workers += [start(), start()]
        held = 0
        for at in (30, 80, 130):
            wait(lambda at=at: one("SELECT count(*) FROM drill_effect") >= at, 120, f"{at} jobs are not done")
            victim = workers.pop(0)
            os.kill(victim.pid, signal.SIGKILL)
            victim.wait()
            held = max(held, one("SELECT count(*) FROM procrastinate_jobs WHERE status = 'doing'"))
            workers.append(start())
        assert held
        wait(
            lambda: one("SELECT count(*) FROM drill_effect") == JOBS,
            60 + 30,
            "not every job was done within a minute",
        )
        unfinished = (
            "SELECT count(*) FROM procrastinate_jobs WHERE queue_name = 'drill' AND status <> 'succeeded'"
        )
        wait(lambda: one(unfinished) == 0, 60, "still busy")
        assert one("SELECT count(*) FROM drill_effect") == JOBS
        assert one("SELECT count(DISTINCT n) FROM drill_run") == JOBS
    finally:
        for each in workers:
            each.terminate()
        for each in workers:
            each.wait(timeout=20)
        with psycopg.connect(address(), autocommit=True) as own:
            own.execute("DROP TABLE drill_run, drill_effect")


def dead_worker() -> int:
    return one(
        "INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now() - interval '5 minutes') RETURNING id"
    )


@pytest.mark.django_db
def test_a_job_whose_worker_was_already_forgotten_is_given_back_too() -> None:
    drilled.defer(n=1)
    gone = dead_worker()
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE procrastinate_jobs SET status = 'doing', worker_id = %s WHERE queue_name = 'drill'",
            [gone],
        )
        cursor.execute("DELETE FROM procrastinate_workers WHERE id = %s", [gone])
        assert worker.reap() == 0  # it may have begun just now
        cursor.execute("UPDATE procrastinate_events SET at = now() - interval '1 minute'")
    assert worker.reap() == 1
    assert one("SELECT status FROM procrastinate_jobs WHERE queue_name = 'drill'") == "todo"


@pytest.mark.django_db
def test_a_stalled_job_that_was_queued_again_does_not_block_the_reaper() -> None:
    drilled.defer(n=1, key="the-key")
    gone = dead_worker()
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE procrastinate_jobs SET status = 'doing', worker_id = %s WHERE queue_name = 'drill'",
            [gone],
        )
    drilled.defer(n=1, key="the-key")
    drilled.defer(n=2)
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE procrastinate_jobs SET status = 'doing', worker_id = %s WHERE args->>'n' = '2'", [gone]
        )
    assert worker.reap() == 2
    assert one("SELECT count(*) FROM procrastinate_jobs WHERE status = 'todo' AND queue_name = 'drill'") == 2
    assert one("SELECT count(*) FROM procrastinate_jobs WHERE status = 'doing'") == 0


@pytest.mark.django_db
def test_a_living_worker_keeps_its_long_job() -> None:
    drilled.defer(n=1)
    alive = one("INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now()) RETURNING id")
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE procrastinate_jobs SET status = 'doing', worker_id = %s WHERE queue_name = 'drill'",
            [alive],
        )
        cursor.execute("UPDATE procrastinate_events SET at = now() - interval '1 hour'")
    assert worker.reap() == 0
