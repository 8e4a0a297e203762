"""Lists (DMN 10.3.4.4)."""

import functools
from collections import Counter
from decimal import Decimal
from typing import Any

from qipan.kernel.decisions.feel import limits
from qipan.kernel.decisions.feel.functions.registry import builtin
from qipan.kernel.decisions.feel.values import NUMBERS, FunctionValue, Months, compare, equal, key, kind


def _has(items: list[Any], value: Any) -> bool:
    return any(equal(one, value) is True for one in items)


def _position(items: list[Any], position: Decimal, last: int | None = None) -> int:
    """The index from 0 of a position from 1, or from the end. Raises ValueError outside."""
    place, most = int(position), len(items) if last is None else last
    if place == 0 or place > most or -place > len(items):
        raise ValueError(position)
    return place - 1 if place > 0 else len(items) + place


@builtin("list contains", "list:list", "element:any")
def list_contains(items: list[Any], element: Any) -> bool:
    return _has(items, element)


@builtin("count", "list:list")
def count(items: list[Any]) -> Decimal:
    return Decimal(len(items))


def _extreme(items: list[Any], operator: str) -> Any:
    if not items:
        return None
    best = items[0]
    for one in items[1:]:
        first = compare(operator, one, best)
        if first is None:
            return None
        best = one if first else best
    return best if compare("=", best, best) and kind(best) not in {"list", "context", "boolean"} else None


@builtin("min", "list:list")
def minimum(items: list[Any]) -> Any:
    return _extreme(items, "<")


@builtin("max", "list:list")
def maximum(items: list[Any]) -> Any:
    return _extreme(items, ">")


def _total(items: list[Any]) -> Any:
    total = items[0]
    for one in items[1:]:
        if type(one) is not type(total):
            raise TypeError
        if isinstance(total, Decimal):
            total = NUMBERS.add(total, one)
        elif isinstance(total, Months):
            total = Months(total.count + one.count)
        else:
            total = total + one
    return total if kind(total) in {"number", "days and time duration", "years and months duration"} else None


@builtin("sum", "list:list")
def total(items: list[Any]) -> Any:
    return _total(items) if items else None


@builtin("mean", "list:list")
def mean(items: list[Any]) -> Any:
    if not items or (amount := _total(items)) is None:
        return None
    return NUMBERS.divide(amount, Decimal(len(items))) if isinstance(amount, Decimal) else None


@builtin("product", "list:list")
def product(items: list[Any]) -> Any:
    return functools.reduce(NUMBERS.multiply, _numbers(items)) if items else None


def _numbers(items: list[Any]) -> list[Decimal]:
    if not all(type(one) is Decimal for one in items):
        raise TypeError
    return items


@builtin("median", "list:list")
def median(items: list[Any]) -> Decimal | None:
    ranked = sorted(_numbers(items))
    if not ranked:
        return None
    middle = len(ranked) // 2
    if len(ranked) % 2:
        return ranked[middle]
    return NUMBERS.divide(NUMBERS.add(ranked[middle - 1], ranked[middle]), Decimal(2))


@builtin("stddev", "list:list")
def deviation(items: list[Any]) -> Decimal | None:
    numbers = _numbers(items)
    if len(numbers) < 2:
        return None
    middle = NUMBERS.divide(functools.reduce(NUMBERS.add, numbers), Decimal(len(numbers)))
    squares = [NUMBERS.power(NUMBERS.subtract(one, middle), Decimal(2)) for one in numbers]
    return NUMBERS.sqrt(NUMBERS.divide(functools.reduce(NUMBERS.add, squares), Decimal(len(numbers) - 1)))


@builtin("mode", "list:list")
def mode(items: list[Any]) -> list[Decimal]:
    counts: dict[Decimal, int] = {}
    for one in _numbers(items):
        counts[one] = counts.get(one, 0) + 1
    most = max(counts.values(), default=0)
    return sorted(one for one, often in counts.items() if often == most)


def _all(items: list[Any]) -> bool | None:
    if any(one is False for one in items):
        return False
    return True if all(one is True for one in items) else None


def _any(items: list[Any]) -> bool | None:
    if any(one is True for one in items):
        return True
    return False if all(one is False for one in items) else None


