"""What an expression names, without running it."""

import dataclasses
from collections.abc import Iterator
from typing import Any

from qipan.kernel.decisions.feel import tree
from qipan.kernel.decisions.feel.functions import BUILTINS


def nodes(node: Any) -> Iterator[Any]:
    """Every node of a tree, the outer ones first."""
    if isinstance(node, tuple):
        for one in node:
            yield from nodes(one)
    elif dataclasses.is_dataclass(node) and type(node).__module__ == tree.__name__:
        yield node
        for one in dataclasses.fields(node):
            yield from nodes(getattr(node, one.name))


def unknown_names(node: tree.Node, known: frozenset[str]) -> list[str]:
    """The names that stand for nothing: no variable in scope, no built-in function, no name bound inside."""
    bound = set(known) | set(BUILTINS) | {"?", "item", "partial"}
    filters = False
    for one in nodes(node):
        if isinstance(one, tree.Iteration):
            bound |= {name for name, _source in one.variables}
        elif isinstance(one, tree.Function):
            bound |= {name for name, _type in one.parameters}
        elif isinstance(one, tree.Context):
            bound |= {name for name, _entry in one.entries}
        filters |= isinstance(one, tree.Filter)
    if (
        filters
    ):  # inside a filter the entries of the items are names, too, and they are known only when it runs
        return []
    return [
        one.name
        for one in nodes(node)
        if isinstance(one, tree.Name) and one.name not in bound and one.name.partition(".")[0] not in bound
    ]
