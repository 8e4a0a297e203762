"""Between two commits lies a moment, and the log leads to it."""

import shutil
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest

from qipan.conf.backup import BackupFailure, checking
from qipan.conf.database import Database
from qipan.conf.postgres import archiving
from tests.backup.homes import bring_back, progress, taking


def numbers(database: Database) -> list[int]:
    with psycopg.connect(database.url("owner")) as connection:
        return [row[0] for row in connection.execute("SELECT id FROM account WHERE id > 500 ORDER BY id")]


def now() -> str:
    time.sleep(0.05)
    moment = datetime.now(UTC).isoformat(timespec="microseconds")
    time.sleep(0.05)
    return moment


@pytest.fixture
def kept(here: Path, room: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, str, str]:
    """(folder of backups, before the backup, between two commits after it); the log was kept to the end."""
    backups = Path(tempfile.mkdtemp(dir=room))
    backups.chmod(0o711)
    monkeypatch.setenv("QIPAN_BACKUPS", str(backups))
    early = now()
    database = Database()
    with database.running():
        with psycopg.connect(database.url("owner")) as connection:
            connection.execute("DELETE FROM account WHERE id > 500")
        made = taking.make(database, backups, "", progress)
        with psycopg.connect(database.url("owner"), autocommit=True) as connection:
            connection.execute("INSERT INTO account VALUES (501, 1)")
            between = now()
            connection.execute("INSERT INTO account VALUES (502, 1)")
        with psycopg.connect(database.url("superuser"), autocommit=True) as connection:
            name = connection.execute("SELECT pg_walfile_name(pg_switch_wal())").fetchone()
        assert name is not None
        segment = archiving.folder_of(backups, made.manifest.system) / f"{name[0]}.gz"
        for _try in range(100):
            if segment.exists():
                break
            time.sleep(0.1)
        assert segment.exists(), "the log was not handed on"
    return backups, early, between


def test_a_moment_between_two_commits(
    kept: tuple[Path, str, str], here: Path, empty: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    backups, early, between = kept
    checked = checking.check(checking.find(backups), progress)
    assert checked.log[0] >= 1 and not checked.wrong
    monkeypatch.setenv("QIPAN_HOME", str(empty))
    monkeypatch.setenv("QIPAN_BACKUPS", "")
    with pytest.raises(BackupFailure, match="不能恢复到更早的时刻"):
        bring_back(backups, keys_from=here, to=early)
    done = bring_back(backups, keys_from=here, to=between)
    assert done.reached <= between.replace("T", " ")
    database = Database()
    with database.running():
        assert numbers(database) == [501]


@pytest.mark.slow
def test_the_end_of_the_log_and_the_branch_that_a_restore_began(
    kept: tuple[Path, str, str], here: Path, empty: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    backups, _early, between = kept
    monkeypatch.setenv("QIPAN_HOME", str(empty))
    with pytest.raises(BackupFailure, match=r"日志没有到这个时刻\(最后一笔在 .* UTC\).*--to latest"):
        bring_back(backups, keys_from=here, to="2999-01-01T00:00:00+00:00")
    assert not (empty / "keys").exists() and not (empty / "postgres" / "data").exists()
    bring_back(backups, keys_from=here, to=between)
    database = Database()
    with database.running(), psycopg.connect(database.url("superuser"), autocommit=True) as connection:
        connection.execute("INSERT INTO account VALUES (503, 1)")
        connection.execute("SELECT pg_switch_wal()")
    # The restored system went on: from here the log has two branches, and neither is taken unasked.
    monkeypatch.setenv("QIPAN_HOME", str(empty.with_name("third")))
    monkeypatch.setenv("QIPAN_BACKUPS", "")
    with pytest.raises(BackupFailure, match=r"1\(最后写入.*2\(最后写入.*--timeline"):
        bring_back(backups, keys_from=here, to="latest")
    for timeline, found in ((1, {501, 502}), (2, {501, 503})):
        bring_back(backups, keys_from=here, to="latest", timeline=timeline)
        third = Database()
        with third.running():
            assert found <= set(numbers(third)) and {502, 503} - found - set(numbers(third))
        shutil.rmtree(empty.with_name("third"))


def test_a_gap_in_the_log_is_told(tmp_path: Path) -> None:
    from qipan.conf.backup import wal

    names = ["0000000100000000000000FE", "0000000100000000000000FF", "000000010000000100000000"]
    assert wal.gaps(names) == [] and wal.gaps([*names, "000000010000000100000002"]) == names[2:]
    assert wal.gaps([*names, "000000020000000100000005"]) == []
