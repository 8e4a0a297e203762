"""What many tables share is decided once, before them: facts, trace, replay, reasons, coverage and files through both levels."""

import datetime
from typing import Any

import pytest

from qipan.kernel.decisions import actions, queries, requirements
from qipan.kernel.decisions.dmn.graph import Graph
from qipan.kernel.decisions.dmn.importing import imported
from qipan.kernel.decisions.dmn.reading import read
from qipan.kernel.decisions.loading import TableRow, load_tables
from qipan.kernel.decisions.models import Decision, TableVersion
from qipan.kernel.decisions.tables import Table
from qipan.kernel.ledger.actor import Actor
from qipan.kernel.ledger.errors import Refused
from tests.orgs.factories import UnitTree

pytestmark = pytest.mark.django_db

SHARED = {
    "code": "test.standing",
    "valid_from": "2024-01-01",
    "title": "主体资格",
    "inputs": [
        {"name": "status", "title": "主体状态", "domain": ["ACTIVE", "SUSPENDED", "REVOKED"]},
        {"name": "listed", "title": "在严重违法失信名单", "type": "boolean"},
    ],
    "outputs": [{"name": "standing", "title": "主体资格", "values": ["GOOD", "PAUSED", "BAD"]}],
    "rules": [
        {"when": ['"ACTIVE"', "false"], "then": ['"GOOD"'], "source": "Reg 3"},
        {"when": ['"SUSPENDED"', "false"], "then": ['"PAUSED"'], "source": "Reg 30"},
        {"when": ['"REVOKED"', "false"], "then": ['"BAD"'], "source": "Reg 3"},
        {"when": ["-", "true"], "then": ['"BAD"'], "source": "SVL 15"},
    ],
}
OWN = {
    "code": "test.renewal",
    "valid_from": "2024-01-01",
    "title": "延续",
    "requires": ["test.standing"],
    "inputs": [
        {"name": "standing"},
        {"name": "days", "title": "剩余工作日", "type": "number", "domain": "[-10..500]"},
    ],
    "outputs": [
        {"name": "result", "title": "办理方式", "values": ["GRANT", "PERSON"], "default": '"PERSON"'}
    ],
    "rules": [{"when": ['"GOOD"', "[15..90]"], "then": ['"GRANT"'], "source": "LicProc 27"}],
}


def rows(*bodies: dict[str, Any]) -> list[TableRow]:
    return [TableRow.model_validate(one) for one in bodies]


def decided(**facts: Any) -> Decision:
    unit = UnitTree().city
    made = actions.decide("test.renewal", facts, record=unit, actor=Actor.rules("SZ/"))
    return Decision.objects.select_related("table").get(pk=made.pk)


@pytest.fixture
def loaded() -> None:
    load_tables(rows(OWN, SHARED), Actor.system())


def test_the_column_takes_title_type_and_values_from_the_table_it_rests_on(loaded: None) -> None:
    column = queries.table("test.renewal").inputs[0]
    assert (column.title, column.type, column.domain) == ("主体资格", "string", ("GOOD", "PAUSED", "BAD"))
    assert "requires" not in TableVersion.objects.get(code="test.standing").body


def test_both_levels_are_kept_told_and_worked_out_again(loaded: None) -> None:
    made = decided(status="ACTIVE", listed=False, days=20)
    assert made.outputs == {"result": "GRANT"} and made.facts["standing"] == "GOOD"
    (level,) = made.required
    assert level["table"] == "test.standing" and level["outputs"] == {"standing": "GOOD"}
    assert level["matched"] == [1] and len(level["trace"]) == 4
    assert queries.replayed(made).equal
    explained = queries.explain(made)
    assert [one.title for one in explained.required] == ["主体资格"]
    assert [one.value for one in explained.required[0].inputs] == ["ACTIVE", "否"]


def test_a_tampered_level_is_found_by_the_replay(loaded: None) -> None:
    made = decided(status="ACTIVE", listed=False, days=20)
    made.required[0]["outputs"] = {"standing": "PAUSED"}
    assert [one.title for one in queries.replayed(made).differences] == ["主体资格 结果"]
    made = decided(status="ACTIVE", listed=False, days=20)
    made.facts["listed"] = True
    assert not queries.replayed(made).equal


def test_the_reasons_go_down_to_the_facts(loaded: None) -> None:
    made = decided(status="ACTIVE", listed=True, days=7)
    assert made.outputs == {"result": "PERSON"}
    assert queries.failed_reasons(made) == [
        "在严重违法失信名单：是（要求 否）",
        "剩余工作日：7（要求 15 至 90）",
    ]
    unknown = decided(status=None, listed=None, days=20)
    assert unknown.outputs == {"result": "PERSON"}
    assert queries.failed_reasons(unknown) == [
        "主体状态：未知（要求 ACTIVE）",
        "在严重违法失信名单：未知（要求 否）",
    ]


