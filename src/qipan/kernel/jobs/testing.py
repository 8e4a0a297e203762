"""For tests: everything that waits is done now, in this process and on this connection."""

import json
from collections.abc import Callable

from django.db import connection

#: What else waits besides queued jobs; the rooms above add theirs.
also: list[Callable[[], int]] = []


def drain(rounds: int = 50) -> int:
    """Run queued jobs and deliver events until nothing waits; returns how many were done. Errors are raised."""
    done = 0
    for _round in range(rounds):
        moved = _run_jobs() + sum(work() for work in also)
        done += moved
        if not moved:
            return done
    raise AssertionError(f"still busy after {rounds} rounds")


def _run_jobs() -> int:
    from qipan.kernel.jobs.interface import registry

    done = 0
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, task_name, args FROM procrastinate_jobs"
            " WHERE status = 'todo' AND (scheduled_at IS NULL OR scheduled_at <= now()) ORDER BY id"
        )
        waiting = cursor.fetchall()
    for number, name, arguments in waiting:
        if name not in registry:
            continue
        values = json.loads(arguments) if isinstance(arguments, str) else arguments
        registry[name].function(**values)
        with connection.cursor() as cursor:
            cursor.execute("UPDATE procrastinate_jobs SET status = 'succeeded' WHERE id = %s", [number])
        done += 1
    return done
