"""The ledger under eight writers, beside bare inserts of the same size; how long it takes to verify it.

A write of ours is an action as rooms write them: a locked row changed (its former version kept by trigger), an event
with its digest and deliveries, one commit; the running system seals meanwhile. Bare is one INSERT of 200 bytes and its
commit by psycopg. Both sides take turns, with the same eight processes on the same server.
"""

import datetime
import json
import multiprocessing
import os
import random
import time
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import psycopg

from benchmarks import candidates, system
from benchmarks.recorded import EVENT
from qipan.cli.bench import Measure, share
from qipan.cli.session import Refusal
from qipan.conf import environment as env

HELP = "总账：8 个写入者，对照裸 INSERT；封存的延迟；核验 100 万条事件"
WRITERS = 8
ROUNDS = 3
SIDES = 3
SECONDS = 6.0
EVENTS = 1_000_000
CONTEXT = multiprocessing.get_context("fork")
BARE = "INSERT INTO bench_bare (at, actor, org_path, body) VALUES (now(), %s, %s, %s)"


def run(scale: float, tell: Callable[[str], None]) -> Iterator[Measure]:
    """Writes a second by both, the widest unsealed window meanwhile, and seconds to seal and to verify."""
    with system.running(tell) as qipan:
        made = candidates.prepare(WRITERS * 4)
        tell(f"{WRITERS} 个写入者…")
        rates, widest = _contest(qipan, [one.grant for one in made], SECONDS * min(1.0, max(0.5, scale)))
        yield from _rates(*rates, widest)
        count = max(10_000, round(EVENTS * scale))
        tell(f"正在写入 {count:,} 条事件…")
        written = _fill(qipan.app_database, count)
        tell("正在封存…")
        sealed = _seal_all()
        tell("正在核验…")
        yield from _verified(qipan, count, written, sealed)


def _contest(qipan: system.System, grants: list[int], seconds: float) -> tuple[list[list[float]], float]:
    """Writes a second in each round (ours, our statements alone, bare), and the oldest age of an unsealed event."""
    from django.db import connections

    with psycopg.connect(qipan.superuser_database, autocommit=True) as connection:
        connection.execute(
            "CREATE TABLE IF NOT EXISTS bench_bare (id bigserial PRIMARY KEY, at timestamptz, actor bigint,"
            " org_path text, body text)"
        )
        connection.execute(
            "GRANT ALL ON bench_bare TO qipan_app; GRANT ALL ON SEQUENCE bench_bare_id_seq TO qipan_app"
        )
    connections.close_all()
    results: Any = CONTEXT.Queue()
    turns = [CONTEXT.Barrier(WRITERS + 1) for _one in range(SIDES * ROUNDS)]
    people = [
        CONTEXT.Process(
            target=_write,
            args=(qipan.app_database, grants[number::WRITERS], turns, seconds, results),
            daemon=True,
        )
        for number in range(WRITERS)
    ]
    for person in people:
        person.start()
    rates: list[list[float]] = [[] for _side in range(SIDES)]
    widest = 0.0
    for number, turn in enumerate(turns):
        turn.wait(60)
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            time.sleep(0.25)
            widest = max(widest, _unsealed_for(qipan.app_database)) if number % SIDES == 0 else widest
        counts = [results.get(timeout=60) for _one in people]
        rates[number % SIDES].append(sum(counts) / seconds)
    for person in people:
        person.join(30)
    return rates, widest


