"""Inbox, lists of cases and search in a city of full size, as officers with a scope ask for them.

The city is the product's own; its cases are copied, each as a case of its own, until there are a million, and its open
orders until every office has some five hundred. Everything is asked through the interface, alone and by sixteen at once.
"""

import concurrent.futures
import datetime
import itertools
import os
import random
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import httpx
import psycopg
from psycopg import sql

from benchmarks import system
from qipan.cli.bench import Measure, share
from qipan.cli.session import Refusal

HELP = "收件箱、办件列表和检索（100 万办件、369 万主体），单人与 16 人同时"
CASES = 1_000_000
OPEN = 37_000
ALONE = 24
TOGETHER = 16
EACH = 25
#: What the best published peer was measured at with a million cases (Open Zaak 1.30, median, ms): alone and by sixteen.
PEER = (200.0, 320.0)
PATIENCE = 120.0


@dataclass(frozen=True)
class Ask:
    """One call: what it is called in the table, its path, who asks (None: a stranger)."""

    title: str
    path: str
    token: str | None
    limit: float


def run(scale: float, tell: Callable[[str], None]) -> Iterator[Measure]:
    """95 of 100 answers in milliseconds, each asked before: the server's own time alone, the caller's by sixteen."""
    tell(f"正在准备规模 {scale:g} 的城市（第一次需要建设）…")
    with system.running(tell, city=scale) as qipan:
        tell("正在补足办件…")
        with psycopg.connect(qipan.superuser_database, autocommit=True) as connection:
            cases, orders = _top_up(connection, round(CASES * scale), max(74, round(OPEN * scale)))
            asks = _asks(connection)
        alone: list[float] = []
        size = f"{cases:,} 办件、{orders:,} 待办"
        with httpx.Client(base_url=f"{qipan.url}/api/v1", timeout=PATIENCE, trust_env=False) as client:
            for title, group in itertools.groupby(asks, key=lambda ask: ask.title):
                mine = list(group)
                tell(f"{title}…")
                for ask in mine:  # once untimed: the server has just started
                    _ask(client, ask)
                times = [
                    _ask(client, mine[number % len(mine)])[0] for number in range(max(ALONE, len(mine) * 3))
                ]
                alone += times if mine[0].token else []
                why = f"中位数 {share(times, 0.5):.0f} ms；慢的是这一组里最宽的那一问，它要看的行最多"
                yield _measure(f"{title} p95（{size}）", share(times, 0.95), PEER[0], mine[0].limit, why)
        tell(f"{TOGETHER} 人同时…")
        times = _together(qipan.url, [ask for ask in asks if ask.token])
        each, cores = share(alone, 0.5), os.cpu_count() or 1
        why = (
            f"一问单独要 {each:.0f} ms（中位数），{TOGETHER} 问同时在 {cores} 个核上排队，提问的程序也用这些核："
            f"平均至少 {each * TOGETHER / cores:.0f} ms"
        )
        yield _measure(f"{TOGETHER} 人同时 p95", share(times, 0.95), PEER[1], 150.0, why)
        yield _measure(f"{TOGETHER} 人同时 p50", share(times, 0.5), PEER[1], None)


def _measure(title: str, value: float, peer: float, limit: float | None, why: str = "") -> Measure:
    return Measure(
        "caselist",
        title,
        value,
        "ms",
        "Open Zaak 1.30（已发表，p50）",
        peer,
        value / peer,
        f"< {limit:g} ms" if limit else "",
        value < limit if limit else None,
        why,
    )


