"""`qipan walk NAME`: whole services walked in a real browser, on a system of their own, from the first page to the papers.

The walks lie in `walks/`: a module with HELP and `run(tell, only, size)`, which yields `Walked`s.
"""

import argparse
import json
from dataclasses import asdict, dataclass
from typing import Any

from qipan.cli.bench import machine, modules_in
from qipan.cli.session import Refusal, tell
from qipan.conf import environment as env

DATABASE = None
FOLDER = env.ROOT / "walks"
SIZES = {"phone": (390, 844), "desk": (1366, 900)}


@dataclass(frozen=True)
class Walked:
    """One service: whether the walk came to its end, what was seen, and the seconds that it took."""

    code: str
    name: str
    arrived: bool
    seen: str
    seconds: float


def register(subparsers: Any) -> None:
    parser = subparsers.add_parser("walk", help="在真实的浏览器里把服务从头走到尾，每件事一行结果")
    parser.add_argument("name", nargs="?", help="名称；不给出时列出全部")
    parser.add_argument("--only", action="append", default=[], metavar="CODE", help="只走这一项（可以重复）")
    parser.add_argument("--size", choices=SIZES, default="phone", help="浏览器的大小（默认手机）")
    parser.add_argument("--json", action="store_true", help="以 JSON 输出，每行一项")


def run(arguments: argparse.Namespace) -> int:
    """0 when every walk came to its end."""
    known = modules_in(FOLDER)
    known = {name: module for name, module in known.items() if hasattr(module, "HELP")}
    if not arguments.name:
        for name, module in known.items():
            print(f"{name:<12}{module.HELP}")
        return 0
    if arguments.name not in known:
        raise Refusal(f"没有名为 {arguments.name} 的行走。现有：{'、'.join(known) or '无'}。")
    arrived = whole = 0
    for each in known[arguments.name].run(tell, arguments.only, arguments.size):
        whole += 1
        arrived += each.arrived
        if arguments.json:
            print(json.dumps(asdict(each), ensure_ascii=False), flush=True)
        else:
            sign = "✓" if each.arrived else "✗"
            print(f"{sign} {each.code} {each.name}（{each.seconds:.1f} 秒）：{each.seen}", flush=True)
    if not arguments.json:
        print(f"{arguments.name}：{whole} 件，走到头 {arrived} 件 · {arguments.size} · {machine()}")
    return 0 if whole and arrived == whole else 1
