"""Negative proof: planted overlaps and gaps, over numbers, dates and enumerations, are caught and name their cells."""

from typing import Any

import pytest

from qipan.kernel.decisions import coverage
from qipan.kernel.decisions.tables import Table

NUMBER = {"name": "x", "title": "面积", "type": "number", "domain": "[0..1000]"}
DATE = {"name": "d", "title": "受理日期", "type": "date"}
KIND = {"name": "k", "title": "业态", "type": "string", "domain": ["餐饮", "销售", "食堂"]}


def table(inputs: list[dict[str, Any]], *rows: list[str], policy: str = "U") -> Table:
    return Table.from_body(
        {
            "code": "t.t",
            "title": "测试",
            "hit_policy": policy,
            "inputs": inputs,
            "outputs": [{"name": "r", "title": "结果"}],
            "rules": [{"when": row, "then": [str(number)]} for number, row in enumerate(rows)],
        }
    )


SOUND = {
    "numbers": table([NUMBER], ["< 50"], ["[50..100]"], ["> 100"]),
    "dates": table([DATE], ['< date("2026-01-01")'], ['>= date("2026-01-01")']),
    "enumerations": table([KIND], ['"餐饮","食堂"'], ['"销售"']),
    "two columns": table([NUMBER, KIND], ["<= 50", "-"], ["> 50", '"餐饮"'], ["> 50", 'not("餐饮")']),
}
OVERLAPS = {
    "numbers": (table([NUMBER], ["<= 50"], ["[50..100]"], ["> 100"]), (1, 2), "50", {"<= 50", "[50..100]"}),
    "dates": (
        table([DATE], ['<= date("2026-01-01")'], ['>= date("2026-01-01")']),
        (1, 2),
        "2026-01-01",
        {'<= date("2026-01-01")', '>= date("2026-01-01")'},
    ),
    "enumerations": (
        table([KIND], ['"餐饮","食堂"'], ['"销售","食堂"']),
        (1, 2),
        "食堂",
        {'"餐饮","食堂"', '"销售","食堂"'},
    ),
}
GAPS = {
    "numbers": (table([NUMBER], ["< 50"], ["(50..100]"], ["> 100"]), "50", {"< 50", "(50..100]", "> 100"}),
    "dates": (
        table([DATE], ['< date("2026-01-01")'], ['> date("2026-01-02")']),
        "2026-01-01",
        {'< date("2026-01-01")', '> date("2026-01-02")'},
    ),
    "enumerations": (table([KIND], ['"餐饮"'], ['"销售"']), "食堂", {'"餐饮"', '"销售"'}),
}


@pytest.mark.parametrize("sound", SOUND.values(), ids=SOUND.keys())
def test_a_sound_table_has_no_findings(sound: Table) -> None:
    assert coverage.check(sound) == []


@pytest.mark.parametrize(("planted", "rules", "example", "cells"), OVERLAPS.values(), ids=OVERLAPS.keys())
def test_a_planted_overlap_names_its_cells(
    planted: Table, rules: tuple[int, ...], example: str, cells: set[str]
) -> None:
    (found,) = coverage.check(planted)
    title = planted.inputs[0].title
    assert (found.kind, found.rules, found.example) == ("overlap", rules, {title: example})
    assert {(one.rule, one.column, one.title) for one in found.cells} == {(1, 1, title), (2, 1, title)}
    assert {one.text for one in found.cells} == cells
    assert all(f"第 {one.rule} 行“{title}”列（{one.text}）" in found.text for one in found.cells)


@pytest.mark.parametrize(("planted", "example", "cells"), GAPS.values(), ids=GAPS.keys())
def test_a_planted_gap_names_the_cells_beside_it(planted: Table, example: str, cells: set[str]) -> None:
    (found,) = coverage.check(planted)
    assert (found.kind, found.example) == ("gap", {planted.inputs[0].title: example})
    assert {one.text for one in found.cells} == cells
    assert example in found.text and "没有规则适用于" in found.text


def test_an_overlap_in_one_of_two_columns_names_both_rows() -> None:
    planted = table([NUMBER, KIND], ["<= 50", "-"], [">= 50", '"餐饮"'], ["> 50", 'not("餐饮")'])
    (found,) = coverage.check(planted)
    assert found.rules == (1, 2) and found.example == {"面积": "50", "业态": "餐饮"}
    assert [(one.rule, one.title) for one in found.cells] == [(1, "面积"), (2, "面积"), (2, "业态")]


def test_any_may_overlap_only_where_the_results_are_the_same() -> None:
    rows = (["<= 50"], [">= 50"])
    assert [one.kind for one in coverage.check(table([NUMBER], *rows, policy="A"))] == ["overlap"]
    assert coverage.check(table([NUMBER], *rows, policy="F")) == []


def test_a_cell_that_cannot_be_cut_is_told() -> None:
    (found,) = coverage.check(table([KIND], ['starts with(?, "餐")'], ['"销售"']))
    assert found.kind == "unchecked" and [(one.rule, one.column) for one in found.cells] == [(1, 1)]
    assert "无法检查" in found.text


def test_a_table_with_more_pieces_than_are_looked_at_says_so() -> None:
    inputs = [{"name": f"x{n}", "title": f"列{n}", "type": "number"} for n in range(14)]
    rows = [[f"> {row * 14 + n}" for n in range(14)] for row in range(14)]
    found = coverage.check(table(inputs, *rows, policy="C"))
    assert {one.kind for one in found} <= {"gap", "large"} and found
