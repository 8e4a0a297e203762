"""Files that never change once they are there: copied once into `files/` of a folder of backups, by whatever backup."""

import hashlib
import json
import os
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

from qipan.conf.backup import manifest
from qipan.conf.backup.failure import plain

SHARED = "files"
KEPT = ("evidence", "documents", "imports")
BY_DIGEST = re.compile(r"([0-9a-f]{64})(?:\.\w+)?")
CHUNK = 2**20
Progress = Callable[[int, int], None]


def digest_of(path: Path) -> str:
    """SHA-256 of a file's content."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def told_by_name(path: str) -> str | None:
    """The digest that a file of the evidence store or of the archive of documents is named by; None for other files."""
    named = BY_DIGEST.fullmatch(path.rpartition("/")[2])
    return named[1] if named and path.startswith(("evidence/", "documents/")) else None


def of_home(home: Path) -> Iterator[tuple[str, Path]]:
    """(relative path, file) of all that is kept; files that are still being written are not."""
    for name in KEPT:
        for folder, below, names in os.walk(home / name):
            below[:] = sorted(each for each in below if not each.startswith("."))
            if Path(folder) == home / "evidence" and "partial" in below:
                below.remove("partial")
            for each in sorted(names):
                path = Path(folder) / each
                if not each.startswith(".") and path.is_file() and not path.is_symlink():
                    yield str(path.relative_to(home)), path


def copy(source: Path, target: Path, mode: int = 0o400) -> str:
    """Copies a file, whole and synced or not at all; the SHA-256 of what was written."""
    digest = hashlib.sha256()
    target.parent.mkdir(parents=True, exist_ok=True)
    growing = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        with source.open("rb") as stream, growing.open("wb") as out:
            while part := stream.read(CHUNK):
                digest.update(part)
                out.write(part)
            out.flush()
            os.fsync(out.fileno())
        growing.chmod(mode)
        growing.replace(target)
    finally:
        growing.unlink(missing_ok=True)
    return digest.hexdigest()


def gather(home: Path, folder: Path, backup: Path, progress: Progress) -> tuple[int, int, list[str]]:
    """Copies what `folder` has not got yet and lists everything in the backup's files.jsonl.

    Returns how many files and bytes are listed, and the names of those whose content is no longer what their name
    says: they are left out, so that a good copy from earlier stays.
    """
    shared = folder / SHARED
    total = sum(1 for _each in of_home(home))
    count = size = 0
    damaged: list[str] = []
    with plain(folder), (backup / manifest.LIST).open("w", encoding="utf-8") as lines:
        for done, (name, source) in enumerate(of_home(home)):
            progress(done, total)
            target = shared / name
            bytes_now = source.stat().st_size
            named = told_by_name(name)
            there = target.exists() and target.stat().st_size == bytes_now
            digest = named if there and named else digest_of(source)
            if named and digest != named:
                damaged.append(name)
                if not target.exists():
                    continue
                digest, bytes_now = named, target.stat().st_size
            elif not there or (named is None and digest != digest_of(target)):
                digest = copy(source, target)
            lines.write(json.dumps([name, bytes_now, digest], ensure_ascii=False) + "\n")
            count, size = count + 1, size + bytes_now
        progress(total, total)
    return count, size, damaged


def put_back(folder: Path, backup: Path, home: Path, progress: Progress) -> list[str]:
    """Copies the listed files into a home; the names of those that are gone or changed (they are not copied)."""
    wrong = []
    entries = list(manifest.listed(backup))
    with plain(home):
        for done, (name, _size, digest) in enumerate(entries):
            progress(done, len(entries))
            target = home / name
            try:
                if copy(folder / SHARED / name, target, 0o440) != digest:
                    target.unlink()
                    wrong.append(name)
            except FileNotFoundError:
                wrong.append(name)
        progress(len(entries), len(entries))
    return wrong


def free(path: Path) -> int:
    """Bytes that can still be written where a path lies or will lie."""
    while not path.exists():
        path = path.parent
    return shutil.disk_usage(path).free
