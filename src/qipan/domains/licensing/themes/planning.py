"""A theme in a situation, as people read it: which items, in which order, how long, and what it spares."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from qipan.domains.licensing.handover import agencies
from qipan.domains.licensing.themes import asking, graph, measuring, merging, queries
from qipan.domains.licensing.themes.declaration import ThemeRow
from qipan.kernel.items import queries as items
from qipan.kernel.items.models import Item


@dataclass(frozen=True)
class Step:
    """One item of the plan: who decides it, how long that takes, what it waits for and what passes to it."""

    code: str
    item: Item
    authority: str
    handed: bool
    days: int
    waits: tuple[str, ...]
    takes: tuple[str, ...]


@dataclass(frozen=True)
class Material:
    """A material of the whole theme: asked for once by these items, or had from elsewhere."""

    title: str
    wanted_by: tuple[str, ...]
    required: bool
    source: str


@dataclass(frozen=True)
class Plan:
    """What a situation comes to. `days`: working days of the longest way by statutory and by promised limits."""

    stages: tuple[tuple[Step, ...], ...]
    materials: tuple[Material, ...]
    merged: merging.Merged
    savings: measuring.Savings
    days: int
    promised: int

    @property
    def steps(self) -> tuple[Step, ...]:
        """All items, in their order."""
        return tuple(step for stage in self.stages for step in stage)


def plan(
    theme: ThemeRow, situation: Mapping[str, Any], library: Mapping[str, Mapping[str, Any]] | None = None
) -> Plan:
    """The plan of a theme in a situation."""
    rules = queries.covers()
    nodes = graph.nodes(asking.chosen(theme, situation))
    merged = merging.merge(theme, nodes, rules, situation, library)
    before, hard = graph.waits(nodes), graph.needs(nodes)
    by_code = {one.code: one for one in nodes}
    stages = tuple(
        tuple(_step(by_code[code], before[code], hard[code], by_code) for code in layer)
        for layer in graph.layers(before)
    )
    return Plan(
        stages=stages,
        materials=tuple(_materials(merged)),
        merged=merged,
        savings=measuring.savings(merged, len(asking.asked(theme, situation))),
        days=graph.longest(nodes),
        promised=graph.longest(nodes, promised=True),
    )


def _step(one: graph.Node, before: set[str], hard: set[str], by_code: Mapping[str, graph.Node]) -> Step:
    passed = {token for code in hard for token in by_code[code].produces & one.consumes}
    item = one.item
    return Step(
        code=one.code,
        item=item,
        authority=agencies.title_of(item.agency) if item.agency else item.authority,
        handed=bool(item.agency),
        days=item.promise_days,
        waits=tuple(by_code[code].item.name for code in sorted(before)),
        takes=tuple(dict.fromkeys(graph.words_of(token) for token in sorted(passed))),
    )


def _materials(merged: merging.Merged) -> list[Material]:
    found = []
    for ask in merged.asks.values():
        if ask.field.kind == "file":
            wanted = tuple(merged.node(part).item.name for part, _field in ask.takers)
            found.append(Material(ask.field.title, wanted, ask.field.required, ""))
    had: dict[str, tuple[str, list[str]]] = {}
    for one in merged.nodes:
        for each in items.materials_of(one.item):
            from_part = graph.giver(list(merged.nodes), graph.token_of(each.code, each.licence), but=one.code)
            if from_part is not None:
                had.setdefault(each.title, (from_part.item.name, []))[1].append(one.item.name)
            elif each.supplied_by and not one.founds:
                had.setdefault(each.title, (each.supplied_by, []))[1].append(one.item.name)
    found += [Material(title, tuple(wanted), True, source) for title, (source, wanted) in had.items()]
    return found