def _top_up(connection: psycopg.Connection[tuple[int]], cases: int, orders: int) -> tuple[int, int]:
    """Copies cases until there are so many, and open ones with their order until so many wait; the numbers then."""
    active = "state IN ('OPEN', 'CLAIMED', 'SUSPENDED', 'RETURNED')"
    waiting = _count(connection, f"SELECT count(*) FROM flow_workorder WHERE {active}")
    there = _count(connection, "SELECT count(*) FROM flow_case WHERE NOT private")
    if not waiting or not there:
        raise Refusal("城市里没有办件，请用更大的规模。")
    if waiting < orders * 0.98:
        connection.execute(
            f"CREATE TEMP TABLE source AS SELECT id, case_id FROM flow_workorder WHERE {active} AND case_id IS NOT NULL"
        )
        _copy(connection, "SELECT case_id FROM source", orders - waiting, "O")
        _copy_orders(connection)
    if there < cases * 0.98:
        _copy(connection, "SELECT id FROM flow_case WHERE closed_at IS NOT NULL", cases - there, "C")
    for table in ("flow_case", "flow_workorder"):
        connection.execute(sql.SQL("VACUUM (ANALYZE) {}").format(sql.Identifier(table)))
    return (
        _count(connection, "SELECT count(*) FROM flow_case"),
        _count(connection, f"SELECT count(*) FROM flow_workorder WHERE {active}"),
    )


def _count(connection: psycopg.Connection[tuple[int]], query: str) -> int:
    row = connection.execute(query).fetchone()  # type: ignore[call-overload]
    return int(row[0])


def _columns(connection: psycopg.Connection[tuple[int]], table: str, but: set[str]) -> list[str]:
    rows = connection.execute(
        "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped"
        " AND attgenerated = '' ORDER BY attnum",
        [table],
    )
    return [name for (name,) in rows if name not in but]  # type: ignore[misc]


