"""FEEL types: what a value is an instance of, and how a value is fitted to a declared type (DMN 10.3.2.9)."""

import datetime
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from qipan.kernel.decisions.feel.values import FunctionValue, RangeValue, kind

SIMPLE = {
    "Any",
    "Null",
    "number",
    "string",
    "boolean",
    "date",
    "time",
    "date and time",
    "days and time duration",
    "years and months duration",
    "list",
    "context",
    "range",
    "function",
}
#: Other spellings, as older files and XML Schema have them.
ALIASES = {
    "dateTime": "date and time",
    "dayTimeDuration": "days and time duration",
    "yearMonthDuration": "years and months duration",
    "daysAndTimeDuration": "days and time duration",
    "yearsAndMonthsDuration": "years and months duration",
    "any": "Any",
    "null": "Null",
    "integer": "number",
    "decimal": "number",
    "double": "number",
}


@dataclass(frozen=True)
class Simple:
    """A type by name."""

    name: str


@dataclass(frozen=True)
class ListType:
    """list<…>"""

    of: "Type"


@dataclass(frozen=True)
class RangeType:
    """range<…>"""

    of: "Type"


@dataclass(frozen=True)
class ContextType:
    """context<name: type, …>"""

    fields: tuple[tuple[str, "Type"], ...]


@dataclass(frozen=True)
class FunctionType:
    """function<…> -> …"""

    parameters: tuple["Type", ...]
    result: "Type"


@dataclass(frozen=True, eq=False)
class Constrained:
    """A type narrowed to allowed values (an item definition's allowedValues or typeConstraint)."""

    base: "Type"
    allows: Callable[[Any], bool]
    constraint: bool = False


Type = Simple | ListType | RangeType | ContextType | FunctionType | Constrained

ANY = Simple("Any")


def named(name: str) -> Simple | None:
    """A built-in type by its name or another spelling of it."""
    name = ALIASES.get(name, name)
    return Simple(name) if name in SIMPLE else None


def unconstrained(of: Type | None) -> Type | None:
    """The type without its allowed values, which `instance of` does not look at."""
    if isinstance(of, Constrained):
        return unconstrained(of.base)
    if isinstance(of, ListType):
        return ListType(unconstrained(of.of) or ANY)
    if isinstance(of, ContextType):
        return ContextType(tuple((name, unconstrained(one) or ANY) for name, one in of.fields))
    return of


def is_instance(value: Any, wanted: Type) -> bool:
    """Whether a value has a type; null is an instance of nothing but Null."""
    if isinstance(wanted, Simple):
        if wanted.name == "Any":
            return value is not None
        return value is None if wanted.name == "Null" else kind(value) == wanted.name
    if isinstance(wanted, Constrained):
        return is_instance(value, wanted.base) and wanted.allows(value)
    if isinstance(wanted, ListType):
        return isinstance(value, list) and all(conforms(one, wanted.of) for one in value)
    if isinstance(wanted, ContextType):
        return isinstance(value, dict) and all(
            name in value and conforms(value[name], of) for name, of in wanted.fields
        )
    if isinstance(wanted, RangeType):
        return isinstance(value, RangeValue) and all(
            conforms(end, wanted.of) for end in (value.low, value.high)
        )
    return isinstance(value, FunctionValue) and _function_fits(value, wanted)


def _function_fits(value: FunctionValue, wanted: FunctionType) -> bool:
    if value.builtin:  # what these take and give is not declared
        return True
    if len(value.parameters) != len(wanted.parameters):
        return False
    takes = all(
        narrower(asked, given or ANY)
        for asked, (_name, given) in zip(wanted.parameters, value.parameters, strict=True)
    )
    return takes and (value.result is None or narrower(value.result, wanted.result))


def narrower(one: Type, other: Type) -> bool:
    """Whether every value of one type is one of the other."""
    if isinstance(other, Simple):
        if other.name == "Any" or one == other or one == Simple("Null"):
            return True
        general = {ListType: "list", ContextType: "context", RangeType: "range", FunctionType: "function"}
        return general.get(type(one)) == other.name
    if isinstance(one, Constrained):
        return narrower(one.base, other)
    if isinstance(one, ListType) and isinstance(other, ListType):
        return narrower(one.of, other.of)
    if isinstance(one, RangeType) and isinstance(other, RangeType):
        return narrower(one.of, other.of)
    if isinstance(one, ContextType) and isinstance(other, ContextType):
        fields = dict(one.fields)
        return all(name in fields and narrower(fields[name], of) for name, of in other.fields)
    if isinstance(one, FunctionType) and isinstance(other, FunctionType):
        return (
            len(one.parameters) == len(other.parameters)
            and all(narrower(b, a) for a, b in zip(one.parameters, other.parameters, strict=True))
            and narrower(one.result, other.result)
        )
    return one == other


def conforms(value: Any, wanted: Type) -> bool:
    """As `is_instance`, but null conforms to every type."""
    return value is None or is_instance(value, wanted)


def fitted(value: Any, wanted: Type | None) -> Any:
    """The value in a declared type: itself, out of a list of one, in a list of one, a date as a moment; else null."""
    if wanted is None or conforms(value, wanted):
        return value
    base = wanted.base if isinstance(wanted, Constrained) else wanted
    if isinstance(value, list) and len(value) == 1 and not isinstance(base, ListType):
        return value[0] if conforms(value[0], wanted) else None
    if isinstance(base, ListType):
        if isinstance(value, list):
            items = [fitted(one, base.of) for one in value]
            lost = any(new is None and old is not None for new, old in zip(items, value, strict=True))
            return None if lost or not conforms(items, wanted) else items
        return [value] if conforms(value, base.of) and conforms([value], wanted) else None
    if base == Simple("date and time") and kind(value) == "date":
        return datetime.datetime(value.year, value.month, value.day, tzinfo=datetime.UTC)
    if isinstance(base, ContextType) and isinstance(value, dict):
        wider = {**value, **{name: fitted(value.get(name), of) for name, of in base.fields if name in value}}
        lost = any(wider[name] is None and value[name] is not None for name in value)
        return wider if not lost and conforms(wider, wanted) else None
    return None
