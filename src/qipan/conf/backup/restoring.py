"""Fills an empty home from a backup. Everything is read and checked before anything is written.

While it works, a mark lies in the home: nothing starts on it, and a restore that was cut off can be run again.
"""

import fcntl
import json
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import psycopg

from qipan.conf import environment as env
from qipan.conf.backup import checking, dump, embedded, files, keys, manifest, wal
from qipan.conf.backup.failure import BackupFailure, plain
from qipan.conf.backup.files import Progress
from qipan.conf.backup.manifest import Manifest
from qipan.conf.backup.taking import SEALS, seals_folder
from qipan.conf.database import SOURCES, UNFINISHED, Database
from qipan.conf.postgres import archiving, programs

#: What a home holds once it was used; `log`, `cache` and the like are made by every command.
USED = (
    "state.json",
    "postgres/data",
    "keys",
    "evidence",
    "documents",
    "ledger",
    "imports",
    "secrets/database.json",
)
LATEST = "latest"
DIGEST = re.compile(rb'"digest": "([0-9a-f]{64})"')


@dataclass
class Wanted:
    """What is to be restored: `to` is a moment in UTC or `latest`, empty for the backup's own moment.

    `timeline` chooses where the log branches: it does at every restore that went on to work.
    """

    folder: Path
    to: str = ""
    timeline: int = 0
    passphrase: str = ""
    keys_from: Path | None = None
    without_keys: bool = False


@dataclass
class Restored:
    """What was restored; `reached` is the last transaction's time by the log, `notes` what its maker should be told."""

    backup: Path
    manifest: Manifest
    reached: str = ""
    notes: list[str] = field(default_factory=list)


