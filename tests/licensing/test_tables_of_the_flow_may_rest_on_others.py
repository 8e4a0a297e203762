"""Whether a site check or a countersignature is due may be decided by a table that rests on another one."""

import pytest

from qipan.domains.licensing import countersigning
from qipan.domains.licensing.guards import needs_check
from qipan.domains.licensing.models import Kind
from qipan.kernel.decisions.loading import TableRow, load_tables
from qipan.kernel.ledger.clock import today
from qipan.kernel.orgs.roles import Role
from tests.licensing.city import SYSTEM, City

pytestmark = pytest.mark.django_db
KINDS = ["NEW", "CHANGE", "RENEW", "REISSUE", "CANCEL", "FILING", "FILING_CANCEL"]


def table(code: str, inputs: list, output: dict, rules: list, **more) -> TableRow:
    told = [{"when": when, "then": then, "source": "LicProc 18"} for when, then in rules]
    body = {"code": code, "valid_from": today(), "title": code, "inputs": inputs, "outputs": [output]}
    return TableRow.model_validate({**body, "rules": told, **more})


def test_a_site_check_by_way_of_another_table(city: City) -> None:
    sameness = table(
        "test.sameness",
        [{"name": "unchanged", "title": "未变化", "type": "boolean"}],
        {"name": "sameness", "title": "场所", "values": ["SAME", "OTHER"]},
        [(["true"], ['"SAME"']), (["false"], ['"OTHER"'])],
    )
    check = table(
        "licensing.site_check",
        [{"name": "sameness"}],
        {"name": "needed", "title": "须现场核查", "type": "boolean"},
        [(['"SAME"'], ["false"]), (['"OTHER"'], ["true"])],
        requires=["test.sameness"],
    )
    load_tables([check, sameness], SYSTEM)
    subject, grant, owner = city.restaurant()
    assert needs_check(city.drafted("FB-RENEW", subject, grant, owner, unchanged=True)) is False
    row = city.drafted("FB-RENEW", subject, grant, owner, unchanged=False, changes="换了灶具")
    assert needs_check(row) is True


def test_a_countersignature_by_way_of_another_table(city: City) -> None:
    weight = table(
        "test.weight",
        [{"name": "high_risk", "title": "高风险", "type": "boolean"}],
        {"name": "weight", "title": "轻重", "values": ["HEAVY", "LIGHT"]},
        [(["true"], ['"HEAVY"']), (["false"], ['"LIGHT"'])],
    )
    sign = table(
        countersigning.TABLE,
        [{"name": "weight"}],
        {"name": "role", "title": "会签", "values": [str(Role.BUREAU_LEADER), ""]},
        [(['"LIGHT"'], [f'"{Role.BUREAU_LEADER}"']), (['"HEAVY"'], ['""'])],
        requires=["test.weight"],
    )
    load_tables([sign, weight], SYSTEM)
    subject, grant, owner = city.restaurant()
    row = city.drafted("FB-RENEW", subject, grant, owner, unchanged=True)
    assert countersigning.wanted(row) == Role.BUREAU_LEADER


def test_where_no_rule_says_somebody_looks(city: City) -> None:
    subject, grant, owner = city.restaurant()
    row = city.drafted("FB-RENEW", subject, grant, owner, unchanged=True)
    row.kind = Kind.SUSPEND
    assert needs_check(row) is True
