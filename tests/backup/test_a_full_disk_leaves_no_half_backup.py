"""A backup that finds no room says so and leaves nothing that could be taken for one."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from qipan.conf.backup import BackupFailure
from tests.backup.homes import back_up


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """A disk of 5 MB, where one can be made (root)."""
    path = tmp_path / "small"
    path.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=5M", "tmpfs", str(path)]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("no disk can be mounted here")
    try:
        yield path
    finally:
        subprocess.run(["umount", str(path)], check=True)


def test_the_disk_fills_up_in_the_middle(here: Path, small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QIPAN_LEAST_FREE_MB", "0")
    (small / "other").write_bytes(bytes(500_000))
    with pytest.raises(BackupFailure, match=r"磁盘已满.*腾出空间"):
        back_up(small)
    assert sorted(path.name for path in small.iterdir()) == ["lock", "other"]


def test_a_disk_that_is_nearly_full_is_refused_before_it_begins(
    here: Path, small: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QIPAN_LEAST_FREE_MB", "512")
    with pytest.raises(BackupFailure, match=r"剩余 0\.0 GB.*可能不够"):
        back_up(small)
    assert [path.name for path in small.iterdir()] == ["lock"]
