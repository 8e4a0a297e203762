"""The worker process: queued jobs, the delivery of events, the sealing of the ledger, and the reaping of the stuck."""

import asyncio
import logging
import os
import signal
import threading
from collections.abc import Callable
from typing import Literal

from django.db import close_old_connections, connection, transaction
from procrastinate.contrib.django import app

log = logging.getLogger(__name__)
#: A worker that has not been heard of for so long is dead, and what it held is given back.
STALLED_AFTER = 30
#: What every worker does besides queued jobs, again and again: (name, one round, seconds of rest after an idle one).
rounds: list[tuple[str, Callable[[], int], float]] = []
Part = Literal["all", "jobs", "rounds"]
#: The rounds that people wait for.
AWAITED = frozenset({"feed", "reaper"})
#: By how much the others yield to what people wait for (the operating system's niceness).
YIELDS = 5


def run(queues: list[str] | None = None, concurrency: int = 2, part: Part = "all") -> None:
    """Work until SIGTERM or SIGINT.

    `part`: "jobs" is what people wait for (queued jobs, news to their screens), "rounds" everything else; in a process
    of its own the latter yields to the former.
    """
    stopping = threading.Event()
    threads = [
        threading.Thread(target=_forever, args=(stopping, name, task, pause), name=name, daemon=True)
        for name, task, pause in _rounds()
        if part == "all" or (name in AWAITED) == (part == "jobs")
    ]
    if part == "rounds":
        os.nice(YIELDS)
    for thread in threads:
        thread.start()
    try:
        if part == "rounds":
            _wait_for_the_end(stopping)
        else:
            asyncio.run(_run(queues, concurrency))
    finally:
        stopping.set()
        for thread in threads:
            thread.join(timeout=10)


def _wait_for_the_end(stopping: threading.Event) -> None:
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: stopping.set())
    stopping.wait()


def _rounds() -> list[tuple[str, Callable[[], int], float]]:
    return [*rounds, ("reaper", reap, 15.0)]


def _forever(stopping: threading.Event, name: str, task: Callable[[], int], pause: float) -> None:
    failures = 0
    while not stopping.is_set():
        try:
            done = task()
            failures = 0
        except Exception:
            failures += 1
            log.exception("%s failed", name)
            connection.close()
            done = 0
        close_old_connections()
        if not done:
            stopping.wait(min(30.0, pause * 2 ** min(failures, 6)))


async def _run(queues: list[str] | None, concurrency: int) -> None:
    while True:
        try:
            with app.replace_connector(app.connector.get_worker_connector()) as working:  # type: ignore[attr-defined]
                async with working.open_async():
                    await working.run_worker_async(
                        queues=queues,  # type: ignore[arg-type]  # None means all of them
                        concurrency=concurrency,
                        install_signal_handlers=True,
                        name=f"qipan-{os.getpid()}",
                        fetch_job_polling_interval=1.0,
                    )
            return
        except (KeyboardInterrupt, asyncio.CancelledError):
            return
        except Exception:
            log.exception("the job worker lost its database; it begins again")
            await asyncio.sleep(1.0)


STALLED = """
SELECT j.id FROM procrastinate_jobs j LEFT JOIN procrastinate_workers w ON w.id = j.worker_id
WHERE j.status = 'doing' AND CASE WHEN w.id IS NOT NULL
    THEN w.last_heartbeat < now() - make_interval(secs => %(seconds)s)
    ELSE (SELECT max(e.at) FROM procrastinate_events e WHERE e.job_id = j.id AND e.type = 'started')
         < now() - make_interval(secs => %(seconds)s) END
ORDER BY j.id FOR UPDATE OF j SKIP LOCKED
"""
#: One that was queued again meanwhile under the same key is not needed twice.
GIVE_BACK = """
UPDATE procrastinate_jobs j SET worker_id = NULL, attempts = attempts + 1,
    status = CASE WHEN j.queueing_lock IS NOT NULL AND EXISTS (SELECT 1 FROM procrastinate_jobs other
        WHERE other.queueing_lock = j.queueing_lock AND other.status = 'todo')
        THEN 'aborted' ELSE 'todo' END::procrastinate_job_status
WHERE j.id = %s
"""


def reap() -> int:
    """Give back the jobs of workers that are gone, silent or no longer known; returns how many."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(STALLED, {"seconds": STALLED_AFTER})
        found = [row[0] for row in cursor.fetchall()]
        for number in found:  # one by one, so that of two with the same key the second sees the first
            cursor.execute(GIVE_BACK, [number])
    if found:
        log.warning("gave back %d jobs of workers that are gone", len(found))
    return len(found)


def heartbeat_age() -> float | None:
    """Seconds since the last sign of life of any worker; None when there is none at all."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT extract(epoch FROM now() - max(last_heartbeat)) FROM procrastinate_workers")
        age = cursor.fetchone()[0]
    return float(age) if age is not None else None
