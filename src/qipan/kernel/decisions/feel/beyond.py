"""Dates and times that Python's own cannot hold: years outside 1 to 9999, and parts of a microsecond.

The Gregorian calendar repeats every 400 years (146,097 days, a whole number of weeks), so such a date is one of Python's
from the years 2000 to 2399 and a number of cycles. They come up only at the far ends of FEEL; everything in a table that
Python can hold stays Python's own.
"""

import datetime
from typing import Any

CYCLE_YEARS = 400
CYCLE_MONTHS = CYCLE_YEARS * 12
CYCLE = datetime.timedelta(days=146_097)
FURTHEST = 999_999_999


class Beyond:
    """A date or time of Python's own, so many cycles off, and so many nanoseconds (0 to 999) later."""

    __slots__ = ("base", "cycles", "nanos")

    def __init__(self, base: Any, cycles: int, nanos: int) -> None:
        self.base, self.cycles, self.nanos = base, cycles, nanos

    def __getattr__(self, name: str) -> Any:
        return getattr(self.base, name)  # month, day, weekday, hour, tzinfo … are those of the base

    @property
    def year(self) -> int:
        """The year, astronomically: 0 is the one before 1."""
        return int(self.base.year + CYCLE_YEARS * self.cycles)

    def replace(self, **changes: Any) -> Any:
        """As Python's own, but for the year."""
        nanos = 0 if "microsecond" in changes else self.nanos
        return made(self.base.replace(**changes), self.cycles, nanos)

    def astimezone(self, zone: Any) -> Any:
        """As Python's own."""
        return made(self.base.astimezone(zone), self.cycles, self.nanos)


class BeyondDate(Beyond):
    """A date."""

    __slots__ = ()


class BeyondTime(Beyond):
    """A time."""

    __slots__ = ()


class BeyondMoment(Beyond):
    """A date and time."""

    __slots__ = ()


def parts(value: Any) -> tuple[Any, int, int]:
    """Base, cycles and nanoseconds of any date or time; the base of a date lies in the years 2000 to 2399."""
    base, cycles, nanos = (
        (value.base, value.cycles, value.nanos) if isinstance(value, Beyond) else (value, 0, 0)
    )
    if isinstance(base, datetime.time):
        return base, 0, nanos
    shift = (base.year - 2000) // CYCLE_YEARS
    return base.replace(year=base.year - CYCLE_YEARS * shift), cycles + shift, nanos


def made(base: Any, cycles: int = 0, nanos: int = 0) -> Any:
    """Python's own where it can hold the value, else one of ours. Raises OverflowError beyond 999,999,999 years."""
    if isinstance(base, datetime.time):
        return BeyondTime(base, 0, nanos) if nanos else base
    year = base.year + CYCLE_YEARS * cycles
    if abs(year) > FURTHEST:
        raise OverflowError(year)
    inside = 1 <= year <= 9999
    if inside and not nanos:
        return base.replace(year=year)
    if inside:
        base, cycles = base.replace(year=year), 0
    else:
        base, cycles, _nanos = parts(Beyond(base, cycles, 0))
    return (BeyondMoment if isinstance(base, datetime.datetime) else BeyondDate)(base, cycles, nanos)


def dated(year: int, month: int, day: int) -> Any:
    """A date of any year. Raises ValueError, OverflowError."""
    if 1 <= year <= 9999:
        return datetime.date(year, month, day)
    cycles = (year - 2000) // CYCLE_YEARS
    return made(datetime.date(year - CYCLE_YEARS * cycles, month, day), cycles)


def combined(date: Any, time: Any) -> Any:
    """A date and a time together."""
    base, cycles, _nanos = parts(date) if isinstance(date, Beyond) else (date, 0, 0)
    clock, nanos = (time.base, time.nanos) if isinstance(time, Beyond) else (time, 0)
    return made(datetime.datetime.combine(base, clock), cycles, nanos)


def order(value: Any) -> tuple[int, int, int, int]:
    """What puts dates, or moments, in their order: day, second, microsecond, nanosecond (UTC where there is a zone)."""
    base, cycles, nanos = parts(value)
    if not isinstance(base, datetime.datetime):
        return base.toordinal() + cycles * CYCLE.days, 0, 0, nanos
    if base.tzinfo is not None:
        base = base.astimezone(datetime.UTC)
    return (
        base.toordinal() + cycles * CYCLE.days,
        base.hour * 3600 + base.minute * 60 + base.second,
        base.microsecond,
        nanos,
    )