def _write(address: str, grants: list[int], turns: list[Any], seconds: float, results: Any) -> None:
    """One writer: by our action, by its statements, bare, in turns."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    from qipan.kernel.ledger.actor import Actor
    from qipan.kernel.subjects.actions import change_grant
    from qipan.kernel.subjects.models import Grant

    rows = list(Grant.objects.filter(pk__in=grants))
    actor, dice = Actor.system(), random.Random(os.getpid())
    with psycopg.connect(address) as bare, psycopg.connect(address, autocommit=True) as alone:

        def ours(number: int) -> None:
            change_grant(rows[number % len(rows)], {"data": {"note": f"{number:>120}"}}, actor, "性能测试")

        def plain(number: int) -> None:
            bare.execute(BARE, [number, "4403/440304/", f"{dice.random():>160}"])
            bare.commit()

        ours(0)
        recorded = []
        for number in range(len(rows)):
            with CaptureQueriesContext(connection) as found:
                ours(number)
            recorded.append([EVENT.sub(r"\1gen_random_uuid()", query["sql"]).encode() for query in found])

        def statements(number: int) -> None:
            for text in recorded[number % len(rows)]:
                alone.execute(text)

        plain(0)
        for number, turn in enumerate(turns):
            act = (ours, statements, plain)[number % SIDES]
            turn.wait(60)
            count, end = 0, time.monotonic() + seconds
            while time.monotonic() < end:
                act(count)
                count += 1
            results.put(count)


def _unsealed_for(address: str) -> float:
    """Seconds since the oldest event that no seal covers."""
    with psycopg.connect(address, autocommit=True) as connection:
        row = connection.execute(
            "SELECT extract(epoch FROM clock_timestamp() - min(at)) FROM ledger_event"
            " WHERE id > coalesce((SELECT max(last_id) FROM ledger_seal), 0)"
        ).fetchone()
    return float(row[0]) if row and row[0] is not None else 0.0


def _rates(ours: list[float], alone: list[float], bare: list[float], widest: float) -> Iterator[Measure]:
    value, statements, reference = share(ours, 0.5), share(alone, 0.5), share(bare, 0.5)
    yield Measure(
        "ledger",
        f"{WRITERS} 个写入者：操作、历史、事件",
        value,
        "次/秒",
        "裸 INSERT",
        reference,
        value / reference,
        "≥ 0.4",
        value / reference >= 0.4,
        f"锁、更新、历史、事件、提交这五次往返由 psycopg 原样发出也只有 {statements:,.0f} 次/秒，是裸 INSERT 的 "
        f"{statements / reference:.2f}：两个核上由数据库和写入者分用，{'达不到' if statements < 0.4 * reference else '其余是 Python'}",
    )
    yield Measure(
        "ledger",
        "同样的语句，由 psycopg 发出",
        statements,
        "次/秒",
        "裸 INSERT",
        reference,
        statements / reference,
    )
    yield Measure("ledger", "写入中最久未封存", widest, "秒", target="≤ 5 秒", met=widest <= 5.0)


def _fill(address: str, count: int) -> float:
    """So many events by COPY, hashed as `append` hashes them; returns the seconds."""
    from qipan.kernel.ledger.canonical import FIELDS, digest

    begun, dice = time.monotonic(), random.Random(7)
    at = datetime.datetime.now(datetime.UTC)
    with psycopg.connect(address) as connection, connection.cursor() as cursor:
        columns = ", ".join((*FIELDS, "digest"))
        with cursor.copy(f"COPY ledger_event ({columns}) FROM STDIN") as copy:
            for number in range(count):
                values: dict[str, Any] = {
                    "uuid": uuid.UUID(int=dice.getrandbits(128)),
                    "at": at + datetime.timedelta(microseconds=number),
                    "name": "flow.case.moved",
                    "record_kind": "flow.case",
                    "record_id": number // 5,
                    "record_key": f"44030420260{number // 5:09d}",
                    "subject_id": number // 9,
                    "org_path": "4403/440304/44030402/",
                    "actor_kind": "staff",
                    "actor_id": number % 700,
                    "post": "INSPECTOR",
                    "data": {"source": "ACCEPTED", "target": "GRANTED", "transition": "grant", "version": 3},
                    "reason": "材料齐全，符合法定条件",
                }
                kept = values | {"data": json.dumps(values["data"])}
                copy.write_row([*(kept[name] for name in FIELDS), digest(values)])
    return time.monotonic() - begun


def _seal_all() -> float:
    """Seconds until the running sealer has sealed what was written."""
    from qipan.kernel.ledger.models import Event, Seal

    begun, last = time.monotonic(), Event.objects.order_by("-pk").values_list("pk", flat=True)[0]
    while (Seal.objects.order_by("-number").values_list("last_id", flat=True).first() or 0) < last:
        if time.monotonic() - begun > 300:
            raise Refusal("300 秒内没有封存完，请看 var/bench/log/。")
        time.sleep(0.2)
    return time.monotonic() - begun


def _verified(qipan: system.System, count: int, written: float, sealed: float) -> Iterator[Measure]:
    from qipan.verifier import verify

    report = verify(qipan.superuser_database, env.home() / "ledger", env.home() / "keys" / "ledger.pub.pem")
    if report.findings:
        raise Refusal(f"核验发现 {len(report.findings)} 处不符：{report.findings[0]}")
    bare = _bare_hash(report.events)
    yield Measure("ledger", f"写入 {count:,} 条事件（COPY）", written, "秒")
    yield Measure("ledger", "封存它们", sealed, "秒")
    wanted = 20.0 * report.events / EVENTS
    yield Measure(
        "ledger",
        f"核验 {report.events:,} 条",
        report.seconds,
        "秒",
        "同样多次 SHA-256（一核）",
        bare,
        report.seconds / bare,
        f"< {wanted:g} 秒",
        report.seconds < wanted,
    )


def _bare_hash(count: int) -> float:
    """Seconds for as many SHA-256 of 420 bytes in one thread."""
    import hashlib

    content, begun = bytes(420), time.monotonic()
    for _one in range(count):
        hashlib.sha256(content).digest()
    return time.monotonic() - begun
