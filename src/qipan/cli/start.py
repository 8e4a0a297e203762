"""Starts one whole running system: front end, database, tables, catalogues, then its services until Ctrl-C."""

import errno
import fcntl
import importlib.util
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from qipan.cli.session import Refusal, tell, use_settings
from qipan.conf import environment as env
from qipan.conf import frontend, home, messages
from qipan.conf.database import SOURCES, Database
from qipan.conf.digest import of_files
from qipan.conf.postgres import DatabaseFailure
from qipan.conf.supervisor import Service, Supervisor

PROGRAM = (sys.executable, "-P", "-m")
QIPAN = (*PROGRAM, "qipan.cli")
#: Between two tries to start the database again, in seconds: what a mended disk waits at the most.
LONGEST_PAUSE = 5.0


@dataclass(frozen=True)
class Options:
    """How this system is started. `scale` builds the demo city, `rate` lets it live (acts a minute; 0: nobody acts)."""

    mode: home.Mode
    host: str
    port: int
    workers: int = 1
    scale: float = 0
    rate: float = 0


def start(options: Options) -> int:
    """Runs until it is told to stop; 0 after a clean end. Raises Refusal when it cannot start."""
    with _only_one(options):
        _check_port(options.host, options.port)
        _check_port(options.host, options.port + 1)
        home.remember(mode=options.mode)
        os.environ["QIPAN_LOG_LEVEL"] = env.text("QIPAN_LOG_LEVEL", "INFO")
        use_settings(options.mode)
        _set_addresses(options)
        messages.compile_stale()
        frontend.build(tell)
        database = Database(tell)
        with database.running():
            _prepare(database, options)
            Running(database, options).run()
    tell("已全部停止。")
    return 0


def _set_addresses(options: Options) -> None:
    """Under which names we answer and where our feed is; behind a proxy (a real installation) its own address counts."""
    names = _names(options.host)
    os.environ["QIPAN_HOSTS"] = ",".join(names)
    if options.mode == "demo":
        os.environ.setdefault("QIPAN_FEED_URL", f":{options.port + 1}/feed")
        os.environ.setdefault("QIPAN_BASE_URL", f"http://{_shown(options.host)}:{options.port}")
        os.environ.setdefault(
            "QIPAN_FEED_ORIGINS", ",".join(f"http://{name}:{options.port}" for name in names)
        )


