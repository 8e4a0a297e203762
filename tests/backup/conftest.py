"""A home that was used, and the folder for its backups."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from qipan.conf.database import Database
from tests.backup.homes import furnish
from tests.setup.systems import folder_for_all


@pytest.fixture(scope="module")
def room() -> Iterator[Path]:
    """A folder that the database's account can enter."""
    with folder_for_all() as folder:
        yield folder


@pytest.fixture(scope="module")
def used(room: Path) -> Path:
    """A furnished home; its database does not run."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("QIPAN_HOME", str(room / "used"))
        patch.setenv("QIPAN_BACKUPS", "")
        patch.setenv("DATABASE_URL", "")
        furnish(room / "used")
    return room / "used"


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch, used: Path) -> Path:
    """This process works on the used home, with the embedded database."""
    monkeypatch.setenv("QIPAN_HOME", str(used))
    monkeypatch.setenv("QIPAN_BACKUPS", "")
    monkeypatch.setenv("QIPAN_SEALS", "")
    monkeypatch.setenv("DATABASE_URL", "")
    return used


@pytest.fixture
def empty(room: Path, here: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Another home, empty; a test goes there with `monkeypatch.setenv("QIPAN_HOME", …)`."""
    path = room / "empty"
    yield path
    monkeypatch.setenv("QIPAN_HOME", str(path))
    if path.exists():
        assert Database().server is not None
        shutil.rmtree(path)
