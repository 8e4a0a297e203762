"""The one clock of the product: nothing else asks for the time, so that a demo or a test can set it."""

import datetime
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from django.utils import timezone

_fixed: ContextVar[datetime.datetime | None] = ContextVar("qipan_clock", default=None)


def now() -> datetime.datetime:
    """The present moment, aware, in UTC."""
    return _fixed.get() or timezone.now()


def today() -> datetime.date:
    """The present date in Asia/Shanghai."""
    return timezone.localtime(now()).date()


def chinese_date(day: datetime.date) -> str:
    """A day as official papers write it."""
    return f"{day.year}年{day.month}月{day.day}日"


@contextmanager
def at(moment: datetime.datetime) -> Iterator[None]:
    """Hold the clock at an aware moment inside the block."""
    token = _fixed.set(moment)
    try:
        yield
    finally:
        _fixed.reset(token)
