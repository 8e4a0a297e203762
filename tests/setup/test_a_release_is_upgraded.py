"""What an earlier release left behind, with cases in every state, is restored, migrated and walks on."""

import json
import os
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
from psycopg.sql import SQL, Identifier

from qipan.conf.backup import checksums
from qipan.conf.database import Database
from tests.backup.homes import bring_back, sums
from tests.setup.releases.make import PASSPHRASE

ROOT = Path(__file__).resolve().parents[2]
ARCHIVES = sorted((ROOT / "tests" / "setup" / "releases").glob("*.tar.xz"))
SERVER = os.environ.get("DATABASE_URL", "")
NAME = "upgraded_release"
#: Tables whose old rows a later release changes on purpose, each with the reason.
CHANGED: dict[str, str] = {
    "public.django_migrations": "every migration adds its row",
    "public.django_content_type": "every model adds its row",
    "public.auth_permission": "every model adds its rows",
    "public.ledger_event": "a migration may be an event",
    "public.decisions_tabledraft": "drafts of tables became drafts of catalogue rows (law_draft)",
    "public.decisions_tabledraftevent": "a draft changed only when it was closed, which its row and the ledger say",
}
#: Columns that a later release drops on purpose, each table with the reason.
DROPPED = {
    # certificates and pictures never change after a seal was made, and stand with the seal itself
    "public.documents_sealevent": {"certificate", "sm2_certificate", "gm_seal", "picture"},
}


@pytest.fixture
def address() -> Iterator[str]:
    """An empty database on the server of this test run."""
    with psycopg.connect(SERVER, autocommit=True) as connection:
        if connection.info.server_version < 180000:
            pytest.skip("the dump is one of PostgreSQL 18")
        connection.execute(SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(Identifier(NAME)))
        connection.execute(SQL("CREATE DATABASE {} TEMPLATE template0").format(Identifier(NAME)))
    yield urlunsplit(urlsplit(SERVER)._replace(path=f"/{NAME}"))
    with psycopg.connect(SERVER, autocommit=True) as connection:
        connection.execute(SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(Identifier(NAME)))


@pytest.mark.slow
@pytest.mark.parametrize("archive", ARCHIVES, ids=lambda path: path.name.removesuffix(".tar.xz"))
def test_a_release_is_upgraded_and_walks_on(
    archive: Path, address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with tarfile.open(archive) as packed:
        packed.extractall(tmp_path / "backups", filter="data")
    monkeypatch.setenv("QIPAN_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("DATABASE_URL", address)
    told = bring_back(tmp_path / "backups", passphrase=PASSPHRASE).manifest
    database = Database()
    with psycopg.connect(address) as connection:
        kept = {
            table: [name for name in names if name not in DROPPED.get(table, ())]
            for table, names in checksums.columns(connection).items()
            if table not in CHANGED
        }
        before = checksums.of_tables(connection, kept)
    assert checksums.differences(told.tables, sums(database)) == []

    assert database.migrate()
    with psycopg.connect(address) as connection:
        now = checksums.columns(connection)
        lost = {table: set(names) - set(now.get(table, ())) for table, names in kept.items()}
        assert not {table: names for table, names in lost.items() if names}
        after = checksums.of_tables(connection, kept)
    assert checksums.differences(before, after) == []

    environment = {**os.environ, "PYTHONPATH": f"{ROOT / 'src'}:{ROOT}"}
    load = [sys.executable, "-P", "-m", "qipan.cli", "load", "--json"]
    loaded = subprocess.run(load, env=environment, capture_output=True, text=True, check=False)
    assert loaded.returncode == 0, loaded.stdout + loaded.stderr
    command = [sys.executable, "-P", "-m", "tests.setup.releases.walk_on"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    walked = json.loads(done.stdout)
    assert walked["states"] == {"draft": "ISSUED", "left": "ISSUED", "waiting": "ISSUED"}
    assert (
        walked["intact"]
        and not walked["unsealed"]
        and walked["events"] > told.tables["public.ledger_event"][0]
    )
    assert ["licensing.certificate", "ISSUED"] in walked["papers"], walked["papers"]
