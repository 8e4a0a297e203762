"""The diagram of a flow, laid out from its declaration: layers from left to right, drawn as SVG without client code."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from django.utils.translation import gettext as _

from qipan.kernel.flow.declaration import Flow, Owner, State, Transition
from qipan.kernel.flow.models import Case
from qipan.kernel.ledger.models import Event
from qipan.kernel.orgs.roles import Role

NODE_WIDTH, NODE_HEIGHT = 132, 44
GAP_X, GAP_Y, MARGIN = 92, 40, 24
SWEEPS = 6


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


def diagram(of: Flow | Case) -> Diagram:
    """The diagram of a flow, or of a case with the states it has passed (from the ledger) and where it stands.

    Exits (withdrawn, terminated) that can be reached from several states stand in a row of their own below, with one
    line from the nearest state each; the text names them all.
    """
    if isinstance(of, Flow):
        return _drawn(of, frozenset(), "", frozenset())
    steps = Event.objects.filter(record_kind=of._meta.label_lower, record_id=of.pk, data__has_key="transition")
    taken = [(event.data["source"], event.data["transition"], event.data["target"]) for event in steps.order_by("id")]
    passed = {of.flow.start.code, of.state} | {state for source, _code, target in taken for state in (source, target)}
    return _drawn(of.flow, frozenset(passed), of.state, frozenset((source, code) for source, code, _target in taken))


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


def _rows(flow: Flow, layers: dict[str, int], edges: Iterable[tuple[str, str, Transition]]) -> dict[int, list[str]]:
    """The order within each layer, sorted by the middle of the neighbours until lines cross little."""
    main = [state.code for state in flow.states if not state.exit]
    columns: dict[int, list[str]] = {}
    for code in main:
        columns.setdefault(layers[code], []).append(code)
    near: dict[str, list[str]] = {code: [] for code in main}
    for source, target, _step in edges:
        if source in near and target in near:
            near[source].append(target)
            near[target].append(source)
    place = {code: index for column in columns.values() for index, code in enumerate(column)}
    for sweep in range(SWEEPS):
        for layer in sorted(columns, reverse=bool(sweep % 2)):
            side = -1 if sweep % 2 == 0 else 1
            column = columns[layer]

            def middle(code: str, side: int = side, layer: int = layer) -> tuple[float, int]:
                around = [place[other] for other in near[code] if (layers[other] - layer) * side > 0]
                return (sum(around) / len(around) if around else place[code], place[code])

            column.sort(key=middle)
            place.update({code: index for index, code in enumerate(column)})
    return columns


def _drawn(flow: Flow, passed: frozenset[str], current: str, taken: frozenset[tuple[str, str]]) -> Diagram:
    layers = _layers(flow)
    lines = _main_edges(flow)
    columns = _rows(flow, layers, lines)
    tallest = max(len(column) for column in columns.values())
    nodes: dict[str, Node] = {}
    for layer, column in columns.items():
        top = MARGIN + (tallest - len(column)) * (NODE_HEIGHT + GAP_Y) // 2
        for index, code in enumerate(column):
            nodes[code] = _node(flow.state(code), layer, top + index * (NODE_HEIGHT + GAP_Y))
    below = MARGIN + tallest * (NODE_HEIGHT + GAP_Y) + GAP_Y // 2
    used: set[int] = set()
    for state in flow.states:
        if state.exit:
            nearest = max((layers[source] for source, target, _step in lines if target == state.code), default=0)
            layer = next(free for free in range(nearest, nearest + len(flow.states) + 1) if free not in used)
            used.add(layer)
            nodes[state.code] = _node(state, layer, below)
    nodes = {
        code: replace(node, passed=code in passed, current=code == current) for code, node in nodes.items()
    }
    depth = max(node.y + node.height for node in nodes.values())
    lanes = 0
    edges = []
    for source, target, step in lines:
        start, end = nodes[source], nodes[target]
        back = end.x <= start.x and not flow.state(target).exit
        if back and end.x < start.x:
            lanes += 1
        edges.append(_edge(step, start, end, back, depth + 18 * lanes, (source, step.code) in taken))
    steps = tuple(_sentences(flow, current))
    width = max(node.x + node.width for node in nodes.values()) + MARGIN
    height = depth + 18 * lanes + MARGIN
    name = _("流程图：%(title)s。") % {"title": flow.title}
    here = _("当前状态：%(state)s。") % {"state": flow.state(current).title} if current else ""
    return Diagram(tuple(nodes.values()), tuple(edges), width, height, name + here + "；".join(steps) + "。", steps)


def _node(state: State, layer: int, y: int) -> Node:
    return Node(
        code=state.code,
        title=str(state.title),
        owner=owner_title(state),
        kind=state.kind,
        x=MARGIN + layer * (NODE_WIDTH + GAP_X),
        y=y,
    )


def owner_title(state: State) -> str:
    """Who has a case in hand in a state, in words."""
    if state.owner in Role.values:
        return str(Role(state.owner).label)
    names = {Owner.APPLICANT: _("申请人"), Owner.SYSTEM: _("系统"), Owner.ASSIGNEE: _("工单办理人")}
    return names.get(state.owner, "")


def _edge(step: Transition, start: Node, end: Node, back: bool, lane: int, passed: bool) -> Edge:
    if end.x == start.x:
        down = end.y > start.y
        x = start.text_x
        y1, y2 = (start.y + start.height, end.y) if down else (start.y, end.y + end.height)
        path, label = f"M{x} {y1} L{x} {y2}", (x, (y1 + y2) // 2 + 4)
    elif back:
        path = (
            f"M{start.text_x} {start.y + start.height} L{start.text_x} {lane} "
            f"L{end.text_x} {lane} L{end.text_x} {end.y + end.height}"
        )
        label = ((start.text_x + end.text_x) // 2, lane - 4)
    else:
        x1, y1, x2, y2 = start.x + start.width, start.text_y, end.x, end.text_y
        bend = max((x2 - x1) // 2, 20)
        path = f"M{x1} {y1} C{x1 + bend} {y1} {x2 - bend} {y2} {x2} {y2}"
        label = ((x1 + x2) // 2, (y1 + y2) // 2 - 6)
    return Edge(step.code, str(step.title), start.code, end.code, path, label[0], label[1], passed, back)


def _sentences(flow: Flow, current: str) -> Iterable[str]:
    for state in flow.states:
        ways = [
            f"{step.title}→{flow.state(step.target).title}" for step in flow.leaving(state.code) if step.target
        ]
        mark = _("（当前）") if state.code == current else ""
        yield f"{state.title}{mark}：{'、'.join(ways)}" if ways else f"{state.title}{mark}：{_('办结')}"
