"""The built-in functions of FEEL that tables use, and the parts and arithmetic of dates."""

import datetime
import re
from collections.abc import Callable
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Decimal
from typing import Any

DURATION = re.compile(r"^(-)?P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?$")
PARTS = {"year", "month", "day", "hour", "minute", "second", "weekday"}


def _text(value: Any) -> Any:
    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return format(value.normalize(), "f")
    return value.isoformat() if isinstance(value, datetime.date | datetime.time) else str(value)


def _number(value: Any, *_rest: Any) -> Any:
    try:
        return Decimal(str(value))
    except ArithmeticError:
        return None


def _date(*parts: Any) -> Any:
    if len(parts) == 3 and all(isinstance(part, Decimal) for part in parts):
        return datetime.date(*(int(part) for part in parts))
    (value,) = parts
    if isinstance(value, datetime.datetime):
        return value.date()
    return value if isinstance(value, datetime.date) else datetime.date.fromisoformat(value)


def _duration(value: str) -> Any:
    found = DURATION.match(value)
    if not found or not any(found.groups()[1:]):
        return None
    days, hours, minutes = (int(found[place] or 0) for place in (2, 3, 4))
    made = datetime.timedelta(days=days, hours=hours, minutes=minutes, seconds=float(found[5] or 0))
    return -made if found[1] else made


def _substring(text: str, start: Decimal, length: Decimal | None = None) -> Any:
    begin = int(start) - 1 if start > 0 else len(text) + int(start)
    return text[begin:] if length is None else text[begin : begin + int(length)]


def _flat(values: tuple[Any, ...]) -> list[Any]:
    return list(values[0]) if len(values) == 1 and isinstance(values[0], list) else list(values)


def _all(*values: Any) -> bool | None:
    items = _flat(values)
    return False if False in items else True if all(item is True for item in items) else None


def _any(*values: Any) -> bool | None:
    items = _flat(values)
    return True if True in items else False if all(item is False for item in items) else None


def _least(chosen: Callable[..., Any]) -> Callable[..., Any]:
    return lambda *values: chosen(_flat(values)) if _flat(values) else None


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "not": lambda value: (not value) if isinstance(value, bool) else None,
    "string": _text,
    "number": _number,
    "string length": lambda text: Decimal(len(text)),
    "upper case": lambda text: text.upper(),
    "lower case": lambda text: text.lower(),
    "substring": _substring,
    "contains": lambda text, part: part in text,
    "starts with": lambda text, part: text.startswith(part),
    "ends with": lambda text, part: text.endswith(part),
    "matches": lambda text, pattern: (
        bool(re.search(pattern, text)) if len(pattern) < 200 and len(text) < 2000 else None
    ),
    "substring before": lambda text, part: text.split(part, 1)[0] if part in text else "",
    "substring after": lambda text, part: text.split(part, 1)[1] if part in text else "",
    "count": lambda items: Decimal(len(items)),
    "sum": lambda *values: sum(_flat(values), Decimal(0)) if _flat(values) else None,
    "mean": lambda *values: sum(_flat(values), Decimal(0)) / len(_flat(values)) if _flat(values) else None,
    "min": _least(min),
    "max": _least(max),
    "list contains": lambda items, value: value in items,
    "append": lambda items, *values: [*items, *values],
    "concatenate": lambda *lists: [item for one in lists for item in one],
    "distinct values": lambda items: [item for place, item in enumerate(items) if item not in items[:place]],
    "reverse": lambda items: list(reversed(items)),
    "all": _all,
    "any": _any,
    "abs": abs,
    "floor": lambda value: value.to_integral_value(ROUND_FLOOR),
    "ceiling": lambda value: value.to_integral_value(ROUND_CEILING),
    "decimal": lambda value, places: value.quantize(Decimal(1).scaleb(-int(places)), ROUND_HALF_EVEN),
    "modulo": lambda value, by: value - by * (value / by).to_integral_value(ROUND_FLOOR) if by else None,
    "even": lambda value: value % 2 == 0,
    "odd": lambda value: value % 2 != 0,
    "date": _date,
    "time": lambda value: datetime.time.fromisoformat(value),
    "date and time": lambda value: datetime.datetime.fromisoformat(value),
    "duration": _duration,
    "@": lambda value: _at(value),
}


def _at(value: str) -> Any:
    for read in (
        _duration,
        datetime.date.fromisoformat,
        datetime.datetime.fromisoformat,
        datetime.time.fromisoformat,
    ):
        try:
            if (made := read(value)) is not None:
                return made
        except ValueError:
            continue
    return None


def call(name: str, arguments: list[Any], named: dict[str, Any]) -> Any:
    """A built-in function; null for an unknown one or for arguments it is not made for."""
    function = FUNCTIONS.get(name)
    if function is None or (None in arguments and name not in {"not", "string", "all", "any"}):
        return None
    try:
        return function(*arguments, *named.values())
    except (TypeError, ValueError, ArithmeticError, AttributeError, IndexError, re.error):
        return None


def part(value: Any, name: str) -> Any:
    """A part of a date, time or duration."""
    if name in PARTS and hasattr(value, name):
        found = getattr(value, name)
        return Decimal(found() + 1 if callable(found) else found)
    if isinstance(value, datetime.timedelta) and name == "days":
        return Decimal(value.days)
    return None


def temporal(operator: str, left: Any, right: Any) -> Any:
    """Sums and differences of dates and durations."""
    try:
        if (
            operator == "+"
            and isinstance(right, datetime.timedelta)
            and isinstance(left, datetime.date | datetime.timedelta)
        ):
            return left + right
        fits = isinstance(right, datetime.timedelta) or type(left) is type(right)
        if operator == "-" and fits and isinstance(left, datetime.date | datetime.timedelta):
            return left - right
        if operator == "*" and isinstance(left, datetime.timedelta) and isinstance(right, Decimal):
            return left * float(right)
    except (TypeError, OverflowError):
        return None
    return None
