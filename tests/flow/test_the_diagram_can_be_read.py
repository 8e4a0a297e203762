"""No line runs through a box that is not its own, no two boxes overlap, and the words say all that the lines do."""

import re
from itertools import combinations

import pytest

from qipan.kernel.flow import registry
from qipan.kernel.flow.declaration import Flow
from qipan.kernel.flow.diagram import Diagram, diagram
from tests.flow.sample import PERMIT, PERMIT_2


def points(path: str) -> list[tuple[float, float]]:
    """Points along an SVG path of M, L and C."""
    found: list[tuple[float, float]] = []
    x = y = 0.0
    for command, body in re.findall(r"([MLC])([^MLC]*)", path):
        numbers = [float(number) for number in body.split()]
        if command == "C":
            x1, y1, x2, y2, x3, y3 = numbers
            ends = [(x, y), (x1, y1), (x2, y2), (x3, y3)]
            for tick in range(1, 21):
                t = tick / 20
                weights = ((1 - t) ** 3, 3 * (1 - t) ** 2 * t, 3 * (1 - t) * t**2, t**3)
                found.append(
                    (
                        sum(w * end[0] for w, end in zip(weights, ends, strict=True)),
                        sum(w * end[1] for w, end in zip(weights, ends, strict=True)),
                    )
                )
            x, y = x3, y3
        else:
            if command == "L":
                found += [
                    (x + (numbers[0] - x) * tick / 20, y + (numbers[1] - y) * tick / 20) for tick in range(21)
                ]
            x, y = numbers
    return found


def check(drawn: Diagram, flow: Flow) -> None:
    for one, other in combinations(drawn.nodes, 2):
        apart = (
            one.x + one.width <= other.x
            or other.x + other.width <= one.x
            or one.y + one.height <= other.y
            or other.y + other.height <= one.y
        )
        assert apart, (one.code, other.code)
    for edge in drawn.edges:
        for node in drawn.nodes:
            if node.code in (edge.source, edge.target):
                continue
            for x, y in points(edge.path):
                inside = node.x < x < node.x + node.width and node.y < y < node.y + node.height
                assert not inside, f"{edge.code} runs through {node.code}"
        for x, y in points(edge.path):
            assert 0 <= x <= drawn.width and 0 <= y <= drawn.height
    for step in flow.transitions:
        if step.target:
            assert f"{step.title}→{flow.state(step.target).title}" in drawn.text
    assert {node.code for node in drawn.nodes} == {state.code for state in flow.states}


@pytest.mark.parametrize("flow", [PERMIT, PERMIT_2])
def test_the_sample_can_be_read(flow: Flow) -> None:
    check(diagram(flow), flow)


def test_every_registered_flow_can_be_read() -> None:
    for flow in registry.all_flows():
        check(diagram(flow), flow)
