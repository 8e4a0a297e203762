"""Dates, times and durations: reading, writing, parts and arithmetic (DMN 10.3.2.3). Zones come from the system's list."""

import datetime
import functools
import re
import zoneinfo
from decimal import ROUND_DOWN, Decimal
from typing import Any

from qipan.kernel.decisions.feel.beyond import (
    CYCLE,
    CYCLE_MONTHS,
    Beyond,
    combined,
    dated,
    made,
    order,
    parts,
)
from qipan.kernel.decisions.feel.values import NUMBERS, Months, kind, offset, seconds

DATE = re.compile(r"(-?(?:\d{4}|[1-9]\d{4,8}))-(\d\d)-(\d\d)")
TIME = re.compile(r"(\d\d):(\d\d):(\d\d)(\.\d+)?(?:(Z|z)|([+-])(\d\d):(\d\d)(?::(\d\d))?|@(.+))?")
DAYS = re.compile(r"(-)?P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d*)?)S)?)?")
MONTHS = re.compile(r"(-)?P(?:(\d+)Y)?(?:(\d+)M)?")
WIDEST = datetime.timedelta(hours=18)
ONE_DAY = datetime.timedelta(days=1)


@functools.lru_cache(maxsize=1)
def _zones() -> frozenset[str]:
    return frozenset(zoneinfo.available_timezones())


def zone(name: str) -> datetime.tzinfo | None:
    """A zone by name; None for an unknown one."""
    return zoneinfo.ZoneInfo(name) if name in _zones() else None


def fixed(shift: datetime.timedelta) -> datetime.tzinfo | None:
    """A fixed distance from UTC; None beyond 18 hours."""
    if abs(shift) > WIDEST:
        return None
    return datetime.UTC if not shift else datetime.timezone(shift)


def read_date(text: str) -> Any:
    """A date as XML Schema writes it; None for anything else."""
    found = DATE.fullmatch(text)
    if not found:
        return None
    try:
        return dated(*(int(part) for part in found.groups()))
    except (ValueError, OverflowError):
        return None


