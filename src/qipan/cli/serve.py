"""`qipan serve`: web, live feed and background workers of a real installation."""

import argparse
from typing import Any

from qipan.cli.start import Options, start
from qipan.conf import environment as env
from qipan.conf import home

DATABASE = None


def add_address(parser: argparse.ArgumentParser) -> None:
    """Where to listen: the same for every command that serves."""
    parser.add_argument(
        "--host", default=env.text("QIPAN_HOST", "127.0.0.1"), help="监听的地址(默认 127.0.0.1)"
    )
    parser.add_argument(
        "--port",
        type=port,
        default=env.number("QIPAN_PORT", 8000),
        help="监听的端口(默认 8000;实时推送用下一个)",
    )
    parser.add_argument("--workers", type=int, default=1, help="后台任务进程数(默认 1)")


def port(text: str) -> int:
    """A port that leaves room for the feed's, one above."""
    number = int(text)
    if not 1 <= number <= 65534:
        raise argparse.ArgumentTypeError("端口应在 1 到 65534 之间")
    return number


def register(subparsers: Any) -> None:
    parser = subparsers.add_parser("serve", help="启动网页、实时推送与后台任务")
    add_address(parser)


def run(arguments: argparse.Namespace) -> int:
    """Serves what this home holds: a demo stays a demo, anything else is a real installation."""
    return start(Options(home.mode() or "production", arguments.host, arguments.port, arguments.workers))
