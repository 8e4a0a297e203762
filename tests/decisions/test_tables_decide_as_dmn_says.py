"""Decision tables: FEEL cells, every hit policy, gaps and overlaps, the kept trace."""

import datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qipan.kernel.decisions import actions, coverage, queries
from qipan.kernel.decisions.feel import (
    FeelSyntaxError,
    evaluate,
    matches,
    parse_expression,
    parse_unary_tests,
)
from qipan.kernel.decisions.loading import TableRow, load_tables
from qipan.kernel.decisions.models import Decision
from qipan.kernel.decisions.tables import HitPolicyBroken, Table, evaluate_table
from qipan.kernel.ledger.actor import Actor
from qipan.kernel.ledger.errors import Refused
from tests.orgs.factories import UnitTree

D = Decimal


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1 + 2 * 3 ** 2", D(19)),
        ("-(2) - -3", D(1)),
        ("10 / 4", D("2.5")),
        ("1 / 0", None),
        ('"甲" + "乙"', "甲乙"),
        ('1 + "a"', None),
        ("true and null", None),
        ("false and null", False),
        ("true or null", True),
        ("null or false", None),
        ("1 = null", False),
        ("null = null", True),
        ("2 between 1 and 3", True),
        ("2 in (1, 2)", True),
        ("2 in [1..2)", False),
        ('if 1 > 2 then "a" else "b"', "b"),
        ("[1, 2, 3][item > 1]", [D(2), D(3)]),
        ("[1, 2, 3][-1]", D(3)),
        ("{a: 1, b: a + 1}.b", D(2)),
        ("for x in [1, 2] return x * 2", [D(2), D(4)]),
        ("some x in [1, 2] satisfies x > 1", True),
        ("every x in [1, 2] satisfies x > 1", False),
        ('date("2026-02-28") + duration("P1D")', datetime.date(2026, 3, 1)),
        ('date("2026-02-30")', None),
        ('string length("食品经营")', D(4)),
        ("count([1, 2])", D(2)),
        ("sum([0.1, 0.2])", D("0.3")),
        ("not(null)", None),
        ("Monthly Fee * 2", D(20)),
        ("applicant.age", D(30)),
    ],
)
def test_expressions(text: str, value: Any) -> None:
    scope = {"Monthly Fee": D(10), "applicant": {"age": D(30)}}
    assert evaluate(parse_expression(text, scope), scope) == value


@pytest.mark.parametrize(
    ("cell", "value", "passes"),
    [
        ("-", None, True),
        ("", D(3), True),
        ("> 3", D(4), True),
        ("> 3", None, False),
        ("[1..3]", D(3), True),
        ("]1..3[", D(3), False),
        ("(1..3)", D(1), False),
        ('"A","B"', "B", True),
        ('not("A","B")', "C", True),
        ('not("A","B")', None, False),
        ("true", True, True),
        ("false", None, False),
        ("null", None, True),
        ('< date("2026-01-01")', datetime.date(2025, 1, 1), True),
    ],
)
def test_cells_and_a_fact_that_is_not_known_passes_nothing(cell: str, value: Any, passes: bool) -> None:
    assert matches(parse_unary_tests(cell), value, {}) is passes


@pytest.mark.parametrize(
    "text", ["1 +", "(1", "[1..", "1 2", "§", "if 1 then 2", "(" * 200 + "1" + ")" * 200, "1" * 30000]
)
def test_what_is_no_feel_is_told_with_its_place(text: str) -> None:
    with pytest.raises(FeelSyntaxError):
        parse_expression(text)


def table(policy: str, rules: list[tuple[list[str], list[str]]], **more: Any) -> Table:
    return Table.from_body(
        {
            "code": "t.t",
            "title": "测试",
            "hit_policy": policy,
            "inputs": more.get("inputs", [{"name": "x", "title": "数", "type": "number"}]),
            "outputs": more.get("outputs", [{"name": "r", "title": "结果", "values": ["高", "中", "低"]}]),
            "rules": [{"when": when, "then": then} for when, then in rules],
        }
    )


ROWS = [(["> 0"], ['"低"']), (["> 10"], ['"高"']), (["> 5"], ['"中"'])]


@pytest.mark.parametrize(
    ("policy", "result"),
    [
        ("F", {"r": "低"}),
        ("P", {"r": "高"}),
        ("R", [{"r": "低"}, {"r": "高"}, {"r": "中"}]),
        ("C", [{"r": "低"}, {"r": "高"}, {"r": "中"}]),
        ("O", [{"r": "高"}, {"r": "中"}, {"r": "低"}]),
        ("C#", {"r": D(3)}),
    ],
)
def test_hit_policies(policy: str, result: Any) -> None:
    assert evaluate_table(table(policy, ROWS), {"x": 20}).outputs == result


def test_aggregations() -> None:
    rows = [(["> 0"], ["1"]), (["> 0"], ["2"]), (["> 0"], ["3"])]
    numbers = [evaluate_table(table(policy, rows), {"x": 1}).outputs["r"] for policy in ("C+", "C<", "C>")]
    assert numbers == [D(6), D(1), D(3)]


