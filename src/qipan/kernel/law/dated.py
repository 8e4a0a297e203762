"""Dated rows in force: what every act reads a dozen times and a bureau changes a few times a year."""

import copy
import datetime
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from django.db import models

from qipan.kernel.ledger.clock import today

M = TypeVar("M", bound=models.Model)
T = TypeVar("T")
#: Seconds until it is looked whether a model has other rows than before.
LOOKED_AFTER = 10.0


@dataclass
class _Kept:
    """What was read of a model: its rows by code and day, and by which state of the table (count, newest)."""

    state: tuple[int, int | None]
    looked_at: float
    rows: dict[tuple[str, datetime.date], models.Model] = field(default_factory=dict)


_kept: dict[type[models.Model], _Kept] = {}
_read: dict[tuple[type[models.Model], Any, str, datetime.date], Any] = {}


def forget() -> None:
    """Read every row anew at its next use (after one was added)."""
    _kept.clear()


def _known(model: type[models.Model]) -> _Kept:
    """What is kept of a model. Rows never change, so that it all holds as long as their number and the newest do."""
    known = _kept.get(model)
    if known is None or time.monotonic() - known.looked_at > LOOKED_AFTER:
        looked_at = time.monotonic()
        # Both: of two releases at once, the one with the smaller number may be the later to be seen.
        found = model._default_manager.aggregate(rows=models.Count("pk"), newest=models.Max("pk"))
        state = (found["rows"], found["newest"])
        if known is None or known.state != state or len(known.rows) > 2000 or _taken_back(known.rows, state):
            known = _kept[model] = _Kept(state, looked_at)
        known.looked_at = looked_at
    return known


def _taken_back(rows: dict[tuple[str, datetime.date], models.Model], state: tuple[int, int | None]) -> bool:
    """Whether a row was read by the transaction that added it and then did not commit."""
    newest = state[1] or 0
    return any(row.pk > newest for row in rows.values())


def in_force(model: type[M], code: str, on: datetime.date | None = None) -> M | None:
    """The version of an immutable dated row that holds on a day (today when none is given); None when there is none.

    A version released meanwhile by another process is seen ten seconds later at the latest.
    """
    day = on or today()
    kept = _known(model)
    known = kept.rows.get((code, day))
    if known is None:
        known = model._default_manager.filter(code=code, valid_from__lte=day).order_by("-valid_from").first()
        if known is None:
            return None
        kept.rows[code, day] = known
    return _copied(known)  # type: ignore[return-value]


def _copied(row: models.Model) -> models.Model:
    """A row of the caller's own, as `copy.copy` makes it, in a fraction of the time."""
    made = row.__class__.__new__(row.__class__)
    made.__dict__ = {**row.__dict__, "_state": copy.copy(row._state)}
    made._state.fields_cache = dict(row._state.fields_cache)
    return made


def as_read(row: Any, read: Callable[[Any], T]) -> T:
    """What `read` makes of the row's `body`: a version never changes, so that this is done once a process.

    The result is shared: nobody may change it.
    """
    key = (type(row), row.pk, row.code, row.valid_from)
    if key not in _read:
        if len(_read) > 2000:
            _read.clear()
        _read[key] = read(row.body)
    return _read[key]  # type: ignore[no-any-return]
