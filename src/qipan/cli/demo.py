"""`qipan demo`: one command from nothing to a living demo city."""

import argparse
import importlib.util
from typing import Any

from qipan.cli.serve import add_address
from qipan.cli.session import Refusal, session, tell
from qipan.cli.start import Options, start
from qipan.conf import environment as env
from qipan.conf import home

DATABASE = None


def register(subparsers: Any) -> None:
    parser = subparsers.add_parser("demo", help="启动示范系统:自动准备数据库、示范城市和全部服务")
    add_address(parser)
    parser.add_argument("--scale", type=float, default=0.01, help="城市规模,1 为 369 万主体(默认 0.01)")
    parser.add_argument("--rate", type=float, default=6, help="模拟器每分钟的办理次数,0 为不模拟(默认 6)")
    parser.add_argument("--accounts", action="store_true", help="只显示示范账号")
    parser.add_argument("--code", metavar="USER", help="显示一个示范账号现在的动态口令")


def run(arguments: argparse.Namespace) -> int:
    """Prepares what is missing and serves it; a home of a real installation is refused."""
    if home.mode() == "production":
        raise Refusal(f"{env.home()} 里是正式系统,示范数据不会写进去。请用 QIPAN_HOME 另指一个文件夹。")
    if arguments.accounts:
        return show_accounts()
    if arguments.code:
        return show_code(arguments.code)
    has_city = importlib.util.find_spec("qipan.cli.city") is not None
    return start(
        Options(
            "demo",
            arguments.host,
            arguments.port,
            arguments.workers,
            scale=arguments.scale if has_city else 0,
            rate=arguments.rate if has_city else 0,
        )
    )


def show_accounts() -> int:
    """Prints who may sign in to the demo and how."""
    from rich.console import Console
    from rich.table import Table

    with session("app"):
        from qipan.city.accounts import demo_accounts
        from qipan.city.parts import SECRET

        rows = demo_accounts()
    table = Table(title="示范账号")
    for heading in rows[0] if rows else ():
        table.add_column(str(heading), overflow="fold")
    for row in rows:
        table.add_row(*map(str, row.values()))
    console = Console()
    console.print(table)
    console.print(
        f"动态口令:登录的第二步页面会显示;也可运行 ./qipan demo --code 用户名,"
        f"或在验证器中手工添加密钥 {SECRET}(所有示范账号相同)。"
    )
    return 0


def show_code(username: str) -> int:
    """Prints the code that the second step of signing in takes from a demo account now."""
    with session("app"):
        from qipan.city.accounts import present_code
        from qipan.kernel.ledger.errors import Refused

        try:
            code, seconds = present_code(username)
        except Refused as problem:
            raise Refusal(str(problem)) from None
    print(code)
    tell(f"{seconds} 秒内有效,每个口令只能用一次。")
    return 0
