"""What a backup says of itself, and which backups a folder holds."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from qipan.conf.backup.failure import BackupFailure

FORMAT = 1
NAME = "manifest.json"
LIST = "files.jsonl"


@dataclass
class Manifest:
    """One backup. Times are ISO 8601 in UTC; `tables` holds rows and checksum of each table as of `at`.

    `point` names the restore point in the log that `at` stands for (embedded database); from `consistent_at` on any
    moment can be restored. `parts` are the backup's own files with size and SHA-256, `shared` the number and the bytes
    of the files that it shares with other backups (listed in files.jsonl).
    """

    kind: Literal["embedded", "external"]
    qipan: str
    postgres: int
    at: str = ""
    consistent_at: str = ""
    point: str = ""
    system: str = ""
    migrations: list[str] = field(default_factory=list)
    tables: dict[str, list[Any]] = field(default_factory=dict)
    parts: dict[str, list[Any]] = field(default_factory=dict)
    shared: list[int] = field(default_factory=lambda: [0, 0])
    damaged: list[str] = field(default_factory=list)
    key_files: dict[str, str] = field(default_factory=dict)
    keys: Literal["sealed", "left out", "none"] = "none"
    evidence: str = ""
    state: dict[str, Any] = field(default_factory=dict)
    format: int = FORMAT

    def write(self, folder: Path) -> None:
        """Writes it with a digest over itself."""
        content = asdict(self)
        content["digest"] = _digest(content)
        (folder / NAME).write_text(json.dumps(content, ensure_ascii=False, indent=1, sort_keys=True))


def read(folder: Path) -> Manifest:
    """The manifest of a backup. Raises BackupFailure when there is none, it was changed, or it is of a newer format."""
    path = folder / NAME
    try:
        content = json.loads(path.read_text())
        told = content.pop("digest")
    except FileNotFoundError:
        raise BackupFailure(f"{folder} 不是备份(没有 {NAME})。") from None
    except (ValueError, KeyError, AttributeError, UnicodeDecodeError):
        raise BackupFailure(f"{path} 已损坏。请换用另一份备份。") from None
    if content.get("format", 0) > FORMAT:
        raise BackupFailure(f"{folder} 由较新版本的棋盘({content.get('qipan')})建立。请先升级,再恢复。")
    if told != _digest(content):
        raise BackupFailure(f"{path} 已损坏(内容与自身摘要不符)。请换用另一份备份。")
    return Manifest(**content)


def _digest(content: dict[str, Any]) -> str:
    text = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def backups(folder: Path) -> list[Path]:
    """The finished backups of a folder, oldest first."""
    return sorted(path.parent for path in folder.glob(f"*/{NAME}"))


def listed(backup: Path) -> Iterator[tuple[str, int, str]]:
    """(path, bytes, SHA-256) of each shared file of a backup."""
    with (backup / LIST).open(encoding="utf-8") as lines:
        for line in lines:
            path, size, digest = json.loads(line)
            yield path, size, digest


def moment() -> str:
    """Now, as manifests write it."""
    return datetime.now(UTC).isoformat(timespec="microseconds")
