"""Small homes with a real embedded database each, for tests that back up, break and restore."""

import contextlib
import hashlib
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg

from qipan.conf import home
from qipan.conf.backup import checksums, restoring, taking
from qipan.conf.backup.restoring import Restored, Wanted
from qipan.conf.backup.taking import Made
from qipan.conf.database import Database

SCHEMA = """
CREATE TABLE django_migrations (id serial PRIMARY KEY, app text, name text, applied timestamptz DEFAULT now());
INSERT INTO django_migrations (app, name) VALUES ('ledger', '0001_initial');
CREATE TABLE ledger_seal (number bigint, digest bytea);
INSERT INTO ledger_seal VALUES (1, '\\x01');
CREATE TABLE account (id bigint PRIMARY KEY, amount numeric NOT NULL, told jsonb, raw bytea, at timestamptz DEFAULT now());
INSERT INTO account SELECT n, n * 1.5, jsonb_build_object('名称', '商户' || n), sha256(n::text::bytea)
FROM generate_series(1, 500) n;
CREATE TABLE event (at timestamptz, said text) PARTITION BY RANGE (at);
CREATE TABLE event_2026 PARTITION OF event FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
CREATE TABLE event_rest PARTITION OF event DEFAULT;
INSERT INTO event SELECT now() - n * interval '1 day', '事件' || n FROM generate_series(1, 500) n;
"""


def progress(title: str) -> Any:
    """Nobody looks."""
    return lambda done, total: None


def kept_file(here: Path, room: str, content: bytes, ending: str = "") -> Path:
    """A file as the evidence store or the archive of documents keeps it."""
    digest = hashlib.sha256(content).hexdigest()
    path = here / room / digest[:2] / digest[2:4] / f"{digest}{ending}"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def furnish(here: Path) -> None:
    """Puts data, files, seals and keys into a home that is named by QIPAN_HOME."""
    home.remember(mode="production")
    for number in range(5):
        kept_file(here, "evidence", f"照片 {number}".encode())
        kept_file(here, "documents", f"%PDF {number}".encode(), ".pdf")
    (here / "evidence" / "partial").mkdir()
    (here / "evidence" / "partial" / "growing").write_bytes(b"half an upload")
    for name, content in {
        "imports/1.json": b'{"rows": 3}',
        "ledger/seals.jsonl": b'{"digest": "01"}\n',
        "keys/vault.keys": b"QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE=\n",
        "keys/seals/one.key": b"a seal's key, encrypted",
        "secrets/secret_key": b"signs sessions",
    }.items():
        path = here / name
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.write_bytes(content)
    database = Database()
    with database.running(), psycopg.connect(database.url("owner")) as connection:
        connection.execute(SCHEMA)


def sums(database: Database) -> dict[str, list[Any]]:
    """The checksums of every table of a database that runs."""
    with psycopg.connect(database.url("owner")) as connection:
        return checksums.of_tables(connection)


def back_up(backups: Path, passphrase: str = "") -> Made:
    """One backup of the home that QIPAN_HOME names."""
    database = Database()
    with database.running():
        return taking.make(database, backups, passphrase, progress)


def bring_back(folder: Path, **wanted: Any) -> Restored:
    """A restore into the home that QIPAN_HOME names."""
    return restoring.restore(Database(), Wanted(folder, **wanted), progress)


@contextlib.contextmanager
def writing(database: Database) -> Iterator[list[int]]:
    """Somebody writes all the time; yields the numbers that were committed so far."""
    done: list[int] = []
    ends = threading.Event()

    def write() -> None:
        with psycopg.connect(database.url("owner"), autocommit=True) as connection:
            number = 1000
            while not ends.is_set():
                with connection.transaction():
                    connection.execute("INSERT INTO account VALUES (%s, 1)", [number])
                    connection.execute("INSERT INTO event VALUES (now(), %s)", [f"记 {number}"])
                done.append(number)
                number += 1

    thread = threading.Thread(target=write)
    thread.start()
    try:
        yield done
    finally:
        ends.set()
        thread.join()
