"""The embedded database: a base backup while it runs, the log that goes with it, and a cluster made of both again."""

import gzip
import os
import re
import shutil
import signal
import subprocess
import tarfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from qipan.conf.backup import checksums, wal
from qipan.conf.backup.failure import FULL, BackupFailure, plain
from qipan.conf.backup.files import Progress
from qipan.conf.backup.manifest import moment
from qipan.conf.postgres import ROLES, Cluster

BASE = "base.tar.gz"
PATIENCE = 60.0
PERCENT = re.compile(r"(\d+)/(\d+) kB \(")


@dataclass(frozen=True)
class Taken:
    """`at` is the moment of the checksums, `point` its name in the log; `consistent_at` the end of the base backup."""

    at: str
    consistent_at: str
    point: str
    tables: dict[str, list[Any]]


def take(cluster: Cluster, target: Path, point: str, progress: Callable[[str], Progress]) -> Taken:
    """A base backup into `target`, and the log from its beginning to the moment of which the checksums are."""
    with _log_held(cluster), _log_received(cluster, target / "wal") as has_arrived:
        _base_backup(cluster, target, progress("数据库"))
        consistent_at = moment()
        with psycopg.connect(cluster.url("superuser"), autocommit=True) as reader:
            at = _agreed_moment(cluster, reader, point)
            try:
                with psycopg.connect(cluster.url("superuser"), autocommit=True) as switcher:
                    row = switcher.execute("SELECT pg_walfile_name(pg_switch_wal())").fetchone()
                tables = checksums.of_tables(reader, progress=progress("各表校验和"))
            finally:
                reader.execute("ROLLBACK")
        assert row is not None
        has_arrived(row[0])
    return Taken(at, consistent_at, point, tables)


def _connection(cluster: Cluster) -> tuple[list[str], dict[str, str]]:
    """Arguments and environment by which the client programs reach the server as its superuser."""
    arguments = ["-h", str(cluster.place.run), "-p", "5432", "-U", ROLES["superuser"], "-w"]
    return arguments, cluster.programs_environment() | {"PGPASSWORD": cluster.passwords["superuser"]}


def _base_backup(cluster: Cluster, target: Path, progress: Progress) -> None:
    arguments, environment = _connection(cluster)
    command: list[str | Path] = [
        cluster.programs / "pg_basebackup",
        *arguments,
        "-D",
        target / "base",
        "-Ft",
        "-X",
        "stream",
    ]
    command += ["--compress=client-gzip:1", "--checkpoint=fast", "--progress", "--label=qipan"]
    said = ""
    with subprocess.Popen(  # noqa: S603
        command, cwd="/", env=environment, stderr=subprocess.PIPE, text=True
    ) as program:
        assert program.stderr is not None
        for line in program.stderr:
            if told := PERCENT.search(line):
                progress(int(told[1]), int(told[2]))
            else:
                said = (said + line)[-2000:]
    if program.returncode:
        if "No space left" in said:
            raise BackupFailure(FULL.format(place=target))
        raise BackupFailure(f"数据库没有备份成功(pg_basebackup):\n{said}")
    (target / "base" / BASE).rename(target / BASE)
    (target / "base" / "backup_manifest").rename(target / "backup_manifest")
    shutil.rmtree(target / "base")  # its copy of the log: `wal/` begins before it


@contextmanager
def _log_held(cluster: Cluster) -> Iterator[None]:
    """No segment of the log is removed inside this block; a slot that goes with its session, however that ends."""
    with psycopg.connect(cluster.url("superuser"), autocommit=True) as connection:
        connection.execute(
            "SELECT pg_create_physical_replication_slot(%s, true, true)", [f"qipan_backup_{os.getpid()}"]
        )
        yield


@contextmanager
def _log_received(cluster: Cluster, target: Path) -> Iterator[Callable[[str], None]]:
    """The log arrives in `target` inside this block; yields a function that waits for a segment by name."""
    target.mkdir()
    arguments, environment = _connection(cluster)
    command: list[str | Path] = [cluster.programs / "pg_receivewal", *arguments, "-D", target]
    command += ["--compress=gzip:1", "--no-loop"]
    program = subprocess.Popen(  # noqa: S603
        command, cwd="/", env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )

    def wait(there: Callable[[], bool]) -> None:
        end = time.monotonic() + PATIENCE
        while not there():
            if program.poll() is not None or time.monotonic() > end:
                program.kill()
                said = program.stderr.read()[-2000:] if program.stderr else ""
                if "No space left" in said:
                    raise BackupFailure(FULL.format(place=target))
                raise BackupFailure(f"没有收到数据库的日志(pg_receivewal):\n{said}")
            time.sleep(0.05)

    try:
        wait(lambda: any(target.iterdir()))
        yield lambda name: wait((target / f"{name}.gz").exists)
    finally:
        if program.poll() is None:
            program.send_signal(signal.SIGINT)
        program.wait()
        if program.stderr:
            program.stderr.close()
    for partial in target.glob("*.partial"):
        partial.unlink()


