"""The letter of a correction as it will look, before it goes: nothing is numbered, sealed or kept."""

from collections.abc import Sequence

from qipan.domains.licensing import papers
from qipan.domains.licensing.models import Application
from qipan.kernel.documents import drafts
from qipan.kernel.flow.context import Context
from qipan.kernel.ledger.actor import Actor


def pictures(row: Application, points: Sequence[str]) -> list[bytes]:
    """The pages of the letter with these points, as PNG. Refuses what no document can carry."""
    flow = row.case.flow
    step = flow.transition("correct")
    context = Context(row.case, flow, step, Actor.system(row.case.org_path))
    row.correction = list(points)  # in memory only: this row is never saved
    context.record = row
    paper = step.papers[0]
    assert paper.data is not None
    seal = paper.seal(context) if callable(paper.seal) else papers.district_path(context)
    return drafts.pictures(paper.template_for(context), paper.data(context), str(seal))
