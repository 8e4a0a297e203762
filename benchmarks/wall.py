"""The second wall: the statements of inbox, lists and single rows, with row-level security and without it, in turns.

The statements are the product's own, taken down as it asks them; both sides run them as the application's role on the
same rows and over the same connection, and the superuser takes the wall away and puts it up again between the rounds.
"""

import itertools
import statistics
import time
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
from psycopg import sql

from benchmarks import system
from qipan.cli.bench import Measure
from qipan.conf import wall

HELP = "行级安全：收件箱、办件列表和单行读取，有策略与没有策略交替"
CASES, ORDERS = 200_000, 37_000
ROUNDS = 9
#: So long a round asks, in seconds.
LONG = 0.25
TARGET = 0.6
Statements = list[str]

ROWS = """
TRUNCATE flow_case CASCADE;
CREATE TEMP TABLE offices AS SELECT path, row_number() OVER (ORDER BY path) - 1 AS place FROM orgs_unit WHERE level = 'OFFICE';
INSERT INTO flow_case (uuid, flow_code, flow_version, state, number, title, org_path, line, opened_by, opened_at, rules_on,
    due_on, closed_at, result, private, version, is_demo)
SELECT gen_random_uuid(), (ARRAY['licensing.application', 'inspection.visit'])[1 + n %% 2], 1, 'ASSIGNED',
    'W' || lpad(n::text, 10, '0'), '性能测试办件' || n, o.path, '', 1000000 + n %% 50000, now() - n * interval '1 minute',
    current_date, current_date + (n %% 30)::int, CASE WHEN n %% 5 > 0 THEN now() END, '', false, 1, true
FROM generate_series(1, %(cases)s) n JOIN offices o ON o.place = n %% (SELECT count(*) FROM offices) ORDER BY n;
INSERT INTO flow_workorder (uuid, kind, title, requirement, case_id, record_kind, org_path, line, role, needs, certified,
    state, due_rule, due_on, urged, completion, completion_count, countersign_state, countersign_needed, source, issued_by, issued_at,
    closed_at, reason, result, version)
SELECT gen_random_uuid(), 'inspection.task', title, '', id, '', org_path, '', (ARRAY['inspector', 'lic_reviewer'])[1 + n %% 2],
    1, false, CASE WHEN n <= %(orders)s THEN 'OPEN' ELSE 'DONE' END, '', due_on, 0, 'manual', 0, '', 0, '', 2000000 + n %% 5000, opened_at,
    CASE WHEN n > %(orders)s THEN now() END, '', '', 1
FROM (SELECT *, row_number() OVER (ORDER BY md5(id::text)) AS n FROM flow_case) c;
"""


def run(scale: float, tell: Callable[[str], None]) -> Iterator[Measure]:
    """Statements a second under the wall by those without it; what telling the connection costs; the plans."""
    cases, orders = round(CASES * scale), round(ORDERS * scale)
    with system.database(tell) as qipan, psycopg.connect(qipan.superuser_database, autocommit=True) as mighty:
        tell(f"正在写入 {cases:,} 件办件…")
        with psycopg.ClientCursor(mighty) as cursor:
            cursor.execute(ROWS, {"cases": cases, "orders": orders})
        for table in (*wall.TABLES, "flow_participant"):
            mighty.execute(sql.SQL("VACUUM (ANALYZE) {}").format(sql.Identifier(table)))
        try:
            for title, setting, statements in asked():
                tell(f"{title}…")
                free, held, ratio = _in_turns(mighty, qipan.app_database, setting, statements)
                size = f"{cases:,} 办件"
                why = "没有策略时规划器用两个进程并在排序之后才关联办件，有策略时不能：一行一行都要先过策略"
                yield Measure(
                    "wall", f"{title}（{size}）", held, "次/秒", "没有策略", free, ratio, f"≥ {TARGET} 倍", ratio >= TARGET, why
                )  # fmt: skip
            yield _told(qipan.app_database)
        finally:
            _stand(mighty, True)


