"""Whole systems for the newcomer's tests: a copy of the project as a clone would be, started as a person starts it."""

import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx

ROOT = Path(__file__).resolve().parents[2]
READY = "按 Ctrl-C 停止"
PATIENCE = 300.0


def plain_environment() -> dict[str, str]:
    """Ours without what this test run was given: a newcomer has none of it."""
    ours = re.compile(r"QIPAN_|DATABASE_URL|DJANGO_|PYTHONPATH|PYTEST_|VIRTUAL_ENV|PG")
    return {name: value for name, value in os.environ.items() if not ours.match(name)}


def free_port() -> int:
    """A port that is free, and the next one as well (the live feed's)."""
    for _try in range(50):
        with socket.socket() as first, socket.socket() as second:
            first.bind(("127.0.0.1", 0))
            number = int(first.getsockname()[1])
            with contextlib.suppress(OSError, OverflowError):
                second.bind(("127.0.0.1", number + 1))
                return number
    raise AssertionError("no two free ports side by side")


def copy_of_the_project(target: Path, *, with_parts: bool) -> Path:
    """What git has of the project, changes of this working tree included; `with_parts`: what set-up makes, too."""
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "-z"], cwd=ROOT, capture_output=True, check=True
    )
    for name in filter(None, listed.stdout.decode().split("\0")):
        source = ROOT / name
        if source.is_file() and not source.is_symlink():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target / name)
    if with_parts:
        (target / ".venv").symlink_to(Path(sys.prefix))
        (target / "frontend" / "node_modules").symlink_to((ROOT / "frontend" / "node_modules").resolve())
        shutil.copytree(ROOT / "frontend" / "static-build", target / "frontend" / "static-build")
    return target


@contextlib.contextmanager
def folder_for_all(user: int | None = None) -> Iterator[Path]:
    """A temporary folder that other accounts of the system can enter, as a home folder can; given to `user`."""
    path = Path(tempfile.mkdtemp(prefix="qipan-"))
    path.chmod(0o755)
    if user is not None:
        os.chown(path, user, user)
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def marked(home: Path) -> dict[int, str]:
    """Every process that the supervisor of a home has started, with its command line."""
    found = {}
    wanted = f"QIPAN_SUPERVISED={home}".encode()
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                if wanted in (entry / "environ").read_bytes().split(b"\0"):
                    command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                    if command:
                        found[int(entry.name)] = command
    return found


class System:
    """One `./qipan demo` (or `serve`): started, asked, killed, ended."""

    def __init__(
        self, tree: Path, home: Path | None = None, *, command: str = "demo", **environment: str
    ) -> None:
        self.tree = tree
        self.home = home or tree / "var"
        self.command = command
        self.port = free_port()
        self.log = tree / f"said-{self.port}.txt"
        self.environment = plain_environment() | environment
        if home:
            self.environment["QIPAN_HOME"] = str(home)
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def said(self) -> str:
        return self.log.read_text(errors="replace")

    def run(self, *words: str, timeout: float = PATIENCE, **account: Any) -> subprocess.CompletedProcess[str]:
        """Another command of the same tree and home."""
        return subprocess.run(
            [self.tree / "qipan", *words],
            env=self.environment,
            cwd=self.tree,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
            **account,
        )

    def start(self, *options: str, timeout: float = PATIENCE, word: str = READY, **account: Any) -> None:
        """Starts it and waits until it says that it is there (or another word)."""
        words = [self.tree / "qipan", self.command, "--port", str(self.port), *options]
        with self.log.open("wb") as output:
            self.process = subprocess.Popen(
                words, env=self.environment, cwd=self.tree, stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                start_new_session=True, **account,
            )  # fmt: skip
        self.until(lambda: word in self.said, timeout)

    @property
    def steps(self) -> list[str]:
        """What it had to do on the way up; a bare start does nothing but start (which takes seconds, not a bound)."""
        return re.findall(r"^正在.*$", self.said, re.M)

    def until(self, condition: Callable[[], bool], timeout: float = PATIENCE) -> None:
        end = time.monotonic() + timeout
        while not condition():
            assert self.process is None or self.process.poll() is None, self.said
            assert time.monotonic() < end, self.said
            time.sleep(0.1)

    def answers(self, path: str = "/api/v1/items") -> bool:
        with contextlib.suppress(httpx.HTTPError):
            return httpx.get(self.url + path, timeout=10, trust_env=False).status_code == 200
        return False

    def parts(self, word: str = "") -> list[int]:
        """The supervised processes whose command line has a word."""
        return [pid for pid, command in marked(self.home.resolve()).items() if word in command]

    def postmaster(self) -> int:
        return int((self.home / "postgres" / "data" / "postmaster.pid").read_text().split()[0])

    def interrupt(self, timeout: float = 60) -> None:
        """Ctrl-C: it ends by itself, and cleanly."""
        assert self.process is not None
        self.process.send_signal(signal.SIGINT)
        assert self.process.wait(timeout) == 0, self.said
        self.process = None

    def end(self) -> None:
        """However the test went, nothing stays."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(60)
            if self.process.poll() is None:
                self.process.kill()
                self.process.wait()
        for pid in self.parts():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        with contextlib.suppress(OSError, ValueError, IndexError):
            postmaster = self.postmaster()
            os.kill(postmaster, signal.SIGQUIT)
            for _try in range(100):
                if is_gone(postmaster):
                    break
                time.sleep(0.1)


def is_gone(pid: int) -> bool:
    """The process does not run any more (a dead one that nobody has reaped counts as gone)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in "ZX"
    except OSError:
        return True