def _agreed_moment(cluster: Cluster, reader: psycopg.Connection[Any], point: str) -> str:
    """Opens a snapshot in `reader` that shows exactly what is in the log up to a new restore point; its time.

    For that no writer may be in the middle of a commit: every table is locked against writing for an instant. Whoever
    is in the way is never the one who pays: the lock gives up after 300 ms and tries again (a vacuum of the system's
    own yields to it). Raises BackupFailure after a minute.
    """
    end = time.monotonic() + PATIENCE
    with psycopg.connect(cluster.url("superuser"), autocommit=True) as locker:
        while True:
            try:
                with locker.transaction():
                    locker.execute("SET LOCAL lock_timeout = '300ms'")
                    locker.execute("SET LOCAL deadlock_timeout = '100ms'")
                    for table in checksums.columns(locker):
                        locker.execute(
                            psycopg.sql.SQL("LOCK TABLE ONLY {} IN SHARE MODE").format(
                                checksums.identifier(table)
                            )
                        )
                    reader.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
                    reader.execute("SELECT 1")
                    row = locker.execute("SELECT pg_create_restore_point(%s), now()", [point]).fetchone()
                    assert row is not None
                    return moment()
            except (psycopg.errors.LockNotAvailable, psycopg.errors.DeadlockDetected):
                if time.monotonic() > end:
                    raise BackupFailure(
                        "有一个写入事务长时间没有结束(例如正在建设城市或导入登记簿),没有找到各表一致的时刻。"
                        "请等它结束后再备份。"
                    ) from None
                time.sleep(0.2)


def put_back(
    cluster: Cluster,
    source: Path,
    archive: Iterable[Path],
    target: dict[str, str],
    progress: Callable[[str], Progress],
) -> str:
    """Makes the cluster of a home that has none: base backup, then its log up to the target (recovery settings).

    Every role gets the password of this home. Returns the time of the last transaction that was brought back, as the
    log says it. Raises BackupFailure; nothing that could be started is left then.
    """
    data, account = cluster.data, cluster.place.account
    draft, log = data.with_name("data.new"), data.with_name("wal.new")
    shutil.rmtree(draft, ignore_errors=True)
    shutil.rmtree(log, ignore_errors=True)
    try:
        with plain(data.parent):
            _extract(source / BASE, draft, progress("数据库"))
            wal.unpack([*(source / "wal").glob("*.gz"), *archive], log, progress("日志"))
        (draft / "recovery.signal").touch(mode=0o600)
        for path in (draft, log, *draft.rglob("*"), *log.rglob("*")):
            account.own(path)
        said = _recover(cluster, draft, log, target)
        draft.rename(data)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
        shutil.rmtree(log, ignore_errors=True)
    last = re.findall(r"last completed transaction was at log time (\S+ \S+)", said)
    return last[-1] if last else ""


def _extract(source: Path, target: Path, progress: Progress) -> None:
    """The base backup's files, their owner's only; links and devices do not belong into one."""
    target.mkdir(mode=0o700)
    total = source.stat().st_size
    with (
        source.open("rb") as packed,
        gzip.open(packed) as stream,
        tarfile.open(fileobj=stream, mode="r|") as archive,
    ):
        for entry in archive:
            path = target / entry.name
            if not path.resolve().is_relative_to(target.resolve()):
                raise BackupFailure(f"{source} 里有不该有的文件名:{entry.name}")
            if entry.isdir():
                path.mkdir(mode=0o700, exist_ok=True, parents=True)
            elif entry.isfile():
                content = archive.extractfile(entry)
                assert content is not None
                with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as out:
                    shutil.copyfileobj(content, out, 2**20)
                progress(packed.tell(), total)
            else:
                raise BackupFailure(f"{source} 里有链接:{entry.name}。没有恢复。")
    progress(total, total)


def _recover(cluster: Cluster, draft: Path, log: Path, target: dict[str, str]) -> str:
    """Replays the log in single-user mode, in which nobody can connect, and sets the passwords; what the server said."""
    settings = {
        "restore_command": f'cp "{log}/%f" "%p"',
        "recovery_target_action": "promote",
        "hot_standby": "off",
        # Nobody hands anything on here, but what the new timeline has to hand on is noted.
        "archive_mode": "on",
        "archive_command": "false",
    } | target
    command: list[str | Path] = [cluster.programs / "postgres", "--single", "-D", draft]
    for name, value in settings.items():
        command += ["-c", f"{name}={value}"]
    words = "\n".join(
        f"ALTER ROLE {name} PASSWORD '{cluster.passwords[role]}';" for role, name in ROLES.items()
    )
    done = subprocess.run(  # noqa: S603
        [*command, "postgres"],
        cwd="/",
        env=cluster.programs_environment(),
        input=words,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
        **cluster.place.account.as_child(),
    )
    said = done.stderr
    if done.returncode == 0 and "ERROR:" not in said and "FATAL:" not in said:
        return said
    if "No space left" in said:
        raise BackupFailure(FULL.format(place=draft.parent))
    if "recovery ended before configured recovery target" in said:
        last = re.findall(r"last completed transaction was at log time (\S+)\.?\d* ", said)
        upto = f"(最后一笔在 {last[-1]} UTC)" if last else ""
        raise BackupFailure(
            f"日志没有到这个时刻{upto}。要恢复到日志的末尾,请用 --to latest。没有恢复任何内容。"
        )
    raise BackupFailure(f"数据库没有恢复成功:\n{said[-2000:]}")
