"""For whom this process reads: what the database's second wall (row-level security) is told of it.

The first wall is the scope of every query (`orgs.scopes`). The second stands in the database and is coarser: staff
meet the rows of their own bureaus, everybody else their own rows, and a connection that was told nothing meets none.
`walled.DatabaseWrapper` tells the connection before the first statement that could meet the wall.
"""

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

SETTING = "qipan.wall"
OPEN, SHUT = "open", ""
RESET = f"SELECT set_config('{SETTING}', '', false)"
TABLES = ("flow_case", "flow_workorder")
"""The tables on which the wall stands."""
MEETS = re.compile("|".join(TABLES))

_now: ContextVar[str | None] = ContextVar("qipan_wall", default=None)
_lifted: ContextVar[int] = ContextVar("qipan_wall_lifted", default=0)
#: Outside requests: jobs, commands and tests work for the installation itself. The web process says otherwise.
_otherwise = OPEN
_CODE = re.compile(r"[A-Za-z0-9_./-]+")


def serve() -> None:
    """This process serves requests: what happens outside of one meets nothing."""
    global _otherwise
    _otherwise = SHUT


def wanted() -> str:
    """What the connection is to be told now."""
    if _lifted.get():
        return OPEN
    now = _now.get()
    return _otherwise if now is None else now


def is_lifted() -> bool:
    """Whether an action has lifted the wall."""
    return bool(_lifted.get())


def bureau(path: str) -> str:
    """The part of an organisation path that the wall looks at: the bureau, `SZ/FT/`; the city's own is all of it."""
    return "/".join(path.strip("/").split("/")[:2]) + "/"


def around(user_id: int | None, paths: Iterable[str] = (), subject_ids: Iterable[int] = ()) -> str:
    """The setting for one reader: user, bureaus of the paths where a role is held, subjects acted for.

    Nobody's is SHUT. A path of other signs than codes have is left out: it could be read as several.
    """
    if user_id is None:
        return SHUT
    bureaus = sorted({bureau(path) for path in paths if _CODE.fullmatch(path)})
    return f"reader|{user_id}|{','.join(bureaus)}|{','.join(map(str, sorted(subject_ids)))}"


@contextmanager
def standing(setting: str) -> Iterator[None]:
    """Inside this block (a request) the wall stands as the setting says; afterwards as it stood before."""
    before = _now.set(setting)
    lifted = _lifted.set(0)
    try:
        yield
    finally:
        _now.reset(before)
        _lifted.reset(lifted)


def stand(setting: str) -> None:
    """From now on, within the present `standing`, the wall stands as the setting says."""
    _now.set(setting)


@contextmanager
def lifted() -> Iterator[None]:
    """Inside this block (an action) rules look beyond the reader: `@lifted()` below `@transaction.atomic`.

    Who calls it has checked the actor's right itself. In a transaction the wall is back at its end, whatever happens.
    """
    before = _lifted.set(_lifted.get() + 1)
    try:
        yield
    finally:
        _lifted.reset(before)
