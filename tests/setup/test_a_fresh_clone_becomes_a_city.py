"""Nothing but Python and the project: one command makes a running city of it, as root and as an ordinary user."""

import os
import pwd
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.setup.systems import System, copy_of_the_project, folder_for_all, is_gone, marked

pytestmark = pytest.mark.slow
SMALL = ("--scale", "0.0005", "--rate", "60")


def accounts() -> list[Any]:
    """Ourselves, and where we are root an ordinary account that the system has."""
    found = [pytest.param({}, id="ourselves")]
    if os.geteuid() == 0:
        nobody = pwd.getpwnam("nobody")
        as_nobody = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
        found.append(pytest.param(as_nobody, id="nobody"))
    return found


@pytest.fixture
def clone(account: dict[str, Any]) -> Iterator[System]:
    """Only what git has."""
    with folder_for_all(account.get("user")) as folder:
        tree = copy_of_the_project(folder / "qipan", with_parts=False)
        if account:
            for path in (tree, *tree.rglob("*")):
                os.chown(path, account["user"], account["group"], follow_symlinks=False)
        system = System(tree, HOME=str(folder))
        system.log = folder / "said.txt"
        try:
            yield system
        finally:
            system.end()


def owner_of(pid: int) -> int:
    return Path(f"/proc/{pid}").stat().st_uid


@pytest.mark.parametrize("account", accounts())
def test_one_command_from_nothing_to_a_city(clone: System, account: dict[str, Any]) -> None:
    clone.start(*SMALL, timeout=1500, **account)
    said = clone.said
    assert clone.url in said and "/desk/" in said and "/m/" in said
    names = (
        "window",
        "reviewer",
        "decider",
        "inspector1",
        "leader",
        "publisher",
        "sysadmin",
        "auditor",
        "shop1",
        "public1",
    )
    assert all(re.search(rf"^{name} ", said, re.M) for name in names) and "qipan-demo-2026" in said
    assert " INFO " not in said
    home = httpx.get(clone.url, timeout=10, trust_env=False)
    assert home.status_code == 200 and "棋盘" in home.text
    assert owner_of(clone.postmaster()) != 0
    commands = marked(clone.home.resolve()).values()
    for word in ("qipan.portal.wsgi", "kernel.ledger.feed", "qipan.cli work", "city simulate"):
        assert any(word in command for command in commands), word
    # The simulator has no way in but the pages: its process holds no address of a database that it uses.
    clone.until(lambda: "→" in (clone.home / "log" / "simulator.log").read_text(), 120)
    doctor = clone.run("doctor", **account)
    assert doctor.returncode == 0, doctor.stdout
    code = clone.run("demo", "--code", "window", **account)
    assert re.fullmatch(r"\d{6}\n", code.stdout), code.stderr

    parts, postmaster = clone.parts(), clone.postmaster()
    clone.interrupt()
    assert all(map(is_gone, [*parts, postmaster]))
    clone.start(*SMALL, **account)
    assert clone.steps == ["正在启动…"]
    clone.interrupt()