def asked() -> Iterator[tuple[str, str, Statements]]:
    """What is asked, what the connection is told of who asks, and the statements that meet the wall."""
    from qipan.kernel.orgs.reader import Power, Reader
    from qipan.kernel.orgs.roles import Role

    people = {
        "所内": Reader("staff", 1, (Power(Role.INSPECTOR, "SZ/FT/FT01/"),), org_path="SZ/FT/FT01/"),
        "分局": Reader("staff", 1, (Power(Role.LIC_REVIEWER, "SZ/FT/"),), org_path="SZ/FT/"),
        "分局负责人": Reader("staff", 1, (Power(Role.BUREAU_LEADER, "SZ/FT/"),), org_path="SZ/FT/"),
        "市局": Reader("staff", 1, (Power(Role.BUREAU_LEADER, "SZ/"),), org_path="SZ/"),
        "申请人": Reader("business", 1000007),
    }
    for who, reader in people.items():
        for title, act in _acts(reader).items():
            if statements := _taken_down(act):
                yield f"{title}（{who}）", reader.wall(), statements


def _acts(reader: Any) -> dict[str, Callable[[], object]]:
    """What one reader asks."""
    from qipan.kernel.flow import queries
    from qipan.kernel.flow.models import Case
    from qipan.kernel.flow.queries import CaseFilters, InboxFilters

    acts: dict[str, Callable[[], object]] = {
        "办件列表": lambda: queries.search_cases(reader),
        "在办列表": lambda: queries.search_cases(reader, filters=CaseFilters(open_only=True)),
    }
    if reader.kind == "staff":
        acts["按编号检索"] = lambda: queries.search_cases(reader, "W0000012")
        acts["收件箱"] = lambda: queries.inbox(reader)
        acts["本单位工单"] = lambda: queries.inbox(reader, InboxFilters("unit"))
        acts["收件箱计数"] = lambda: queries.inbox_counts(reader)
    own = Case.objects.visible_to(reader).order_by("-pk").first()
    if own is not None:
        acts["打开一件办件"] = lambda: queries.case_for(reader, own.uuid)
    return acts


def _taken_down(act: Callable[[], object]) -> Statements:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as caught:
        act()
    return [each["sql"] for each in caught.captured_queries if wall.MEETS.search(each["sql"])]


def _stand(mighty: psycopg.Connection[tuple[object, ...]], up: bool) -> None:
    how = sql.SQL("ENABLE" if up else "DISABLE")
    for table in wall.TABLES:
        mighty.execute(sql.SQL("ALTER TABLE {} {} ROW LEVEL SECURITY").format(sql.Identifier(table), how))


def _in_turns(
    mighty: psycopg.Connection[tuple[object, ...]], address: str, setting: str, statements: Statements
) -> tuple[float, float, float]:
    """Rounds a second of all the statements, without the wall and with it, and one by the other: medians.

    The ratio is that of neighbours in time, because a shared machine is slow and fast by turns.
    """
    rates: dict[bool, list[float]] = {False: [], True: []}
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute("SELECT set_config(%s, %s, false)", (wall.SETTING, setting))
        for _round, up in itertools.product(range(ROUNDS), (False, True)):
            _stand(mighty, up)
            for statement in statements:  # what the first one must read anew is nobody's fault
                connection.execute(statement).fetchall()
            done, begun = 0, time.perf_counter()
            while time.perf_counter() - begun < LONG:
                for statement in statements:
                    connection.execute(statement).fetchall()
                done += 1
            rates[up].append(done / (time.perf_counter() - begun))
    ratios = [held / free for free, held in zip(rates[False], rates[True], strict=True)]
    return statistics.median(rates[False]), statistics.median(rates[True]), statistics.median(ratios)


def _told(address: str) -> Measure:
    """Milliseconds that telling the connection takes: once a request that meets the wall, once more where it acts."""
    times = []
    with psycopg.connect(address, autocommit=True) as connection:
        for _turn in range(500):
            begun = time.perf_counter()
            connection.execute(
                "SELECT set_config(%s, %s, false)", (wall.SETTING, wall.around(1, ["SZ/FT/FT01/"]))
            )
            times.append((time.perf_counter() - begun) * 1000)
    value = statistics.median(times)
    return Measure("wall", "告知连接读者是谁", value, "ms", "", None, None, "< 0.5 ms", value < 0.5)