def restore(database: Database, wanted: Wanted, progress: Callable[[str], Progress]) -> Restored:
    """Restores into this home. Raises BackupFailure."""
    here = env.home()
    upto = wanted.to if wanted.to != LATEST else ""
    backup = checking.find(wanted.folder.absolute(), upto)
    told = manifest.read(backup)
    _must_fit(database, told, wanted)
    if upto and upto < told.consistent_at:
        raise BackupFailure(
            f"这份备份完成于 {told.consistent_at}(UTC),不能恢复到更早的时刻。请用更早的备份。"
        )
    here.mkdir(parents=True, exist_ok=True)
    with (here / "running.lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BackupFailure(f"{here} 里的棋盘正在运行。恢复只能写入空的文件夹(QIPAN_HOME)。") from None
        _must_be_empty(here, database)
        checked = checking.check(backup, progress)
        damage = [each for each in checked.wrong if not each.startswith("wal/")]
        if damage:
            more = f"……共 {len(damage)} 处。" if len(damage) > 5 else ""
            raise BackupFailure(
                f"备份已损坏,没有恢复任何内容:\n  {chr(10).join(damage[:5])}\n{more}请换用另一份备份。"
            )
        key_files = _keys(backup, told, wanted)
        _must_have_room(here, checked)
        (here / UNFINISHED).touch()
        done = Restored(backup, told)
        try:
            keys.put(here, key_files, {} if wanted.without_keys else told.key_files)
            _database(database, wanted, backup, done, progress)
            newest = manifest.backups(backup.parent)[-1] if wanted.to else backup
            lost = files.put_back(backup.parent, newest, here, progress("文件"))
            done.notes += [f"文件没有恢复:{name}" for name in lost]
            _seals(newest, done)
            with plain(here):
                (here / "state.json").write_text(json.dumps(told.state, indent=1, sort_keys=True))
        except BackupFailure:  # refused on the way: the home is empty again
            _clear(here, database)
            (here / UNFINISHED).unlink()
            raise
        (here / UNFINISHED).unlink()
    return done


def _must_fit(database: Database, told: Manifest, wanted: Wanted) -> None:
    if (told.kind == "external") != (database.server is None):
        if told.kind == "external":
            raise BackupFailure(
                "备份来自 DATABASE_URL 指定的数据库。请设 DATABASE_URL 指向一个空的数据库后再恢复。"
            )
        raise BackupFailure("备份来自自带的数据库。请不设 DATABASE_URL 再恢复。")
    if database.server is not None and told.postgres != programs.MAJOR:
        raise BackupFailure(
            f"备份来自 PostgreSQL {told.postgres},本版本自带 PostgreSQL {programs.MAJOR},不能直接恢复。"
            "请用建立备份时的棋盘版本恢复,再升级。"
        )
    if unknown := newer_than_ours(told.migrations):
        raise BackupFailure(
            f"备份由较新版本的棋盘({told.qipan})建立,本版本不认识其中的 {unknown[0]} 等 {len(unknown)} 个数据表更新。"
            "请先升级,再恢复。"
        )
    if wanted.to and database.server is None:
        raise BackupFailure("--to 只用于自带的数据库;外部数据库的时刻恢复由它自己的日志归档完成。")


def newer_than_ours(migrations: list[str]) -> list[str]:
    """The migrations (`app.number_name`) that come after the newest that this version has of the same app."""
    ours: dict[str, str] = {}
    for path in SOURCES.rglob("migrations/[0-9]*.py"):
        app = path.parents[1].name
        ours[app] = max(ours.get(app, ""), path.stem[:4])
    named = (name.partition(".") for name in migrations)
    return [f"{app}.{name}" for app, _dot, name in named if app in ours and name[:4] > ours[app]]


def _must_be_empty(here: Path, database: Database) -> None:
    """Nothing is overwritten; what an earlier, cut-off restore wrote is cleared away."""
    if (here / UNFINISHED).exists():
        _clear(here, database)
    else:
        there = [name for name in USED if (here / name).exists()]
        if there or (database.server is not None and database.server.cluster.data.exists()):
            raise BackupFailure(
                f"{here} 里已有数据({'、'.join(there) or 'postgres'}),恢复不会覆盖它们。"
                "请移走该文件夹,或用 QIPAN_HOME 指定一个空的文件夹。"
            )
    if database.server is None and not dump.is_empty(database.url("owner")):
        raise BackupFailure("DATABASE_URL 指定的数据库里已有数据表,恢复不会覆盖它们。请指定一个空的数据库。")


def _clear(here: Path, database: Database) -> None:
    """Takes away what a restore wrote; only where its mark lies."""
    for name in USED:
        path = here / name
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    if database.server is not None and database.server.cluster.data.exists():
        shutil.rmtree(database.server.cluster.data)


def _keys(backup: Path, told: Manifest, wanted: Wanted) -> dict[str, bytes]:
    """The contents of the key files; {} where there are none to put back or none are wanted."""
    if wanted.without_keys or not told.key_files:
        return {}
    if wanted.keys_from is not None:
        found = keys.kept_apart(wanted.keys_from, told.key_files)
    elif told.keys == "sealed" and wanted.passphrase:
        found = keys.unseal((backup / keys.NAME).read_bytes(), wanted.passphrase)
    elif told.keys == "sealed":
        raise BackupFailure(
            "备份中的密钥已加密。请设 QIPAN_BACKUP_PASSPHRASE,或用 --keys 指定另外保管的密钥文件夹。"
        )
    else:
        raise BackupFailure(
            f"备份中没有密钥({_few(list(told.key_files))})。请用 --keys 指定另外保管的密钥文件夹;"
            "密钥已丢失时用 --without-keys:保险库中的个人信息将读不出来,也不能再封存和用印。"
        )
    missing = [name for name in told.key_files if name not in found and name != "secrets/secret_key"]
    if missing:
        raise BackupFailure(f"缺少密钥:{_few(missing)}。没有恢复任何内容。")
    return found


def _few(names: list[str]) -> str:
    return "、".join(names[:3]) + (f" 等 {len(names)} 个" if len(names) > 3 else "")


def _must_have_room(here: Path, checked: checking.Checked) -> None:
    need = checked.bytes + 3 * sum(size for size, _digest in checked.manifest.parts.values())
    if files.free(here) < need:
        raise BackupFailure(
            f"{here} 所在磁盘剩余 {files.free(here) / 2**30:.1f} GB,恢复大约需要 {need / 2**30:.1f} GB。请腾出空间后重试。"
        )


def _database(
    database: Database, wanted: Wanted, backup: Path, done: Restored, progress: Callable[[str], Progress]
) -> None:
    if database.server is None:
        total = len(done.manifest.tables)
        note = dump.put_back(database.url("owner"), backup / "database", total, progress)
        done.notes += [note] if note else []
        return
    archive: list[Path] = []
    target = {"recovery_target_name": done.manifest.point, "recovery_target_timeline": "current"}
    if wanted.to:
        kept = archiving.folder_of(backup.parent, done.manifest.system)
        first = min(wal.segments(backup / "database" / "wal"), default="")
        # The log that came with a later backup goes on where the archive stopped.
        later = [
            path
            for each in manifest.backups(backup.parent)
            for path in (each / "database" / "wal").glob("*.gz")
        ]
        archive = wal.from_on(kept, first) + [path for path in later if path.name[8:24] >= first[8:24]]
        target = {"recovery_target_timeline": _timeline(archive, first[:8], wanted.timeline)}
        if wanted.to != LATEST:
            target["recovery_target_time"] = wanted.to
    done.reached = embedded.put_back(database.server.cluster, backup / "database", archive, target, progress)


def _timeline(archive: list[Path], own: str, wanted: int) -> str:
    """The timeline to follow. Raises BackupFailure where there are several and none was chosen."""
    several = wal.branches(archive, own)
    if wanted and f"{wanted:08X}" not in several:
        raise BackupFailure(f"没有时间线 {wanted}。现有:{'、'.join(str(int(each, 16)) for each in several)}。")
    if wanted or len(several) == 1:
        return str(wanted or int(own, 16))
    told = []
    for each in several:
        newest = max((path.stat().st_mtime for path in archive if path.name.startswith(each)), default=0.0)
        told.append(f"{int(each, 16)}(最后写入 {datetime.fromtimestamp(newest, UTC):%Y-%m-%d %H:%M:%S} UTC)")
    raise BackupFailure(
        f"这份备份恢复过,此后的日志分成几支:{'、'.join(told)}。请用 --timeline 指定沿哪一支恢复。"
    )


def _seals(backup: Path, done: Restored) -> None:
    """The copy of the seals; one that is kept elsewhere (QIPAN_SEALS) and survived is left as it is."""
    if (seals_folder() / SEALS[0]).exists():
        done.notes.append(f"{seals_folder()} 里已有封存副本,没有改动它。")
        return
    for name in SEALS:
        if (backup / "ledger" / name).exists():
            with plain(seals_folder()):
                files.copy(backup / "ledger" / name, seals_folder() / name, 0o600)


def set_later_seals_aside(connection: psycopg.Connection[object]) -> int:
    """Seals of events that came after the restored moment go into a file of their own: they tell what was lost.

    Returns how many; the verifier would call them missing otherwise, rightly.
    """
    path = seals_folder() / SEALS[0]
    if not path.exists():
        return 0
    rows = connection.execute("SELECT encode(digest, 'hex') FROM public.ledger_seal").fetchall()
    known = {str(row[0]) for row in rows}  # type: ignore[index]
    lines = path.read_bytes().splitlines(keepends=True)
    ours = [line for line in lines if (told := DIGEST.search(line)) and told[1].decode() in known]
    if len(ours) < len(lines):
        aside = path.with_name(f"seals.before-{datetime.now(UTC):%Y%m%dT%H%M%SZ}.jsonl")
        path.rename(aside)
        path.write_bytes(b"".join(ours))
        path.chmod(0o600)
    return len(lines) - len(ours)