def read_time(text: str) -> Any:
    """A time with an offset or a named zone, or none."""
    found = TIME.fullmatch(text)
    if not found:
        return None
    hour, minute, second = (int(found[place]) for place in (1, 2, 3))
    nanos = int(((found[4] or ".")[1:] + "000000000")[:9])
    info: datetime.tzinfo | None = None
    if found[5]:
        info = datetime.UTC
    elif found[6]:
        if int(found[8]) > 59 or int(found[9] or 0) > 59:
            return None
        shift = datetime.timedelta(hours=int(found[7]), minutes=int(found[8]), seconds=int(found[9] or 0))
        info = fixed(-shift if found[6] == "-" else shift)
    elif found[10]:
        info = zone(found[10])
    if info is None and (found[6] or found[10]):
        return None
    try:
        return made(datetime.time(hour, minute, second, nanos // 1000, info), 0, nanos % 1000)
    except ValueError:
        return None


def read_moment(text: str) -> Any:
    """A date and time; a date alone is its midnight."""
    day, _sign, rest = text.partition("T")
    date = read_date(day)
    late = rest.startswith("24:00:00")  # the end of a day is the beginning of the next
    time = read_time("00" + rest[2:] if late else rest) if _sign else datetime.time()
    if date is None or time is None:
        return None
    found = combined(date, time)
    return arithmetic("+", found, ONE_DAY) if late else found


def read_duration(text: str) -> datetime.timedelta | Months | None:
    """A duration of days and time, or of years and months."""
    if (found := MONTHS.fullmatch(text)) and (found[2] or found[3]):
        count = int(found[2] or 0) * 12 + int(found[3] or 0)
        return Months(-count if found[1] else count)
    found = DAYS.fullmatch(text)
    if not found or not any(found.groups()[1:]) or text.endswith("T"):
        return None
    try:
        exact = Decimal(found[5] or 0) * 1_000_000
        made = datetime.timedelta(
            days=int(found[2] or 0),
            hours=int(found[3] or 0),
            minutes=int(found[4] or 0),
            microseconds=int(exact.to_integral_value(ROUND_DOWN)),
        )
    except (OverflowError, ArithmeticError):
        return None
    return -made if found[1] else made


def read_any(text: str) -> Any:
    """What stands behind @: a date, a date and time, a time or a duration; None for anything else."""
    for read in (read_date, read_time, read_duration):
        if (made := read(text)) is not None:
            return made
    return read_moment(text) if "T" in text else None


def _fraction(micro: int, nanos: int = 0) -> str:
    return f".{micro * 1000 + nanos:09d}".rstrip("0") if micro or nanos else ""


def _clock(value: Any) -> str:
    nanos = value.nanos if isinstance(value, Beyond) else 0
    whole = f"{value.hour:02d}:{value.minute:02d}:{value.second:02d}"
    return whole + _fraction(value.microsecond, nanos) + _zone_words(value)


def _day(value: Any) -> str:
    return f"{'-' if value.year < 0 else ''}{abs(value.year):04d}-{value.month:02d}-{value.day:02d}"


def _zone_words(value: datetime.datetime | datetime.time) -> str:
    info = value.tzinfo
    if info is None:
        return ""
    if isinstance(info, zoneinfo.ZoneInfo):
        return f"@{info.key}"
    shift = offset(value) or datetime.timedelta()
    if not shift:
        return "Z"
    total = int(abs(shift).total_seconds())
    words = f"{'-' if shift < datetime.timedelta() else '+'}{total // 3600:02d}:{total // 60 % 60:02d}"
    return words + (f":{total % 60:02d}" if total % 60 else "")


def write(value: Any) -> str:
    """A date, time or duration as text that reads back the same."""
    of = kind(value)
    if of == "date":
        return _day(value)
    if of == "time":
        return _clock(value)
    if of == "date and time":
        return f"{_day(value)}T{_clock(value)}"
    if of == "years and months duration":
        years, months = divmod(abs(value.count), 12)
        words = (f"{years}Y" if years else "") + (f"{months}M" if months else "")
        return ("-" if value.count < 0 else "") + "P" + (words or "0M")
    return _write_days(value)


def _write_days(value: datetime.timedelta) -> str:
    size = abs(value)
    hours, rest = divmod(size.seconds, 3600)
    minutes, second = divmod(rest, 60)
    clock = (f"{hours}H" if hours else "") + (f"{minutes}M" if minutes else "")
    if second or size.microseconds:
        clock += f"{second}{_fraction(size.microseconds)}S"
    words = (f"{size.days}D" if size.days else "") + (f"T{clock}" if clock else "")
    return ("-" if value < datetime.timedelta() else "") + "P" + (words or "T0S")


def part(value: Any, name: str) -> Any:
    """A part of a date, time or duration; None where it has none of that name."""
    of = kind(value)
    if of in {"date", "date and time"} and name in {"year", "month", "day", "weekday"}:
        return Decimal(value.isoweekday() if name == "weekday" else getattr(value, name))
    if of in {"time", "date and time"}:
        if name in {"hour", "minute", "second"}:
            return Decimal(getattr(value, name))
        if name == "time offset":
            return offset(value)
        if name == "timezone":
            return value.tzinfo.key if isinstance(value.tzinfo, zoneinfo.ZoneInfo) else None
    if of == "date" and name in {"hour", "minute", "second"}:
        return Decimal(0)
    if of == "date" and name == "time offset":
        return datetime.timedelta()
    if of == "years and months duration" and name in {"years", "months"}:
        count = abs(value.count) // 12 if name == "years" else abs(value.count) % 12
        return Decimal(-count if value.count < 0 else count)
    if of == "days and time duration" and name in {"days", "hours", "minutes", "seconds"}:
        size = abs(value)
        found = {
            "days": Decimal(size.days),
            "hours": Decimal(size.seconds // 3600),
            "minutes": Decimal(size.seconds // 60 % 60),
            "seconds": Decimal(size.seconds % 60) + Decimal(size.microseconds).scaleb(-6),
        }[name]
        return -found if value < datetime.timedelta() and found else found
    return None


def add_months(value: datetime.date, count: int) -> datetime.date:
    """The same day some months on; the last of the month where that month is shorter. Raises ValueError."""
    total = value.year * 12 + value.month - 1 + count
    year, month = divmod(total, 12)
    following = (
        datetime.date(year + month // 11, (month + 1) % 12 + 1, 1) if (year, month) < (9999, 11) else None
    )
    last = (following - ONE_DAY).day if following else 31
    return value.replace(year=year, month=month + 1, day=min(value.day, last))


def _shifted(value: Any, by: Any) -> Any:
    """A date or time so much later, also beyond what Python's own can hold."""
    if not isinstance(value, Beyond):
        try:
            return _shifted_base(value, by)
        except (OverflowError, ValueError):
            pass
    base, cycles, nanos = parts(value)
    if isinstance(by, Months):
        turns, rest = divmod(by.count, CYCLE_MONTHS)
        moved = _shifted_base(base, Months(rest))
    else:
        turns, left = divmod(by, CYCLE)
        moved = _shifted_base(base, left)
    return None if moved is None else made(moved, cycles + turns, nanos)


def _shifted_base(value: Any, by: Any) -> Any:
    of = kind(value)
    if isinstance(by, Months):
        return add_months(value, by.count) if of in {"date", "date and time"} else None
    if of == "date":
        moved = datetime.datetime(value.year, value.month, value.day) + by
        return moved.date()
    if of == "time":
        rest = (
            datetime.timedelta(
                hours=value.hour,
                minutes=value.minute,
                seconds=value.second,
                microseconds=value.microsecond,
            )
            + by
        ) % ONE_DAY
        return (datetime.datetime.min + rest).time().replace(tzinfo=value.tzinfo)
    if value.tzinfo is None:
        return value + by
    return (value.astimezone(datetime.UTC) + by).astimezone(value.tzinfo)


def _distance(left: Any, right: Any) -> Any:
    if kind(left) == kind(right) == "time":
        if (offset(left) is None) != (offset(right) is None):
            return None
        return seconds(left) - seconds(right)
    left, right = _moment(left), _moment(right)
    if isinstance(left, Beyond) or isinstance(right, Beyond):
        if (left.tzinfo is None) != (right.tzinfo is None):
            return None
        days, second, micro, _nanos = (a - b for a, b in zip(order(left), order(right), strict=True))
        return datetime.timedelta(days=days, seconds=second, microseconds=micro)
    if (left.tzinfo is None) != (right.tzinfo is None):
        return None
    return left - right


def _moment(value: Any) -> Any:
    if kind(value) == "date":
        return combined(value, datetime.time(tzinfo=datetime.UTC))
    return value.astimezone(datetime.UTC) if value.tzinfo is not None else value


def arithmetic(operator: str, left: Any, right: Any) -> Any:
    """+ - * / with dates, times and durations (DMN tables 55 to 58); None for what is not defined."""
    try:
        return _arithmetic(operator, left, right)
    except (OverflowError, ValueError, ArithmeticError):
        return None


def _arithmetic(operator: str, left: Any, right: Any) -> Any:
    one, other = kind(left), kind(right)
    points = {"date", "time", "date and time"}
    spans = {"days and time duration", "years and months duration"}
    if operator in "+-":
        if one in spans and other == one:
            if isinstance(left, Months):
                return Months(left.count + right.count if operator == "+" else left.count - right.count)
            return left + right if operator == "+" else left - right
        if one in points and other in spans:
            by = right if operator == "+" else Months(-right.count) if isinstance(right, Months) else -right
            return _shifted(left, by)
        if operator == "+" and one in spans and other in points:
            return _shifted(right, left)
        if operator == "-" and one in points and other in points and (one == "time") == (other == "time"):
            return _distance(left, right)
        return None
    if operator == "*" and one == "number" and other in spans:
        left, right, one, other = right, left, other, one
    if one in spans and other == "number":
        return _scaled(operator, left, right)
    if operator == "/" and one in spans and other == one:
        size = _size(right)
        return NUMBERS.divide(_size(left), size) if size else None
    return None


def _size(value: Any) -> Decimal:
    if isinstance(value, Months):
        return Decimal(value.count)
    return Decimal(value.days * 86_400_000_000 + value.seconds * 1_000_000 + value.microseconds)


def _scaled(operator: str, span: Any, by: Decimal) -> Any:
    if operator == "/" and not by:
        return None
    size = NUMBERS.divide(_size(span), by) if operator == "/" else NUMBERS.multiply(_size(span), by)
    if isinstance(span, Months):
        return Months(int(size.to_integral_value(ROUND_DOWN)))
    return datetime.timedelta(microseconds=int(size.to_integral_value(ROUND_DOWN)))
