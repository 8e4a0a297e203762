"""The supervisor: what dies is started again, what is told to end ends, and nothing outlives a killed one."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.setup.systems import is_gone, marked, plain_environment

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks at processes as Linux shows them")
ROOT = Path(__file__).resolve().parents[2]
PROGRAM = """
import sys
from qipan.conf.supervisor import Service, Supervisor
sleep = [sys.executable, "-c", "import time; time.sleep(600)"]
deaf = [sys.executable, "-c", "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)"]
services = [Service("one", sleep), Service("two", sleep)] + ([Service("deaf", deaf)] if "deaf" in sys.argv else [])
Supervisor(services, sys.argv[1], lambda text: print(text, flush=True), lambda: None).run(lambda: print("up", flush=True))
print("ended", flush=True)
"""


class Run:
    def __init__(self, home: Path) -> None:
        self.home = home
        self.log = home / "said.txt"

    def start(self, *words: str) -> subprocess.Popen[bytes]:
        environment = plain_environment() | {"PYTHONPATH": str(ROOT / "src"), "QIPAN_HOME": str(self.home)}
        with self.log.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-c", PROGRAM, str(self.home), *words],
                env=environment,
                stdout=output,
                stderr=output,
            )
        until(lambda: "up" in self.said)
        return self.process

    @property
    def said(self) -> str:
        return self.log.read_text()


def until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    made = Run(tmp_path)
    yield made
    for pid in [made.process.pid, *marked(tmp_path)]:
        if not is_gone(pid):
            os.kill(pid, signal.SIGKILL)
    made.process.wait()


def test_a_dead_service_is_started_again_and_told(run: Run) -> None:
    run.start()
    first = set(marked(run.home))
    assert len(first) == 2
    os.kill(min(first), signal.SIGKILL)
    until(lambda: len(marked(run.home).keys() | first) == 3)
    assert "SIGKILL" in run.said and "重新启动" in run.said


def test_the_word_to_end_ends_all(run: Run) -> None:
    process = run.start()
    pids = set(marked(run.home))
    process.send_signal(signal.SIGINT)
    assert process.wait(30) == 0 and "ended" in run.said
    assert all(map(is_gone, pids))


def test_a_second_word_does_not_wait_for_a_deaf_one(run: Run) -> None:
    process = run.start("deaf")
    until(lambda: len(marked(run.home)) == 3)
    time.sleep(0.5)  # until it has made itself deaf
    begun = time.monotonic()
    process.send_signal(signal.SIGTERM)
    time.sleep(0.5)
    process.send_signal(signal.SIGTERM)
    assert process.wait(30) == 0 and time.monotonic() - begun < 15
    assert not marked(run.home)


def test_services_of_a_killed_supervisor_end_and_the_deaf_ones_with_the_next_start(run: Run) -> None:
    process = run.start("deaf")
    until(lambda: len(marked(run.home)) == 3)
    time.sleep(0.5)
    before = set(marked(run.home))
    process.kill()
    process.wait()
    until(lambda: len([pid for pid in before if not is_gone(pid)]) == 1)
    run.start()
    assert all(map(is_gone, before)) and len(marked(run.home)) == 2
