"""The folder in which a running system keeps what it makes: where each thing lies, and what was already done.

postgres/   the embedded database (or where it was put, see postgres/place.json)
secrets/    passwords and keys, readable for their owner only
log/        one file for each service
state.json  what was last migrated, loaded and collected; losing it costs only time
"""

import contextlib
import json
import os
import secrets
from pathlib import Path
from typing import Any, Literal

from qipan.conf import environment as env

Mode = Literal["demo", "production"]


def folder(name: str, mode: int = 0o755) -> Path:
    """A folder below home, made when it is missing."""
    path = env.home() / name
    if not path.is_dir():
        path.mkdir(parents=True, exist_ok=True)
        path.chmod(mode)
    return path


def secrets_folder() -> Path:
    """Passwords and keys: its owner's only."""
    return folder("secrets", 0o700)


def write_secret(path: Path, text: str) -> None:
    """Writes a file that only its owner reads, whole or not at all."""
    draft = path.with_name(path.name + ".new")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


def secret_key() -> str:
    """Django's secret key: QIPAN_SECRET_KEY, or one made at the first start and kept."""
    if given := env.text("QIPAN_SECRET_KEY"):
        return given
    path = secrets_folder() / "secret_key"
    if not path.exists():
        write_secret(path, secrets.token_urlsafe(50))
    return path.read_text()


def log_file(service: str) -> Path:
    """The log of a service, its owner's only; one of more than 20 MB is set aside first, the one before it goes."""
    logs = folder("log", 0o700)
    if logs.stat().st_mode & 0o077:  # of an installation that was begun when it was open to others
        with contextlib.suppress(PermissionError):
            logs.chmod(0o700)
    path = logs / f"{service}.log"
    if path.exists() and path.stat().st_size > 20_000_000:
        path.replace(path.with_suffix(".log.1"))
    return path


def tail(path: Path, lines: int = 12) -> str:
    """The last lines of a log, indented."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - 8000))
            text = file.read().decode(errors="replace")
    except OSError:
        return ""
    return "\n".join("    " + line for line in text.splitlines()[-lines:])


def state() -> dict[str, Any]:
    """What was already done; empty where nothing is known."""
    try:
        known = json.loads((env.home() / "state.json").read_text())
    except (OSError, ValueError):
        return {}
    return known if isinstance(known, dict) else {}


def remember(**facts: Any) -> None:
    """Adds to what was already done."""
    path = folder("") / "state.json"
    draft = path.with_name("state.json.new")
    draft.write_text(json.dumps(state() | facts, indent=1, sort_keys=True))
    draft.replace(path)


def mode() -> Mode | None:
    """Whether this home was begun as a demo or as a real installation; None before the first start."""
    known = state().get("mode")
    return known if known in ("demo", "production") else None
