"""Starts, watches and stops the embedded database.

Many commands may use it at once: each holds a shared lock on `users`, and the last to leave stops it. The kernel takes
the locks of a killed process away, so nothing is counted wrongly. A server that its supervisor left behind is taken
over by the next start.
"""

import fcntl
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import IO

import psycopg

from qipan.conf.home import log_file, tail
from qipan.conf.postgres.cluster import DATABASE, Cluster
from qipan.conf.postgres.failure import DatabaseFailure
from qipan.conf.postgres.processes import LINUX, is_living, serves, serving

START_TIMEOUT = 120.0
STOP_TIMEOUT = 60.0


class Server:
    """The server of a cluster, whoever started it."""

    def __init__(
        self,
        cluster: Cluster,
        tell: Callable[[str], None] = lambda text: None,
        start_timeout: float = START_TIMEOUT,
    ) -> None:
        self.cluster = cluster
        self.tell = tell
        self.start_timeout = start_timeout
        self._child: subprocess.Popen[bytes] | None = None
        self._use: IO[str] | None = None

    @property
    def pid(self) -> int | None:
        """The postmaster's process, if it lives; a dead child is reaped on the way."""
        if self._child is not None and self._child.poll() is not None:
            self._child = None
        try:
            pid = int((self.cluster.data / "postmaster.pid").read_text().split()[0])
        except (OSError, ValueError, IndexError):
            return None
        return pid if serves(pid, self.cluster.data) else None

    def answers(self) -> bool:
        """A real query comes back: the only proof that it is alive."""
        try:
            with psycopg.connect(
                self.cluster.url("app", DATABASE), connect_timeout=5, autocommit=True
            ) as connection:
                return connection.execute("SELECT 1").fetchone() == (1,)
        except psycopg.Error:
            return False

    def acquire(self) -> None:
        """Makes sure the database runs and keeps it running until `release` (or this process's end)."""
        with self._alone():
            self._start()
            self._use = (self.cluster.place.base / "users").open("a")
            fcntl.flock(self._use, fcntl.LOCK_SH)

    def revive(self) -> None:
        """Starts it again after a crash; does nothing when it answers."""
        with self._alone():
            self._start()

    def release(self) -> bool:
        """Leaves the database; the last to leave stops it. True when it was stopped."""
        if self._use is None:
            return False
        with self._alone():
            try:
                fcntl.flock(self._use, fcntl.LOCK_EX | fcntl.LOCK_NB)
                self._stop()
            except BlockingIOError:
                return False
            finally:
                self._use.close()
                self._use = None
        return True

    @contextmanager
    def running(self) -> Iterator[Cluster]:
        """The database runs inside this block."""
        self.acquire()
        try:
            yield self.cluster
        finally:
            self.release()

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """One start or stop at a time; this lock lies beside the data, not in a folder that accounts share."""
        with (self.cluster.place.base / "lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _start(self) -> None:
        if self.cluster.data.exists() and self.answers():
            return
        if not self.cluster.data.exists():
            self.tell("正在建立数据库…")
        self.cluster.prepare()
        deadline = time.monotonic() + self.start_timeout
        if self.pid is not None:  # still starting, recovering or stopping: whoever began it
            self._wait(deadline)
            if self.pid is not None:
                return
        self._clear_remains()
        log = log_file("postgres")
        with log.open("ab") as output:
            self._child = subprocess.Popen(  # noqa: S603
                [self.cluster.programs / "postgres", "-D", self.cluster.data],
                cwd="/",
                env=self.cluster.programs_environment(),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,  # Ctrl-C in the terminal is for us; we stop it last
                **self.cluster.place.account.as_child(),
            )
        self._wait(deadline)
        if self._child is None or self._child.poll() is not None:
            raise DatabaseFailure(f"数据库没有启动。日志 {log} 的末尾:\n{tail(log)}")

    def _wait(self, deadline: float) -> None:
        """Until it answers or its process is gone; raises DatabaseFailure when the time is up (it is left running)."""
        next_word = time.monotonic() + 10
        while not self.answers():
            child_died = self._child is not None and self._child.poll() is not None
            if child_died or (self._child is None and self.pid is None):
                return
            now = time.monotonic()
            if now > deadline:
                log = log_file("postgres")
                raise DatabaseFailure(
                    f"数据库启动超过 {self.start_timeout:.0f} 秒,可能仍在恢复数据;它会继续,请稍后再试。"
                    f"日志 {log} 的末尾:\n{tail(log)}"
                )
            if now > next_word:
                self.tell("数据库仍在启动(可能在恢复数据)…")
                next_word = now + 10
            time.sleep(0.1)

    def _clear_remains(self) -> None:
        """After a kill: sessions that outlived their postmaster end, and its pid file goes once nobody is left.

        Only processes that stand in our data folder are touched. Without this a pid that now belongs to another
        process (common after a restart in a container) would keep the server from starting for ever.
        """
        for signal_number in (None, signal.SIGQUIT, signal.SIGKILL):
            if signal_number is not None:
                for pid in serving(self.cluster.data):
                    os.kill(pid, signal_number)
            end = time.monotonic() + 5
            while serving(self.cluster.data) and time.monotonic() < end:
                time.sleep(0.1)
        if LINUX and not serving(self.cluster.data):
            (self.cluster.data / "postmaster.pid").unlink(missing_ok=True)
            for path in self.cluster.place.run.glob(".s.PGSQL.*"):
                path.unlink(missing_ok=True)

    def _stop(self) -> None:
        """`fast`: open transactions are rolled back, everything is written; `immediate` after a minute."""
        for signal_number in (signal.SIGINT, signal.SIGQUIT):
            pid = self.pid
            if pid is None:
                return
            os.kill(pid, signal_number)
            end = time.monotonic() + STOP_TIMEOUT
            while is_living(pid) and time.monotonic() < end:
                if self._child is not None:
                    self._child.poll()
                time.sleep(0.05)
