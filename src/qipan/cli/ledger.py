"""`qipan ledger`: is the ledger as it was sealed; what is not delivered; send it again."""

import argparse
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg

from qipan.cli.session import Refusal, session, tell, use_settings
from qipan.conf import environment as env
from qipan.conf.database import Database
from qipan.verifier import Report, verify

DATABASE = None
SHOWN = 50


def register(subparsers: Any) -> None:
    parser = subparsers.add_parser("ledger", help="总账:核验封存、查看投递、重新投递")
    several = parser.add_subparsers(title="操作", metavar="操作", dest="act", required=True)
    check = several.add_parser("verify", help="核验全部事件与封存;发现任何改动时返回 1")
    check.add_argument(
        "--full", action="store_true", help="逐个核对每次封存的签名(默认核对最新的签名和整条链)"
    )
    check.add_argument("--seals", type=Path, help="库外封存文件夹(默认 QIPAN_SEALS);可指定另外保管的副本")
    check.add_argument("--key", type=Path, help="公钥文件(默认 keys/ledger.pub.pem);可指定另外保管的副本")
    status = several.add_parser("status", help="订阅与投递的状态;有受阻的投递时返回 1")
    resend = several.add_parser("resend", help="重新投递受阻的事件")
    resend.add_argument("--receiver", default="", help="只限这个接收方(见 status)")
    resend.add_argument("--delivery", type=int, action="append", default=[], help="只限这些投递编号")
    for each in (check, status, resend):
        each.add_argument("--json", action="store_true", help="以 JSON 输出")


def run(arguments: argparse.Namespace) -> int:
    """One of the three."""
    acts: dict[str, Callable[[argparse.Namespace], int]] = {
        "verify": run_verify, "status": run_status, "resend": run_resend,
    }  # fmt: skip
    return acts[arguments.act](arguments)


def run_verify(arguments: argparse.Namespace) -> int:
    """Reads as the role that may read the ledger and nothing else; Django is not even loaded."""
    use_settings()
    database = Database(tell)
    folder = arguments.seals or Path(env.text("QIPAN_SEALS", str(env.home() / "ledger")))
    key = arguments.key or env.home() / "keys" / "ledger.pub.pem"
    with database.running(), _bar(arguments.json) as progress:
        try:
            report = verify(database.url("audit"), folder, key, full=arguments.full, progress=progress)
        except psycopg.errors.UndefinedTable:
            raise Refusal("数据库里还没有总账。请先运行 ./qipan demo 或 serve。") from None
        except psycopg.Error as problem:
            raise Refusal(f"读不到总账:{problem}") from None
    if arguments.json:
        print(json.dumps(report.as_json(), ensure_ascii=False))
    else:
        _show(report)
    return 0 if report.intact else 1


@contextmanager
def _bar(silent: bool) -> Iterator[Callable[[int, int], None]]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("核验事件"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), disable=silent, transient=True) as progress:
        task = progress.add_task("", total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)


def _show(report: Report) -> None:
    print(
        f"核验 {report.events} 条事件、{report.seals} 次封存,核对签名 {report.signatures} 个,用时 {report.seconds} 秒。"
    )
    if report.last_seal:
        print(f"最近一次封存:{report.last_seal},{report.last_seal_at}")
    if report.unsealed:
        print(f"尚未封存:{report.unsealed} 条,自 {report.unsealed_since} 起;这一段里的改动不能保证发现。")
    else:
        print("没有尚未封存的事件。")
    if report.intact:
        print("✓ 已封存的事件都与封存时一致。")
        return
    for finding in report.findings[:SHOWN]:
        print(f"✗ {finding.line()}")
    if len(report.findings) > SHOWN:
        print(f"……另有 {len(report.findings) - SHOWN} 项,见 --json。")
    print(
        f"发现 {len(report.findings)} 项问题。请保留现场,不要改动数据库,并用另外保管的封存副本再核验一次(--seals)。"
    )


def run_status(arguments: argparse.Namespace) -> int:
    """One line a receiver, then what is stuck."""
    with session("app"):
        from qipan.kernel.ledger import queries

        receivers = queries.receivers()
        stuck = queries.stuck()
        if arguments.json:
            rows = [vars(row) for row in receivers]
            print(
                json.dumps(
                    {"receivers": rows, "stuck": [_stuck(row) for row in stuck]},
                    ensure_ascii=False,
                    default=str,
                )
            )
        else:
            _show_status(receivers, stuck)
        return 1 if any(row.stuck for row in receivers) else 0


def _stuck(row: Any) -> dict[str, Any]:
    return {
        "delivery": row.pk,
        "receiver": row.receiver,
        "event": row.event.name,
        "record": f"{row.record_kind}:{row.record_id}",
        "attempts": row.attempts,
        "next_at": row.next_at,
        "error": row.error.splitlines()[0][:200] if row.error else "",
    }


def _show_status(receivers: list[Any], stuck: Any) -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console()
    table = Table(title="订阅与投递")
    for heading in ("接收方", "地址", "启用", "待投递", "受阻", "已投递", "最早未达"):
        table.add_column(heading, overflow="fold")
    for row in receivers:
        oldest = f"{row.oldest:%Y-%m-%d %H:%M:%S}" if row.oldest else ""
        table.add_row(
            row.code,
            row.url,
            "是" if row.active else "否",
            str(row.waiting),
            str(row.stuck),
            str(row.done),
            oldest,
        )
    console.print(table)
    for each in stuck[:SHOWN]:
        told = _stuck(each)
        console.print(
            f"✗ {told['delivery']}  {told['receiver']}  {told['event']}  {told['record']}  "
            f"已试 {told['attempts']} 次:{told['error']}",
            markup=False,
        )
    if stuck:
        tell("处理好接收方之后:./qipan ledger resend [--receiver 接收方]")


def run_resend(arguments: argparse.Namespace) -> int:
    """Lets what is stuck be tried at once; a worker sends it."""
    with session("app"):
        from qipan.kernel.ledger import actions
        from qipan.kernel.ledger.actor import Actor

        sent = actions.resend_stuck(
            actor=Actor.system(), receiver=arguments.receiver, deliveries=arguments.delivery
        )
    if arguments.json:
        print(json.dumps({"resent": sent}))
    else:
        tell(f"{sent} 条将立即重新投递。" if sent else "没有受阻的投递。")
    return 0
