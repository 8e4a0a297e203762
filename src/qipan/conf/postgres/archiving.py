"""The embedded database hands its log on to a folder of backups, segment by segment, where QIPAN_BACKUPS names one."""

import sys
from pathlib import Path

from qipan.conf import environment as env
from qipan.conf.postgres.account import Account

FOLDER = "wal"
#: At the latest after so long a segment is handed on, if anything was written: what a lost disk can cost.
LONGEST = "5min"


def kept_in() -> Path | None:
    """The folder of backups (QIPAN_BACKUPS); None where none is set."""
    given = env.text("QIPAN_BACKUPS")
    return Path(given).absolute() if given else None


def system_of(data: Path) -> str:
    """The system identifier of a data folder: the first eight bytes of its control file."""
    with (data / "global" / "pg_control").open("rb") as stream:
        return str(int.from_bytes(stream.read(8), sys.byteorder))


def folder_of(backups: Path, system: str) -> Path:
    """Where the log of one cluster lies."""
    return backups / FOLDER / system


def command(folder: Path) -> str:
    """The shell command by which the server hands over a finished segment: synced, whole, never over another one."""
    there = str(folder).replace("%", "%%").replace("'", "'\\''")
    target = f"'{there}/%f.gz'"
    draft = f"'{there}/.%f.new'"
    return (
        f'if [ -f {target} ]; then gzip -dc {target} | cmp -s - "%p"; '
        f'else gzip -1 < "%p" > {draft} && sync {draft} && mv {draft} {target}; fi'
    )


def settings(data: Path, account: Account) -> dict[str, str | int]:
    """The server's settings for it. A folder that is not there (a disk not mounted) is not made: the log waits for it."""
    backups = kept_in()
    if backups is None:
        return {}
    folder = folder_of(backups, system_of(data))
    try:
        if backups.is_dir():
            folder.parent.mkdir(mode=0o711, exist_ok=True)
            folder.mkdir(mode=0o700, exist_ok=True)
            account.own(folder)
    except OSError:
        pass  # the server tells by its failures, and the doctor by the server's
    quoted = command(folder).replace("'", "''")
    return {"archive_mode": "on", "archive_command": f"'{quoted}'", "archive_timeout": f"'{LONGEST}'"}