builtin("all", "list:list")(_all)
builtin("and", "list:list")(_all)
builtin("any", "list:list")(_any)
builtin("or", "list:list")(_any)


for _name, _run in {
    "min": minimum,
    "max": maximum,
    "sum": total,
    "mean": mean,
    "product": product,
    "median": median,
    "stddev": deviation,
    "mode": mode,
    "all": _all,
    "and": _all,
    "any": _any,
    "or": _any,
}.items():
    # The same functions over their arguments: max(1, 2, 3).
    builtin(_name, "values:any*")(lambda *values, run=_run: run(list(values)) if len(values) > 1 else None)


@builtin("sublist", "list:list", "start position:number", "length:number?")
def sublist(items: list[Any], start: Decimal, length: Decimal | None = None) -> list[Any] | None:
    begin = _position(items, start)
    if length is None:
        return items[begin:]
    if length < 1 or begin + int(length) > len(items):
        return None
    return items[begin : begin + int(length)]


@builtin("append", "list:list", "item:any*")
def append(items: list[Any], *more: Any) -> list[Any] | None:
    return [*items, *more] if more else None


@builtin("concatenate", "list:list*")
def concatenate(*lists: list[Any]) -> list[Any]:
    return [item for one in lists for item in one]


@builtin("insert before", "list:list", "position:number", "newItem:any")
def insert_before(items: list[Any], position: Decimal, item: Any) -> list[Any]:
    at = _position(items, position)
    return [*items[:at], item, *items[at:]]


@builtin("remove", "list:list", "position:number")
def remove(items: list[Any], position: Decimal) -> list[Any]:
    at = _position(items, position)
    return [*items[:at], *items[at + 1 :]]


@builtin("list replace", "list:list", "position:number", "newItem:any")
def replace_at(items: list[Any], position: Decimal, item: Any) -> list[Any]:
    at = _position(items, position)
    return [*items[:at], item, *items[at + 1 :]]


@builtin("list replace", "list:list", "match:function", "newItem:any", evaluates=True)
def replace_matching(evaluator: Any, items: list[Any], match: FunctionValue, item: Any) -> list[Any] | None:
    made = []
    for one in items:
        found = evaluator.call(match, [one, item])
        if not isinstance(found, bool):
            return None
        made.append(item if found else one)
    return made


@builtin("reverse", "list:list")
def reverse(items: list[Any]) -> list[Any]:
    return items[::-1]


@builtin("index of", "list:list", "match:any")
def index_of(items: list[Any], match: Any) -> list[Decimal]:
    return [Decimal(place) for place, one in enumerate(items, start=1) if equal(one, match) is True]


def _distinct(items: list[Any]) -> list[Any]:
    made: dict[Any, Any] = {}
    for one in items:
        made.setdefault(key(one), one)
    return list(made.values())


@builtin("distinct values", "list:list")
def distinct_values(items: list[Any]) -> list[Any]:
    return _distinct(items)


@builtin("union", "list:list*")
def union(*lists: list[Any]) -> list[Any]:
    return _distinct(concatenate(*lists))


@builtin("duplicate values", "list:list")
def duplicate_values(items: list[Any]) -> list[Any]:
    often = Counter(key(one) for one in items)
    return [one for one in _distinct(items) if often[key(one)] > 1]


@builtin("flatten", "list:list")
def flatten(items: list[Any]) -> list[Any]:
    made: list[Any] = []
    open_ = items[::-1]
    while open_:
        one = open_.pop()
        if isinstance(one, list):
            open_.extend(reversed(one))
        else:
            made.append(one)
            limits.bounded(made)
    return made


@builtin("sort", "list:list", "precedes:function?", evaluates=True)
def sort(evaluator: Any, items: list[Any], precedes: FunctionValue | None = None) -> list[Any] | None:
    wrong = False

    def order(one: Any, other: Any) -> int:
        nonlocal wrong
        if precedes is None:
            first, second = compare("<", one, other), compare(">", one, other)
        else:
            first = evaluator.call(precedes, [one, other])
            second = None if first is True else evaluator.call(precedes, [other, one])
        wrong |= not isinstance(first, bool)
        return -1 if first is True else 1 if second is True else 0

    made = sorted(items, key=functools.cmp_to_key(order))
    return None if wrong else made
