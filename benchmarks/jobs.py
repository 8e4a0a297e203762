"""Bulk work: our batches beside the queue library's jobs with the same effect, and beside bare SKIP LOCKED.

Each piece is one row that is marked as done, once. The three sides take turns on the same server.
"""

import asyncio
import multiprocessing
import time
from collections.abc import Callable, Iterator
from typing import Any

import psycopg

from benchmarks import system
from qipan.cli.bench import Measure, share

HELP = "成批作业：每秒件数，对照队列库逐件执行和裸 SKIP LOCKED"
PIECES = 60_000
QUEUED = 1_500
ROUNDS = 3
PROCESSES = 2
BATCH = 50
CONTEXT = multiprocessing.get_context("fork")
TAKE = (
    "WITH taken AS (SELECT id FROM bench_piece WHERE done_at IS NULL ORDER BY id LIMIT %s FOR UPDATE SKIP LOCKED)"
    " UPDATE bench_piece p SET done_at = now() FROM taken WHERE p.id = taken.id"
)


def run(scale: float, tell: Callable[[str], None]) -> Iterator[Measure]:
    """Pieces a second: the median of three interleaved rounds of each side."""
    with system.database(tell) as qipan:
        many, queued = max(2000, round(PIECES * scale)), max(200, round(QUEUED * scale))
        rates: dict[str, list[float]] = {"ours": [], "queue": [], "bare": []}
        for number in range(ROUNDS):
            tell(f"第 {number + 1} 轮…")
            rates["ours"].append(_timed(qipan, many, _ours, PROCESSES))
            rates["queue"].append(_timed(qipan, queued, _queue, 1))
            rates["bare"].append(_timed(qipan, many, _bare, PROCESSES))
        middle = {name: share(values, 0.5) for name, values in rates.items()}
        for reference, title, wanted in (("queue", "队列库逐件", 10.0), ("bare", "裸 SKIP LOCKED", None)):
            ratio = middle["ours"] / middle[reference]
            yield Measure(
                "jobs",
                f"成批（{BATCH} 件一批，{PROCESSES} 个进程）",
                middle["ours"],
                "件/秒",
                title,
                middle[reference],
                ratio,
                f"≥ {wanted:g}" if wanted else "",
                ratio >= wanted if wanted else None,
            )


def _timed(qipan: system.System, count: int, work: Callable[[str], None], processes: int) -> float:
    """Pieces a second from the moment at which the processes are let go until none is left."""
    from django.db import connections

    connections.close_all()
    with psycopg.connect(qipan.superuser_database, autocommit=True) as connection:
        connection.execute("DROP TABLE IF EXISTS bench_piece")
        connection.execute("CREATE TABLE bench_piece (id bigserial PRIMARY KEY, done_at timestamptz)")
        connection.execute("CREATE INDEX ON bench_piece (id) WHERE done_at IS NULL")
        connection.execute("GRANT ALL ON bench_piece TO qipan_app")
        connection.execute(
            "INSERT INTO bench_piece (done_at) SELECT NULL FROM generate_series(1, %s)", [count]
        )
        connection.execute("ANALYZE bench_piece")
        if work is _queue:
            _put_in_queue(count)
        start = CONTEXT.Barrier(processes + 1)
        people = [
            CONTEXT.Process(target=_begin, args=(start, work, qipan.app_database), daemon=True)
            for _one in range(processes)
        ]
        for person in people:
            person.start()
        start.wait(60)
        begun = time.monotonic()
        for person in people:
            person.join(600)
        seconds = time.monotonic() - begun
        row = connection.execute("SELECT count(*) FROM bench_piece WHERE done_at IS NULL").fetchone()
    assert row == (0,), f"{row} pieces were left"
    return count / seconds


def _begin(start: Any, work: Callable[[str], None], address: str) -> None:
    start.wait(60)
    work(address)


def _pieces() -> Any:
    """The rows as a model, so that our batches are measured as rooms use them."""
    from django.apps import apps
    from django.db import models

    if "piece" in apps.all_models["jobs"]:
        return apps.get_model("jobs", "piece")

    class Piece(models.Model):
        done_at = models.DateTimeField(null=True)

        class Meta:
            app_label = "jobs"
            managed = False
            db_table = "bench_piece"

        def __str__(self) -> str:
            return str(self.pk)

    return Piece


def _ours(_address: str) -> None:
    from qipan.kernel.jobs.batches import work_off
    from qipan.kernel.ledger.clock import now

    model = _pieces()
    waiting = model.objects.filter(done_at__isnull=True).order_by("pk")
    work_off(
        waiting,
        lambda rows: model.objects.filter(pk__in=[row.pk for row in rows]).update(done_at=now()),
        size=BATCH,
    )


def _bare(address: str) -> None:
    with psycopg.connect(address) as connection:
        while connection.execute(TAKE, [BATCH]).rowcount:
            connection.commit()


def _task() -> Any:
    from procrastinate.contrib.django import app

    from qipan.kernel.ledger.clock import now

    if "bench.piece" in app.tasks:
        return app.tasks["bench.piece"]

    def piece(number: int) -> None:
        _pieces().objects.filter(pk=number, done_at__isnull=True).update(done_at=now())

    return app.task(name="bench.piece", queue="bench")(piece)


def _put_in_queue(count: int) -> None:
    _task().batch_defer(*({"number": number} for number in range(1, count + 1)))


def _queue(_address: str) -> None:
    """The queue library's own worker, ten jobs at once, until the queue is empty."""
    from procrastinate.contrib.django import app

    async def work() -> None:
        with app.replace_connector(app.connector.get_worker_connector()) as working:
            async with working.open_async():
                await working.run_worker_async(
                    queues=["bench"], concurrency=10, wait=False, install_signal_handlers=False
                )

    _task()
    asyncio.run(work())
