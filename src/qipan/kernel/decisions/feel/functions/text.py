"""Texts (DMN 10.3.4.3) and regular expressions as XPath writes them."""

import datetime
import decimal
from decimal import Decimal
from typing import Any

from qipan.kernel.decisions.feel import patterns, temporal
from qipan.kernel.decisions.feel.beyond import Beyond
from qipan.kernel.decisions.feel.functions.registry import builtin
from qipan.kernel.decisions.feel.values import Months, RangeValue


@builtin("string", "from:any")
def string(value: Any) -> str | None:
    return None if value is None else words(value)


def words(value: Any, inner: bool = False) -> str:
    """A value as FEEL writes it; texts are quoted inside lists and contexts."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"' if inner else value
    if isinstance(value, Decimal):
        return number_words(value)
    if isinstance(value, list):
        return "[" + ", ".join(words(one, True) for one in value) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_key(key)}: {words(one, True)}" for key, one in value.items()) + "}"
    if isinstance(value, RangeValue):
        low = "" if value.low is None else words(value.low, True)
        high = "" if value.high is None else words(value.high, True)
        return f"{'[' if value.low_closed else '('}{low}..{high}{']' if value.high_closed else ')'}"
    if isinstance(value, datetime.date | datetime.time | datetime.timedelta | Months | Beyond):
        return f'@"{temporal.write(value)}"' if inner else temporal.write(value)
    return str(value)


def _key(name: str) -> str:
    return name if name.replace("_", "").replace(" ", "").isalnum() else f'"{name}"'


def number_words(value: Decimal) -> str:
    """A number without exponent (unless it is huge) and without zeros at its end."""
    if not value:
        return "0"
    exponent = value.as_tuple().exponent
    if isinstance(exponent, int) and abs(exponent) > 60:
        return str(value)
    plain = format(value, "f")
    return plain.rstrip("0").rstrip(".") if "." in plain else plain


@builtin("string length", "string:string")
def length(text: str) -> Decimal:
    return Decimal(len(text))


@builtin("upper case", "string:string")
def upper(text: str) -> str:
    return text.upper()


@builtin("lower case", "string:string")
def lower(text: str) -> str:
    return text.lower()


@builtin("substring", "string:string", "start position:number", "length:number?")
def substring(text: str, start: Decimal, count: Decimal | None = None) -> str | None:
    first = int(start.to_integral_value(decimal.ROUND_DOWN))
    if first == 0 or (count is not None and count < 1):
        return None
    begin = first - 1 if first > 0 else len(text) + first
    if begin >= len(text) or begin < 0:
        return "" if begin >= 0 else None
    return text[begin:] if count is None else text[begin : begin + int(count)]


@builtin("substring before", "string:string", "match:string")
def before(text: str, mark: str) -> str:
    return text.split(mark, 1)[0] if mark and mark in text else ""


@builtin("substring after", "string:string", "match:string")
def after(text: str, mark: str) -> str:
    if not mark:
        return text
    return text.split(mark, 1)[1] if mark in text else ""


@builtin("contains", "string:string", "match:string")
def contains(text: str, mark: str) -> bool:
    return mark in text


@builtin("starts with", "string:string", "match:string")
def starts_with(text: str, mark: str) -> bool:
    return text.startswith(mark)


@builtin("ends with", "string:string", "match:string")
def ends_with(text: str, mark: str) -> bool:
    return text.endswith(mark)


@builtin("matches", "input:string", "pattern:string", "flags:string|null?", evaluates=True)
def matches(evaluator: Any, text: str, pattern: str, flags: str | None = None) -> bool:
    return patterns.compiled(evaluator, pattern, flags or "", text).search(text) is not None


@builtin(
    "replace", "input:string", "pattern:string", "replacement:string", "flags:string|null?", evaluates=True
)
def replace(evaluator: Any, text: str, pattern: str, by: str, flags: str | None = None) -> str:
    found = patterns.compiled(evaluator, pattern, flags or "", text)
    literal = "q" in (flags or "")
    return found.sub(lambda match: by if literal else patterns.filled(by, match), text)


@builtin("split", "string:string", "delimiter:string", evaluates=True)
def split(evaluator: Any, text: str, delimiter: str) -> list[str]:
    found = patterns.compiled(evaluator, delimiter, "", text)
    parts, at = [], 0
    for match in found.finditer(text):
        parts.append(text[at : match.start()])
        at = match.end()
    return [*parts, text[at:]]


@builtin("string join", "list:list", "delimiter:string|null?")
def join(items: list[Any], delimiter: str | None = None) -> str | None:
    if not all(one is None or isinstance(one, str) for one in items):
        return None
    return (delimiter or "").join(one for one in items if one is not None)
