"""Histories of concurrent workers, recorded, with kill -9 in the middle, and checked against the invariants.

Several processes with several threads each, every one with a connection of its own, act at random on the same few
cases, work orders, licences and businesses, through the product's own actions under READ COMMITTED. A process of them
is killed, back ends are told to end, a back end is killed (the database recovers from a crash). Afterwards the history
and what the database holds must fit (`checking`).
"""

import contextlib
import json
import multiprocessing
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from multiprocessing.context import ForkProcess
from pathlib import Path

import psycopg

from drills.histories import worker
from drills.histories.record import Act, read
from drills.systems import database_in
from qipan.cli.drill import Promise, Scale
from tests.setup.systems import folder_for_all

HELP = "并发读写历史:随机操作同一批办件、工单、证照,其间杀进程、杀数据库后端,逐项核对不变量"
PROCESSES, THREADS = 3, 3
SECONDS = {"full": 180.0, "small": 20.0}
KILL_EVERY = 3.0
PERIOD = 1.5
SHOWN = 6
SAID = {
    "answers": "人人得到应答(没有死锁、没有约束冲突)",
    "one apart": "每条记录的版本逐一递增",
    "kept": "已确认的写入都在其后的版本里",
    "stale refused": "依据旧版本的写入一律被拒",
    "one event": "一次变更一条事件,行历史与之相符",
    "one effect": "同一编号重复提交只有一个结果",
    "one winner": "签收与决定各只有一个赢家",
    "numbers": "编号不断、不重、先后有序",
    "reads": "读到的都是当时已提交的版本",
    "found by": "登记的内容都能检索到",
}


@dataclass
class Crew:
    """The worker processes, and what was done to them. Nobody may hold a connection here when one is started."""

    plan: Path
    until: float
    threads: int = THREADS
    running: list[ForkProcess] = field(default_factory=list)
    harm: Counter[str] = field(default_factory=Counter)
    started: int = 0

    def start(self) -> None:
        """One more process, a copy of this one."""
        self.started += 1
        known = (self.plan, f"p{self.started}t", self.started * 100, self.until, self.threads)
        process = multiprocessing.get_context("fork").Process(target=worker.work, args=known, daemon=True)
        process.start()
        self.running.append(process)

    def kill_one(self) -> None:
        """kill -9 of a process with all its threads; another takes its place."""
        victim = self.running.pop(0)
        victim.kill()
        victim.join()
        self.harm["写入进程 kill -9"] += 1
        self.start()

    def terminate_backends(self, owner: str, most: int = 3) -> None:
        """Some back ends are told to end, whatever they are doing."""
        with contextlib.suppress(psycopg.Error), psycopg.connect(owner, autocommit=True) as own:
            ended = own.execute(f"SELECT count(pg_terminate_backend(pid)) FROM ({BUSY} LIMIT {most}) AS busy")
            self.harm["后端被结束"] += int((ended.fetchone() or (0,))[0])

    def kill_backend(self, owner: str) -> None:
        """kill -9 of a back end: the database ends all others and recovers."""
        with contextlib.suppress(psycopg.Error):
            with psycopg.connect(owner, autocommit=True) as own:
                row = own.execute(f"{BUSY} LIMIT 1").fetchone()
            if row is not None:
                os.kill(int(row[0]), signal.SIGKILL)
                self.harm["后端 kill -9"] += 1

    def wait(self) -> None:
        """Until the last has ended by itself; raises when one does not or ends with a fault."""
        for each in self.running:
            each.join(max(0.0, self.until - time.monotonic()) + 60)
            assert each.exitcode == 0, f"a worker ended with {each.exitcode}"

    def end(self) -> None:
        """Nothing stays."""
        for each in self.running:
            each.kill()
            each.join()

    def acts(self) -> list[Act]:
        """The history."""
        return read(sorted(self.plan.parent.glob("*.jsonl")))


BUSY = (
    "SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
    " AND application_name = 'drill' AND state <> 'idle' ORDER BY random()"
)


def crew(folder: Path, seconds: float, *, threads: int = THREADS, period: float = PERIOD) -> Crew:
    """The workers for the migrated database that Django is set up for; the records are made, nobody runs yet."""
    from django.db import connections

    from drills.histories import stage
    from qipan.kernel.flow import registry
    from tests.flow.sample import PERMIT

    registry.register(PERMIT)
    plan = folder / "plan.json"
    plan.write_text(json.dumps(stage.set_up(time.monotonic(), period).as_json()))
    connections.close_all()
    return Crew(plan, time.monotonic() + seconds, threads)


def run(tell: Callable[[str], None], scale: Scale = "full") -> Iterator[Promise]:
    """Lets them work, does harm in turn, and checks."""
    with folder_for_all() as folder, database_in(folder / "home", tell) as database:
        history = folder / "history"
        history.mkdir()
        workers = crew(history, SECONDS[scale])
        yield from _harmed(workers, database.url("superuser"), tell)


def _harmed(workers: Crew, owner: str, tell: Callable[[str], None]) -> Iterator[Promise]:
    from django.db import connections

    from drills.histories import stage
    from drills.histories.checking import CHECKS, check

    dice = random.Random(7)
    harms = [workers.kill_one, lambda: workers.terminate_backends(owner), lambda: workers.kill_backend(owner)]
    try:
        for _process in range(PROCESSES):
            workers.start()
        tell(f"{PROCESSES} 个进程、每个 {THREADS} 个线程开始操作,其间轮流杀进程与后端…")
        turn = 0
        while time.monotonic() < workers.until - 2:
            time.sleep(KILL_EVERY * (0.5 + dice.random()))
            if time.monotonic() < workers.until - 2:
                harms[turn % len(harms)]()
                turn += 1
        workers.wait()
    finally:
        workers.end()
    acts = workers.acts()
    tell(f"共 {len(acts):,} 次操作,正在核对…")
    begun = time.monotonic()
    evidence = stage.evidence()
    findings = check(acts, evidence)
    connections.close_all()
    took = time.monotonic() - begun
    for rule in CHECKS:
        for text in [each.text for each in findings if each.rule == rule][:SHOWN]:
            tell(f"    {rule}: {text}")
    counted = Counter(act.outcome or "unanswered" for act in acts)
    writes = sum(act.done and act.kind != "read" for act in acts)
    told = (
        f"{len(acts):,} 次操作,确认写入 {writes:,}、读 {counted['done'] - writes:,},拒绝 {counted['refused']:,},"
        f"未得应答 {counted['cut'] + counted['unanswered']:,};"
        + "、".join(f"{name} {count} 次" for name, count in workers.harm.items())
        + f";核对 {took:.1f} 秒"
    )
    yield Promise("histories", "历史已记录", told, writes > 0 and len(workers.harm) == len(harms))
    for rule in CHECKS:
        wrong = [each for each in findings if each.rule == rule]
        yield Promise("histories", SAID[rule], f"{len(wrong)} 处不符", not wrong)
