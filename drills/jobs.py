"""Ten thousand jobs, and their workers killed three times: none lost, no effect doubled, none left in the middle."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator

import psycopg

from drills.systems import database_in
from qipan.cli.drill import Promise, Scale
from qipan.conf import environment as env
from tests.jobs.test_a_killed_worker_loses_and_doubles_nothing import WORKER
from tests.setup.systems import folder_for_all

HELP = "10,000 个任务,后台进程被杀三次:不丢、不重复、不卡住"
JOBS = {"full": 10_000, "small": 1_000}
STUCK_AFTER = 60.0
UNFINISHED = "SELECT count(*) FROM procrastinate_jobs WHERE queue_name = 'drill' AND status <> 'succeeded'"


def start() -> subprocess.Popen[bytes]:
    """A real worker in a process of its own, with the intervals of every worker."""
    environment = {**os.environ, "PYTHONPATH": f"{env.ROOT / 'src'}:{env.ROOT}", "QIPAN_LOG_LEVEL": "ERROR"}
    return subprocess.Popen([sys.executable, "-c", WORKER], env=environment, cwd=env.ROOT)


def run(tell: Callable[[str], None], scale: Scale = "full") -> Iterator[Promise]:
    """Queues them in one transaction, lets two workers at them, and kills one of the two again and again."""
    with folder_for_all() as folder, database_in(folder, tell) as database:
        yield from _killed(database.url("owner"), tell, JOBS[scale])


def _killed(owner: str, tell: Callable[[str], None], jobs: int) -> Iterator[Promise]:
    from django.db import connections, transaction

    from tests.jobs.drill import drilled

    with psycopg.connect(owner, autocommit=True) as own:
        own.execute("CREATE TABLE drill_run (n integer)")
        own.execute("CREATE TABLE drill_effect (key text PRIMARY KEY)")
        own.execute("GRANT SELECT, INSERT ON drill_run, drill_effect TO qipan_app")

        def one(query: str) -> int:
            row = own.execute(query).fetchone()
            assert row is not None
            return int(row[0])

        tell(f"正在排入 {jobs:,} 个任务…")
        with transaction.atomic():
            for number in range(jobs):
                drilled.defer(n=number)
        connections.close_all()
        workers = [start(), start()]
        began = time.monotonic()
        killed = began
        try:
            for part in (1, 2, 3):
                while one("SELECT count(*) FROM drill_effect") < jobs * part // 4:
                    time.sleep(0.1)
                victim = workers.pop(0)
                os.kill(victim.pid, signal.SIGKILL)
                victim.wait()
                killed = time.monotonic()
                held = one("SELECT count(*) FROM procrastinate_jobs WHERE status = 'doing'")
                tell(f"第 {part} 次杀掉一个后台进程,其时有 {held} 个任务正在执行")
                workers.append(start())
            emptied = 0.0
            while one(UNFINISHED) and time.monotonic() < killed + 600:
                if not emptied and not one("SELECT count(*) FROM procrastinate_jobs WHERE status = 'todo'"):
                    emptied = time.monotonic()
                time.sleep(0.2)
            ended = time.monotonic()
        finally:
            for each in workers:
                each.terminate()
            for each in workers:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    each.wait(30)
                each.kill()
        left, effects = one(UNFINISHED), one("SELECT count(*) FROM drill_effect")
        ran, distinct = one("SELECT count(*) FROM drill_run"), one("SELECT count(DISTINCT n) FROM drill_run")
    yield Promise(
        "jobs", "一个不丢", f"{distinct:,}/{jobs:,} 个执行过,{effects:,} 个效果", distinct == effects == jobs
    )
    yield Promise(
        "jobs", "效果不重复", f"执行 {ran:,} 次,其中重做 {ran - distinct} 次,效果各一个", effects == jobs
    )
    waited = ended - (emptied or ended)
    told = f"{left} 个未完成;队列取空后 {waited:.0f} 秒全部办结,共 {ended - began:.0f} 秒"
    yield Promise(
        "jobs", f"没有任务卡住(≤ {STUCK_AFTER:.0f} 秒,无人过问)", told, not left and waited <= STUCK_AFTER
    )