def _copy(connection: psycopg.Connection[tuple[int]], which: str, count: int, mark: str) -> None:
    """So many copies of the cases that `which` names, in turns; `copied` then knows which came of which."""
    plain = _columns(connection, "flow_case", {"id", "uuid", "number"})
    names = sql.SQL(", ").join(map(sql.Identifier, plain))
    of_source = sql.SQL(", ").join(sql.SQL("c.") + sql.Identifier(name) for name in plain)
    connection.execute("DROP TABLE IF EXISTS copied")
    connection.execute(
        sql.SQL(
            "CREATE TEMP TABLE copied AS SELECT id AS was, gen_random_uuid() AS uuid, row_number() OVER () AS place FROM"
            " (SELECT w.id FROM generate_series(1, %s) turn, ({which}) AS w(id) LIMIT %s) x"
        ).format(which=sql.SQL(which)),  # type: ignore[arg-type]
        [count // max(1, _count(connection, f"SELECT count(*) FROM ({which}) w")) + 1, count],
    )
    connection.execute(
        sql.SQL(
            "INSERT INTO flow_case (uuid, number, {names}) SELECT k.uuid, CASE WHEN c.number = '' THEN '' ELSE"
            " %s || lpad(k.place::text, 9, '0') || right(c.number, 12) END, {source}"
            " FROM copied k JOIN flow_case c ON c.id = k.was ORDER BY k.place"
        ).format(names=names, source=of_source),
        [mark],
    )


def _copy_orders(connection: psycopg.Connection[tuple[int]]) -> None:
    plain = _columns(
        connection, "flow_workorder", {"id", "uuid", "case_id", "clock_id", "parent_id", "merged_into_id"}
    )
    names = sql.SQL(", ").join(map(sql.Identifier, plain))
    of_source = sql.SQL(", ").join(sql.SQL("o.") + sql.Identifier(name) for name in plain)
    connection.execute(
        sql.SQL(
            "INSERT INTO flow_workorder (uuid, case_id, {names}) SELECT gen_random_uuid(), c.id, {source} FROM copied k"
            " JOIN flow_case c ON c.uuid = k.uuid JOIN source s ON s.case_id = k.was JOIN flow_workorder o ON o.id = s.id"
        ).format(names=names, source=of_source)
    )


def _asks(connection: psycopg.Connection[tuple[int]]) -> list[Ask]:
    """Calls of an inspector, of a reviewer of a district and of a member of the city's bureau, and of a stranger."""
    from qipan.kernel.accounts.actions import issue_token
    from qipan.kernel.accounts.models import User
    from qipan.kernel.ledger.actor import Actor

    end = datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=1)
    people: list[tuple[str, str]] = []
    for title, post in (("所内", "FT01-inspector"), ("分局", "FT-examine"), ("市局", "SZ-leader")):
        row = connection.execute(
            "SELECT s.user_id FROM orgs_staff s JOIN orgs_appointment a ON a.staff_id = s.id"
            " JOIN orgs_post p ON p.id = a.post_id WHERE p.code = %s AND a.valid_to IS NULL ORDER BY s.id LIMIT 1",
            [post],
        ).fetchone()
        if row:
            user = User.objects.get(pk=row[0])
            people.append(
                (
                    title,
                    issue_token(
                        user, "性能测试", ["inbox.read", "cases.read"], expires_at=end, actor=Actor.system()
                    )[1],
                )
            )
    if not people:
        raise Refusal("城市里没有可用的工作人员。")
    dice = random.Random(3)
    sample = connection.execute(
        "SELECT c.number, s.name, s.domicile, c.id FROM flow_case c TABLESAMPLE SYSTEM (1) JOIN subjects_subject s"
        " ON s.id = c.subject_id WHERE c.number <> '' LIMIT 400"
    ).fetchall()
    codes = connection.execute(
        "SELECT value FROM subjects_identifier TABLESAMPLE SYSTEM (0.1) LIMIT 60"
    ).fetchall()
    picked = [dice.choice(sample) for _one in range(16)]
    asks = []
    for who, token in people:
        asks += [
            Ask(f"收件箱（{who}）", path, token, 50.0)
            for path in ("/desk/inbox", "/desk/inbox?box=unit", "/desk/inbox?light=yellow")
        ]
        asks += [
            Ask(f"办件列表（{who}）", path, token, 50.0)
            for path in ("/cases", "/cases?open_only=true", f"/cases?before={picked[0][3]}")
        ]
        asks += [Ask(f"按编号检索办件（{who}）", f"/cases?q={row[0]}", token, 50.0) for row in picked[:8]]
        asks += [
            Ask(f"按名称检索办件（{who}）", f"/cases?q={str(row[1])[3:9]}", token, 50.0) for row in picked[:8]
        ]
        asks += [
            Ask(f"常用词检索办件（{who}）", f"/cases?q={word}", token, 50.0)
            for word in ("深圳", "餐饮", "公司")
        ]
    named = [str(row[1]) for row in picked]
    asks += [Ask("按名称的一部分查主体", f"/businesses?q={name[4:9]}", None, 100.0) for name in named]
    asks += [Ask("按代码查主体", f"/businesses?q={code}", None, 100.0) for (code,) in codes[:16]]
    asks += [Ask("按地址查主体", f"/businesses?q={str(row[2])[6:20]}", None, 100.0) for row in picked]
    asks += [
        Ask("按常用词查主体", f"/businesses?q={word}", None, 100.0)
        for word in ("深圳", "公司", "有限公司", "深圳市", "餐饮", "南山区")
    ]
    return asks


def _ask(client: httpx.Client, ask: Ask) -> tuple[float, float]:
    """Milliseconds of one answer: the server's own and the caller's."""
    headers = {"Authorization": f"Bearer {ask.token}"} if ask.token else {}
    begun = time.perf_counter()
    answer = client.get(ask.path, headers=headers)
    seen = (time.perf_counter() - begun) * 1000
    if answer.status_code == 429:
        time.sleep(2)
        return _ask(client, ask)
    if answer.status_code != 200:
        raise Refusal(f"{ask.path}：{answer.status_code} {answer.text[:300]}")
    found = re.search(r"app;dur=([\d.]+)", answer.headers.get("Server-Timing", ""))
    return (float(found[1]) if found else seen), seen


def _together(url: str, asks: list[Ask]) -> list[float]:
    def one(number: int) -> list[float]:
        dice = random.Random(number)
        with httpx.Client(base_url=f"{url}/api/v1", timeout=PATIENCE, trust_env=False) as client:
            return [_ask(client, dice.choice(asks))[1] for _turn in range(EACH)]

    with concurrent.futures.ThreadPoolExecutor(TOGETHER) as pool:
        return list(itertools.chain.from_iterable(pool.map(one, range(TOGETHER))))
