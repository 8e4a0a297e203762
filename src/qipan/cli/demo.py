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
#: What each account is for, for those who do not read Chinese.
ENGLISH = {
    "window": "accepts applications, asks for what is missing",
    "reviewer": "examines, orders the site check",
    "decider": "grants or refuses",
    "leader": "head of a district bureau: extends, assigns",
    "head": "head of a supervision office: its whole inbox",
    "inspector1": "checks on site with a phone (one of two)",
    "inspector2": "checks on site with a phone (the other)",
    "officer": "enforcement officer",
    "casereview": "case reviewer",
    "legal": "legal reviewer",
    "complaints": "complaints handler",
    "sampler": "sampling officer",
    "publisher": "reviews and withdraws publications",
    "city": "head of the city bureau: the whole city",
    "duty": "duty officer of the command centre",
    "campaign": "leads special campaigns",
    "editor": "drafts items and rules",
    "releaser": "releases them, as a second person",
    "sysadmin": "system administrator (/admin/)",
    "secadmin": "security administrator",
    "auditor": "audit administrator: the ledger",
    "shop1": "restaurant, licence runs out: renewal granted at once",
    "shop2": "about to open a restaurant: new licence",
    "shop3": "convenience store: filing",
    "shop4": "restaurant with a high risk grade: goes to a person",
    "shop5": "company with two branches: change, re-issue, cancel",
    "public1": "a member of the public",
}


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
        from qipan.city.parts import PASSWORD, SECRET
        from qipan.kernel.ledger.errors import Refused

        try:
            rows = demo_accounts()
        except Refused as problem:
            raise Refusal(str(problem)) from None
    if not rows:
        raise Refusal("这里还没有示范城市。请先运行 ./qipan demo。")
    console = Console(highlight=False, soft_wrap=False)
    for title, staff in (("工作人员 staff", True), ("经营者和公众 businesses and the public", False)):
        table = Table(title=title, title_justify="left", box=None, padding=(0, 2, 0, 0), pad_edge=False)
        table.add_column("用户名", no_wrap=True)
        table.add_column("角色", no_wrap=True)
        table.add_column("用途", overflow="fold")
        table.add_column("", overflow="fold")
        for row in rows:
            if (row["第二因素/口令密钥"] != "不需要") == staff:
                name = row["用户名"]
                table.add_row(name, row["角色"], row["用途"], ENGLISH.get(name, ""))
        console.print(table)
        console.print()
    console.print(f"密码 password: {PASSWORD}")
    console.print("动态口令 second factor (staff): 登录第二步的页面上有;或者 ./qipan demo --code USER")
    console.print(f"或者在验证器中添加密钥 add to an authenticator: {SECRET}")
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
