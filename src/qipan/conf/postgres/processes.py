"""Which processes serve a data folder, asked of the system: a dead one that nobody has reaped does not count."""

import os
import sys
from pathlib import Path

LINUX = sys.platform == "linux"


def is_living(pid: int) -> bool:
    """The process exists and is no zombie."""
    if LINUX:
        try:
            stat = Path(f"/proc/{pid}/stat").read_text(errors="replace")
        except OSError:
            return False
        return stat.rpartition(")")[2].split()[0] not in "ZX"
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def serves(pid: int, data: Path) -> bool:
    """The process lives and is PostgreSQL in this data folder (every one of its processes stands in it)."""
    if not is_living(pid):
        return False
    if not LINUX:
        return True
    try:
        return Path(f"/proc/{pid}/cwd").resolve(
            strict=True
        ) == data.resolve() and "postgres" in os.path.basename(os.readlink(f"/proc/{pid}/exe"))
    except OSError:
        return False


def serving(data: Path) -> list[int]:
    """Every living PostgreSQL process of this data folder; empty where the system cannot be asked."""
    if not LINUX:
        return []
    return [
        int(entry.name)
        for entry in Path("/proc").iterdir()
        if entry.name.isdigit() and serves(int(entry.name), data)
    ]
