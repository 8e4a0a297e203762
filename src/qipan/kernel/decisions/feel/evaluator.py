"""What a FEEL expression comes to. Whatever is not defined is null (None); conjunction and disjunction know three values."""

import datetime
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from qipan.kernel.decisions.feel import functions, tree

#: A loop may not go round more often than this.
MOST_STEPS = 100_000


class RangeValue:
    """An interval as a value."""

    def __init__(self, low: Any, high: Any, low_closed: bool, high_closed: bool) -> None:
        self.low, self.high, self.low_closed, self.high_closed = low, high, low_closed, high_closed

    def __contains__(self, value: Any) -> bool:
        above = self.low is None or compare(">=" if self.low_closed else ">", value, self.low)
        below = self.high is None or compare("<=" if self.high_closed else "<", value, self.high)
        return above is True and below is True


def tidy(value: Any) -> Any:
    """A Python value as FEEL has it: integers and floats are decimals."""
    if isinstance(value, bool) or value is None or isinstance(value, str | Decimal | RangeValue):
        return value
    if isinstance(value, int):
        return Decimal(value)
    if isinstance(value, float):
        return Decimal(str(value))
    if isinstance(value, Mapping):
        return {str(key): tidy(one) for key, one in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [tidy(one) for one in value]
    return value


def same_kind(left: Any, right: Any) -> bool:
    """Whether two values may be compared."""
    if isinstance(left, bool) or isinstance(right, bool):
        return isinstance(left, bool) and isinstance(right, bool)
    if isinstance(left, datetime.datetime) or isinstance(right, datetime.datetime):
        return isinstance(left, datetime.datetime) and isinstance(right, datetime.datetime)
    return isinstance(left, type(right)) or isinstance(right, type(left))


def compare(operator: str, left: Any, right: Any) -> bool | None:
    """A comparison; None where the values cannot be compared."""
    if operator in {"=", "!="}:
        if left is None or right is None:
            equal = left is None and right is None
        elif not same_kind(left, right):
            return None
        else:
            equal = left == right
        return equal if operator == "=" else not equal
    if left is None or right is None or not same_kind(left, right) or isinstance(left, bool | list | dict):
        return None
    try:
        if operator == "<":
            return bool(left < right)
        if operator == "<=":
            return bool(left <= right)
        if operator == ">":
            return bool(left > right)
        return bool(left >= right)
    except TypeError:
        return None


def evaluate(node: tree.Node, scope: Mapping[str, Any]) -> Any:
    """The value of an expression in a scope of tidy values."""
    return _Evaluator().value(node, scope)


def matches(tests: tree.UnaryTests, value: Any, scope: Mapping[str, Any]) -> bool:
    """Whether a value passes the tests of a cell. A value that is not known passes nothing but the dash and `null`."""
    return _Evaluator().passes(tests, value, scope)


class _Evaluator:
    def __init__(self) -> None:
        self.steps = 0

    def value(self, node: tree.Node, scope: Mapping[str, Any]) -> Any:
        self.steps += 1
        if self.steps > MOST_STEPS:
            return None
        method = getattr(self, f"_{type(node).__name__.lower()}")
        return method(node, scope)

    def _literal(self, node: tree.Literal, scope: Mapping[str, Any]) -> Any:
        return node.value

    def _name(self, node: tree.Name, scope: Mapping[str, Any]) -> Any:
        return scope.get(node.name)

    def _path(self, node: tree.Path, scope: Mapping[str, Any]) -> Any:
        base = self.value(node.base, scope)
        if isinstance(base, Mapping):
            return base.get(node.name)
        if isinstance(base, list):
            return [one.get(node.name) if isinstance(one, Mapping) else None for one in base]
        return functions.part(base, node.name)

    def _unary(self, node: tree.Unary, scope: Mapping[str, Any]) -> Any:
        value = self.value(node.operand, scope)
        return -value if isinstance(value, Decimal | datetime.timedelta) else None

    def _binary(self, node: tree.Binary, scope: Mapping[str, Any]) -> Any:
        if node.operator in {"and", "or"}:
            return self._logic(node, scope)
        left, right = self.value(node.left, scope), self.value(node.right, scope)
        if node.operator in {"=", "!=", "<", "<=", ">", ">="}:
            return compare(node.operator, left, right)
        return arithmetic(node.operator, left, right)

    def _logic(self, node: tree.Binary, scope: Mapping[str, Any]) -> bool | None:
        decisive = node.operator == "or"
        left = self.value(node.left, scope)
        if left is decisive:
            return decisive
        right = self.value(node.right, scope)
        if right is decisive:
            return decisive
        return (not decisive) if left is (not decisive) and right is (not decisive) else None

    def _range(self, node: tree.Range, scope: Mapping[str, Any]) -> Any:
        low = self.value(node.low, scope) if node.low is not None else None
        high = self.value(node.high, scope) if node.high is not None else None
        return RangeValue(low, high, node.low_closed, node.high_closed)

    def _listof(self, node: tree.ListOf, scope: Mapping[str, Any]) -> Any:
        return [self.value(item, scope) for item in node.items]

    def _context(self, node: tree.Context, scope: Mapping[str, Any]) -> Any:
        made: dict[str, Any] = {}
        for name, entry in node.entries:
            made[name] = self.value(entry, {**scope, **made})
        return made

    def _if(self, node: tree.If, scope: Mapping[str, Any]) -> Any:
        return self.value(node.then if self.value(node.condition, scope) is True else node.other, scope)

    def _in(self, node: tree.In, scope: Mapping[str, Any]) -> Any:
        return self.passes(node.tests, self.value(node.value, scope), scope)

    def _between(self, node: tree.Between, scope: Mapping[str, Any]) -> Any:
        value = self.value(node.value, scope)
        low = compare(">=", value, self.value(node.low, scope))
        high = compare("<=", value, self.value(node.high, scope))
        return None if low is None or high is None else low and high

    def _quantified(self, node: tree.Quantified, scope: Mapping[str, Any]) -> Any:
        source = self.value(node.source, scope)
        if (
            isinstance(source, RangeValue)
            and isinstance(source.low, Decimal)
            and isinstance(source.high, Decimal)
        ):
            step = 1 if source.high >= source.low else -1
            count = min(abs(int(source.high - source.low)) + 1, MOST_STEPS)
            source = [source.low + step * index for index in range(count)]
        if not isinstance(source, list):
            return None
        results = [self.value(node.body, {**scope, node.variable: item}) for item in source]
        if node.kind == "for":
            return results
        decisive = node.kind == "some"
        if any(result is decisive for result in results):
            return decisive
        return (not decisive) if all(result is (not decisive) for result in results) else None

    def _filter(self, node: tree.Filter, scope: Mapping[str, Any]) -> Any:
        base = self.value(node.base, scope)
        items = base if isinstance(base, list) else [] if base is None else [base]
        index = self.value(node.condition, scope) if not isinstance(node.condition, tree.Binary) else None
        if isinstance(index, Decimal):
            place = int(index)
            if place == 0 or abs(place) > len(items):
                return None
            return items[place - 1 if place > 0 else place]
        kept = []
        for item in items:
            inner = {**scope, "item": item, **(item if isinstance(item, Mapping) else {})}
            if self.value(node.condition, inner) is True:
                kept.append(item)
        return kept

    def _call(self, node: tree.Call, scope: Mapping[str, Any]) -> Any:
        arguments = [self.value(argument, scope) for argument in node.arguments]
        named = {name: self.value(argument, scope) for name, argument in node.named}
        return functions.call(node.name, arguments, named)

    def _comparison(self, node: tree.Comparison, scope: Mapping[str, Any]) -> Any:
        return compare(node.operator, scope.get("?"), self.value(node.operand, scope))

    def _unarytests(self, node: tree.UnaryTests, scope: Mapping[str, Any]) -> Any:
        return self.passes(node, scope.get("?"), scope)

    def passes(self, tests: tree.UnaryTests, value: Any, scope: Mapping[str, Any]) -> bool:
        if not tests.tests:
            return True
        inner = {**scope, "?": value}
        hit = any(self._one(test, value, inner) for test in tests.tests)
        # What is not known is not "not in" either: a missing fact must never pass by being excluded.
        return (not hit and value is not None) if tests.negated else hit

    def _one(self, test: tree.Node, value: Any, scope: Mapping[str, Any]) -> bool:
        if isinstance(test, tree.Comparison):
            return compare(test.operator, value, self.value(test.operand, scope)) is True
        result = self.value(test, scope)
        if isinstance(result, RangeValue):
            return value in result
        if isinstance(result, list):
            return any(
                compare("=", value, one) is True or (isinstance(one, RangeValue) and value in one)
                for one in result
            )
        if isinstance(result, bool) and not isinstance(test, tree.Literal | tree.Name):
            return result
        return compare("=", value, result) is True


def arithmetic(operator: str, left: Any, right: Any) -> Any:
    """+ - * / ** over numbers, texts (only +), dates and durations; null for anything else."""
    if isinstance(left, bool) or isinstance(right, bool):
        return None
    try:
        if operator == "+" and isinstance(left, str) and isinstance(right, str):
            return left + right
        if isinstance(left, Decimal) and isinstance(right, Decimal):
            if operator == "**":
                return left**right if abs(right) < 1000 else None
            if operator == "/":
                return left / right if right else None
            return left + right if operator == "+" else left - right if operator == "-" else left * right
        return functions.temporal(operator, left, right)
    except (InvalidOperation, OverflowError):
        return None
