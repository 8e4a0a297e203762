"""`qipan city`: builds the demo city; `qipan city simulate`: lets it live, over HTTP like people."""

import argparse
import datetime
import json
import resource
import sys
import time
from typing import Any

from qipan.cli.session import Refusal, session, tell
from qipan.conf import environment as env
from qipan.conf import home

DATABASE = None


def register(subparsers: Any) -> None:
    parser = subparsers.add_parser("city", help="建设示范城市;city simulate 让它运转起来")
    parser.add_argument(
        "what", nargs="?", choices=["build", "simulate"], default="build", help="建设(默认)或者模拟"
    )
    parser.add_argument("--scale", type=float, default=0.01, help="规模,1 为 369 万主体(默认 0.01)")
    parser.add_argument("--seed", type=int, default=1, help="种子:同样的种子和基准日建成同样的城市(默认 1)")
    parser.add_argument("--as-of", type=_day, help="基准日,如 2026-07-01(默认今天)")
    parser.add_argument("--replace", action="store_true", help="先清除已有的示范数据(只清除示范数据)")
    parser.add_argument("--json", action="store_true", help="结果以 JSON 输出")
    parser.add_argument("--brief", action="store_true", help="不列出各表的行数与摘要")
    parser.add_argument("--url", default="http://127.0.0.1:8000", help="模拟:系统的地址")
    parser.add_argument("--rate", type=float, default=6, help="模拟:每分钟办理多少次(默认 6)")
    parser.add_argument("--for", dest="seconds", type=float, help="模拟:多少秒后结束(默认直到 Ctrl-C)")


def _day(text: str) -> datetime.date:
    try:
        return datetime.date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"日期应写成 2026-07-01 的样子,而不是 {text}") from None


def run(arguments: argparse.Namespace) -> int:
    """Builds and prints rows and checksum by table; or plays the people of a city that is served at an address."""
    if arguments.what == "simulate":
        return _simulate(arguments)
    if home.mode() == "production":
        raise Refusal(f"{env.home()} 里是正式系统,示范数据不会写进去。请用 QIPAN_HOME 另指一个文件夹。")
    with session("owner") as database:
        done = _build(arguments)
        assert database is not None
        home.remember(city=database.identity())  # so that `demo` builds no second one
        return done


def _build(arguments: argparse.Namespace) -> int:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from qipan.city import building
    from qipan.kernel.ledger.errors import Refused

    started = time.monotonic()
    plan = building.plan_of(arguments.scale, arguments.seed, arguments.as_of)
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        disable=arguments.json or not sys.stderr.isatty(),
    )
    with bar:
        task = bar.add_task("主体", total=plan.subjects)

        def show(done: int, total: int) -> None:
            if total:
                bar.update(task, completed=done, total=total)
            else:
                bar.update(task, description="正在建立检索索引…")

        try:
            city = building.build(
                plan,
                replace=arguments.replace,
                tell=show,
            )
        except Refused as problem:
            raise Refusal(str(problem)) from None
    seconds = time.monotonic() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    result = {
        "scale": city.scale,
        "seed": city.seed,
        "as_of": city.as_of.isoformat(),
        "seconds": round(seconds, 1),
        "peak_mb": round(peak),
        "digest": city.digest,
        "tables": city.manifest,
    }
    if arguments.json:
        print(json.dumps(result, ensure_ascii=False))
        return 0
    for table, entry in () if arguments.brief else sorted(city.manifest.items()):
        tell(f"{table:32} {entry['rows']:>10,}  {entry['sha256'][:16]}")
    tell(f"示范城市已建成:{seconds:.1f} 秒,内存峰值 {peak:.0f} MB,摘要 {city.digest[:16]}。")
    return 0


def _simulate(arguments: argparse.Namespace) -> int:
    """Needs no database: what it knows it reads from pages."""
    from qipan.city.simulation.running import Simulator

    if not 0 < arguments.rate <= 6000:
        raise Refusal("--rate 应在 0 到 6000 之间(每分钟的办理次数)。")
    if not arguments.url.startswith(("http://", "https://")):
        raise Refusal(f"--url 应写成 http://127.0.0.1:8000 的样子,而不是 {arguments.url}")
    simulator = Simulator(arguments.url, arguments.rate, tell=tell)
    started = time.monotonic()
    done = simulator.run(arguments.seconds)
    seconds = time.monotonic() - started
    result = {
        "seconds": round(seconds, 1),
        "acts": sum(done.values()),
        "done": done,
        "refused": simulator.refused,
    }
    if arguments.json:
        print(json.dumps(result, ensure_ascii=False))
    else:
        tell(
            f"模拟结束:{seconds:.0f} 秒,办理 {sum(done.values())} 次,没有办成 {sum(simulator.refused.values())} 次。"
        )
    return 0
