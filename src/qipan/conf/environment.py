"""The one place that reads the process environment.

Every name is `QIPAN_…` but `DATABASE_URL`, which hosting platforms set by that name.
"""

import os
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

ROOT = Path(__file__).resolve().parents[3]


def text(name: str, default: str = "") -> str:
    """The value of an environment variable, or the default where it is unset or empty."""
    return os.environ.get(name) or default


def flag(name: str, default: bool = False) -> bool:
    """True for 1, true, yes, on; raises ValueError for a word that is neither yes nor no."""
    value = text(name).lower()
    if not value:
        return default
    if value in {"1", "true", "yes", "on"}:
        return True
    if value in {"0", "false", "no", "off"}:
        return False
    raise ValueError(f"{name}: use 1 or 0, not {value!r}")


def number(name: str, default: int) -> int:
    """A whole number; raises ValueError with the variable's name for anything else."""
    value = text(name)
    try:
        return int(value) if value else default
    except ValueError:
        raise ValueError(f"{name}: a whole number is needed, not {value!r}") from None


def folders(name: str, default: str = "") -> list[str]:
    """Folders that stand one behind the other with colons between them, as in PATH."""
    return [folder for folder in text(name, default).split(":") if folder]


def sources(address: str) -> list[str]:
    """What a content security policy must allow for an address beyond the page's own origin.

    `/feed` needs nothing more, `:8001/feed` that port, `https://host/feed` that very address.
    """
    if address.startswith(":"):
        return [f"*{address.partition('/')[0]}"]
    return [address] if "://" in address else []


def least_free() -> int:
    """Bytes that must stay free on a disk: below this, uploads are refused and the doctor says so."""
    return number("QIPAN_LEAST_FREE_MB", 512) * 2**20


def home() -> Path:
    """The folder in which a running system keeps what it makes: database, evidence, keys, logs."""
    return Path(text("QIPAN_HOME", str(ROOT / "var")))


def database(url: str) -> dict[str, Any]:
    """Django's database settings for a `postgresql://user:password@host:port/name?option=value` address.

    A `host` option names a socket folder. Raises ValueError for any other scheme.
    """
    parts = urlsplit(url)
    if parts.scheme not in {"postgres", "postgresql"}:
        raise ValueError("DATABASE_URL: only postgresql:// addresses are served")
    options: dict[str, object] = dict(parse_qsl(parts.query))
    # A statement is planned once a connection, from its third time on: planning was a millisecond of each.
    options |= {"server_side_binding": True, "prepare_threshold": number("QIPAN_DB_PREPARE", 2) or None}
    host = str(options.pop("host", "") or parts.hostname or "")
    return {
        "ENGINE": "qipan.conf.walled",
        "NAME": unquote(parts.path.lstrip("/")) or "qipan",
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": host,
        "PORT": str(parts.port or ""),
        "OPTIONS": options,
    }
