"""Refused, not found, closed: a sealed record says who went there, when, and what they met (Insp 27, 49; Abn 9)."""

import pytest

from qipan.domains.inspection import actions
from qipan.kernel.documents import queries as documents
from qipan.kernel.jobs.testing import drain
from qipan.kernel.ledger.errors import Refused
from tests.inspection.office import Office, fresh
from tests.orgs.factories import reader_for

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("step", "state", "follows"),
    [
        ("refuse", "REFUSED", "移送调查处理"),
        ("unreachable", "UNREACHABLE", "经营异常名录"),
        ("closed_down", "CLOSED_DOWN", "结束本次检查"),
    ],
)
@pytest.mark.parametrize("on_site", [False, True])
def test_each_exit_writes_its_record(
    office: Office, step: str, state: str, follows: str, on_site: bool
) -> None:
    if on_site:
        visit = office.begun()
    else:
        subject, grant, _owner = office.shop()
        visit = office.ordered(subject, grant)
        office.claim(visit)
    with pytest.raises(Refused, match="不能印制的字符"):
        actions.leave(fresh(visit), reader_for(office.lead), step, reason="店门紧闭🚪")
    actions.leave(fresh(visit), reader_for(office.lead), step, reason="店门紧闭，电话无人接听。")
    drain()
    visit = fresh(visit)
    (paper,) = documents.of(visit.case)
    assert (visit.case.state, paper.template.code, paper.state) == (state, "inspection.exit", "ISSUED")
    assert paper.data["facts"] == "店门紧闭，电话无人接听。" and follows in paper.data["handling"]
    assert paper.data["officers"].count("执法证号") == 2 and len(visit.officers) == 2
    assert ("已出示" in paper.data["begun"]) is on_site
