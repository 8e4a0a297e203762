"""Pages and reads of an officer over HTTP, beside the same SQL statements by bare psycopg.

What a page asks of the database is recorded once, in process, and then sent by psycopg over one connection, fetched and
thrown away. Both sides take turns in one run; one caller at a time, so that the ratio is of work and not of queueing.
Beside it what an empty answer costs: the least that the server, the framework and the client take of any of them. The
list of cases is also asked in process, of the product and of the same view in Django REST Framework.
"""

import datetime
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import psycopg

from benchmarks import system
from benchmarks.recorded import EVENT
from qipan.cli.bench import Measure, share
from qipan.cli.session import Refusal
from qipan.conf import wall

HELP = "网页和接口：收件箱、办件页、JSON 读取、一次操作，对照同样的 SQL 语句；同一视图的 DRF 写法"
CITY = 0.01
OFFICER = "ft01-inspector-1"
ROUNDS = 4
EACH = 25
#: The first id of the orders that are claimed: no other number in their statements is like one.
ORDERS = 900_000_001


@dataclass
class Side:
    """One thing to ask for: by HTTP, and the statements behind it."""

    title: str
    ask: Callable[[], None]
    replay: Callable[[psycopg.Connection[Any]], None]
    statements: int
    wanted: float


def run(scale: float, tell: Callable[[str], None]) -> Iterator[Measure]:
    """Answers a second of each side, the median of interleaved rounds."""
    with (
        system.running(tell, city=CITY) as qipan,
        psycopg.connect(qipan.app_database, autocommit=True) as bare,
        httpx.Client(base_url=qipan.url, timeout=60, trust_env=False) as client,
    ):
        bare.execute("SELECT set_config(%s, %s, false)", (wall.SETTING, wall.OPEN))
        count = max(5, round(EACH * scale))
        sides = list(_sides(qipan, client, count))
        ours: dict[str, list[float]] = {side.title: [] for side in sides}
        limit: dict[str, list[float]] = {side.title: [] for side in sides}
        empty: list[float] = []
        for side in sides:
            side.ask()
        for number in range(ROUNDS):
            tell(f"第 {number + 1} 轮…")
            empty.append(_rate(lambda: _nothing(client), count))
            for side in sides:
                ours[side.title].append(_rate(side.ask, count))
                limit[side.title].append(_rate(lambda side=side: side.replay(bare), count))
        for side in sides:
            value, most = share(ours[side.title], 0.5), share(limit[side.title], 0.5)
            least = 1 / share(empty, 0.5)
            yield Measure(
                "web",
                side.title,
                value,
                "次/秒",
                f"同样的 {side.statements} 条 SQL",
                most,
                value / most,
                f"≥ {side.wanted:g}",
                value / most >= side.wanted,
                f"每次 {1000 / value:.1f} 毫秒：SQL {1000 / most:.1f}，空的回答就要 {1000 * least:.1f}；"
                f"只有这两样时比值是 {(1 / most) / (1 / most + least):.2f}，其余是组装语句、核对权限和排版",
            )
        yield Measure("web", "空的回答", share(empty, 0.5), "次/秒")
        tell("与 DRF 对照…")
        yield _beside_drf(count)


def _rate(act: Callable[[], None], count: int) -> float:
    begun = time.perf_counter()
    for _one in range(count):
        act()
    return count / (time.perf_counter() - begun)


def _replay(connection: psycopg.Connection[Any], statements: list[str]) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement.encode())
            if cursor.description is not None:
                cursor.fetchall()


def _sides(qipan: system.System, client: httpx.Client, count: int) -> Iterator[Side]:
    from django.conf import settings
    from django.contrib.auth import get_user_model
    from django.test import Client

    from qipan.kernel.accounts.actions import issue_token
    from qipan.kernel.flow import queries
    from qipan.kernel.ledger.actor import Actor
    from qipan.kernel.orgs.queries import reader_of

    settings.ALLOWED_HOSTS = ["*"]
    officer = get_user_model().objects.get(username=OFFICER)
    reader = reader_of(officer)
    cases = queries.search_cases(reader, limit=1)
    if not cases:
        raise Refusal("示范城市里没有这名检查员能看到的办件。")
    inside = Client(headers={"host": "127.0.0.1"})
    _sign_in(inside, officer)
    client.cookies.set(settings.SESSION_COOKIE_NAME, inside.cookies[settings.SESSION_COOKIE_NAME].value)
    pages = (("收件箱页", "/desk/", 0.3), ("办件页", f"/desk/cases/{cases[0].uuid}/", 0.3))
    for title, path, wanted in pages:
        yield _reading(title, lambda path=path: _get(client, path), _recorded(inside, path), wanted)
    end = datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=1)
    token = issue_token(
        officer,
        "性能测试",
        ["inbox.read", "cases.read", "documents.read", "orders.write"],
        expires_at=end,
        actor=Actor.system(),
    )[1]
    header = {"Authorization": f"Bearer {token}"}
    program = httpx.Client(base_url=qipan.url, timeout=60, trust_env=False, headers=header)
    reads = (
        ("JSON：收件箱", "/api/v1/desk/inbox"),
        ("JSON：办件列表", "/api/v1/cases"),
        ("JSON：办件的文书", f"/api/v1/cases/{cases[0].uuid}/documents"),
    )
    for title, path in reads:
        recorded = _recorded(
            Client(headers={"host": "127.0.0.1", "authorization": header["Authorization"]}), path
        )
        yield _reading(title, lambda path=path: _get(program, path), recorded, 0.5)

    yield _claiming(
        program, Client(headers={"host": "127.0.0.1", "authorization": header["Authorization"]}), count
    )


