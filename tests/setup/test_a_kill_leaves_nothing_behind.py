"""Whatever part of a running system is killed comes back or is cleared away; nothing stops the next start."""

import os
import signal
import time

import pytest

from tests.setup.conftest import SMALL
from tests.setup.systems import System, folder_for_all, is_gone

pytestmark = pytest.mark.slow


def kill(pids: list[int]) -> None:
    assert pids
    for pid in pids:
        os.kill(pid, signal.SIGKILL)


def test_ctrl_c_ends_everything_and_the_next_start_is_quick(prepared: System) -> None:
    prepared.start(*SMALL)
    assert prepared.steps == ["正在启动…"]
    pids = [*prepared.parts(), prepared.postmaster()]
    assert len(pids) > 4
    prepared.interrupt()
    assert all(map(is_gone, pids)) and "已全部停止" in prepared.said


@pytest.mark.parametrize("word", ["qipan.portal.wsgi", "kernel.ledger.feed", "qipan.cli work"])
def test_a_killed_part_comes_back(running: System, word: str) -> None:
    before = running.parts(word)
    kill(before)
    running.until(lambda: bool(set(running.parts(word)) - set(before)) and running.answers(), 60)
    running.interrupt()


def test_a_killed_database_comes_back(running: System) -> None:
    kill([running.postmaster()])
    running.until(lambda: "数据库已恢复" in running.said and running.answers(), 120)
    running.interrupt()


def test_a_killed_supervisor_takes_its_services_along_or_the_next_start_does(running: System) -> None:
    assert running.process is not None
    parts, postmaster = running.parts(), running.postmaster()
    kill([running.process.pid])
    running.process.wait()
    running.process = None
    running.start(*SMALL)
    assert all(map(is_gone, parts)) and running.answers()
    assert running.postmaster() == postmaster or is_gone(postmaster)
    running.interrupt()


def test_everything_killed_at_once(running: System) -> None:
    assert running.process is not None
    kill([running.process.pid, running.postmaster(), *running.parts()])
    running.process.wait()
    running.process = None
    running.start(*SMALL)
    assert running.answers()
    running.interrupt()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
@pytest.mark.parametrize("word", ["正在更新数据表", "正在载入目录", "正在建设示范城市"])
def test_a_first_start_that_was_cut_off_goes_on(prepared: System, word: str, number: signal.Signals) -> None:
    """Ctrl-C in a terminal reaches every process of the foreground; so does this."""
    with folder_for_all() as folder:
        system = System(prepared.tree, folder / "home")
        try:
            system.start(*SMALL, word=word)
            time.sleep(1.5)
            assert system.process is not None
            os.killpg(system.process.pid, number)
            code = system.process.wait(60)
            assert code == (130 if number == signal.SIGINT else -signal.SIGKILL), system.said
            assert "Traceback" not in system.said
            system.process = None
            system.start(*SMALL)
            assert system.answers() and "qipan-demo-2026" in system.said
            system.interrupt()
        finally:
            system.end()