def test_a_decision_stays_with_the_versions_of_its_day(loaded: None) -> None:
    made = decided(status="SUSPENDED", listed=False, days=20)
    later = {**SHARED, "valid_from": "2024-02-01"}
    later["rules"] = [
        {"when": ['"ACTIVE","SUSPENDED"', "false"], "then": ['"GOOD"'], "source": "Reg 3"},
        *SHARED["rules"][2:],
    ]
    load_tables(rows(later), Actor.system())
    again = decided(status="SUSPENDED", listed=False, days=20)
    assert (made.outputs["result"], again.outputs["result"]) == ("PERSON", "GRANT")
    assert queries.replayed(made).equal and queries.replayed(again).equal
    assert again.required[0]["version"] == "2024-02-01"


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"requires": ["test.nobody"]}, "test.nobody 在这一天没有生效的版本"),
        ({"requires": ["test.renewal"]}, "又依赖本表"),
        ({"inputs": OWN["inputs"][1:], "rules": [{**OWN["rules"][0], "when": ["[15..90]"]}]}, "没有一列使用它的结果"),
        ({"rules": [{**OWN["rules"][0], "when": ['"FINE"', "-"]}]}, "第 1 行“主体资格”列（\"FINE\"）写的“FINE”不是所依赖的表会得出的结果"),
        ({"valid_from": "2023-01-01"}, "在这一天没有生效的版本"),
    ],
)  # fmt: skip
def test_a_requirement_that_cannot_hold_is_refused_at_load(change: dict[str, Any], told: str) -> None:
    with pytest.raises(Refused, match=told.replace("(", r"\(").replace(")", r"\)")):
        load_tables(rows({**OWN, **change}, SHARED), Actor.system())
    assert not TableVersion.objects.exists()


def gapped() -> dict[str, Any]:
    """One that leaves nothing to a default: every result of the shared table needs its rule."""
    return {
        **OWN,
        "inputs": [{"name": "standing"}],
        "outputs": [{"name": "result", "title": "办理方式", "values": ["GRANT", "PERSON"]}],
        "rules": [
            {"when": ['"GOOD"'], "then": ['"GRANT"'], "source": "LicProc 27"},
            {"when": ['"BAD"'], "then": ['"PERSON"'], "source": "LicProc 27"},
        ],
    }


def test_a_gap_over_the_results_of_the_other_table_is_refused_with_the_cell_named() -> None:
    with pytest.raises(Refused, match="没有规则适用于：主体资格＝PAUSED") as refusal:
        load_tables(rows(gapped(), SHARED), Actor.system())
    cells = refusal.value.details["findings"][0].cells
    assert {(cell.rule, cell.title) for cell in cells} == {(1, "主体资格"), (2, "主体资格")}


def test_an_overlap_over_the_results_of_the_other_table_is_refused_with_the_cells_named() -> None:
    body = gapped()
    body["rules"] = [
        {"when": ['"GOOD","PAUSED"'], "then": ['"GRANT"'], "source": "LicProc 27"},
        {"when": ['"PAUSED","BAD"'], "then": ['"PERSON"'], "source": "LicProc 27"},
    ]
    with pytest.raises(Refused, match="规则 1、2 同时适用于：主体资格＝PAUSED"):
        load_tables(rows(body, SHARED), Actor.system())


def test_a_new_version_that_leaves_another_table_with_a_gap_is_refused_naming_it() -> None:
    body = gapped()
    body["rules"][1]["when"] = ['"BAD","PAUSED"']
    load_tables(rows(body, SHARED), Actor.system())
    later = {**SHARED, "valid_from": "2024-02-01"}
    later["outputs"] = [{**SHARED["outputs"][0], "values": ["GOOD", "PAUSED", "BAD", "GONE"]}]
    later["rules"] = [*SHARED["rules"][:2], {**SHARED["rules"][2], "then": ['"GONE"']}, SHARED["rules"][3]]
    with pytest.raises(Refused, match="依赖它的“延续”有误：没有规则适用于：主体资格＝GONE"):
        load_tables(rows(later), Actor.system())


def test_the_file_holds_both_levels_decides_the_same_and_comes_back(loaded: None) -> None:
    content = queries.as_dmn("test.renewal")
    graph = Graph(read(content))
    assert graph.decide("延续", {"status": "ACTIVE", "listed": False, "days": 20}) == "GRANT"
    assert graph.decide("延续", {"status": "SUSPENDED", "listed": False, "days": 20}) == "PERSON"
    kept = TableVersion.objects.get(code="test.renewal")
    assert Table.from_body(imported(content, code="test.renewal")) == Table.from_body(kept.body)
    assert [one.code for one in requirements.versions("test.renewal", datetime.date(2024, 6, 1))] == [
        "test.standing",
        "test.renewal",
    ]


def test_a_required_decision_that_is_no_table_of_ours_is_refused(loaded: None) -> None:
    content = queries.as_dmn("test.renewal").decode().replace("test.standing", "standing-1").encode()
    with pytest.raises(ValueError, match="依赖其他决策或知识模型（standing）"):
        imported(content, code="test.renewal")
