"""Benchmarks run one after another in processes of their own, and their figures become tables."""

import argparse
from types import ModuleType

import pytest

from benchmarks.growth import _plain
from qipan.cli import bench
from qipan.cli.bench import Measure
from qipan.cli.session import Refusal


def test_one_that_fails_is_said_and_the_others_go_on(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(Refusal, match="nothing"):
        list(bench.measured_apart("nothing", 1.0))
    known = {name: ModuleType(name) for name in ("nothing", "neither", "part")}
    known["neither"].COVERS = ("part",)  # type: ignore[attr-defined]
    assert list(bench._all(known, 1.0)) == []
    told = capsys.readouterr().err
    assert "nothing 没有测成" in told
    assert "neither 没有测成" in told
    assert "part" not in told


def test_figures_become_a_table_for_a_page(capsys: pytest.CaptureFixture[str]) -> None:
    measures = [
        Measure("ledger", "写入", 1234.5, "次/秒", "裸 INSERT", 2469.0, 0.5, "≥ 0.4", True),
        Measure("ledger", "封存", 3.25, "秒"),
        Measure("ledger", "核验", 30.0, "秒", target="< 20 秒", met=False, why="磁盘慢"),
        Measure("ledger", "读", 30.0, "秒", target="< 20 秒", met=False),
    ]
    bench._markdown(measures, argparse.Namespace(name="ledger", scale=0.1))
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("`./qipan bench ledger --scale 0.1`, ")
    assert lines[4:6] == [
        "| ledger | 写入 | 1,234 | 次/秒 | 裸 INSERT | 2,469 | 0.5 | ≥ 0.4 ✓ |",
        "| ledger | 封存 | 3.25 | 秒 |  |  |  |  |",
    ]
    assert lines[-2:] == ["- ledger, 核验: 磁盘慢", "- ledger, 读: 没有写明原因"]


@pytest.mark.parametrize(
    ("measure", "plain"),
    [
        ("收件箱（所内） p95（1,000,001 办件、37,000 待办）", "收件箱（所内） p95"),
        ("核验 101,010 条", "核验 条"),
        ("16 人同时 p95", "人同时 p95"),
    ],
)
def test_a_measure_is_known_again_at_another_size(measure: str, plain: str) -> None:
    assert _plain(measure) == plain
