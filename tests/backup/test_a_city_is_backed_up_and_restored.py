"""A whole demo city by the commands that an operator types: backed up while it lives, restored, verified, served."""

import json
from collections.abc import Iterator

import pytest

from tests.setup.conftest import SMALL
from tests.setup.systems import System, copy_of_the_project, folder_for_all

pytestmark = pytest.mark.slow


@pytest.fixture
def city() -> Iterator[System]:
    with folder_for_all() as folder:
        tree = copy_of_the_project(folder / "qipan", with_parts=True)
        (folder / "backups").mkdir(mode=0o711)
        system = System(tree, QIPAN_BACKUPS=str(folder / "backups"), QIPAN_BACKUP_PASSPHRASE="drill")
        try:
            system.start(*SMALL[:2], "--rate", "120")
            system.until(lambda: any((system.home / "documents").rglob("*.pdf")), 180)
            yield system
        finally:
            system.end()


def test_a_living_city_comes_back_with_equal_tables_and_a_whole_ledger(city: System) -> None:
    backups = city.tree.parent / "backups"
    for _round in range(2):
        done = city.run("backup", "--json")
        assert done.returncode == 0, done.stderr
    made = json.loads(done.stdout)
    assert made["rows"] > 10_000 and made["keys"] == "sealed" and made["files"] > 0
    assert city.run("backup", "--check").returncode == 0
    refused = city.run("restore", str(backups))
    assert refused.returncode == 1 and "正在运行" in refused.stderr
    city.interrupt()

    second = System(city.tree, backups.parent / "second", QIPAN_BACKUP_PASSPHRASE="drill")
    try:
        done = second.run("restore", str(backups), "--json")
        assert done.returncode == 0, done.stdout + done.stderr
        told = json.loads(done.stdout)
        assert told["differing"] == [] and told["intact"] and told["events"] > 0 and told["seals"] > 0
        assert told["tables"] == made["tables"] and told["notes"] == []
        for words in (("ledger", "verify"), ("evidence", "verify")):
            verified = second.run(*words)
            assert verified.returncode == 0, verified.stdout + verified.stderr
        again = second.run("restore", str(backups))
        assert again.returncode == 1 and "不会覆盖" in again.stderr
        second.start("--rate", "0")
        assert second.answers() and "正在建设示范城市" not in second.said
        second.interrupt()
    finally:
        second.end()
    third = System(city.tree, backups.parent / "third", QIPAN_BACKUP_PASSPHRASE="drill")
    try:
        done = third.run("restore", str(backups), "--to", "latest", "--json")
        assert done.returncode == 0, done.stdout + done.stderr
        later = json.loads(done.stdout)
        assert later["intact"] and later["events"] >= told["events"] and later["seals_set_aside"] == 0
    finally:
        third.end()
