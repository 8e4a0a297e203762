"""The diagram of a flow, laid out from its declaration: layers from left to right, drawn as SVG without client code."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import pairwise
from typing import Literal

from django.db.models import BigIntegerField
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from qipan.conf.composed import Composed
from qipan.kernel.flow.declaration import Flow, Owner, State, Transition
from qipan.kernel.flow.models import Case
from qipan.kernel.ledger.models import Event
from qipan.kernel.orgs.roles import Role

NODE_WIDTH, NODE_HEIGHT = 132, 44
LINE_HEIGHT, LANE = 16, 22
GAP_X, GAP_Y, MARGIN = 92, 36, 24
SWEEPS = 6
#: The widest that a box or a gap becomes for its words.
MOST_ROOM = 260


@dataclass(frozen=True)
class Node:
    """A state as a box: its place in pixels, whether the case has been there, and whether it stands there."""

    code: str
    title: str
    owner: str
    kind: str
    x: int
    y: int
    passed: bool = False
    current: bool = False
    width: int = NODE_WIDTH
    height: int = NODE_HEIGHT

    @property
    def text_x(self) -> int:
        """The middle of the box."""
        return self.x + self.width // 2

    @property
    def text_y(self) -> int:
        """The middle of the box."""
        return self.y + self.height // 2


@dataclass(frozen=True)
class Edge:
    """A transition as a line (`path` is an SVG path), with its label where there is room for one."""

    code: str
    label: str
    source: str
    target: str
    path: str
    label_x: int
    label_y: int
    passed: bool = False
    back: bool = False


@dataclass(frozen=True)
class Diagram:
    """Boxes, lines, size in pixels, and the same in words (`text`, and `steps` line by line)."""

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    width: int
    height: int
    text: str
    steps: tuple[str, ...]


_STEPS = Composed(
    lambda hole: (
        Event.objects.filter(
            record_kind=Case._meta.label_lower,
            record_id=hole("case", BigIntegerField()),
            data__has_key="transition",
        )
        .order_by("id")
        .values_list("data__source", "data__transition", "data__target")
    )
)


def diagram(of: Flow | Case) -> Diagram:
    """The diagram of a flow, or of a case with the states it has passed (from the ledger) and where it stands.

    Exits (withdrawn, terminated) stand in a row of their own below; one that can be reached from several states has one
    line, from the last of them. The text names every way.
    """
    if isinstance(of, Flow):
        return _drawn(_Same(of), frozenset(), "", frozenset(), get_language())
    taken = _STEPS.all(case=of.pk)
    passed = {of.flow.start.code, of.state} | {
        state for source, _code, target in taken for state in (source, target)
    }
    ways = frozenset((source, code) for source, code, _target in taken)
    return _drawn(_Same(of.flow), frozenset(passed), of.state, ways, get_language())


def _main_edges(flow: Flow) -> list[tuple[str, str, Transition]]:
    """One line for each source and target; side exits that many states share get one line, from the last of them."""
    layers = _layers(flow)
    edges: dict[tuple[str, str], Transition] = {}
    for step in flow.transitions:
        target = step.target
        if not target:
            continue
        sources = [source for source in step.sources if source != target]
        if flow.state(target).exit and len(sources) > 1:
            sources = [max(sources, key=lambda code: layers.get(code, 0))]
        for source in sources:
            edges.setdefault((source, target), step)
    return [(source, target, step) for (source, target), step in edges.items()]


def _layers(flow: Flow) -> dict[str, int]:
    """The layer of each state: its longest way from the start that goes round no circle."""
    order: list[str] = []
    marks: dict[str, int] = {}
    back: set[tuple[str, str]] = set()

    def visit(code: str) -> None:
        marks[code] = 1
        for step in flow.leaving(code):
            target = step.target
            if not target or target == code:
                continue
            if marks.get(target) == 1:
                back.add((code, target))
            elif target not in marks:
                visit(target)
        marks[code] = 2
        order.append(code)

    visit(flow.start.code)
    for state in flow.states:
        if state.code not in marks:
            visit(state.code)
    layers = {state.code: 0 for state in flow.states}
    for code in reversed(order):
        for step in flow.leaving(code):
            target = step.target
            if target and target != code and (code, target) not in back and not flow.state(target).exit:
                layers[target] = max(layers[target], layers[code] + 1)
    return layers


@dataclass
class _Line:
    """One line to be drawn: where it runs, and through which empty places it passes the layers between."""

    source: str
    target: str
    step: Transition
    kind: Literal["forward", "back", "exit"]
    via: list[str] = field(default_factory=list)


def _lines(flow: Flow, layers: dict[str, int]) -> list[_Line]:
    found = []
    for source, target, step in _main_edges(flow):
        if flow.state(target).exit:
            found.append(_Line(source, target, step, "exit"))
        elif layers[target] <= layers[source]:
            found.append(_Line(source, target, step, "back"))
        else:
            between = range(layers[source] + 1, layers[target])
            found.append(
                _Line(source, target, step, "forward", [f"{source}>{target}@{layer}" for layer in between])
            )
    return found


def _columns(flow: Flow, layers: dict[str, int], lines: list[_Line]) -> dict[int, list[str]]:
    """The order within each layer, empty places of long lines included, sorted until lines cross little."""
    places = {state.code: layers[state.code] for state in flow.states if not state.exit}
    near: dict[str, list[str]] = {}
    for line in lines:
        if line.kind != "forward":
            continue
        chain = [line.source, *line.via, line.target]
        places |= {place: layers[line.source] + step for step, place in enumerate(line.via, start=1)}
        for left, right in pairwise(chain):
            near.setdefault(left, []).append(right)
            near.setdefault(right, []).append(left)
    columns: dict[int, list[str]] = {}
    for code, layer in places.items():
        columns.setdefault(layer, []).append(code)
    rank = {code: index for column in columns.values() for index, code in enumerate(column)}
    for sweep in range(SWEEPS):
        side = -1 if sweep % 2 == 0 else 1
        for layer in sorted(columns, reverse=side > 0):
            middles = {}
            for code in columns[layer]:
                around = [rank[other] for other in near.get(code, ()) if (places[other] - layer) * side > 0]
                middles[code] = (sum(around) / len(around) if around else rank[code], rank[code])
            columns[layer].sort(key=middles.__getitem__)
            rank |= {code: index for index, code in enumerate(columns[layer])}
    return columns


@dataclass(frozen=True, eq=False)
class _Same:
    """A flow that is equal to itself only: to compare declarations part by part would take as long as to draw one."""

    flow: Flow

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and other.flow is self.flow

    def __hash__(self) -> int:
        return id(self.flow)


@lru_cache(512)
def _drawn(
    same: _Same,
    passed: frozenset[str],
    current: str,
    taken: frozenset[tuple[str, str]],
    _language: str | None,
) -> Diagram:
    flow = same.flow
    layers = _layers(flow)
    lines = _lines(flow, layers)
    columns = _columns(flow, layers, lines)
    heights = {
        layer: sum(_height(code) + GAP_Y for code in column) - GAP_Y for layer, column in columns.items()
    }
    tallest = max(heights.values())
    broad = _room(NODE_WIDTH, (str(state.title) for state in flow.states), 13)
    gap = _room(
        GAP_X, (str(line.step.title) for line in lines if line.kind == "forward" and not line.via), 11
    )
    nodes: dict[str, Node] = {}
    empty: dict[str, tuple[int, int]] = {}
    for layer, column in columns.items():
        y = MARGIN + (tallest - heights[layer]) // 2
        for code in column:
            if ">" in code:
                empty[code] = (MARGIN + layer * (broad + gap), y + LINE_HEIGHT // 2)
            else:
                nodes[code] = _node(flow.state(code), layer, y, broad, gap)
            y += _height(code) + GAP_Y
    lane = MARGIN + tallest + GAP_Y // 2
    _place_exits(flow, nodes, layers, lines, (lane + GAP_Y, broad, gap))
    nodes = {
        code: replace(node, passed=code in passed, current=code == current) for code, node in nodes.items()
    }
    depth = max(node.y + node.height for node in nodes.values())
    pen = _Pen(nodes, empty, (lane, depth), broad, gap)
    edges = tuple(pen.draw(line, (line.source, line.step.code) in taken) for line in lines)
    steps = tuple(_sentences(flow, current))
    width = max([node.x + node.width for node in nodes.values()] + [pen.right]) + MARGIN
    name = _("流程图：%(title)s。") % {"title": flow.title}
    here = _("当前状态：%(state)s。") % {"state": flow.state(current).title} if current else ""
    text = " ".join(filter(None, (name, here, _("；").join(steps))))
    return Diagram(tuple(nodes.values()), edges, width, pen.bottom + MARGIN, text, steps)


def _room(least: int, texts: Iterable[str], size: int) -> int:
    """The pixels that the longest of some words takes, with a margin; Chinese signs are as broad as they are high."""
    widths = (sum(size if ord(sign) > 0x2E80 else size * 0.54 for sign in text) for text in texts)
    return min(MOST_ROOM, max(least, int(max(widths, default=0)) + 2 * size))


def _height(code: str) -> int:
    return LINE_HEIGHT if ">" in code else NODE_HEIGHT


def _place_exits(
    flow: Flow,
    nodes: dict[str, Node],
    layers: dict[str, int],
    lines: list[_Line],
    place: tuple[int, int, int],
) -> None:
    """Side exits stand in a row of their own, each to the right of the state from which its line comes."""
    y, broad, gap = place
    used: set[int] = set()
    for state in flow.states:
        if state.exit:
            nearest = max((layers[line.source] for line in lines if line.target == state.code), default=0) + 1
            layer = next(free for free in range(nearest, nearest + len(flow.states) + 1) if free not in used)
            used.add(layer)
            nodes[state.code] = _node(state, layer, y, broad, gap)


class _Pen:
    """Draws lines: forward ones through the gaps, back ones and exits along lanes that no box stands in."""

    def __init__(
        self,
        nodes: dict[str, Node],
        empty: dict[str, tuple[int, int]],
        below: tuple[int, int],
        broad: int,
        gap: int,
    ) -> None:
        self.nodes, self.empty, self.broad, self.gap = nodes, empty, broad, gap
        (self.exit_lane, self.bottom), self.right = below, 0
        self.used: dict[int, int] = {}

    def draw(self, line: _Line, passed: bool) -> Edge:
        start, end = self.nodes[line.source], self.nodes[line.target]
        path, label = {"forward": self._forward, "back": self._back, "exit": self._exit}[line.kind](
            line, start, end
        )
        step = line.step
        back = line.kind == "back"
        return Edge(step.code, str(step.title), start.code, end.code, path, label[0], label[1], passed, back)

    def _channel(self, x: int) -> int:
        """A free upright line in the gap that begins at x."""
        number = self.used[x] = self.used.get(x, 0) + 1
        return x + 6 + 9 * number

    def _forward(self, line: _Line, start: Node, end: Node) -> tuple[str, tuple[int, int]]:
        x, y = start.x + start.width, start.text_y
        path, label = f"M{x} {y}", (0, 0)
        stops = [self.empty[place] for place in line.via]
        for index, (next_x, next_y) in enumerate([*stops, (end.x, end.text_y)]):
            bend = (next_x - x) // 2
            path += f" C{x + bend} {y} {next_x - bend} {next_y} {next_x} {next_y}"
            if index == 0:
                label = (
                    (x + bend, (y + next_y) // 2 - 6) if not stops else (next_x + self.broad // 2, next_y - 6)
                )
            x, y = next_x, next_y
            if index < len(stops):
                x += self.broad
                path += f" L{x} {y}"
        return path, label

    def _back(self, line: _Line, start: Node, end: Node) -> tuple[str, tuple[int, int]]:
        self.bottom += LANE
        down = self._channel(start.x + start.width)
        up = self._channel(end.x - self.gap)
        y1, y2 = start.text_y + start.height // 4, end.text_y + end.height // 4
        path = f"M{start.x + start.width} {y1} L{down} {y1} L{down} {self.bottom} L{up} {self.bottom} L{up} {y2} L{end.x} {y2}"
        return path, ((down + up) // 2, self.bottom - 4)

    def _exit(self, line: _Line, start: Node, end: Node) -> tuple[str, tuple[int, int]]:
        down = self._channel(start.x + start.width)
        y = start.text_y + start.height // 4
        self.right = max(self.right, down)
        path = f"M{start.x + start.width} {y} L{down} {y} L{down} {self.exit_lane} L{end.text_x} {self.exit_lane} L{end.text_x} {end.y}"
        return path, ((down + end.text_x) // 2, self.exit_lane - 4)


def _node(state: State, layer: int, y: int, broad: int, gap: int) -> Node:
    return Node(
        code=state.code,
        title=str(state.title),
        owner=owner_title(state),
        kind=state.kind,
        x=MARGIN + layer * (broad + gap),
        y=y,
        width=broad,
    )


def owner_title(state: State) -> str:
    """Who has a case in hand in a state, in words."""
    if state.owner in Role.values:
        return str(Role(state.owner).label)
    names = {Owner.APPLICANT: _("申请人"), Owner.SYSTEM: _("系统"), Owner.ASSIGNEE: _("工单办理人")}
    return names.get(state.owner, "")


def _sentences(flow: Flow, current: str) -> Iterable[str]:
    for state in flow.states:
        ways = [
            f"{step.title}→{flow.state(step.target).title}"
            for step in flow.leaving(state.code)
            if step.target
        ]
        mark = _("（当前）") if state.code == current else ""
        yield f"{state.title}{mark}{_('：')}{_('、').join(ways) or _('办结')}"
