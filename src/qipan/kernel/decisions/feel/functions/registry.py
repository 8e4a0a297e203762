"""The register of built-in functions: what each takes, and how a call finds the form that its arguments fit."""

import datetime
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from qipan.kernel.decisions.feel.beyond import BeyondDate, BeyondMoment, BeyondTime
from qipan.kernel.decisions.feel.limits import FeelLimitError
from qipan.kernel.decisions.feel.values import FunctionValue, Months, RangeValue

#: What a parameter may be declared as.
KINDS: dict[str, tuple[type, ...]] = {
    "number": (Decimal,),
    "string": (str,),
    "boolean": (bool,),
    "date": (datetime.date, BeyondDate),
    "time": (datetime.time, BeyondTime),
    "moment": (datetime.datetime, BeyondMoment),
    "days": (datetime.timedelta,),
    "months": (Months,),
    "list": (list,),
    "context": (dict,),
    "range": (RangeValue,),
    "function": (FunctionValue,),
    "null": (type(None),),
}


@dataclass(frozen=True)
class Parameter:
    """One parameter: `number`, `number|string`, `any`; with ? it may be left out, with * it takes all that follow."""

    name: str
    kinds: frozenset[type] | None
    optional: bool = False
    many: bool = False

    def fits(self, value: Any) -> bool:
        return self.kinds is None or type(value) in self.kinds


@dataclass(frozen=True)
class Form:
    """One way to call a function."""

    parameters: tuple[Parameter, ...]
    run: Callable[..., Any]
    evaluates: bool


FORMS: dict[str, list[Form]] = {}
BUILTINS: dict[str, FunctionValue] = {}


def builtin(name: str, *parameters: str, evaluates: bool = False) -> Callable[[Any], Any]:
    """Register a form of a function; `evaluates` gives it the running evaluator first, to call functions with."""
    made = tuple(_parameter(one) for one in parameters)

    def register(run: Callable[..., Any]) -> Callable[..., Any]:
        FORMS.setdefault(name, []).append(Form(made, run, evaluates))
        BUILTINS.setdefault(
            name,
            FunctionValue(
                name,
                tuple((one.name, None) for one in made),
                lambda evaluator, arguments: call(evaluator, name, arguments, {}),
                builtin=True,
            ),
        )
        return run

    return register


def _parameter(text: str) -> Parameter:
    name, _colon, kinds = text.partition(":")
    kinds = kinds.strip()
    optional, many = kinds.endswith("?"), kinds.endswith("*")
    kinds = kinds.rstrip("?*")
    wanted = None if kinds == "any" else frozenset(one for part in kinds.split("|") for one in KINDS[part])
    return Parameter(name.strip(), wanted, optional, many)


def call(evaluator: Any, name: str, arguments: list[Any], named: dict[str, Any]) -> Any:
    """A built-in function by position or by name; null for arguments that it is not made for. Raises FeelLimitError."""
    for form in FORMS[name]:
        ready = _bound(form, arguments, named)
        if ready is None:
            continue
        try:
            return form.run(evaluator, *ready) if form.evaluates else form.run(*ready)
        except FeelLimitError:
            raise
        except (TypeError, ValueError, ArithmeticError, AttributeError, LookupError):
            return None
    return None


def _bound(form: Form, arguments: list[Any], named: dict[str, Any]) -> list[Any] | None:
    """The arguments in the form's order, fitted to its kinds; None when they do not fit."""
    parameters = form.parameters
    if named:
        known = {one.name for one in parameters}
        if not set(named) <= known or any(one.name not in named and not one.optional for one in parameters):
            return None
        last = max(place for place, one in enumerate(parameters) if one.name in named)
        arguments = [named.get(one.name) for one in parameters[: last + 1]]
        if parameters[-1].many and isinstance(arguments[-1], list) and len(arguments) == len(parameters):
            arguments = [*arguments[:-1], *arguments[-1]]
    ready = []
    for place, value in enumerate(arguments):
        if place < len(parameters):
            one = parameters[place]
        elif parameters and parameters[-1].many:
            one = parameters[-1]
        else:
            return None
        if not one.fits(value):
            if named and one.optional and value is None and one.name not in named:
                pass
            elif isinstance(value, list) and len(value) == 1 and one.fits(value[0]):
                value = value[0]
            elif one.kinds == {list} and value is not None:
                value = [value]
            else:
                return None
        ready.append(value)
    if any(not one.optional and not one.many for one in parameters[len(ready) :]):
        return None
    return ready
