"""What was backed up while people wrote stands in another home again, table for table and file for file."""

import os
from pathlib import Path

import pytest

from qipan.conf.backup import BackupFailure, checking, checksums, taking
from qipan.conf.database import UNFINISHED, Database
from qipan.conf.postgres import DatabaseFailure
from tests.backup.homes import back_up, bring_back, kept_file, progress, sums, writing


def files_below(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_every_table_and_file_comes_back_while_somebody_writes(
    here: Path, empty: Path, room: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = Database()
    with database.running(), writing(database) as committed:
        made = taking.make(database, room / "one", "a passphrase", progress)
        at_the_end = len(committed)
    assert at_the_end > 10 and made.manifest.tables["public.account"][0] > 500
    assert made.manifest.tables["public.event_2026"][0] > 0 and "public.event" not in made.manifest.tables
    assert checking.check(made.folder, progress).wrong == []

    monkeypatch.setenv("QIPAN_HOME", str(empty))
    with pytest.raises(BackupFailure, match="QIPAN_BACKUP_PASSPHRASE"):
        bring_back(room / "one")
    with pytest.raises(BackupFailure, match="口令"):
        bring_back(room / "one", passphrase="another")
    assert not (empty / "keys").exists() and not (empty / UNFINISHED).exists()
    bring_back(room / "one", passphrase="a passphrase")
    restored = Database()
    with restored.running():
        assert checksums.differences(made.manifest.tables, sums(restored)) == []
    for name in ("evidence", "documents", "imports", "ledger", "keys"):
        was, now = files_below(here / name), files_below(empty / name)
        was.pop("partial/growing", None)
        assert was == now
    assert (empty / "secrets/secret_key").read_bytes() == (here / "secrets/secret_key").read_bytes()
    # Another installation has passwords of its own.
    assert (empty / "secrets/database.json").read_text() != (here / "secrets/database.json").read_text()
    assert all(path.stat().st_mode & 0o077 == 0 for path in (empty / "keys").rglob("*"))

    with pytest.raises(BackupFailure, match=r"已有数据.*不会覆盖"):
        bring_back(room / "one", passphrase="a passphrase")
    with restored.running():
        assert checksums.differences(made.manifest.tables, sums(restored)) == []


def test_no_key_lies_in_a_backup_in_the_clear(here: Path, room: Path) -> None:
    secrets = [path.read_bytes().strip() for path in (here / "keys").rglob("*") if path.is_file()]
    for name, passphrase in (("sealed", "a passphrase"), ("without", "")):
        made = back_up(room / name, passphrase)
        assert made.manifest.keys == ("sealed" if passphrase else "left out")
        contents = files_below(room / name)
        assert contents and all(secret not in content for secret in secrets for content in contents.values())


def test_left_out_keys_must_be_brought_and_must_be_the_ones(
    here: Path, empty: Path, room: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    back_up(room / "bare")
    monkeypatch.setenv("QIPAN_HOME", str(empty))
    with pytest.raises(BackupFailure, match=r"没有密钥\(keys/seals/one\.key、keys/vault\.keys"):
        bring_back(room / "bare")
    wrong = room / "wrong keys"
    (wrong / "keys" / "seals").mkdir(parents=True)
    (wrong / "keys" / "vault.keys").write_text("another\n")
    with pytest.raises(BackupFailure, match=r"缺少密钥:keys/seals/one\.key"):
        bring_back(room / "bare", keys_from=wrong)
    (wrong / "keys" / "seals" / "one.key").write_bytes((here / "keys/seals/one.key").read_bytes())
    with pytest.raises(BackupFailure, match=r"不是备份时的那一个:keys/vault\.keys"):
        bring_back(room / "bare", keys_from=wrong)
    # Refused is as if it had not begun. After a kill half of it is there: nothing starts on that, the next one clears it.
    assert not (empty / "keys").exists() and not (empty / UNFINISHED).exists()
    (empty / UNFINISHED).touch()
    (empty / "keys").mkdir()
    (empty / "keys" / "vault.keys").write_text("half\n")
    with pytest.raises(DatabaseFailure, match="没有完成的恢复"), Database().running():
        raise AssertionError("it runs")
    bring_back(room / "bare", keys_from=here)
    with Database().running():
        assert (empty / "keys" / "vault.keys").read_bytes() == (here / "keys" / "vault.keys").read_bytes()


def test_files_are_copied_once_and_a_damaged_one_never(here: Path, room: Path) -> None:
    first = back_up(room / "files")
    inodes = {path: path.stat().st_ino for path in (room / "files" / "files").rglob("*") if path.is_file()}
    new = kept_file(here, "evidence", "新的照片".encode())
    rotten = next(path for path in (here / "evidence").rglob("*") if path.is_file() and path != new)
    content = rotten.read_bytes()
    rotten.write_bytes(content + b"!")
    try:
        second = back_up(room / "files")
    finally:
        rotten.write_bytes(content)
        new.unlink()
    assert second.manifest.damaged == [str(rotten.relative_to(here))]
    assert all(path.stat().st_ino == inode for path, inode in inodes.items())
    assert second.manifest.shared[0] == first.manifest.shared[0] + 1
    assert checking.check(second.folder, progress).wrong == []

    assert taking.forget(room / "files", 1) == [first.folder.name]
    assert checking.check(checking.find(room / "files"), progress).wrong == []
    assert not first.folder.exists() and len(os.listdir(room / "files")) == 3


def test_a_backup_waits_for_nobody_for_ever(here: Path, room: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import psycopg

    from qipan.conf.backup import embedded

    monkeypatch.setattr(embedded, "PATIENCE", 2.0)
    database = Database()
    with database.running(), psycopg.connect(database.url("owner")) as writer:
        writer.execute("UPDATE account SET amount = amount WHERE id = 1")
        with pytest.raises(BackupFailure, match="写入事务长时间没有结束"):
            taking.make(database, room / "waits", "", progress)
        writer.rollback()
    assert [path.name for path in (room / "waits").iterdir()] == ["lock"]
