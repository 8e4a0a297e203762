"""A database that DATABASE_URL names: `pg_dump` of one snapshot, of which the checksums are too."""

import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from qipan.conf.backup import checksums
from qipan.conf.backup.failure import FULL, BackupFailure
from qipan.conf.backup.files import Progress
from qipan.conf.backup.manifest import moment
from qipan.conf.postgres import programs

NAME = "database.dump"


def take(url: str, target: Path, progress: Callable[[str], Progress]) -> tuple[str, dict[str, list[Any]]]:
    """Dumps into `target`; the moment of the snapshot, and the checksums of every table in it."""
    with psycopg.connect(url, autocommit=True) as connection:
        program = _program("pg_dump", connection, url)
        connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        row = connection.execute("SELECT pg_export_snapshot()").fetchone()
        assert row is not None
        at = moment()
        total = len(checksums.columns(connection))
        where, environment = _address(url)
        options = ["-Fc", "--compress=1", "--verbose", f"--snapshot={row[0]}", "-f", str(target / NAME)]
        _watch(
            [str(program), *options, "-d", where],
            environment,
            "dumping contents of table",
            total,
            progress("数据库"),
            target,
        )
        tables = checksums.of_tables(connection, progress=progress("各表校验和"))
        connection.execute("ROLLBACK")
    return at, tables


def is_empty(url: str) -> bool:
    """No table of anybody's is there."""
    with psycopg.connect(url, connect_timeout=10) as connection:
        return not checksums.columns(connection)


def put_back(url: str, source: Path, total: int, progress: Callable[[str], Progress]) -> str:
    """Restores into an empty database, all or nothing, owned by whoever connects.

    Rights that were granted to roles come back where all those roles exist; else they are left out, and the answer
    says so.
    """
    with psycopg.connect(url, autocommit=True) as connection:
        program = _program("pg_restore", connection, url)
        known = {str(name) for (name,) in connection.execute("SELECT rolname FROM pg_roles")}
    missing = sorted(_grantees(program, source) - known)
    where, environment = _address(url)
    options = ["--no-owner", "--single-transaction", "--exit-on-error", "--verbose"]
    options += ["--no-privileges"] if missing else []
    command = [str(program), *options, "-d", where, str(source / NAME)]
    _watch(command, environment, "processing data for table", total, progress("数据库"), source)
    return f"数据库里没有账户 {'、'.join(missing)},对它们的授权没有恢复。" if missing else ""


def _grantees(program: Path, source: Path) -> set[str]:
    """The roles that the dump grants something to."""
    command = [str(program), "-f", "-", "--section=pre-data", "--section=post-data", str(source / NAME)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    found = re.findall(
        r"^(?:GRANT|REVOKE|ALTER DEFAULT) .* (?:TO|FROM) (\"[^\"]+\"|\w+)[; ]", done.stdout, re.M
    )
    return {name.strip('"') for name in found} - {"PUBLIC"}


def _address(url: str) -> tuple[str, dict[str, str]]:
    """The address without its password, which goes by the environment: others on the machine see command lines."""
    known = {name: str(value) for name, value in conninfo_to_dict(url).items() if value is not None}
    password = known.pop("password", "")
    return make_conninfo(**known), {"PATH": "/usr/bin:/bin", "PGPASSWORD": password, "LC_ALL": "C"}


def _program(name: str, connection: psycopg.Connection[Any], url: str) -> Path:
    """The system's program where it is new enough for the server, else the bundled one, which speaks no TLS."""
    server = connection.info.server_version // 10000
    found = shutil.which(name)
    if found:
        done = subprocess.run([found, "--version"], capture_output=True, text=True, check=False)  # noqa: S603
        told = re.search(r" (\d+)", done.stdout)
        if told and int(told[1]) >= server:
            return Path(found)
    if server > programs.MAJOR or connection.pgconn.ssl_in_use:
        raise BackupFailure(
            f"需要 PostgreSQL {server} 或更新版本的 {name}(自带的不支持加密连接)。"
            f"请安装软件包 postgresql-client-{server} 后重试。"
        )
    return programs.bundled() / name


def _watch(
    command: list[str], environment: dict[str, str], word: str, total: int, progress: Progress, place: Path
) -> None:
    """Runs a program that tells of each table."""
    said, done = "", 0
    with subprocess.Popen(  # noqa: S603
        command, cwd="/", env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    ) as program:
        assert program.stderr is not None
        for line in program.stderr:
            if word in line:
                done += 1
                progress(min(done, total), total)
            said = (said + line)[-2000:]
    progress(total, total)
    if program.returncode:
        if "No space left" in said:
            raise BackupFailure(FULL.format(place=place))
        raise BackupFailure(f"没有成功({Path(command[0]).name}):\n{said}")
