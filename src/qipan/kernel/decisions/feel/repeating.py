"""What FEEL does with many things: loops, intervals counted out, lists filtered. Each step is charged to the evaluation's budget."""

import datetime
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from qipan.kernel.decisions.feel import limits, tree
from qipan.kernel.decisions.feel.values import RangeValue, compare

if TYPE_CHECKING:
    from qipan.kernel.decisions.feel.evaluator import Evaluator

Scope = Mapping[str, Any]


def steps(self: "Evaluator", node: tree.Steps, scope: Scope) -> Any:
    """first..last, counted out."""
    first, last = self.value(node.first, scope), self.value(node.last, scope)
    return spread(RangeValue(first, last, True, True))


def spread(span: RangeValue) -> list[Any] | None:
    """The whole numbers or days of an interval, in its own direction; None for what cannot be counted."""
    first, last = span.low, span.high
    if type(first) is Decimal and type(last) is Decimal and first == int(first) and last == int(last):
        step: Any = Decimal(1 if last >= first else -1)
        count = abs(int(last - first)) + 1
    elif type(first) is datetime.date and type(last) is datetime.date:
        step = datetime.timedelta(days=1 if last >= first else -1)
        count = abs((last - first).days) + 1
    else:
        return None
    if count > limits.LONGEST_LIST:
        raise limits.too_many_steps()
    items = [first + step * index for index in range(count)]
    return items[0 if span.low_closed else 1 : None if span.high_closed else -1]


def iteration(self: "Evaluator", node: tree.Iteration, scope: Scope) -> Any:
    """for, some and every: the results of the rounds, or whether one (each) of them holds."""
    results: list[Any] = []
    decisive = node.kind == "some"
    for inner in _rounds(self, node.variables, scope):
        if inner is None:
            return None
        if node.partial:
            inner["partial"] = list(results)
            self.spend(len(results) // 50)
        result = self.value(node.body, inner)
        if node.kind != "for" and result is decisive:
            return decisive
        results.append(result)
        limits.bounded(results)
    if node.kind == "for":
        return self.charge(results)
    return (not decisive) if all(result is (not decisive) for result in results) else None


def _rounds(
    self: "Evaluator", variables: tuple[tuple[str, tree.Node], ...], scope: Scope
) -> Iterator[dict[str, Any] | None]:
    """The scopes of a loop, one a round; None where its source is nothing that can be gone through."""
    (name, source), *rest = variables
    items = self.value(source, scope)
    if isinstance(items, RangeValue):
        items = spread(items) if compare("<=", items.low, items.high) else None
    elif items is not None and not isinstance(items, list):
        items = [items]
    if items is None:
        yield None
        return
    for item in items:
        self.spend(len(scope) // 50)
        inner = {**scope, name: item}
        if rest:
            yield from _rounds(self, tuple(rest), inner)
        else:
            yield inner


def filter_items(self: "Evaluator", node: tree.Filter, scope: Scope) -> Any:
    """base[condition]"""
    base = self.value(node.base, scope)
    if base is None:
        return [] if _may_be_condition(node.condition) else None
    items = base if isinstance(base, list) else [base]
    return filtered(self, items, node.condition, scope)


def _may_be_condition(node: tree.Node) -> bool:
    return isinstance(node, tree.Binary | tree.In | tree.Between | tree.Iteration | tree.InstanceOf) or (
        isinstance(node, tree.Literal) and isinstance(node.value, bool)
    )


def filtered(self: "Evaluator", items: list[Any], condition: tree.Node, scope: Scope) -> Any:
    """The items that meet a condition, or the one at an index (from 1; from the end when negative)."""
    kept = []
    if not items and not _may_be_condition(condition):
        return None if isinstance(self.value(condition, scope), Decimal) else []
    for number, item in enumerate(items):
        self.spend((len(scope) + (len(item) if isinstance(item, dict) else 0)) // 50)
        inner = {**scope, **item} if isinstance(item, dict) else dict(scope)
        if not isinstance(item, dict) or "item" not in item:
            inner["item"] = item
        found = self.value(condition, inner)
        if number == 0 and type(found) is Decimal:
            place = int(found)
            if place == 0 or abs(place) > len(items) or place != found:
                return None
            return items[place - 1 if place > 0 else place]
        if found is True:
            kept.append(item)
        elif found is not None and not isinstance(found, bool):
            return None
    return kept
