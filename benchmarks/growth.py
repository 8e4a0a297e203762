"""How cost grows as the work grows: lists and search, the whole approval and the ledger at a tenth and at full size."""

import re
from collections.abc import Callable, Iterator
from dataclasses import replace

from qipan.cli.bench import Measure, measured_apart

HELP = "增长：办件检索、审批、总账在十分之一规模和全规模各测一次，成本怎样随工作量增长"
NAMES = COVERS = ("caselist", "approval", "ledger")
TENTH = 0.1


def run(scale: float, tell: Callable[[str], None]) -> Iterator[Measure]:
    """Each figure at `scale`, and again beside the same one at a tenth: what ten times the work made of it."""
    for name in NAMES:
        tell(f"{name}：先测 {scale * TENTH:g}，再测 {scale:g}…")
        small = {_plain(one.measure): one for one in measured_apart(name, scale * TENTH)}
        for one in measured_apart(name, scale):
            yield one
            before = small.get(_plain(one.measure))
            if before is not None and before.value:
                yield replace(
                    one,
                    measure=f"{name}：{_plain(one.measure)}",
                    bench="growth",
                    reference=f"规模 {scale * TENTH:g}",
                    reference_value=before.value,
                    ratio=one.value / before.value,
                    target="",
                    met=None,
                )


def _plain(measure: str) -> str:
    """A measure's name without the sizes that it tells in brackets or counts."""
    name = re.sub(r"（[^）]*\d[^）]*）", "", measure)
    return " ".join(word for word in name.split() if not word.replace(",", "").isdigit())
