"""Our own models and cases, on the ground that DMN conformance level 2 covers and a step beyond; and the command."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from qipan.conf.environment import ROOT
from qipan.kernel.decisions.dmn.testcases import run_folder

CASES = Path(__file__).parent / "cases"
FOLDERS = sorted({path.parent for path in CASES.rglob("*.dmn")})


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_every_result_is_as_expected(folder: Path) -> None:
    results = list(run_folder(folder))
    assert results and [one for one in results if not one.passed] == []


def test_every_hit_policy_is_covered() -> None:
    text = "".join(path.read_text() for path in CASES.rglob("*.dmn"))
    for policy in ("UNIQUE", "ANY", "PRIORITY", "FIRST", "RULE ORDER", "OUTPUT ORDER", "COLLECT"):
        assert f'hitPolicy="{policy}"' in text
    for aggregation in ("SUM", "MIN", "MAX", "COUNT"):
        assert f'aggregation="{aggregation}"' in text


def command(*arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    return subprocess.run(
        [sys.executable, "-m", "qipan.cli", "peers", "dmn", *arguments],
        capture_output=True,
        text=True,
        check=False,
        env=environment,
        cwd=ROOT,
    )


def test_the_command_counts_and_tells_each_failure_with_its_reason(tmp_path: Path) -> None:
    folder = tmp_path / "compliance-level-2" / "planted"
    shutil.copytree(CASES / "basics", folder)
    cases = folder / "greeting.xml"
    cases.write_text(cases.read_text().replace(">600<", ">601<"))
    model = folder / "grades.dmn"
    model.write_text(model.read_text().replace('"grade " + Risk', '"grade " + + Risk'))
    done = command("--cases", str(tmp_path), "--level", "2", "--json")
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    failed = [line for line in lines[:-1] if not line["passed"]]
    assert done.returncode == 1
    assert lines[-1]["total"] == len(lines) - 1 and lines[-1]["passed"] == len(lines) - 1 - len(failed)
    assert {line["node"] for line in failed} == {"Rent", "Said"}
    reasons = {line["node"]: line["reason"] for line in failed}
    assert "601" in reasons["Rent"] and "600" in reasons["Rent"]
    assert "这里应当是一个值" in reasons["Said"]


def test_the_command_says_where_nothing_is(tmp_path: Path) -> None:
    assert "没有这个文件夹" in command("--cases", str(tmp_path / "none")).stderr
    assert "compliance-level-3" in command("--cases", str(tmp_path), "--level", "3").stderr


def test_a_value_that_cannot_be_read_never_counts_as_passed(tmp_path: Path) -> None:
    shutil.copytree(CASES / "basics", tmp_path / "basics")
    cases = tmp_path / "basics" / "constants.xml"
    cases.write_text(cases.read_text().replace("2026-02-28<", "2026-02-31<"))
    failed = [one for one in run_folder(tmp_path / "basics") if not one.passed]
    assert [one.node for one in failed] == ["day"] and "不能读取" in failed[0].reason