def _reading(title: str, ask: Callable[[], None], statements: list[str], wanted: float) -> Side:
    return Side(title, ask, lambda bare: _replay(bare, statements), len(statements), wanted)


def _claiming(program: httpx.Client, inside: Any, count: int) -> Side:
    """One action: an order is claimed, with the lock, the checks, its row's history and its event."""
    from django.db import connection

    from qipan.kernel.flow.actions import create_order
    from qipan.kernel.flow.models import WorkOrder
    from qipan.kernel.ledger.actor import Actor
    from qipan.kernel.orgs.roles import Role

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT setval(pg_get_serial_sequence('flow_workorder', 'id'), greatest(%s, max(id))) FROM flow_workorder",
            [ORDERS],
        )
    made = [
        create_order("bench.errand", "性能测试", Role.INSPECTOR, "SZ/FT/FT01/", actor=Actor.system())
        for _number in range(2 * (ROUNDS * count + 2))
    ]
    sample, ours, theirs = made[0], iter(made[2::2]), iter(made[3::2])
    statements = _recorded_act(inside, f"/api/v1/desk/orders/{sample.uuid}/claim")

    def ask() -> None:
        answer = program.post(f"/api/v1/desk/orders/{next(ours).uuid}/claim")
        if answer.status_code != 200:
            raise Refusal(f"claim：{answer.status_code} {answer.text[:200]}")

    def replay(bare: psycopg.Connection[Any]) -> None:
        order: WorkOrder = next(theirs)
        for statement in statements:
            text = re.sub(rf"\b{sample.pk}\b", str(order.pk), statement).replace(
                str(sample.uuid), str(order.uuid)
            )
            bare.execute(text.encode())

    return Side("一次操作：签收工单", ask, replay, len(statements), 0.5)


def _recorded_act(inside: Any, path: str) -> list[str]:
    """The statements of an act with its begin and commit; its event gets another identifier at each run."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as found:
        answer = inside.post(path)
    if answer.status_code != 200:
        raise Refusal(f"{path}：{answer.status_code} {answer.content[:200]!r}")
    return [EVENT.sub(r"\1gen_random_uuid()", query["sql"]) for query in found]


def _beside_drf(count: int) -> Measure:
    """The list of cases in process: the product's view beside the same one in Django REST Framework."""
    from django.conf import settings
    from django.contrib.auth import get_user_model
    from django.test import Client, override_settings

    from qipan.kernel.accounts.actions import issue_token
    from qipan.kernel.ledger.actor import Actor

    officer = get_user_model().objects.get(username=OFFICER)
    end = datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=1)
    token = issue_token(officer, "性能测试", ["cases.read"], expires_at=end, actor=Actor.system())[1]
    inside = Client(headers={"host": "127.0.0.1", "authorization": f"Bearer {token}"})
    rates: dict[str, list[float]] = {settings.ROOT_URLCONF: [], "benchmarks.peers.drf": []}
    answers: dict[str, Any] = {}
    for number in range(ROUNDS + 1):
        for urls, found in rates.items():
            with override_settings(ROOT_URLCONF=urls):
                answers[urls] = inside.get("/api/v1/cases").json()
                if number:
                    found.append(_rate(lambda: inside.get("/api/v1/cases"), 2 * count))
    shown = [[line["number"] for line in answer["cases"]] for answer in answers.values()]
    if shown[0] != shown[1]:
        raise Refusal("DRF 的写法给出了不同的内容。")
    ours, theirs = (share(found, 0.5) for found in rates.values())
    return Measure(
        "web",
        "JSON：办件列表（进程内）",
        ours,
        "次/秒",
        "同一视图的 DRF 写法",
        theirs,
        ours / theirs,
        "≥ 1.5",
        ours / theirs >= 1.5,
        "两边问数据库的一样多，差别只在框架本身",
    )


def _sign_in(inside: Any, user: Any) -> None:
    """A session as the sign-in with the second factor leaves it."""
    from allauth.account.internal.flows.login import record_authentication
    from django.http import HttpRequest

    inside.force_login(user, backend="qipan.kernel.accounts.backends.LoginBackend")
    request = HttpRequest()
    request.session, request.user = inside.session, user
    record_authentication(request, user, method="password", username=user.username)
    record_authentication(request, user, method="mfa", type="totp", id=0)
    request.session.save()


def _nothing(client: httpx.Client) -> None:
    """What the server and the client take of any answer: it is refused before anything of ours is asked."""
    answer = client.request("TRACE", "/")
    if answer.status_code != 405:
        raise Refusal(f"TRACE：{answer.status_code}")


def _get(client: httpx.Client, path: str) -> None:
    answer = client.get(path)
    if answer.status_code == 429:
        time.sleep(1)
        return _get(client, path)
    if answer.status_code != 200:
        raise Refusal(
            f"{path}：{answer.status_code} {answer.headers.get('location', '')} {answer.text[:200]}"
        )
    return None


def _recorded(inside: Any, path: str) -> list[str]:
    """The statements of the second answer: what is kept between requests is kept on both sides."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    inside.get(path)
    with CaptureQueriesContext(connection) as found:
        answer = inside.get(path)
    if answer.status_code != 200:
        raise Refusal(f"{path}：{answer.status_code} {answer.headers.get('Location', '')}")
    return [
        query["sql"]
        for query in found
        if not query["sql"].startswith(("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE", "ROLLBACK"))
    ]
