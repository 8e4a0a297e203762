"""Makes one backup: database first, then the files that it may name, then the manifest; a cut-off one is cleared."""

import fcntl
import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import psycopg

import qipan
from qipan.conf import environment as env
from qipan.conf import home
from qipan.conf.backup import dump, embedded, files, keys, manifest, wal
from qipan.conf.backup.failure import BackupFailure, plain
from qipan.conf.backup.files import Progress
from qipan.conf.backup.manifest import Manifest
from qipan.conf.database import Database
from qipan.conf.postgres import archiving

DRAFT = ".new"
SEALS = ("seals.jsonl", "digests.bin")


@dataclass(frozen=True)
class Made:
    """A finished backup and what its maker should be told."""

    folder: Path
    manifest: Manifest


def seals_folder() -> Path:
    """Where the seals of the ledger stand outside the database."""
    return Path(env.text("QIPAN_SEALS", str(env.home() / "ledger")))


def make(database: Database, backups: Path, passphrase: str, progress: Callable[[str], Progress]) -> Made:
    """One backup into a folder of backups. The database runs; so may everything else.

    Raises BackupFailure, and leaves nothing behind that could be taken for a backup.
    """
    backups = backups.absolute()
    with plain(backups):
        # The database's account passes through to its log when we are root; nobody may list what is here.
        backups.mkdir(mode=0o711, parents=True, exist_ok=True)
    if backups.resolve().is_relative_to(env.home().resolve() / "postgres"):
        raise BackupFailure("备份不能放进数据库自己的文件夹。请另选一个,最好在另一个磁盘上。")
    with _alone(backups), plain(backups):
        name = _free_name(backups)
        draft = backups / f"{name}{DRAFT}"
        for cut_off in backups.glob(f"*{DRAFT}"):
            shutil.rmtree(cut_off, ignore_errors=True)
        try:
            (draft / "database").mkdir(mode=0o700, parents=True)
            made = _fill(database, backups, draft, passphrase, progress)
            draft.rename(backups / name)
        except BaseException:
            shutil.rmtree(draft, ignore_errors=True)
            raise
    home.remember(backup={"at": made.at, "folder": str(backups)})
    return Made(backups / name, made)


def _free_name(backups: Path) -> str:
    """The second of beginning; where the second has a backup already, the next that has none."""
    while (backups / (name := datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ"))).exists():
        time.sleep(0.05)
    return name


@contextmanager
def _alone(backups: Path) -> Iterator[None]:
    """One backup at a time into a folder; the lock goes with its process."""
    with (backups / "lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BackupFailure(f"另一个备份正在写入 {backups}。请等它结束。") from None
        yield


def _fill(
    database: Database, backups: Path, draft: Path, passphrase: str, progress: Callable[[str], Progress]
) -> Manifest:
    here = env.home()
    made = Manifest("external" if database.server is None else "embedded", qipan.__version__, 0)
    with psycopg.connect(database.url("owner"), connect_timeout=10) as connection:
        made.postgres = connection.info.server_version // 10000
        if connection.execute("SELECT to_regclass('public.django_migrations')").fetchone() == (None,):
            raise BackupFailure(
                "数据库里还没有棋盘的数据表,没有可以备份的内容。请先运行 ./qipan demo 或 serve。"
            )
        rows = connection.execute("SELECT app || '.' || name FROM public.django_migrations ORDER BY id")
        made.migrations = [name for (name,) in rows.fetchall()]
        size = connection.execute("SELECT pg_database_size(current_database())").fetchone()
    _must_have_room(backups, int(size[0]) if size else 0)
    if database.server is None:
        made.at, made.tables = dump.take(database.url("owner"), draft / "database", progress)
        made.consistent_at = made.at
    else:
        cluster = database.server.cluster
        made.system = archiving.system_of(cluster.data)
        made.point = f"qipan-{draft.name.removesuffix(DRAFT)}"
        taken = embedded.take(cluster, draft / "database", made.point, progress)
        made.at, made.consistent_at, made.tables = taken.at, taken.consistent_at, taken.tables
    for name in SEALS:
        if (seals_folder() / name).exists():
            files.copy(seals_folder() / name, draft / "ledger" / name)
    count, total, made.damaged = files.gather(here, backups, draft, progress("文件"))
    made.shared = [count, total]
    made.key_files = keys.digests(here)
    if made.key_files and passphrase:
        (draft / keys.NAME).write_bytes(keys.seal(here, passphrase))
        made.keys = "sealed"
    elif made.key_files:
        made.keys = "left out"
    made.evidence = env.text("QIPAN_EVIDENCE_URL")
    made.state = {name: value for name, value in home.state().items() if name != "backup"}
    parts = sorted(path for path in draft.rglob("*") if path.is_file())
    tell = progress("摘要")
    for done, path in enumerate(parts):
        tell(done, len(parts))
        made.parts[str(path.relative_to(draft))] = [path.stat().st_size, files.digest_of(path)]
        _sync(path)
    tell(len(parts), len(parts))
    made.write(draft)
    _sync(draft / manifest.NAME)
    return made


def _must_have_room(backups: Path, database: int) -> None:
    """A packed database takes a quarter or so; a backup that would fill the disk is refused before it begins."""
    if files.free(backups) < database // 3 + env.least_free() // 4:
        raise BackupFailure(
            f"{backups} 所在磁盘剩余 {files.free(backups) / 2**30:.1f} GB,数据库有 {database / 2**30:.1f} GB,可能不够。"
            "请腾出空间,或另选一个磁盘。"
        )


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def forget(backups: Path, keep: int) -> list[str]:
    """Removes all but the newest `keep` backups, and what only those used; the names of what was removed."""
    known = manifest.backups(backups)
    old, left = known[:-keep], known[-keep:]
    for path in old:
        shutil.rmtree(path)
    used = {name for path in left for name, _size, _digest in manifest.listed(path)}
    for folder, _below, names in os.walk(backups / files.SHARED):
        for name in names:
            path = Path(folder) / name
            if str(path.relative_to(backups / files.SHARED)) not in used:
                path.unlink()
    firsts: dict[str, str] = {}
    for path in left:
        begun = wal.segments(path / "database" / "wal")
        if begun:
            firsts.setdefault(manifest.read(path).system, begun[0])
    for system, first in firsts.items():
        for name in wal.segments(archiving.folder_of(backups, system)):
            if name[8:] < first[8:]:
                (archiving.folder_of(backups, system) / f"{name}.gz").unlink()
    return [path.name for path in old]
