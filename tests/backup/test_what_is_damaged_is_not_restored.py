"""Everything is read before anything is written: a damaged, strange or newer backup leaves the home as it was."""

import json
import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from qipan.cli import start
from qipan.cli.start import Options
from qipan.conf.backup import BackupFailure, checking, manifest
from qipan.conf.doctor import backup as doctor
from tests.backup.homes import back_up, bring_back, progress


@pytest.fixture(scope="module")
def whole(room: Path, used: Path) -> Path:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {"QIPAN_HOME": str(used), "QIPAN_BACKUPS": "", "DATABASE_URL": ""}.items():
            patch.setenv(name, value)
        return back_up(room / "whole").folder


@pytest.fixture
def copy(whole: Path, room: Path, empty: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the backup to be damaged; this process's home is the empty one."""
    target = room / "damaged"
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(whole.parent, target)
    monkeypatch.setenv("QIPAN_HOME", str(empty))
    return target / whole.name


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.chmod(0o600)
    path.write_bytes(content)


def evidence(copy: Path) -> Path:
    return next(path for path in (copy.parent / "files" / "evidence").rglob("*") if path.is_file())


DAMAGE: dict[str, tuple[Callable[[Path], object], str]] = {
    "a bit of the database": (lambda copy: flip(copy / "database" / "base.tar.gz"), "base.tar.gz 内容与摘要不符"),
    "a cut log": (
        lambda copy: next((copy / "database" / "wal").glob("*.gz")).write_bytes(b""), r"\.gz 长度不对"
    ),
    "a lost list": (lambda copy: (copy / "files.jsonl").unlink(), "files.jsonl 不见了"),
    "a bit of a photo": (lambda copy: flip(evidence(copy)), "files/evidence/.* 内容与摘要不符"),
    "a lost photo": (lambda copy: evidence(copy).unlink(), "files/evidence/.* 不见了"),
    "a bit of the manifest": (lambda copy: flip(copy / "manifest.json"), "manifest.json.*已损坏"),
    "no manifest": (lambda copy: (copy / "manifest.json").unlink(), "没有备份"),
}  # fmt: skip


@pytest.mark.parametrize("what", DAMAGE)
def test_a_damaged_backup_is_refused(what: str, copy: Path, here: Path, empty: Path) -> None:
    damage, told = DAMAGE[what]
    damage(copy)
    with pytest.raises(BackupFailure, match=told):
        bring_back(copy.parent, keys_from=here)
    assert not [path for path in empty.rglob("*") if path.name not in ("running.lock", "postgres", "run", "place.json")]
    if "manifest" not in what:
        assert checking.check(copy, progress).wrong


def change(copy: Path, **values: object) -> None:
    told = manifest.read(copy)
    for name, value in values.items():
        setattr(told, name, value)
    told.write(copy)


def test_what_another_version_made_is_refused_with_what_to_do(copy: Path, here: Path) -> None:
    change(copy, migrations=["ledger.0001_initial", "ledger.9001_later"], qipan="9.0")
    with pytest.raises(BackupFailure, match=r"较新版本的棋盘\(9\.0\).*ledger\.9001_later.*请先升级"):
        bring_back(copy, keys_from=here)
    change(copy, postgres=16)
    with pytest.raises(BackupFailure, match=r"PostgreSQL 16.*PostgreSQL 18.*用建立备份时的"):
        bring_back(copy, keys_from=here)
    change(copy, kind="external")
    with pytest.raises(BackupFailure, match="DATABASE_URL"):
        bring_back(copy, keys_from=here)
    path = copy / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"format": 2}))
    with pytest.raises(BackupFailure, match="较新版本"):
        bring_back(copy, keys_from=here)


def test_a_running_system_is_not_restored_into(copy: Path, here: Path, empty: Path) -> None:
    empty.mkdir(exist_ok=True)
    with (
        start._only_one(Options("production", "127.0.0.1", 8123)),
        pytest.raises(BackupFailure, match="正在运行"),
    ):
        bring_back(copy, keys_from=here)


def test_the_doctor_knows_the_age_and_the_place_of_the_last_backup(tmp_path: Path) -> None:
    def level(days: float, folder: Path = Path("/proc")) -> tuple[str, str]:
        at = datetime.now(UTC) - timedelta(days=days)
        found = doctor.backup_of({"at": at.isoformat(), "folder": str(folder)}, tmp_path)
        return found.level, found.found

    assert doctor.backup_of(None, tmp_path).level == "error"
    assert level(0)[0] == "ok" and level(3)[0] == "warning" and level(9)[0] == "error"
    assert level(0, tmp_path) == ("warning", level(0, tmp_path)[1]) and "同一个磁盘" in level(0, tmp_path)[1]
    assert "找不到" in level(0, tmp_path / "gone")[1]


def test_the_doctor_names_a_segment_that_was_not_handed_on(tmp_path: Path) -> None:
    before, after = datetime(2026, 7, 1, 8, tzinfo=UTC), datetime(2026, 7, 1, 9, tzinfo=UTC)
    assert doctor.archiver_of(tmp_path, 0, None, None, None).level == "ok"
    assert doctor.archiver_of(tmp_path, 3, before, "000000010000000000000001", after).level == "ok"
    found = doctor.archiver_of(tmp_path, 3, after, "000000010000000000000001", before)
    assert found.level == "error" and "000000010000000000000001" in found.found and "失败 3 次" in found.found
