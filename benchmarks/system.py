"""A whole running Qipan for a benchmark: the demo command on loopback, in a home of its own, with its worker."""

import contextlib
import fcntl
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from qipan.cli.session import Refusal, use_settings
from qipan.conf import environment as env
from qipan.conf import home
from qipan.conf.database import SOURCES, Database
from qipan.conf.digest import of_files

Tell = Callable[[str], None]


@dataclass(frozen=True)
class System:
    """The address of the running system; this process is set up as its `app` role too."""

    url: str
    app_database: str
    superuser_database: str


def free_port() -> int:
    """A port that is free, and the next one as well (the live feed's)."""
    for _try in range(50):
        with socket.socket() as first, socket.socket() as second:
            first.bind(("127.0.0.1", 0))
            number = int(first.getsockname()[1])
            with contextlib.suppress(OSError):
                second.bind(("127.0.0.1", number + 1))
                return number
    raise Refusal("没有找到两个相邻的空闲端口。")


def _made_for() -> str:
    """Names the tables and catalogues of these sources: a home that was made for others is made anew."""
    files = [*SOURCES.rglob("migrations/*.py"), *SOURCES.rglob("catalogue/**/*")]
    return of_files([path for path in files if path.is_file()], SOURCES)


def _fresh(place: Path) -> None:
    stamp = place / "made_for"
    wanted = _made_for()
    if stamp.exists() and stamp.read_text() == wanted:
        return
    if place.exists():
        with (place / "running.lock").open("a") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise Refusal("另一个性能测试正在运行，请等它结束。") from None
            with contextlib.suppress(OSError, ValueError, KeyError):
                shutil.rmtree(json.loads((place / "postgres" / "place.json").read_text())["base"])
            shutil.rmtree(place)
    place.mkdir(parents=True)
    stamp.write_text(wanted)


@contextmanager
def running(tell: Tell, *, city: float = 0, name: str = "bench") -> Iterator[System]:
    """Starts it in var/bench (kept for the next run), sets Django up here, ends it again.

    `city`: with a city of that scale, in a home of its own; the first time it is built, which takes its time. `name`: a
    home of its own for a benchmark that keeps much.
    """
    place = env.home() / (f"bench-city-{city:g}" if city else name)
    os.environ["QIPAN_HOME"] = str(place)
    _fresh(place)
    for name in ("DATABASE_URL", "QIPAN_OWNER_DATABASE_URL", "QIPAN_PORT"):
        os.environ.pop(name, None)
    needed = 2 + round(40 * city)
    if shutil.disk_usage(env.ROOT).free < needed * 2**30:
        raise Refusal(f"性能测试需要 {needed} GB 空闲磁盘。")
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    log = home.log_file("bench")
    tell("正在启动一套完整的系统（网页、后台任务、数据库）…")
    command = [sys.executable, "-P", "-m", "qipan.cli", "demo"]
    command += ["--scale", f"{city:g}", "--rate", "0", "--port", str(port)]
    environment = {**os.environ, "QIPAN_LOG_LEVEL": "WARNING", "QIPAN_BASE_URL": url}
    with log.open("ab") as output:
        process = subprocess.Popen(
            command, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=output
        )
    try:
        _wait(process, url, log, 900 + 7200 * city)
        use_settings("demo")
        database = Database(tell)
        with database.running():
            database.use("app")
            import django

            django.setup()
            assert database.server is not None
            cluster = database.server.cluster
            yield System(url, cluster.url("app"), cluster.url("superuser"))
            from django.db import connections

            connections.close_all()
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(timeout=40)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


@contextmanager
def database(tell: Tell, name: str = "bench") -> Iterator[System]:
    """Only the database of the same home, with nothing running on it."""
    with running(tell, name=name):
        pass
    for name in ("DATABASE_URL", "QIPAN_OWNER_DATABASE_URL"):
        os.environ.pop(name, None)
    server = Database(tell)
    with server.running():
        server.use("app")
        assert server.server is not None
        cluster = server.server.cluster
        yield System("", cluster.url("app"), cluster.url("superuser"))
        from django.db import connections

        connections.close_all()


def _wait(process: subprocess.Popen[bytes], url: str, log: object, seconds: float) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if process.poll() is not None:
            raise Refusal(f"系统没有启动：\n{home.tail(log)}")  # type: ignore[arg-type]
        with contextlib.suppress(httpx.HTTPError):
            if httpx.get(f"{url}/api/v1/items", timeout=5, trust_env=False).status_code == 200:
                return
        time.sleep(0.3)
    raise Refusal(f"系统 {seconds / 60:.0f} 分钟内没有应答：\n{home.tail(log)}")  # type: ignore[arg-type]
