"""What a FEEL expression comes to. Whatever is not defined is null (None); conjunction and disjunction know three values."""

import datetime
import decimal
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from qipan.kernel.decisions.feel import functions, limits, repeating, temporal, tree, types
from qipan.kernel.decisions.feel.values import (
    NUMBERS,
    FunctionValue,
    Months,
    RangeValue,
    compare,
    equal,
    tidy,
)

__all__ = ["Evaluator", "RangeValue", "evaluate", "matches", "tidy"]
COMPARISONS = {"=", "!=", "<", "<=", ">", ">="}
Scope = Mapping[str, Any]


def evaluate(node: tree.Node, scope: Scope) -> Any:
    """The value of an expression in a scope of tidy values. Raises FeelLimitError."""
    return Evaluator().value(node, scope)


def matches(tests: tree.UnaryTests, value: Any, scope: Scope) -> bool:
    """Whether a value passes the tests of a cell. A value that is not known passes nothing but the dash and `null`."""
    return Evaluator().passes(tests, value, scope)


class Evaluator:
    """One evaluation with its budget: everything that belongs to one decision goes through one of these."""

    __slots__ = ("depth", "steps")

    def __init__(self) -> None:
        self.steps = 0
        self.depth = 0

    def value(self, node: tree.Node, scope: Scope) -> Any:
        """The value of a node. Raises FeelLimitError."""
        if type(node) is tree.Literal:
            return node.value
        self.steps += 1
        if self.steps > limits.MOST_STEPS:
            raise limits.too_many_steps()
        return HOW[type(node)](self, node, scope)

    def charge(self, value: Any) -> Any:
        """Count what a list, context or text costs to go through, and hand it back. Raises FeelLimitError."""
        if isinstance(value, list | dict | str):
            self.spend(limits.weight(value, limits.MOST_STEPS))
        return value

    def spend(self, steps: int) -> None:
        """Count steps that are taken elsewhere. Raises FeelLimitError."""
        self.steps += steps
        if self.steps > limits.MOST_STEPS:
            raise limits.too_many_steps()

    def passes(self, tests: tree.UnaryTests, value: Any, scope: Scope) -> bool:
        """Whether a value passes the tests of a cell."""
        if not tests.tests:
            return True
        inner: Scope | None = None
        hit = False
        for test in tests.tests:
            if type(test) is tree.Literal:
                result = equal(value, test.value) is True
                if not result and type(value) is list and test.value is not None:
                    result = equal(value, [test.value]) is True
            else:
                inner = {**scope, "?": value} if inner is None else inner
                result = self.test(test, value, inner) is True
            if result:
                hit = True
                break
        # What is not known is not "not in" either: a missing fact must never pass by being excluded.
        return (not hit and value is not None) if tests.negated else hit

    def test(self, test: tree.Node, value: Any, scope: Scope) -> bool | None:
        """One alternative against a value; None where they cannot be compared."""
        if type(test) is tree.Comparison:
            return compare(test.operator, value, self.value(test.operand, scope))
        result = self.value(test, scope)
        if isinstance(result, RangeValue):
            if isinstance(value, RangeValue):
                return equal(value, result)
            return result.holds(value)
        if isinstance(result, list):
            self.charge(result)
            if isinstance(value, list) and equal(value, result) is True:
                return True
            return any(
                equal(value, one) is True or (isinstance(one, RangeValue) and value in one) for one in result
            )
        if isinstance(result, bool) and not isinstance(test, tree.Literal | tree.Name | tree.Path):
            return result
        return equal(value, result)

    def call(self, function: Any, arguments: list[Any], named: dict[str, Any] | None = None) -> Any:
        """A function on arguments; null where it is none or the arguments do not fit. Raises FeelLimitError."""
        if not isinstance(function, FunctionValue):
            return None
        self.depth += 1
        if self.depth > limits.DEEPEST_CALL:
            raise limits.too_deep()
        try:
            for given in (*arguments, *(named or {}).values()):
                self.charge(given)
            if function.builtin:
                result = functions.call(self, function.name, arguments, named or {})
                limits.bounded(result)
                return result
            if named:
                if set(named) != {name for name, _type in function.parameters}:
                    return None
                arguments = [named[name] for name, _type in function.parameters]
            if len(arguments) != len(function.parameters):
                return None
            fitted = []
            for given, (_name, of) in zip(arguments, function.parameters, strict=True):
                fitted.append(types.fitted(given, of))
                if given is not None and fitted[-1] is None:
                    return None
            return types.fitted(function.run(self, fitted), function.result)
        except RecursionError:
            raise limits.too_deep() from None
        finally:
            self.depth -= 1


def _name(self: Evaluator, node: tree.Name, scope: Scope) -> Any:
    try:
        return scope[node.name]
    except KeyError:
        first, dot, rest = node.name.partition(".")
        if dot and first in scope:  # a name known elsewhere, such as a parameter called "Person.Age"
            value = scope[first]
            for part in rest.split("."):
                value = entry(value, part)
            return value
        return functions.BUILTINS.get(node.name)


def _path(self: Evaluator, node: tree.Path, scope: Scope) -> Any:
    base = self.value(node.base, scope)
    return entry(self.charge(base) if isinstance(base, list) else base, node.name)


def entry(base: Any, name: str) -> Any:
    """base.name"""
    if isinstance(base, dict):
        return base.get(name)
    if isinstance(base, list):
        return [entry(one, name) for one in base]
    if isinstance(base, RangeValue):
        return {
            "start": base.low,
            "end": base.high,
            "start included": base.low_closed,
            "end included": base.high_closed,
        }.get(name)
    return temporal.part(base, name)


