"""Which clients of the information mediator may call, and as whom: the operator's file, read anew when it changes.

    {"mediators": ["10.0.0.5"],
     "clients": {"INSTANCE/CLASS/MEMBER/SUBSYSTEM": {"applicant": "qp_…", "officer": "qp_…"}},
     "unnamed": ""}

The header that names a client is no secret. It is believed from the mediator's addresses only, and what a client may
do is what its tokens may: each is one of our interface tokens, with its account, scopes and end. `applicant` acts on
the side of businesses, `officer` on the side of staff; one of them is enough. `unnamed` is the client that calls
without the header stand for, at the operations for which the specification declares none (documents and tasks).
"""

import json
import logging
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error
from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from qipan.kernel.accounts.queries import token_user
from qipan.kernel.orgs.queries import reader_of
from qipan.kernel.orgs.reader import Reader

HEADER = "Information-Mediator-Client"
IDENTIFIER = re.compile(r"[^/\s]+(?:/[^/\s]+){3}")
"""INSTANCE/CLASS/MEMBER/SUBSYSTEM."""
logger = logging.getLogger(__name__)


class Sides(BaseModel):
    """The tokens of one client."""

    model_config = ConfigDict(extra="forbid")
    applicant: str = ""
    officer: str = ""

    @model_validator(mode="after")
    def _one_at_least(self) -> "Sides":
        if not (self.applicant or self.officer):
            raise ValueError("a client needs the token of an applicant, of an officer, or both")
        return self


class Clients(BaseModel):
    """The operator's file."""

    model_config = ConfigDict(extra="forbid")
    mediators: list[str]
    clients: dict[str, Sides]
    unnamed: str = ""

    @model_validator(mode="after")
    def _well_formed(self) -> "Clients":
        for identifier in self.clients:
            if not IDENTIFIER.fullmatch(identifier):
                raise ValueError(f"{identifier!r} is not INSTANCE/CLASS/MEMBER/SUBSYSTEM")
        if self.unnamed and self.unnamed not in self.clients:
            raise ValueError("unnamed must be one of the clients")
        return self


@dataclass(frozen=True)
class Caller:
    """Who calls: the client and the readers that stand for it, None on a side where it has no right."""

    client: str = ""
    applicant: Reader | None = None
    officer: Reader | None = None

    @property
    def readers(self) -> tuple[Reader, ...]:
        """Those as whom the caller reads, staff first."""
        return tuple(reader for reader in (self.officer, self.applicant) if reader is not None)


def configured() -> Clients | None:
    """The clients; None while the façade is off: no file named, or one that cannot be used (which is logged)."""
    if not settings.QIPAN_GOVSTACK_CLIENTS:
        return None
    path = Path(settings.QIPAN_GOVSTACK_CLIENTS)
    try:
        return _read(path, *_state(path))
    except (OSError, ValueError) as problem:
        logger.error("the clients of GovStack cannot be read, the facade is off: %s", _told(problem))
        return None


def _state(path: Path) -> tuple[int, tuple[int, ...]]:
    """Mode of a file, and by what it is seen that it changed."""
    found = path.stat()
    return found.st_mode, (found.st_mtime_ns, found.st_size, found.st_ino)


@lru_cache(maxsize=4)
def _read(path: Path, mode: int, changed: tuple[int, ...]) -> Clients:
    if mode & 0o077:
        raise ValueError(f"{path} holds tokens: only its owner may read it (chmod 600)")
    return Clients.model_validate(json.loads(path.read_text(encoding="utf-8")))


def _told(problem: Exception) -> str:
    """What is wrong, without the tokens that stand in the file."""
    if isinstance(problem, ValidationError):
        lines = problem.errors(include_input=False, include_url=False, include_context=False)
        return "; ".join(f"{'.'.join(map(str, line['loc']))}: {line['msg']}" for line in lines)
    return str(problem)


def checked(app_configs: Sequence[Any] | None = None, **more: Any) -> list[CheckMessage]:
    """Django's checks: the operator's file can be used."""
    path = settings.QIPAN_GOVSTACK_CLIENTS
    if not path:
        return []
    try:
        _read(Path(path), *_state(Path(path)))
    except (OSError, ValueError) as problem:
        return [Error(f"QIPAN_GOVSTACK_CLIENTS: {_told(problem)}", id="govstack.E001")]
    return []


def caller_of(known: Clients, identifier: str, scopes: Mapping[str, Sequence[str]]) -> Caller | None:
    """The client with the sides on which its tokens hold for these scopes; None for one that is not registered."""
    sides = known.clients.get(identifier)
    if sides is None:
        return None
    return Caller(
        identifier,
        _reader(sides.applicant, scopes.get("applicant", ()), staff=False),
        _reader(sides.officer, scopes.get("officer", ()), staff=True),
    )


def _reader(secret: str, scopes: Sequence[str], *, staff: bool) -> Reader | None:
    """The reader behind a token that is good for all of these scopes; an operation without scopes is not of this side."""
    found = token_user(secret) if secret and scopes else None
    if found is None or set(scopes) - set(found[1].scopes):
        return None
    reader = reader_of(found[0])
    if staff:
        return reader if reader.kind == "staff" and reader.powers else None
    return reader if reader.kind in {"business", "public"} else None
