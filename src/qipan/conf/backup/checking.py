"""Is a backup still what it was: every byte of it, of the files it shares, and no gap in the log that goes on."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from qipan.conf.backup import files, manifest, wal
from qipan.conf.backup.failure import BackupFailure
from qipan.conf.backup.files import Progress
from qipan.conf.backup.manifest import Manifest
from qipan.conf.postgres import archiving


@dataclass
class Checked:
    """What was read, and what is wrong with it (each with the file's name)."""

    folder: Path
    manifest: Manifest
    read: int = 0
    bytes: int = 0
    wrong: list[str] = field(default_factory=list)
    log: tuple[int, list[str]] = (0, [])


def find(folder: Path, upto: str = "") -> Path:
    """The backup that is meant: the folder itself, or the newest one in it (`upto`: that can lead to this moment)."""
    if (folder / manifest.NAME).exists():
        return folder
    known = manifest.backups(folder)
    if not known:
        raise BackupFailure(f"{folder} 里没有备份。请指定备份的文件夹,例如 {folder}/20260101T000000Z。")
    if upto:
        known = [path for path in known if manifest.read(path).consistent_at <= upto]
        if not known:
            first = manifest.read(manifest.backups(folder)[0]).consistent_at
            raise BackupFailure(f"最早的备份完成于 {first}(UTC),不能恢复到更早的时刻。")
    return known[-1]


def check(backup: Path, progress: Callable[[str], Progress]) -> Checked:
    """Reads everything once. Raises BackupFailure when the manifest itself cannot be read."""
    backup = backup.absolute()
    found = Checked(backup, manifest.read(backup))
    tell = progress("备份")
    for done, (name, (size, digest)) in enumerate(found.manifest.parts.items()):
        tell(done, len(found.manifest.parts))
        _look(found, backup / name, name, size, digest)
    tell(len(found.manifest.parts), len(found.manifest.parts))
    tell = progress("文件")
    # A list that is damaged itself says nothing of the files.
    shared = (
        [] if any(each.startswith(manifest.LIST) for each in found.wrong) else list(manifest.listed(backup))
    )
    for done, (name, size, digest) in enumerate(shared):
        tell(done, len(shared))
        _look(found, backup.parent / files.SHARED / name, f"{files.SHARED}/{name}", size, digest)
    tell(len(shared), len(shared))
    kept = archiving.folder_of(backup.parent, found.manifest.system)
    if found.manifest.system and kept.is_dir():
        names = [name for name in wal.segments(kept) if name[8:] >= _first(backup)[8:]]
        found.log = (len(names), wal.gaps(names))
        found.wrong += [f"wal/{name} 之后缺一段日志,不能恢复到其后的时刻" for name in found.log[1]]
    return found


def _first(backup: Path) -> str:
    return min(wal.segments(backup / "database" / "wal"), default="")


def _look(found: Checked, path: Path, name: str, size: int, digest: str) -> None:
    try:
        if path.stat().st_size != size:
            found.wrong.append(f"{name} 长度不对(应为 {size} 字节)")
        elif files.digest_of(path) != digest:
            found.wrong.append(f"{name} 内容与摘要不符")
        found.read += 1
        found.bytes += size
    except FileNotFoundError:
        found.wrong.append(f"{name} 不见了")
    except OSError as problem:
        found.wrong.append(f"{name} 读不出来({problem.strerror})")
