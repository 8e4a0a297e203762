"""Dates, times and durations (DMN 10.3.4.1 and 10.3.4.10), and what day it is."""

import datetime
from decimal import Decimal
from typing import Any

from qipan.kernel.decisions.feel import temporal
from qipan.kernel.decisions.feel.beyond import Beyond, combined, dated, made
from qipan.kernel.decisions.feel.functions.registry import builtin
from qipan.kernel.decisions.feel.values import Months, kind
from qipan.kernel.ledger import clock

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)


@builtin("@", "text:string")
def literal(text: str) -> Any:
    return temporal.read_any(text)


@builtin("date", "from:string")
def date(text: str) -> Any:
    return temporal.read_date(text)


@builtin("date", "from:date|moment")
def date_of(value: Any) -> Any:
    return dated(value.year, value.month, value.day)


@builtin("date", "year:number", "month:number", "day:number")
def date_from_parts(year: Decimal, month: Decimal, day: Decimal) -> Any:
    return dated(int(year), int(month), int(day))


@builtin("time", "from:string")
def time(text: str) -> Any:
    return temporal.read_time(text)


@builtin("time", "from:date|time|moment")
def time_of(value: Any) -> Any:
    if kind(value) == "time":
        return value
    if kind(value) == "date and time":
        return made(value.timetz(), 0, value.nanos if isinstance(value, Beyond) else 0)
    return datetime.time(tzinfo=datetime.UTC)


@builtin("time", "hour:number", "minute:number", "second:number", "offset:days|null?")
def time_from_parts(
    hour: Decimal, minute: Decimal, second: Decimal, offset: datetime.timedelta | None = None
) -> datetime.time | None:
    zone = None if offset is None else temporal.fixed(offset)
    if offset is not None and zone is None:
        return None
    micro = int((second - int(second)) * 1_000_000)
    return datetime.time(int(hour), int(minute), int(second), micro, zone)


@builtin("date and time", "from:string")
def moment(text: str) -> Any:
    return temporal.read_moment(text)


@builtin("date and time", "from:moment|date")
def moment_of(value: Any) -> Any:
    return value if kind(value) == "date and time" else combined(value, datetime.time())


@builtin("date and time", "date:date|moment", "time:time")
def moment_from_parts(day: Any, at: Any) -> Any:
    return combined(date_of(day), at)


@builtin("date and time", "date:moment", "timezone:string")
def moment_in_zone(value: datetime.datetime, name: str) -> datetime.datetime | None:
    found = temporal.zone(name)
    if found is None:
        return None
    return value.replace(tzinfo=found) if value.tzinfo is None else value.astimezone(found)


@builtin("duration", "from:string")
def duration(text: str) -> Any:
    return temporal.read_duration(text)


@builtin("duration", "from:days|months")
def duration_of(value: Any) -> Any:
    return value


@builtin("years and months duration", "from:date|moment", "to:date|moment")
def months_between(start: datetime.date, end: datetime.date) -> Months:
    count = (end.year - start.year) * 12 + end.month - start.month
    if count > 0 and end.day < start.day:
        count -= 1
    elif count < 0 and end.day > start.day:
        count += 1
    return Months(count)


@builtin("now")
def now() -> datetime.datetime:
    return clock.now()


@builtin("today")
def today() -> datetime.date:
    return clock.today()


@builtin("day of year", "date:date|moment")
def day_of_year(value: datetime.date) -> Decimal:
    return Decimal(value.timetuple().tm_yday)


@builtin("day of week", "date:date|moment")
def day_of_week(value: datetime.date) -> str:
    return DAYS[value.weekday()]


@builtin("month of year", "date:date|moment")
def month_of_year(value: datetime.date) -> str:
    return MONTHS[value.month - 1]


@builtin("week of year", "date:date|moment")
def week_of_year(value: datetime.date) -> Decimal:
    return Decimal(value.isocalendar().week)
