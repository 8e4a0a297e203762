"""Which table of a DMN file is meant, on which it may rest, and how what is wrong with a file is told."""

import re
from dataclasses import dataclass

from django.utils.translation import gettext as _

from qipan.kernel.decisions.dmn import model
from qipan.kernel.decisions.loading import CODE


@dataclass(frozen=True)
class Problem:
    """What is wrong at one place: row from 1 (0 for the heading), column by its title, and what to do."""

    row: int
    column: str
    cell: str
    why: str

    def __str__(self) -> str:
        if not self.column:
            return self.why
        place = _("第 %(row)d 行") % {"row": self.row} if self.row else _("表头")
        cell = f"（{self.cell}）" if self.cell else ""
        return f"{place}“{self.column}”列{cell}：{self.why}"


class ImportProblems(ValueError):
    """A file that cannot become a table; `problems` are all that were found."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("；".join(str(one) for one in problems[:5]))
        self.problems = problems


def chosen(definitions: model.Definitions, name: str) -> model.Decision:
    """The table that is meant: the one of that name, or the one on which no other decision rests."""
    tables = [one for one in definitions.decisions if isinstance(one.box, model.DecisionTable)]
    if name:
        tables = [one for one in tables if one.name == name]
    else:
        below = {reference for one in definitions.decisions for reference in one.requires}
        tables = [one for one in tables if one.id not in below]
    if len(tables) == 1:
        found = tables[0]
    elif not tables:
        raise ImportProblems([Problem(0, "", "", _("文件里没有决策表（decisionTable）。"))])
    else:
        names = "、".join(one.name for one in tables)
        raise ImportProblems(
            [
                Problem(
                    0,
                    "",
                    "",
                    _("文件里有 %(count)d 张决策表（%(names)s），请指明导入哪一张。")
                    % {"count": len(tables), "names": names},
                )
            ]
        )
    return found


def required(definitions: model.Definitions, decision: model.Decision) -> list[model.Decision]:
    """The tables that a decision requires: each one of ours, named by the code that is its id. Raises ImportProblems."""
    known = {one.id: one for one in definitions.decisions}
    others = {one.id: one.name for one in definitions.decisions}
    others |= {one.id: one.name for one in definitions.knowledge}
    rows = [known[one] for one in decision.requires if one in known and _is_ours(known[one])]
    ours = {one.id for one in rows}
    strange = [
        others.get(one, one)
        for one in (*decision.requires, *decision.knows)
        if one not in ours and (one in others or "#" in one)
    ]
    if strange:
        raise ImportProblems(
            [
                Problem(
                    0,
                    "",
                    "",
                    _("决策“%(name)s”依赖其他决策或知识模型（%(needed)s），请先并入一张表。")
                    % {"name": decision.name, "needed": "、".join(strange)},
                )
            ]
        )
    return rows


def _is_ours(decision: model.Decision) -> bool:
    """Whether a required decision stands for a table that we may have: its id is a code, its result one value."""
    box = decision.box
    return (
        re.fullmatch(CODE, decision.id) is not None
        and isinstance(box, model.DecisionTable)
        and len(box.outputs) == 1
        and box.outputs[0].name == decision.name
    )