def test_unique_and_any_tell_a_contradiction() -> None:
    with pytest.raises(HitPolicyBroken):
        evaluate_table(table("U", ROWS), {"x": 20})
    with pytest.raises(HitPolicyBroken):
        evaluate_table(table("A", ROWS), {"x": 20})
    same = table("A", [(["> 0"], ["1"]), (["> 1"], ["1"])])
    assert evaluate_table(same, {"x": 5}).outputs == {"r": D(1)}


def test_no_match_gives_the_default_or_nothing() -> None:
    assert evaluate_table(table("U", ROWS[:1]), {"x": -1}).outputs is None
    outputs = [{"name": "r", "title": "结果", "default": '"人工"'}]
    assert evaluate_table(table("U", ROWS[:1], outputs=outputs), {"x": None}).outputs == {"r": "人工"}


def test_overlapping_ranges_are_caught_with_an_example() -> None:
    found = coverage.check(table("U", [(["<= 10"], ["1"]), ([">= 10"], ["2"])]))
    assert [(one.kind, one.rules) for one in found] == [("overlap", (1, 2))]
    assert found[0].example == {"数": "10"}
    assert coverage.check(table("U", [(["< 10"], ["1"]), ([">= 10"], ["2"])])) == []


def test_a_gap_is_caught_with_an_example() -> None:
    found = coverage.check(table("U", [(["< 10"], ["1"]), (["> 10"], ["2"])]))
    assert [one.kind for one in found] == ["gap"] and found[0].example == {"数": "10"}


def test_domains_bound_what_is_looked_at() -> None:
    inputs = [
        {"name": "x", "title": "数", "type": "number", "domain": "[0..100]"},
        {"name": "s", "title": "状态", "type": "string", "domain": ["A", "B"]},
        {"name": "d", "title": "日", "type": "date", "domain": '[date("2026-01-01")..date("2026-12-31")]'},
    ]
    good = table(
        "U",
        [
            (["< 50", '"A"', "-"], ["1"]),
            ([">= 50", '"A"', '< date("2026-07-01")'], ["2"]),
            ([">= 50", '"A"', '>= date("2026-07-01")'], ["3"]),
            (["-", '"B"', "-"], ["4"]),
        ],
        inputs=inputs,
    )
    assert coverage.check(good) == []


cells = st.sampled_from(["-", "< 2", "<= 2", "> 2", ">= 2", "2", "[1..3]", "(1..3)", "1,3", "not(2)"])


@settings(max_examples=120, deadline=None)
@given(st.lists(st.tuples(cells, cells), min_size=1, max_size=4))
def test_the_check_agrees_with_trying_everything(rows: list[tuple[str, str]]) -> None:
    inputs = [{"name": name, "title": name, "type": "number", "domain": "[0..4]"} for name in ("x", "y")]
    made = table("U", [(list(row), [str(place)]) for place, row in enumerate(rows)], inputs=inputs)
    points = [D(step) / 2 for step in range(9)]
    gap = overlap = False
    for x in points:
        for y in points:
            hits = sum(
                one.matched
                for one in evaluate_table(
                    table("C", [(list(r), ["1"]) for r in rows], inputs=inputs), {"x": x, "y": y}
                ).trace
            )
            gap |= hits == 0
            overlap |= hits > 1
    kinds = {one.kind for one in coverage.check(made)}
    assert ("gap" in kinds, "overlap" in kinds) == (gap, overlap)


ROW = {
    "code": "test.renewal",
    "valid_from": "2024-01-01",
    "title": "延续自动批准",
    "hit_policy": "U",
    "inputs": [
        {"name": "status", "title": "主体状态", "domain": ["ACTIVE", "REVOKED"]},
        {"name": "days", "title": "剩余工作日", "type": "number"},
    ],
    "outputs": [{"name": "result", "title": "办理方式", "default": '"PERSON"'}],
    "rules": [{"when": ['"ACTIVE"', "[15..90]"], "then": ['"GRANT"'], "unconfirmed": "a test"}],
}


@pytest.mark.django_db
def test_a_decision_is_kept_with_its_trace_and_can_be_worked_out_again() -> None:
    load_tables([TableRow.model_validate(ROW)], Actor.system())
    unit = UnitTree().city
    granted = actions.decide(
        "test.renewal", {"status": "ACTIVE", "days": 20}, record=unit, actor=Actor.rules("SZ/")
    )
    refused = actions.decide(
        "test.renewal", {"status": "REVOKED", "days": None}, record=unit, actor=Actor.rules("SZ/")
    )
    assert actions.outputs_of(granted) == {"result": "GRANT"} and granted.matched == [1]
    assert actions.outputs_of(refused) == {"result": "PERSON"}
    assert queries.failed_reasons(refused) == [
        "主体状态：REVOKED（要求 ACTIVE）",
        "剩余工作日：未知（要求 15 至 90）",
    ]
    assert actions.replay(granted) == [] == actions.replay(Decision.objects.get(pk=refused.pk))
    assert granted.microseconds < 5000
    tampered = Decision.objects.get(pk=granted.pk)
    tampered.outputs = {"result": "PERSON"}
    assert actions.replay(tampered)


@pytest.mark.django_db
def test_a_table_that_overlaps_is_not_loaded() -> None:
    wrong = {**ROW, "rules": ROW["rules"] * 2}
    with pytest.raises(Refused, match="同时适用"):
        load_tables([TableRow.model_validate(wrong)], Actor.system())
