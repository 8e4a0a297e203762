"""Keeps the processes of one running system alive, and ends them together.

A service that dies is started again, later and later while it keeps dying. If the supervisor itself is killed, the
kernel sends its services a SIGTERM (Linux); what survives even that carries our mark in its environment and is ended
by the next start.
"""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from qipan.conf.home import log_file, tail

MARK = "QIPAN_SUPERVISED"
LONGEST_PAUSE = 30.0
STEADY_AFTER = 30.0
STOP_TIMEOUT = 20.0
PR_SET_PDEATHSIG = 1


@dataclass(frozen=True)
class Service:
    """One program to keep running; its output goes to log/<name>.log."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)


class Running:
    """A service's present process, and how often it died of late."""

    def __init__(self, service: Service, mark: str) -> None:
        self.service = service
        self._mark = mark
        self._deaths = 0
        self._next_start = 0.0
        self.start()

    def start(self) -> None:
        self.started = time.monotonic()
        with log_file(self.service.name).open("ab") as output:
            self.process = subprocess.Popen(  # noqa: S603
                list(self.service.command),
                env={**os.environ, **self.service.environment, MARK: self._mark, "PYTHONUNBUFFERED": "1"},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,  # Ctrl-C is for the supervisor, which stops its services in order
                preexec_fn=_die_with_parent(os.getpid()),
            )

    def has_ended(self) -> bool:
        """Seen without reaping, so that the number of its process group cannot pass to another meanwhile."""
        if self.process.returncode is not None:
            return True
        return os.waitid(os.P_PID, self.process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None

    def clear(self) -> int:
        """Ends what the process left of its group, reaps it; its exit code."""
        if self.process.returncode is None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process.pid, signal.SIGKILL)
        return self.process.wait()

    def look_after(self, tell: Callable[[str], None]) -> None:
        """Starts it again when it has ended, after a pause that doubles while it does not stay up."""
        now = time.monotonic()
        if self._next_start:
            if now >= self._next_start:
                self._next_start = 0.0
                self.start()
            return
        if not self.has_ended():
            return
        code = self.clear()
        self._deaths = 1 if now - self.started > STEADY_AFTER else self._deaths + 1
        pause = min(0.25 * 2**self._deaths, LONGEST_PAUSE)
        self._next_start = now + pause
        log = log_file(self.service.name)
        tell(
            f"{self.service.name} 退出了({_reason(code)}),{pause:.1f} 秒后重新启动。日志 {log} 的末尾:\n{tail(log, 5)}"
        )

    def ask_to_stop(self) -> None:
        if not self._next_start and not self.has_ended():
            self.process.terminate()


class Supervisor:
    """Runs services until SIGINT, SIGTERM or SIGHUP. `mark` names this home; `each_round` is called all the time."""

    def __init__(
        self,
        services: Sequence[Service],
        mark: str,
        tell: Callable[[str], None],
        each_round: Callable[[], None],
    ) -> None:
        self._services = services
        self._mark = mark
        self._tell = tell
        self._each_round = each_round
        self._signals = 0

    def run(self, when_started: Callable[[], None]) -> None:
        """Returns when everything has been stopped. `when_started` is called once, after the first round."""
        before = {
            number: signal.signal(number, self._on_signal)
            for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)
        }
        running: list[Running] = []
        try:
            end_leftovers(self._mark)
            for service in self._services:
                running.append(Running(service, self._mark))
            when_started()
            while not self._signals:
                self._each_round()
                for each in running:
                    each.look_after(self._tell)
                time.sleep(0.2)
        finally:
            self._stop(running)
            for number, handler in before.items():
                signal.signal(number, handler)

    @property
    def is_stopping(self) -> bool:
        return self._signals > 0

    def _on_signal(self, number: int, frame: object) -> None:
        self._signals += 1

    def _stop(self, running: list[Running]) -> None:
        """Asks all to finish what they hold, waits, then ends what is left; a second Ctrl-C does not wait."""
        asked = self._signals
        for each in reversed(running):
            each.ask_to_stop()
        end = time.monotonic() + STOP_TIMEOUT
        while time.monotonic() < end and self._signals <= max(asked, 1):
            if all(each.has_ended() for each in running):
                break
            time.sleep(0.05)
        for each in running:
            each.clear()


def end_leftovers(mark: str) -> None:
    """Ends what an earlier supervisor of this home left behind when it was killed. The caller holds the home's lock."""
    end = time.monotonic() + 5
    while left := _marked(mark):
        number = signal.SIGTERM if time.monotonic() < end else signal.SIGKILL
        for pid in left:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, number)
        if time.monotonic() > end + 5:
            return
        time.sleep(0.2)


def _marked(mark: str) -> list[int]:
    if sys.platform != "linux":
        return []
    wanted = f"{MARK}={mark}".encode()
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            with contextlib.suppress(OSError):
                if wanted in (entry / "environ").read_bytes().split(b"\0"):
                    found.append(int(entry.name))
    return found


def _die_with_parent(parent: int) -> Callable[[], None] | None:
    if sys.platform != "linux":
        return None
    library = ctypes.CDLL(None)  # loaded before the fork

    def prepare() -> None:
        library.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:  # it died before the line above
            os._exit(1)

    return prepare


def _reason(code: int) -> str:
    if code >= 0:
        return f"返回码 {code}"
    try:
        return signal.Signals(-code).name
    except ValueError:
        return f"信号 {-code}"
