"""A system to be harmed, somebody who looks at it all the time, and writers who remember what was promised to them."""

import contextlib
import os
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import psycopg

from qipan.cli.drill import Promise
from qipan.cli.session import Refusal, use_settings
from qipan.conf.database import Database
from qipan.conf.postgres import Cluster
from tests.setup.systems import System, copy_of_the_project, folder_for_all

PAGES = ("/", "/items/", "/businesses/?q=深圳", "/api/v1/items")
OPTIONS = ("--scale", "0.0003", "--rate", "0")
READABLE = ("暂时不能使用", "暂时不可用")


@contextlib.contextmanager
def system(home: Path | None = None, **environment: str) -> Iterator[System]:
    """A small city that runs, on a copy of the project; whatever happens to it, it is ended."""
    with folder_for_all() as folder:
        tree = copy_of_the_project(folder / "qipan", with_parts=True)
        made = System(tree, home, **environment)
        try:
            try:
                made.start(*OPTIONS)
            except AssertionError as problem:
                raise Refusal(f"系统没有启动起来,演练没有做:\n{str(problem)[-3000:]}") from None
            yield made
        finally:
            made.end()


def set_up_django(home: Path) -> None:
    """This process works on the database of a running system, as one of its own would."""
    _at(home)
    _as_app(Database())


@contextlib.contextmanager
def database_in(home: Path, tell: Callable[[str], None]) -> Iterator[Database]:
    """A database of its own with every table and nothing else running on it; this process works on it."""
    _at(home)
    database = Database(tell)
    with database.running():
        database.migrate()
        _as_app(database)
        yield database


def _at(home: Path) -> None:
    for name in ("DATABASE_URL", "QIPAN_OWNER_DATABASE_URL", "DJANGO_SETTINGS_MODULE"):
        os.environ.pop(name, None)
    os.environ["QIPAN_HOME"] = str(home)
    use_settings("demo")


def _as_app(database: Database) -> None:
    database.use("app")
    import django

    django.setup()


class Looking:
    """Asks for pages all the time; remembers each status, whatever was not fit to read, and how long it waited."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.seen: Counter[int] = Counter()
        self.unreadable: list[str] = []
        self.longest = 0.0
        self.good_at = time.monotonic()
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._look)

    def __enter__(self) -> "Looking":
        self._thread.start()
        return self

    def __exit__(self, *_problem: object) -> None:
        self._ends.set()
        self._thread.join()

    def _look(self) -> None:
        with httpx.Client(base_url=self.url, timeout=60, trust_env=False) as client:
            while not self._ends.is_set():
                for page in PAGES:
                    begun = time.monotonic()
                    try:
                        answer = client.get(page)
                    except httpx.HTTPError:
                        self.seen[0] += 1
                        continue
                    self.seen[answer.status_code] += 1
                    self.longest = max(self.longest, time.monotonic() - begun)
                    if answer.status_code == 200:
                        self.good_at = time.monotonic()
                    elif not any(word in answer.text for word in READABLE):
                        self.unreadable.append(f"{page} {answer.status_code} {answer.text[:80]}")
                self._ends.wait(0.2)

    def told(self) -> str:
        """How often each status was seen; 0 stands for no answer."""
        return "、".join(f"{status or '无应答'} × {count}" for status, count in sorted(self.seen.items()))


class Writers:
    """Writers at the database, each of which remembers the numbers whose commit was acknowledged."""

    def __init__(self, home: Path, several: int, size: int = 200) -> None:
        os.environ["QIPAN_HOME"] = str(home)  # where the database's passwords lie
        self.cluster = Cluster(home)
        self.size = size
        self.acknowledged: list[set[int]] = [set() for _writer in range(several)]
        self.last_good = [0.0] * several
        self._ends = threading.Event()
        with psycopg.connect(self.cluster.url("owner"), autocommit=True) as connection:
            connection.execute("CREATE TABLE drill_written (n bigint PRIMARY KEY, filler bytea NOT NULL)")
            connection.execute("GRANT INSERT, SELECT ON drill_written TO qipan_app")
        self._threads = [threading.Thread(target=self._write, args=(number,)) for number in range(several)]

    def __enter__(self) -> "Writers":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_problem: object) -> None:
        self._ends.set()
        for thread in self._threads:
            thread.join()

    def _write(self, writer: int) -> None:
        number = writer * 10**9
        url = self.cluster.url("app")
        while not self._ends.is_set():
            try:
                with psycopg.connect(url, connect_timeout=5, autocommit=True) as connection:
                    while not self._ends.is_set():
                        number += 1
                        connection.execute(
                            "INSERT INTO drill_written SELECT %s, decode(string_agg(md5(random()::text), ''), 'hex')"
                            " FROM generate_series(1, %s)",
                            [number, self.size],
                        )
                        self.acknowledged[writer].add(number)
                        self.last_good[writer] = time.monotonic()
            except psycopg.Error:
                time.sleep(0.1)

    def lost(self) -> tuple[int, int, int]:
        """(acknowledged, of those not there, there without an acknowledgement)."""
        promised = set().union(*self.acknowledged)
        with psycopg.connect(self.cluster.url("owner"), connect_timeout=30) as connection:
            there = {row[0] for row in connection.execute("SELECT n FROM drill_written")}
        return len(promised), len(promised - there), len(there - promised)


def served_again(writers: Writers, looking: Looking, since: float, *, after: float | None = None) -> float:
    """Seconds from a moment until pages and every writer were served again (after `after`); 120 at most."""
    wanted = since if after is None else after
    while time.monotonic() < since + 120 and not (
        looking.good_at > wanted and min(writers.last_good) > wanted
    ):
        time.sleep(0.05)
    return time.monotonic() - since


def nothing_lost(drill: str, writers: Writers) -> Promise:
    """What became of the writes that were acknowledged."""
    promised, lost, more = writers.lost()
    told = f"{promised} 条,丢失 {lost},未及确认 {more}"
    return Promise(drill, "已确认的写入一条不少", told, promised > 0 and not lost)


def ledger_whole(drill: str, made: System) -> Promise:
    """What the independent verifier says of the ledger."""
    verified = made.run("ledger", "verify")
    told = verified.stdout.strip().splitlines() or [verified.stderr.strip()]
    return Promise(drill, "总账与封存一致", told[-1], verified.returncode == 0)
