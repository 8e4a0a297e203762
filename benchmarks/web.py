"""Pages and reads of an officer over HTTP, beside the same SQL statements by bare psycopg.

What a page asks of the database is recorded once, in process, and then sent by psycopg over one connection, fetched and
thrown away. Both sides take turns in one run; one caller at a time, so that the ratio is of work and not of queueing.
"""

import datetime
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import psycopg

from benchmarks import system
from qipan.cli.bench import Measure, share
from qipan.cli.session import Refusal
from qipan.conf import wall

HELP = "网页和接口：收件箱、办件页、JSON 读取、一次操作，对照同样的 SQL 语句"
CITY = 0.01
ROUNDS = 4
EACH = 25


@dataclass
class Side:
    """One thing to ask for: by HTTP, and the statements behind it."""

    title: str
    ask: Callable[[], None]
    statements: list[str]
    wanted: float


def run(scale: float, tell: Callable[[str], None]) -> Iterator[Measure]:
    """Answers a second of each side, the median of interleaved rounds."""
    with (
        system.running(tell, city=CITY) as qipan,
        psycopg.connect(qipan.app_database, autocommit=True) as bare,
        httpx.Client(base_url=qipan.url, timeout=60, trust_env=False) as client,
    ):
        bare.execute("SELECT set_config(%s, %s, false)", (wall.SETTING, wall.OPEN))
        sides = list(_sides(qipan, client))
        ours: dict[str, list[float]] = {side.title: [] for side in sides}
        limit: dict[str, list[float]] = {side.title: [] for side in sides}
        count = max(5, round(EACH * scale))
        for side in sides:
            side.ask()
        for number in range(ROUNDS):
            tell(f"第 {number + 1} 轮…")
            for side in sides:
                ours[side.title].append(_rate(side.ask, count))
                limit[side.title].append(_rate(lambda side=side: _replay(bare, side.statements), count))
        for side in sides:
            value, most = share(ours[side.title], 0.5), share(limit[side.title], 0.5)
            yield Measure(
                "web",
                side.title,
                value,
                "次/秒",
                f"同样的 {len(side.statements)} 条 SQL",
                most,
                value / most,
                f"≥ {side.wanted:g}",
                value / most >= side.wanted,
            )


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


def _sides(qipan: system.System, client: httpx.Client) -> Iterator[Side]:
    from django.conf import settings
    from django.contrib.auth import get_user_model
    from django.test import Client

    from qipan.kernel.accounts.actions import issue_token
    from qipan.kernel.flow import queries
    from qipan.kernel.ledger.actor import Actor
    from qipan.kernel.orgs.queries import reader_of

    settings.ALLOWED_HOSTS = ["*"]
    officer = get_user_model().objects.get(username="ft01-inspector-1")
    reader = reader_of(officer)
    cases = queries.search_cases(reader, limit=1)
    if not cases:
        raise Refusal("示范城市里没有这名检查员能看到的办件。")
    inside = Client(headers={"host": "127.0.0.1"})
    _sign_in(inside, officer)
    client.cookies.set(settings.SESSION_COOKIE_NAME, inside.cookies[settings.SESSION_COOKIE_NAME].value)
    pages = (("收件箱页", "/desk/", 0.3), ("办件页", f"/desk/cases/{cases[0].uuid}/", 0.3))
    for title, path, wanted in pages:
        yield Side(title, lambda path=path: _get(client, path), _recorded(inside, path), wanted)
    end = datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=1)
    token = issue_token(
        officer,
        "性能测试",
        ["inbox.read", "cases.read", "documents.read"],
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
        yield Side(title, lambda path=path: _get(program, path), recorded, 0.5)


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
