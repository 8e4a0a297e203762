"""`qipan work`: carries out background jobs; any number of these may run, on any machine that reaches the database."""

import argparse
from typing import Any

from qipan.cli.session import tell


def register(subparsers: Any) -> None:
    parser = subparsers.add_parser("work", help="执行后台任务")
    parser.add_argument("--queues", default="", help="只处理这些队列,逗号分隔(默认全部)")
    parser.add_argument("--concurrency", type=int, default=4, help="同时处理的任务数(默认 4)")
    parser.add_argument(
        "--part",
        choices=("all", "jobs", "rounds"),
        default="all",
        help="只做一部分:jobs 是有人在等的任务,rounds 是投递、封存等(默认全部)",
    )
    parser.add_argument("--retry-failed", action="store_true", help="让失败的任务重新排队,然后结束")


def run(arguments: argparse.Namespace) -> int:
    """Works until it is told to stop; jobs in hand are finished first."""
    if arguments.retry_failed:
        from qipan.kernel.ledger import failed_jobs
        from qipan.kernel.ledger.actor import Actor

        count = failed_jobs.retry(actor=Actor.system())
        tell(f"{count} 个失败的任务已重新排队。" if count else "没有失败的任务。")
        return 0
    from qipan.conf import memory
    from qipan.kernel.jobs import worker

    memory.settle()
    queues = [name for name in arguments.queues.split(",") if name]
    worker.run(queues or None, arguments.concurrency, arguments.part)
    return 0
