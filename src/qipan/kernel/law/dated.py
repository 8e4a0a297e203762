"""Dated rows in force: what every act reads a dozen times and a bureau changes a few times a year."""

import copy
import datetime
import time
from collections.abc import Callable
from typing import Any, TypeVar

from django.db import models

from qipan.kernel.ledger.clock import today

M = TypeVar("M", bound=models.Model)
T = TypeVar("T")
KEPT_FOR = 10.0
_kept: dict[tuple[type[models.Model], str, datetime.date], tuple[float, models.Model]] = {}
_read: dict[tuple[type[models.Model], Any, str, datetime.date], Any] = {}


def forget() -> None:
    """Read every row anew at its next use (after one was added)."""
    _kept.clear()


def in_force(model: type[M], code: str, on: datetime.date | None = None) -> M | None:
    """The version of an immutable dated row that holds on a day (today when none is given); None when there is none.

    A version released meanwhile by another process is seen ten seconds later at the latest.
    """
    day = on or today()
    read_at, known = _kept.get((model, code, day), (0.0, None))
    if known is None or time.monotonic() - read_at > KEPT_FOR:
        known = model._default_manager.filter(code=code, valid_from__lte=day).order_by("-valid_from").first()
        if known is None:
            return None
        if len(_kept) > 2000:
            _kept.clear()
        _kept[model, code, day] = (time.monotonic(), known)
    return copy.copy(known)  # type: ignore[return-value]


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
