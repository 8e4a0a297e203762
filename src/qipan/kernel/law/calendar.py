"""The working calendar: which day is worked on, and stepping by working days."""

import datetime
import threading
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

FIRST = datetime.date(1990, 1, 1)
LAST = datetime.date(2099, 12, 31)
DAY = datetime.timedelta(days=1)


@dataclass(frozen=True)
class Calendar:
    """Weekends, statutory days off and make-up working days; years outside `published` know weekends only."""

    special: Mapping[datetime.date, bool] = field(default_factory=dict)
    statutory: frozenset[datetime.date] = frozenset()
    published: frozenset[int] = frozenset()

    @classmethod
    def of(
        cls, off: Iterable[datetime.date], worked: Iterable[datetime.date] = (), years: Iterable[int] = ()
    ) -> "Calendar":
        """A calendar from days off and make-up working days; their years (and `years`) count as published."""
        days_off, days_on = frozenset(off), frozenset(worked)
        special = dict.fromkeys(days_off, False) | dict.fromkeys(days_on, True)
        return cls(special, days_off, frozenset(day.year for day in special) | frozenset(years))

    @cached_property
    def _working(self) -> np.ndarray:
        days = np.arange(np.datetime64(FIRST), np.datetime64(LAST) + 1)
        working = (days.astype("int64") + 3) % 7 < 5
        for day, works in self.special.items():
            working[(day - FIRST).days] = works
        return working

    @cached_property
    def _before(self) -> np.ndarray:
        """How many working days lie before each day."""
        return np.concatenate(([0], np.cumsum(self._working)))

    @cached_property
    def _workdays(self) -> np.ndarray:
        return np.flatnonzero(self._working)

    def is_working_day(self, day: datetime.date) -> bool:
        """Whether it is worked on."""
        return bool(self._working[(day - FIRST).days])

    def add_working_days(self, day: datetime.date, count: int) -> datetime.date:
        """The count-th working day after the day (before it when negative); 0 gives the day itself."""
        if count == 0:
            return day
        index = (day - FIRST).days
        if count > 0:
            return FIRST + DAY * int(self._workdays[self._before[index + 1] + count - 1])
        return FIRST + DAY * int(self._workdays[self._before[index] + count])

    def working_days_between(self, start: datetime.date, end: datetime.date) -> int:
        """Working days after `start` up to and with `end`; negative when the end lies before."""
        return int(self._before[(end - FIRST).days + 1] - self._before[(start - FIRST).days + 1])

    def roll(self, day: datetime.date, *, on_weekend: bool = True) -> datetime.date:
        """The last day of a term: moved to the first day after a statutory holiday, and after a weekend by policy.

        The moved day is a working day when `on_weekend`, else the first day that is no statutory holiday.
        """
        while day in self.statutory or (on_weekend and not self.is_working_day(day)):
            day += DAY
        return day

    def provisional(self, *days: datetime.date) -> bool:
        """Whether one of the days lies in a year whose holidays are not published."""
        return any(day.year not in self.published for day in days)


class _Held:
    """The calendar of the database, read again at most every half minute."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.calendar: Calendar | None = None
        self.read_at = 0.0

    def get(self) -> Calendar:
        from qipan.kernel.law.models import Holiday, HolidayYear

        with self.lock:
            if self.calendar is None or time.monotonic() - self.read_at > 30:
                rows = list(Holiday.objects.values_list("day", "working", "statutory"))
                self.calendar = Calendar(
                    {day: working for day, working, _statutory in rows},
                    frozenset(day for day, working, statutory in rows if statutory and not working),
                    frozenset(HolidayYear.objects.values_list("year", flat=True)),
                )
                self.read_at = time.monotonic()
            return self.calendar

    def forget(self) -> None:
        with self.lock:
            self.calendar = None


_held = _Held()


def current() -> Calendar:
    """The calendar in the database."""
    return _held.get()


def forget() -> None:
    """Read the calendar anew at the next use (after a load)."""
    _held.forget()
