"""`qipan peers dmn|govstack`: other people's test suites, run on ours from a folder that the user has."""

import argparse
import json
from pathlib import Path
from typing import Any

from qipan.cli import peers_govstack
from qipan.cli.session import Refusal, tell, use_settings

DATABASE = None


def register(subparsers: Any) -> None:
    parser = subparsers.add_parser(
        "peers", help="用别人的测试集检验本系统(dmn:DMN TCK;govstack:GovStack 登记构件的接口测试)"
    )
    parser.add_argument("peer", choices=["dmn", "govstack"], help="哪一套测试")
    parser.add_argument("--cases", type=Path, help="dmn:测试集所在的文件夹")
    parser.add_argument("--level", choices=["2", "3"], help="dmn:只运行该合规级别(默认:文件夹里的全部)")
    parser.add_argument("--suite", type=Path, help="govstack:bb-registration 所在的文件夹")
    parser.add_argument("--json", action="store_true", help="以 JSON 输出,每行一项")


def run(arguments: argparse.Namespace) -> int:
    """0 when every result is as expected; each failure is printed with its reason, and at the end passed and total."""
    if arguments.peer == "govstack":
        if arguments.suite is None:
            raise Refusal("请给出测试集的位置:./qipan peers govstack --suite DIR")
        return peers_govstack.run(arguments.suite, as_json=arguments.json)
    if arguments.cases is None:
        raise Refusal("请给出测试集的位置:./qipan peers dmn --cases DIR")
    return _run_dmn(arguments)


def _run_dmn(arguments: argparse.Namespace) -> int:
    folders = _folders(arguments.cases, arguments.level)
    use_settings()
    import django

    django.setup()
    from qipan.kernel.decisions.dmn.testcases import run_folder

    passed = total = tables = tables_passed = 0
    for folder in folders:
        for result in run_folder(folder):
            total += 1
            passed += result.passed
            tables += result.table
            tables_passed += result.table and result.passed
            if arguments.json:
                print(json.dumps(vars(result), ensure_ascii=False), flush=True)
            elif not result.passed:
                print(f"✗ {result.suite} {result.case} {result.node}:{result.reason}", flush=True)
    if arguments.json:
        counted = {"passed": passed, "total": total, "tables_passed": tables_passed, "tables": tables}
        print(json.dumps(counted), flush=True)
    else:
        tell(f"通过 {passed},共 {total};其中决策表 {tables_passed},共 {tables}。")
    return 0 if passed == total else 1


def _folders(cases: Path, level: str | None) -> list[Path]:
    """Every folder below that holds models. Raises Refusal where there is none."""
    if not cases.is_dir():
        raise Refusal(f"没有这个文件夹:{cases}。请先下载 DMN TCK(github.com/dmn-tck/tck),再给出它的位置。")
    found = sorted({path.parent for path in cases.rglob("*.dmn")})
    if level:
        found = [one for one in found if f"compliance-level-{level}" in one.parts]
    if not found:
        which = f" compliance-level-{level} 的" if level else ""
        raise Refusal(f"{cases} 里没有{which}测试(*.dmn 和 *.xml)。")
    return found
