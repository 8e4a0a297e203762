"""A database by DATABASE_URL: one snapshot is dumped, and comes back into an empty database only."""

import os
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
from psycopg.sql import SQL, Identifier

from qipan.conf.backup import BackupFailure, checksums, taking
from qipan.conf.database import Database
from tests.backup.homes import SCHEMA, back_up, bring_back, kept_file, progress, sums, writing

SERVER = os.environ.get("DATABASE_URL", "")
NAMES = ("backup_from", "backup_to")


def address(name: str) -> str:
    return urlunsplit(urlsplit(SERVER)._replace(path=f"/{name}"))


@pytest.fixture
def databases() -> Iterator[list[str]]:
    """Addresses of two databases on the server of this test run: one with data, one empty."""

    def each(words: str) -> None:
        with psycopg.connect(SERVER, autocommit=True) as connection:
            for name in NAMES:
                connection.execute(SQL(words).format(Identifier(name)))

    each("DROP DATABASE IF EXISTS {} WITH (FORCE)")
    each("CREATE DATABASE {} TEMPLATE template0")
    try:
        with psycopg.connect(address(NAMES[0])) as connection:
            connection.execute(SCHEMA)
        yield [address(name) for name in NAMES]
    finally:
        each("DROP DATABASE IF EXISTS {} WITH (FORCE)")


def test_what_was_dumped_while_somebody_wrote_comes_back(
    databases: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QIPAN_HOME", str(tmp_path / "from"))
    monkeypatch.setenv("DATABASE_URL", databases[0])
    photo = kept_file(tmp_path / "from", "evidence", b"a photo")
    with psycopg.connect(databases[0]) as connection:
        connection.execute("REVOKE ALL ON account FROM PUBLIC; GRANT SELECT ON account TO PUBLIC")
    database = Database()
    with writing(database):
        made = taking.make(database, tmp_path / "backups", "", progress)
    assert made.manifest.kind == "external" and made.manifest.tables["public.account"][0] >= 500

    monkeypatch.setenv("QIPAN_HOME", str(tmp_path / "to"))
    with pytest.raises(BackupFailure, match="已有数据表"):
        bring_back(tmp_path / "backups")
    monkeypatch.setenv("DATABASE_URL", "")
    with pytest.raises(BackupFailure, match="DATABASE_URL"):
        bring_back(tmp_path / "backups")
    monkeypatch.setenv("DATABASE_URL", databases[1])
    done = bring_back(tmp_path / "backups")
    assert checksums.differences(made.manifest.tables, sums(Database())) == []
    assert (tmp_path / "to" / photo.relative_to(tmp_path / "from")).read_bytes() == b"a photo"
    assert not done.notes
    with psycopg.connect(databases[1]) as connection:
        acl = connection.execute("SELECT relacl::text FROM pg_class WHERE relname = 'account'").fetchone()
    assert acl is not None and "=r/" in acl[0]


def test_a_password_is_never_on_a_command_line(databases: list[str]) -> None:
    from qipan.conf.backup import dump

    password = str(urlsplit(databases[0]).password)
    where, environment = dump._address(databases[0])
    assert password not in where and environment["PGPASSWORD"] == password


def test_a_database_without_our_tables_is_not_backed_up(
    databases: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QIPAN_HOME", str(tmp_path / "from"))
    monkeypatch.setenv("DATABASE_URL", databases[1])
    with pytest.raises(BackupFailure, match="没有可以备份的内容"):
        back_up(tmp_path / "backups")
