"""`qipan drill NAME`: harm done to a whole running system of its own, and what became of each promise.

The drills lie in `drills/`: a module with HELP and `run(tell, scale)`, which yields `Promise`s. Yours is never touched.
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from types import ModuleType
from typing import Any, Literal, get_args

from qipan.cli.bench import machine, modules_in
from qipan.cli.session import Refusal, tell
from qipan.conf import environment as env

DATABASE = None
FOLDER = env.ROOT / "drills"
#: Full is what docs/drills.md tells of; small shows in a few minutes that every drill works.
Scale = Literal["full", "small"]


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
    parser.add_argument(
        "--scale",
        choices=get_args(Scale),
        default="full",
        help="full 为完整的演练(默认),small 为几分钟的小演练",
    )
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
        command = [sys.executable, "-P", "-m", "qipan.cli", "drill", "--scale", arguments.scale]
        more = ["--json"] if arguments.json else []
        broken = [
            name
            for name in known
            if subprocess.run([*command, *more, name], check=False).returncode  # noqa: S603
        ]
        tell(f"有承诺没有兑现:{'、'.join(broken)}。" if broken else "全部承诺兑现。")
        return 1 if broken else 0
    module = known[arguments.name]
    if not arguments.json:
        print(f"{arguments.name} · {module.HELP} · scale {arguments.scale} · {machine()}", flush=True)
    return 1 if _show(module.run(tell, arguments.scale), arguments.json) else 0


def _show(promises: Iterable[Promise], as_json: bool) -> int:
    broken = 0
    for each in promises:
        broken += not each.kept
        if as_json:
            print(json.dumps(asdict(each), ensure_ascii=False), flush=True)
        else:
            print(f"{'✓' if each.kept else '✗'} {each.promise}:{each.seen}", flush=True)
    return broken
