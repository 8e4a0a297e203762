"""The values of FEEL in Python, and when two of them are equal or one comes before the other.

number Decimal (34 digits), text str, boolean bool, date/time/date and time from datetime, days and time duration
timedelta, years and months duration Months, list list, context dict, interval RangeValue, function FunctionValue, null None.
"""

import datetime
import decimal
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from qipan.kernel.decisions.feel.beyond import Beyond, BeyondDate, BeyondMoment, BeyondTime, order

if TYPE_CHECKING:
    from qipan.kernel.decisions.feel.evaluator import Evaluator
    from qipan.kernel.decisions.feel.types import Type

#: IEEE 754 decimal128, as DMN says (10.3.2.3.1).
NUMBERS = decimal.Context(
    prec=34,
    rounding=decimal.ROUND_HALF_EVEN,
    Emax=6144,
    Emin=-6143,
    traps=[decimal.InvalidOperation, decimal.DivisionByZero, decimal.Overflow],
)


@dataclass(frozen=True, order=True)
class Months:
    """A years and months duration."""

    count: int


class RangeValue:
    """An interval as a value; an end that is None is open without bound."""

    __slots__ = ("form", "high", "high_closed", "low", "low_closed")

    def __init__(self, low: Any, high: Any, low_closed: bool, high_closed: bool, form: str = "") -> None:
        """`form` is "?" where an end was written and came to null, and "=" for `(= 10)`."""
        self.low, self.high, self.low_closed, self.high_closed = low, high, low_closed, high_closed
        self.form = form

    def holds(self, value: Any) -> bool | None:
        """Whether a value lies in the interval; None where they cannot be compared."""
        if self.form == "?":
            return None
        above = True if self.low is None else compare(">=" if self.low_closed else ">", value, self.low)
        if self.high is None:
            return above
        below = compare("<=" if self.high_closed else "<", value, self.high)
        if above is None or below is None:
            return None
        return above and below

    def __contains__(self, value: Any) -> bool:
        return self.holds(value) is True

    def ends(self) -> tuple[Any, ...]:
        """What makes the interval what it is."""
        return (self.low, self.high, self.low_closed, self.high_closed, self.form)


@dataclass(frozen=True, eq=False)
class FunctionValue:
    """A function as a value: written in FEEL, a business knowledge model, a decision service or built in.

    `run(evaluator, arguments)` gets exactly as many arguments as there are parameters (built-in ones: any number).
    """

    name: str
    parameters: tuple[tuple[str, "Type | None"], ...]
    run: Callable[["Evaluator", list[Any]], Any] = field(repr=False)
    result: "Type | None" = None
    builtin: bool = False


KINDS: dict[type, str] = {
    type(None): "null",
    bool: "boolean",
    Decimal: "number",
    str: "string",
    datetime.date: "date",
    BeyondDate: "date",
    datetime.time: "time",
    BeyondTime: "time",
    datetime.datetime: "date and time",
    BeyondMoment: "date and time",
    datetime.timedelta: "days and time duration",
    Months: "years and months duration",
    list: "list",
    dict: "context",
    RangeValue: "range",
    FunctionValue: "function",
}
ORDERED = {
    "number",
    "string",
    "date",
    "time",
    "date and time",
    "days and time duration",
    "years and months duration",
}


def kind(value: Any) -> str:
    """The name of a value's type."""
    return KINDS.get(type(value), "unknown")


def tidy(value: Any) -> Any:
    """A Python value as FEEL has it: integers and floats are decimals, sets and tuples lists."""
    if type(value) in KINDS and not isinstance(value, list | dict):
        return value
    if isinstance(value, int):
        return Decimal(value)
    if isinstance(value, float):
        return Decimal(str(value))
    if isinstance(value, str):
        return str(value)
    if isinstance(value, Mapping):
        return {str(key): tidy(one) for key, one in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [tidy(one) for one in value]
    return value


def offset(value: datetime.datetime | datetime.time) -> datetime.timedelta | None:
    """The distance from UTC; a time in a named zone has the zone's standard one (that of 1 January)."""
    found = value.utcoffset()
    if found is None and value.tzinfo is not None:
        found = value.tzinfo.utcoffset(datetime.datetime(2020, 1, 1))
    return found


def seconds(value: datetime.time) -> datetime.timedelta:
    """A time as a distance from midnight, UTC where it has a zone."""
    plain = datetime.timedelta(
        hours=value.hour, minutes=value.minute, seconds=value.second, microseconds=value.microsecond
    )
    shift = offset(value)
    return plain if shift is None else plain - shift


def _comparable(value: Any, beyond: bool = False) -> Any:
    if kind(value) == "time":
        return seconds(value)
    if beyond:
        return order(value)
    if isinstance(value, datetime.datetime) and value.tzinfo is not None:
        return value.astimezone(datetime.UTC)
    return value


def equal(left: Any, right: Any) -> bool | None:
    """Equality as DMN table 42 has it; None for values of different kinds."""
    if left is None or right is None:
        return left is right
    of = KINDS.get(type(left))
    if of != KINDS.get(type(right)):
        return None
    if of in {"number", "string", "boolean"}:
        return bool(left == right)
    if of == "list":
        return len(left) == len(right) and all(equal(a, b) is True for a, b in zip(left, right, strict=True))
    if of == "context":
        return left.keys() == right.keys() and all(equal(left[key], right[key]) is True for key in left)
    if of == "range":
        return all(equal(a, b) is True for a, b in zip(left.ends(), right.ends(), strict=True))
    if of in {"time", "date and time"}:
        if (offset(left) is None) != (offset(right) is None):
            return False
        # Points in time are the same when their parts are, and the second is a whole number (DMN 10.3.2.3.3).
        left, right = left.replace(microsecond=0), right.replace(microsecond=0)
    beyond = isinstance(left, Beyond) or isinstance(right, Beyond)
    return bool(_comparable(left, beyond) == _comparable(right, beyond))


def key(value: Any) -> Any:
    """What two values share exactly when they are equal; for sets and counts."""
    of = kind(value)
    if of == "list":
        return of, tuple(key(one) for one in value)
    if of == "context":
        return of, frozenset((name, key(one)) for name, one in value.items())
    if of == "range":
        return of, tuple(key(one) for one in value.ends())
    if of in {"time", "date and time"}:
        whole = value.replace(microsecond=0)
        return of, offset(value) is None, _comparable(whole, isinstance(whole, Beyond))
    if of == "date":
        return of, order(value)
    return of, id(value) if of == "function" else value


def compare(operator: str, left: Any, right: Any) -> bool | None:
    """A comparison; None where the values cannot be compared."""
    if operator == "=":
        return equal(left, right)
    if operator == "!=":
        same = equal(left, right)
        return None if same is None else not same
    of = KINDS.get(type(left))
    if of != KINDS.get(type(right)) or of not in ORDERED:
        return None
    if of in {"time", "date and time"} and (offset(left) is None) != (offset(right) is None):
        return None
    if of in {"date", "time", "date and time"}:
        beyond = isinstance(left, Beyond) or isinstance(right, Beyond)
        left, right = _comparable(left, beyond), _comparable(right, beyond)
    if operator == "<":
        return bool(left < right)
    if operator == "<=":
        return bool(left <= right)
    if operator == ">":
        return bool(left > right)
    return bool(left >= right)
