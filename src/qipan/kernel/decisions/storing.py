"""FEEL values as JSON that reads back the same: each kind keeps its kind."""

import datetime
import zoneinfo
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from qipan.kernel.decisions.feel import temporal
from qipan.kernel.decisions.feel.functions.text import words
from qipan.kernel.decisions.feel.values import FunctionValue, RangeValue, kind

#: The mark that a kind is kept under, beside numbers, texts, booleans, lists and contexts.
MARKS = {
    "date": "$date",
    "time": "$time",
    "date and time": "$moment",
    "days and time duration": "$duration",
    "years and months duration": "$duration",
}


def stored(value: Any) -> Any:
    """A FEEL value as JSON; an interval keeps its ends, a function only its name."""
    if isinstance(value, Decimal):
        return {"$number": str(value)}
    if isinstance(value, datetime.datetime):
        if isinstance(value.tzinfo, zoneinfo.ZoneInfo):  # the hour that comes twice in autumn needs its fold
            return {"$moment": [value.replace(tzinfo=None).isoformat(), value.tzinfo.key, value.fold]}
        return {"$moment": value.isoformat()}
    if (mark := MARKS.get(kind(value))) is not None:
        return {mark: temporal.write(value)}
    if isinstance(value, RangeValue):
        return {
            "$range": [stored(value.low), stored(value.high), value.low_closed, value.high_closed, value.form]
        }
    if isinstance(value, FunctionValue):
        return {"$function": words(value.name)}
    if isinstance(value, Mapping):
        return {str(key): stored(one) for key, one in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [stored(one) for one in value]
    return value


def _moment(text: Any) -> Any:
    if isinstance(text, list):
        local, zone, fold = text
        return datetime.datetime.fromisoformat(local).replace(tzinfo=zoneinfo.ZoneInfo(zone), fold=fold)
    try:
        return datetime.datetime.fromisoformat(text)
    except ValueError:
        return temporal.read_moment(text)


def _range(ends: list[Any]) -> RangeValue:
    low, high, low_closed, high_closed, form = ends
    return RangeValue(restored(low), restored(high), low_closed, high_closed, form)


READ: dict[str, Callable[[Any], Any]] = {
    "$number": Decimal,
    "$date": temporal.read_date,
    "$time": temporal.read_time,
    "$moment": _moment,
    "$duration": temporal.read_duration,
    "$range": _range,
    "$function": lambda name: None,
}


def restored(value: Any) -> Any:
    """The reverse of `stored`."""
    if isinstance(value, dict):
        if len(value) == 1 and (read := READ.get(next(iter(value)))) is not None:
            return read(next(iter(value.values())))
        return {key: restored(one) for key, one in value.items()}
    if isinstance(value, list):
        return [restored(one) for one in value]
    return value
