"""`qipan drill NAME`: harm done to a whole running system of its own, and what became of each promise.

The drills lie in `drills/`: a module with HELP and `run(tell)`, which yields `Promise`s. Yours is never touched.
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from types import ModuleType
from typing import Any

from qipan.cli.bench import machine, modules_in
from qipan.cli.session import Refusal, tell
from qipan.conf import environment as env

DATABASE = None
FOLDER = env.ROOT / "drills"


@dataclass(frozen=True)
class Promise:
    """What was promised, what was seen, and whether it was kept."""

    drill: str
    promise: str
    seen: str
    kept: bool


def drills() -> dict[str, ModuleType]:
    """Every drill by its name."""
    return modules_in(FOLDER)


def register(subparsers: Any) -> None:
    parser = subparsers.add_parser("drill", help="故障演练:在另起的一套系统上制造故障,逐项核对承诺")
    parser.add_argument("name", nargs="?", help="演练的名称,all 为全部;不给出时列出全部")
    parser.add_argument("--json", action="store_true", help="以 JSON 输出,每行一项")


def run(arguments: argparse.Namespace) -> int:
    """0 when every promise was kept."""
    known = drills()
    if not arguments.name:
        for name, module in known.items():
            print(f"{name:<12}{module.HELP}")
        return 0
    if arguments.name != "all" and arguments.name not in known:
        raise Refusal(f"没有名为 {arguments.name} 的演练。现有:{'、'.join(known) or '无'}。")
    if arguments.name == "all":  # each in a process of its own: Django knows one database only
        command = [sys.executable, "-P", "-m", "qipan.cli", "drill"]
        more = ["--json"] if arguments.json else []
        codes = [subprocess.run([*command, name, *more], check=False).returncode for name in known]  # noqa: S603
        return max(codes)
    module = known[arguments.name]
    if not arguments.json:
        print(f"{arguments.name} · {module.HELP} · {machine()}", flush=True)
    return 1 if _show(module.run(tell), arguments.json) else 0


def _show(promises: Iterable[Promise], as_json: bool) -> int:
    broken = 0
    for each in promises:
        broken += not each.kept
        if as_json:
            print(json.dumps(asdict(each), ensure_ascii=False), flush=True)
        else:
            print(f"{'✓' if each.kept else '✗'} {each.promise}:{each.seen}", flush=True)
    return broken
