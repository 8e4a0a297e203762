"""A second start of the same home, a busy port, a copy of a home, another PostgreSQL: each is told or simply works."""

import os
import pwd
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from qipan.conf.postgres import programs
from qipan.kernel.ledger import feed
from tests.setup.conftest import SMALL
from tests.setup.systems import System, folder_for_all, free_port

pytestmark = pytest.mark.slow


def test_a_second_copy_is_told_who_runs(running: System) -> None:
    second = running.run("demo", "--port", str(free_port()), timeout=60)
    assert second.returncode == 1 and "已经在运行" in second.stderr
    assert running.url in second.stderr and "QIPAN_HOME" in second.stderr
    assert running.answers()


def test_a_running_system_is_well_and_a_stopped_one_says_so(running: System) -> None:
    well = running.run("doctor")
    assert well.returncode == 0 and "项检查,0 项错误" in well.stderr, well.stdout
    (running.home / "secrets" / "database.json").chmod(0o644)
    ill = running.run("doctor")
    (running.home / "secrets" / "database.json").chmod(0o600)
    assert ill.returncode == 1 and "chmod -R go=" in ill.stdout
    running.interrupt()
    stopped = running.run("doctor")
    assert stopped.returncode == 1 and "没有在运行" in stopped.stdout and "./qipan serve" in stopped.stdout


def test_screens_hear_of_changes_under_every_name_of_the_machine(running: System, settings) -> None:
    for name in ("127.0.0.1", "localhost"):
        page = httpx.get(f"http://{name}:{running.port}/", trust_env=False)
        address = f"http://{name}:{running.port + 1}/feed"
        assert f"*:{running.port + 1}" in page.headers["content-security-policy"]
        settings.SECRET_KEY = (running.home / "secrets" / "secret_key").read_text()
        ticket = feed.ticket(["x"])
        origin = {"Origin": f"http://{name}:{running.port}"}
        asked = {"ticket": ticket}
        with httpx.stream("GET", address, params=asked, headers=origin, trust_env=False) as answer:
            assert answer.status_code == 200
            assert answer.headers["access-control-allow-origin"] == origin["Origin"]
        stranger = {"Origin": "http://elsewhere.example"}
        with httpx.stream("GET", address, params=asked, headers=stranger, trust_env=False) as answer:
            assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize("above", [0, 1], ids=["web", "feed"])
def test_a_busy_port_is_told_and_another_can_be_named(prepared: System, above: int) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", prepared.port + above))
        taken.listen()
        refused = prepared.run("demo", "--port", str(prepared.port), timeout=60)
        assert refused.returncode == 1
        assert f"端口 {prepared.port + above} 已被" in refused.stderr and "--port" in refused.stderr
        other = System(prepared.tree)
        try:
            other.start(*SMALL)
            assert other.answers()
            other.interrupt()
        finally:
            other.end()


def test_a_copied_home_has_a_database_of_its_own(prepared: System, tmp_path: Path) -> None:
    with folder_for_all() as folder:
        subprocess.run(["cp", "-a", prepared.home, folder / "copy"], check=True)
        copy = System(prepared.tree, folder / "copy")
        prepared.start(*SMALL)
        try:
            copy.start(*SMALL)
            assert copy.answers() and prepared.answers()
            assert copy.postmaster() != prepared.postmaster()
            copy.interrupt()
            assert prepared.answers()
        finally:
            copy.end()
            prepared.end()


@contextmanager
def another_postgres(bin_folder: Path) -> Iterator[str]:
    """A PostgreSQL that is none of ours, on a port, with one plain role."""
    with folder_for_all() as folder:
        account = pwd.getpwnam("nobody") if os.geteuid() == 0 else pwd.getpwuid(os.geteuid())
        who = (
            {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []} if os.geteuid() == 0 else {}
        )
        os.chown(folder, account.pw_uid, account.pw_gid)
        data, port = folder / "data", free_port()
        environment = {"PATH": os.environ["PATH"], "LC_ALL": "C"}
        options = ["-A", "trust", "-U", "postgres", "-E", "UTF8", "--no-sync"]
        subprocess.run(
            [bin_folder / "initdb", "-D", data, *options],
            cwd="/", env=environment, check=True, capture_output=True, **who,
        )  # fmt: skip
        command = [
            bin_folder / "postgres",
            "-D",
            data,
            "-p",
            str(port),
            "-k",
            folder,
            "-h",
            "127.0.0.1",
            "-F",
        ]
        server = subprocess.Popen(
            command, cwd="/", env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **who
        )
        try:
            import psycopg

            address = f"postgresql://postgres@127.0.0.1:{port}/postgres"
            for _try in range(100):
                try:
                    with psycopg.connect(address, autocommit=True) as connection:
                        connection.execute("CREATE ROLE qipan LOGIN PASSWORD 'a plain one'")
                        connection.execute(
                            "CREATE DATABASE qipan OWNER qipan ENCODING 'UTF8' TEMPLATE template0"
                        )
                    break
                except psycopg.OperationalError:
                    time.sleep(0.2)
            yield f"postgresql://qipan:a%20plain%20one@127.0.0.1:{port}/qipan"
        finally:
            server.terminate()
            server.wait(60)


def other_postgres() -> list[Path]:
    """The programs of every PostgreSQL that this machine has: Debian's, and the embedded one."""
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    return [*(path for path in installed if (path / "initdb").exists()), programs.bundled()]


@pytest.mark.parametrize("bin_folder", other_postgres(), ids=lambda path: path.parent.name)
def test_it_works_on_another_postgresql(prepared: System, bin_folder: Path) -> None:
    if os.geteuid() == 0 and shutil.disk_usage("/tmp").free < 2**30:
        pytest.skip("no room")
    with another_postgres(bin_folder) as address, folder_for_all() as folder:
        system = System(prepared.tree, folder / "home", DATABASE_URL=address)
        try:
            empty = system.run("load")
            assert empty.returncode == 1 and "manage migrate" in empty.stderr
            system.start(*SMALL)
            assert system.answers()
            doctor = system.run("doctor")
            assert doctor.returncode == 0 and "外部数据库" in doctor.stdout, doctor.stdout
            verified = system.run("ledger", "verify")
            assert verified.returncode == 0, verified.stdout
            system.interrupt()
            assert not (folder / "home" / "postgres").exists()
            system.start(*SMALL)
            assert system.steps == ["正在启动…"]
            system.interrupt()
        finally:
            system.end()