@contextmanager
def _only_one(options: Options) -> Iterator[None]:
    """One system a home. The lock goes with its process, so a killed one never stands in the way."""
    with (home.folder("") / "running.lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            holder = lock.read().strip() or "?"
            raise Refusal(
                f"这里的棋盘已经在运行({holder})。先在那个终端按 Ctrl-C 停止它,"
                f"或用 QIPAN_HOME 指定另一个文件夹、--port 指定另一个端口,再启动一份。"
            ) from None
        lock.truncate(0)
        lock.write(f"进程 {os.getpid()},http://{_shown(options.host)}:{options.port}/")
        lock.flush()
        yield


def _check_port(host: str, port: int) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as problem:
            why = {
                errno.EADDRINUSE: f"端口 {port} 已被别的程序占用。",
                errno.EACCES: f"没有权限使用端口 {port}(1024 以下的端口需要 root)。",
                errno.EADDRNOTAVAIL: f"本机没有地址 {host}。",
            }.get(problem.errno or 0, f"不能使用 {host}:{port}:{problem.strerror}。")
            raise Refusal(f"{why}请另选一个,例如 --port {port + 100 if port < 65000 else 8100}。") from None


def _prepare(database: Database, options: Options) -> None:
    """Tables, static files, catalogues, city: each only when something changed since it was last done."""
    database.migrate()
    database.use("app")
    done = home.state()
    static = of_files([path for path in SOURCES.rglob("static/**/*") if path.is_file()], SOURCES)
    static += (frontend.FOLDER / "static-build" / frontend.STAMP).read_text() if frontend.is_built() else ""
    if done.get("static") != static:
        _step("正在整理静态文件…", "manage", "collectstatic", "--no-input", "--verbosity=0")
        home.remember(static=static)
    if importlib.util.find_spec("qipan.cli.load") and not database.is_loaded():
        _step("正在载入目录(法规、事项、表单…)…", "load")
    identity = database.identity()
    if options.scale and done.get("city") != identity:
        title = f"正在建设示范城市(规模 {options.scale:g})…"
        # It is copied in by the owner of the tables: COPY knows nothing of row-level security.
        owner = database.url("owner")
        _step(title, "city", "--brief", "--scale", f"{options.scale:g}", QIPAN_OWNER_DATABASE_URL=owner)
        home.remember(city=identity)


def _step(title: str, *arguments: str, **environment: str) -> None:
    tell(title)
    environment = {**os.environ, "QIPAN_LOG_LEVEL": "WARNING", **environment}
    if subprocess.run([*QIPAN, *arguments], env=environment, check=False).returncode:  # noqa: S603
        raise Refusal("上一步没有完成,已停止。处理后重新运行即可,已完成的步骤不会重做。")


class Running:
    """The services of one system, and the word to its people."""

    def __init__(self, database: Database, options: Options) -> None:
        self.database = database
        self.options = options
        self._retry_at = 0.0
        self._pause = 0.5
        self.supervisor = Supervisor(self.services(), str(env.home().resolve()), tell, self._watch_database)

    def services(self) -> list[Service]:
        """Web, feed, workers and, where a city lives, its simulator."""
        options = self.options
        granian = (
            *PROGRAM,
            "granian",
            "--host",
            options.host,
            "--workers-kill-timeout",
            "10",
            "--respawn-failed-workers",
        )
        web = (
            *granian,
            "--port",
            str(options.port),
            "--interface",
            "wsgi",
            "--workers",
            "2",
            "--blocking-threads",
            "4",
        )
        pool = {"QIPAN_DB_POOL": "6"}
        services = [Service("web", (*web, "qipan.portal.wsgi:application"), pool)]
        if importlib.util.find_spec("qipan.kernel.ledger.feed"):
            feed = (*granian, "--port", str(options.port + 1), "--interface", "asginl", "--workers", "1")
            services.append(Service("feed", (*feed, "qipan.kernel.ledger.feed:app")))
        for number in range(
            1, options.workers + 1 if importlib.util.find_spec("qipan.kernel.jobs.worker") else 1
        ):
            work = (*QIPAN, "work", "--part", "jobs")
            services.append(Service(f"work-{number}", work, {"QIPAN_DB_POOL": "8"}))
        if options.workers and importlib.util.find_spec("qipan.kernel.jobs.worker"):
            services.append(Service("deliver", (*QIPAN, "work", "--part", "rounds"), {"QIPAN_DB_POOL": "6"}))
        if options.rate:
            address = f"http://{_shown(options.host)}:{options.port}"
            services.append(
                Service(
                    "simulator", (*QIPAN, "city", "simulate", "--url", address, "--rate", f"{options.rate:g}")
                )
            )
        return services

    def run(self) -> None:
        tell("正在启动…")
        self.supervisor.run(self._greet)

    def _watch_database(self) -> None:
        """Starts the embedded database again when its process is gone; later and later while that fails."""
        server = self.database.server
        if server is None or server.pid is not None or time.monotonic() < self._retry_at:
            return
        tell("数据库退出了,正在重新启动…")
        try:
            server.revive()
        except (DatabaseFailure, OSError) as problem:  # a full disk is both, and passes
            self._pause = min(self._pause * 2, LONGEST_PAUSE)
            self._retry_at = time.monotonic() + self._pause
            tell(str(problem))
        else:
            self._pause = 0.5
            tell("数据库已恢复。")

    def _greet(self) -> None:
        address = f"http://{_shown(self.options.host)}:{self.options.port}/"
        status = self._first_answer(address)
        if self.supervisor.is_stopping:
            return
        if status == 0:
            tell(
                f"网页服务 60 秒内没有应答,仍会继续尝试。日志 {home.log_file('web')} 的末尾:\n{home.tail(home.log_file('web'))}"
            )
        elif status >= 500:
            tell(f"网页服务应答了错误 {status},请看日志 {home.log_file('web')}。")
        if self.options.scale:
            quiet = {**os.environ, "QIPAN_LOG_LEVEL": "WARNING"}
            subprocess.run([*QIPAN, "demo", "--accounts"], env=quiet, check=False)  # noqa: S603
        tell(
            f"\n棋盘已启动:  {address}\n工作人员:    {address}desk/\n手机:        {address}m/\n按 Ctrl-C 停止。"
        )
        if self.options.mode == "production":
            tell(
                "生产设置:请在前面放一个终止 TLS 的反向代理(见 docs/operators.md)。只是试用请运行 ./qipan demo。"
            )
            if not env.text("QIPAN_BASE_URL"):
                tell(
                    "没有设置 QIPAN_BASE_URL:文书上的二维码会指向 http://127.0.0.1:8000,请在制作第一份文书之前设好。"
                )

    def _first_answer(self, address: str) -> int:
        """The status of the first answer that the web service gives, 0 when none comes within a minute."""
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), _NoRedirect())
        end = time.monotonic() + 60
        while time.monotonic() < end and not self.supervisor.is_stopping:
            try:
                with opener.open(address, timeout=10) as answer:
                    return int(answer.status)
            except urllib.error.HTTPError as answer:
                return answer.code
            except OSError:
                time.sleep(0.1)
        return 0


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *arguments: object, **options: object) -> None:
        return None


def _shown(host: str) -> str:
    """The host under which a browser on this machine reaches us."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104
    return _bracketed(host)


def _bracketed(host: str) -> str:
    """A host as it stands in addresses: IPv6 in brackets."""
    return f"[{host}]" if ":" in host and not host.startswith("[") else host


def _names(host: str) -> list[str]:
    """The names under which requests may come: QIPAN_HOSTS and, when we listen on all addresses, this machine's."""
    names = {"127.0.0.1", "localhost", _shown(host), *env.text("QIPAN_HOSTS").split(",")}
    if host in ("0.0.0.0", "::"):  # noqa: S104
        names.add(socket.gethostname())
        with suppress(OSError):
            names |= {str(found[4][0]) for found in socket.getaddrinfo(socket.gethostname(), None)}
    return sorted(map(_bracketed, names - {""}))
