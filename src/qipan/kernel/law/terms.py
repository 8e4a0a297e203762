"""What is due when, and by which article."""

import calendar as months
import datetime
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from django.utils import timezone

from qipan.kernel.law import calendar as calendars
from qipan.kernel.law.calendar import DAY, Calendar
from qipan.kernel.law.citations import Citation
from qipan.kernel.law.models import LawRule
from qipan.kernel.ledger.clock import today

Span = tuple[datetime.date, datetime.date]
Light = Literal["green", "yellow", "red", "overdue", "done"]


class UnknownRule(LookupError):
    """No rule of that code is in force on the day."""


@dataclass(frozen=True)
class Rule:
    """A term of law as it is computed with; `citation` is None where no text at hand supports it."""

    code: str
    valid_from: datetime.date
    title: str
    unit: str
    value: int
    citation: Citation | None
    unconfirmed: str
    start_event: str = ""
    extension: int = 0
    extension_times: int = 0
    roll_on_weekend: bool = True

    @property
    def source(self) -> str:
        """The article, or openly that nobody has confirmed it."""
        return str(self.citation) if self.citation else f"待确认：{self.unconfirmed}"


@dataclass(frozen=True)
class Due:
    """When a term ends. `due_at` is set for terms in hours; `provisional` when a year's holidays are not published."""

    rule: Rule
    due_on: datetime.date | None
    due_at: datetime.datetime | None = None
    provisional: bool = False


@dataclass(frozen=True)
class Remaining:
    """What is left of a term: `amount` in `unit` (negative when over), and its traffic light."""

    amount: int
    unit: str
    light: Light


_lock = threading.Lock()
_rules: dict[str, list[Rule]] = {}
_read_at = 0.0


def forget() -> None:
    """Read the rules anew at the next use (after a load)."""
    global _read_at
    with _lock:
        _rules.clear()
        _read_at = 0.0


def _versions(code: str) -> list[Rule]:
    global _read_at
    with _lock:
        if not _rules or time.monotonic() - _read_at > 30:
            _rules.clear()
            for row in LawRule.objects.order_by("code", "-valid_from"):
                _rules.setdefault(row.code, []).append(
                    Rule(
                        code=row.code,
                        valid_from=row.valid_from,
                        title=row.title,
                        unit=row.unit,
                        value=row.value,
                        citation=Citation.parse(f"{row.law} {row.article}") if row.law else None,
                        unconfirmed=row.unconfirmed,
                        start_event=row.start_event,
                        extension=row.extension,
                        extension_times=row.extension_times,
                        roll_on_weekend=row.roll_on_weekend,
                    )
                )
            _read_at = time.monotonic()
        return _rules.get(code, [])


def exists(code: str) -> bool:
    """Whether a rule of that code is known at all."""
    return bool(_versions(code))


def rule(code: str, on: datetime.date | None = None) -> Rule:
    """The rule in force on a day (today when none is given); raises UnknownRule."""
    day = on or today()
    for version in _versions(code):
        if version.valid_from <= day:
            return version
    raise UnknownRule(f"{code} on {day}")


def due(
    code: str,
    start: datetime.date | datetime.datetime,
    *,
    stops: Iterable[Span] = (),
    extensions: int = 0,
    on: datetime.date | None = None,
    calendar: Calendar | None = None,
) -> Due:
    """When the term ends that begins with `start`; the start itself is not counted (PenProc 80).

    `stops` are suspended spans: the days after the first date up to and with the second do not count. `on` picks the
    version of the rule (the start's day when not given). Raises UnknownRule.
    """
    first = timezone.localtime(start).date() if isinstance(start, datetime.datetime) else start
    found = rule(code, on or first)
    return compute(found, start, stops=stops, extensions=extensions, calendar=calendar)


def compute(
    found: Rule,
    start: datetime.date | datetime.datetime,
    *,
    stops: Iterable[Span] = (),
    extensions: int = 0,
    calendar: Calendar | None = None,
) -> Due:
    """`due` for a rule at hand. Raises ValueError for more extensions than the rule allows."""
    if extensions > found.extension_times:
        raise ValueError(f"{found.code} may be extended {found.extension_times} times")
    days = calendar or calendars.current()
    first = timezone.localtime(start).date() if isinstance(start, datetime.datetime) else start
    amount = found.value + extensions * found.extension
    if found.unit == "HOUR":
        begin = start if isinstance(start, datetime.datetime) else _midnight(start)
        end = begin + datetime.timedelta(hours=amount)
        return Due(found, timezone.localtime(end).date(), end)
    spans = [(begin, end) for begin, end in stops if end > begin]
    if found.unit == "WORKDAY":
        amount += sum(days.working_days_between(begin, end) for begin, end in spans)
        last = days.add_working_days(first, amount)
    else:
        last = _count(first, amount, found.unit) + DAY * sum((end - begin).days for begin, end in spans)
        if amount > 0:
            last = days.roll(last, on_weekend=found.roll_on_weekend)
    return Due(found, last, provisional=days.provisional(first, last))


def _midnight(day: datetime.date) -> datetime.datetime:
    return timezone.make_aware(datetime.datetime.combine(day, datetime.time()))


def _count(day: datetime.date, amount: int, unit: str) -> datetime.date:
    if unit == "DAY":
        return day + DAY * amount
    total = day.year * 12 + day.month - 1 + amount * (12 if unit == "YEAR" else 1)
    year, month = divmod(total, 12)
    return datetime.date(year, month + 1, min(day.day, months.monthrange(year, month + 1)[1]))


def extensions_allowed(found: Rule) -> int:
    """How often the rule lets its term be extended."""
    return found.extension_times


def remaining(
    due: Due | datetime.date | None,
    moment: datetime.datetime,
    *,
    done: bool = False,
    unit: str = "WORKDAY",
    calendar: Calendar | None = None,
) -> Remaining | None:
    """What is left until a term or a day is over: in the unit of its rule, else in working days.

    Yellow from three days (six hours) before, red on the last day. None for no limit.
    """
    if due is None:
        return None
    if isinstance(due, Due):
        if due.due_at is not None:
            return _hours_left(due.due_at, moment, done=done)
        last, unit = due.due_on, due.rule.unit
    else:
        last = due
    if last is None:
        return None
    if done:
        return Remaining(0, unit, "done")
    day = timezone.localtime(moment).date()
    if unit == "WORKDAY":
        left = (calendar or calendars.current()).working_days_between(day, last)
        if day > last:
            left = min(left, -1)
    else:
        unit, left = "DAY", (last - day).days
    if day > last:
        return Remaining(left, unit, "overdue")
    if day == last or left == 0:
        return Remaining(0, unit, "red")
    return Remaining(left, unit, "yellow" if left <= 3 else "green")


def _hours_left(end: datetime.datetime, moment: datetime.datetime, *, done: bool) -> Remaining:
    hours = int((end - moment).total_seconds() // 3600)
    if done:
        return Remaining(0, "HOUR", "done")
    if moment > end:
        return Remaining(min(hours, -1), "HOUR", "overdue")
    return Remaining(hours, "HOUR", "red" if hours < 1 else "yellow" if hours <= 6 else "green")
