"""Numbers (DMN 10.3.4.5) and booleans."""

import decimal
from decimal import Decimal
from typing import Any

from qipan.kernel.decisions.feel.functions.registry import builtin
from qipan.kernel.decisions.feel.values import NUMBERS, Months, equal

SCALES = range(-6111, 6177)


@builtin("not", "negand:any")
def negated(value: Any) -> bool | None:
    return (not value) if isinstance(value, bool) else None


@builtin("number", "from:string")
def number(text: str) -> Decimal | None:
    return _read(text)


@builtin("number", "from:string", "grouping separator:string|null", "decimal separator:string|null")
def number_of(text: str, grouping: str | None, point: str | None) -> Decimal | None:
    if (
        grouping not in {None, " ", ",", "."}
        or point not in {None, ".", ","}
        or (grouping and grouping == point)
    ):
        return None
    if grouping:
        text = text.replace(grouping, "")
    return _read(text.replace(point, ".") if point else text)


def _read(text: str) -> Decimal | None:
    text = text.strip()
    plain = text.replace(".", "", 1).replace("-", "").replace("+", "").lower().replace("e", "", 1)
    if not plain.isascii() or not plain.isdigit():
        return None
    return NUMBERS.create_decimal(text)


def _rounded(value: Decimal, scale: Decimal, way: str) -> Decimal | None:
    places = int(scale)
    if places not in SCALES:
        return None
    if places > 34 - value.adjusted() - 1 or -int(value.as_tuple().exponent) <= places:
        return value
    return value.quantize(Decimal(1).scaleb(-places), way, decimal.Context(prec=80, Emax=9999, Emin=-9999))


@builtin("decimal", "n:number", "scale:number")
def decimal_(value: Decimal, scale: Decimal) -> Decimal | None:
    return _rounded(value, scale, decimal.ROUND_HALF_EVEN)


@builtin("floor", "n:number", "scale:number?")
def floor(value: Decimal, scale: Decimal = Decimal(0)) -> Decimal | None:
    return _rounded(value, scale, decimal.ROUND_FLOOR)


@builtin("ceiling", "n:number", "scale:number?")
def ceiling(value: Decimal, scale: Decimal = Decimal(0)) -> Decimal | None:
    return _rounded(value, scale, decimal.ROUND_CEILING)


@builtin("round up", "n:number", "scale:number")
def round_up(value: Decimal, scale: Decimal) -> Decimal | None:
    return _rounded(value, scale, decimal.ROUND_UP)


@builtin("round down", "n:number", "scale:number")
def round_down(value: Decimal, scale: Decimal) -> Decimal | None:
    return _rounded(value, scale, decimal.ROUND_DOWN)


@builtin("round half up", "n:number", "scale:number")
def round_half_up(value: Decimal, scale: Decimal) -> Decimal | None:
    return _rounded(value, scale, decimal.ROUND_HALF_UP)


@builtin("round half down", "n:number", "scale:number")
def round_half_down(value: Decimal, scale: Decimal) -> Decimal | None:
    return _rounded(value, scale, decimal.ROUND_HALF_DOWN)


@builtin("abs", "n:number|days|months")
def absolute(value: Any) -> Any:
    if isinstance(value, Months):
        return Months(abs(value.count))
    return abs(value)


@builtin("modulo", "dividend:number", "divisor:number")
def modulo(value: Decimal, by: Decimal) -> Decimal | None:
    if not by:
        return None
    whole = NUMBERS.divide(value, by).to_integral_value(decimal.ROUND_FLOOR)
    return NUMBERS.subtract(value, NUMBERS.multiply(by, whole))


@builtin("sqrt", "number:number")
def square_root(value: Decimal) -> Decimal | None:
    return NUMBERS.sqrt(value) if value >= 0 else None


@builtin("log", "number:number")
def logarithm(value: Decimal) -> Decimal | None:
    return NUMBERS.ln(value) if value > 0 else None


@builtin("exp", "number:number")
def exponential(value: Decimal) -> Decimal:
    return NUMBERS.exp(value)


@builtin("odd", "number:number")
def odd(value: Decimal) -> bool | None:
    return int(value) % 2 != 0 if value == int(value) else None


@builtin("even", "number:number")
def even(value: Decimal) -> bool | None:
    return int(value) % 2 == 0 if value == int(value) else None


@builtin("is", "value1:any?", "value2:any?")
def same(one: Any = None, other: Any = None) -> bool:
    """The same element of the same value space: zones and offsets count, too."""
    if getattr(one, "tzinfo", None) is not None or getattr(other, "tzinfo", None) is not None:
        if type(one) is not type(other):
            return False
        zones = [str(value.tzinfo) for value in (one, other)]
        return zones[0] == zones[1] and one.replace(tzinfo=None) == other.replace(tzinfo=None)
    return equal(one, other) is True