def _unary(self: Evaluator, node: tree.Unary, scope: Scope) -> Any:
    value = self.value(node.operand, scope)
    if isinstance(value, Months):
        return Months(-value.count)
    return -value if isinstance(value, Decimal | datetime.timedelta) else None


def _binary(self: Evaluator, node: tree.Binary, scope: Scope) -> Any:
    operator = node.operator
    left = self.value(node.left, scope)
    if operator in {"and", "or"}:
        decisive = operator == "or"
        if left is decisive:
            return decisive
        right = self.value(node.right, scope)
        if right is decisive:
            return decisive
        return (not decisive) if left is (not decisive) and right is (not decisive) else None
    right = self.value(node.right, scope)
    if isinstance(left, list | dict | str):
        self.charge(left)
    if operator in COMPARISONS:
        return compare(operator, left, right)
    return arithmetic(operator, left, right)


def arithmetic(operator: str, left: Any, right: Any) -> Any:
    """+ - * / ** over numbers, texts (only +), dates and durations; null for anything else."""
    if type(left) is Decimal and type(right) is Decimal:
        try:
            return OPERATIONS[operator](left, right)
        except decimal.DecimalException:
            return None
    if operator == "+" and type(left) is str and type(right) is str:
        limits.bounded(joined := left + right)
        return joined
    if operator == "**" or left is None or right is None:
        return None
    return temporal.arithmetic(operator, left, right)


OPERATIONS: dict[str, Callable[[Decimal, Decimal], Decimal]] = {
    "+": NUMBERS.add,
    "-": NUMBERS.subtract,
    "*": NUMBERS.multiply,
    "/": NUMBERS.divide,
    "**": NUMBERS.power,
}


def _range(self: Evaluator, node: tree.Range, scope: Scope) -> Any:
    low = self.value(node.low, scope) if node.low is not None else None
    high = self.value(node.high, scope) if node.high is not None else None
    form = node.form
    if (low is None and node.low is not None) or (high is None and node.high is not None):
        if low is None and high is None:
            return None
        form = "?"
    return RangeValue(low, high, node.low_closed, node.high_closed, form)


def _list(self: Evaluator, node: tree.ListOf, scope: Scope) -> Any:
    return self.charge([self.value(item, scope) for item in node.items])


def _context(self: Evaluator, node: tree.Context, scope: Scope) -> Any:
    made: dict[str, Any] = {}
    inner = dict(scope)
    for name, one in node.entries:
        made[name] = inner[name] = self.value(one, inner)
    self.spend(len(scope) // 50)
    return self.charge(made)


def _if(self: Evaluator, node: tree.If, scope: Scope) -> Any:
    return self.value(node.then if self.value(node.condition, scope) is True else node.other, scope)


def _in(self: Evaluator, node: tree.In, scope: Scope) -> Any:
    value = self.value(node.value, scope)
    inner = {**scope, "?": value}
    unknown = False
    for test in node.tests.tests:
        found = self.test(test, value, inner)
        if found is True:
            return True
        unknown |= found is None
    return None if unknown and len(node.tests.tests) == 1 else False


def _between(self: Evaluator, node: tree.Between, scope: Scope) -> Any:
    value = self.value(node.value, scope)
    low = compare(">=", value, self.value(node.low, scope))
    high = compare("<=", value, self.value(node.high, scope))
    return None if low is None or high is None else low and high


def _instance_of(self: Evaluator, node: tree.InstanceOf, scope: Scope) -> Any:
    value = self.value(node.value, scope)
    return None if node.type is None else types.is_instance(value, node.type)


def _call(self: Evaluator, node: tree.Call, scope: Scope) -> Any:
    function = self.value(node.function, scope)
    arguments = [self.value(argument, scope) for argument in node.arguments]
    named = {name: self.value(argument, scope) for name, argument in node.named}
    if len(named) != len(node.named):
        return None
    return self.call(function, arguments, named)


def _function(self: Evaluator, node: tree.Function, scope: Scope) -> Any:
    names = [name for name, _type in node.parameters]
    body = node.body

    def run(evaluator: Evaluator, arguments: list[Any]) -> Any:
        return evaluator.value(body, {**scope, **dict(zip(names, arguments, strict=True))}) if body else None

    return FunctionValue("", node.parameters, run)


def _comparison(self: Evaluator, node: tree.Comparison, scope: Scope) -> Any:
    return compare(node.operator, scope.get("?"), self.value(node.operand, scope))


def _unary_tests(self: Evaluator, node: tree.UnaryTests, scope: Scope) -> Any:
    return self.passes(node, scope.get("?"), scope)


HOW: dict[type, Callable[[Evaluator, Any, Scope], Any]] = {
    tree.Name: _name,
    tree.Path: _path,
    tree.Unary: _unary,
    tree.Binary: _binary,
    tree.Range: _range,
    tree.ListOf: _list,
    tree.Context: _context,
    tree.If: _if,
    tree.In: _in,
    tree.Between: _between,
    tree.InstanceOf: _instance_of,
    tree.Steps: repeating.steps,
    tree.Iteration: repeating.iteration,
    tree.Filter: repeating.filter_items,
    tree.Call: _call,
    tree.Function: _function,
    tree.Comparison: _comparison,
    tree.UnaryTests: _unary_tests,
}
