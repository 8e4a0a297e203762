"""`qipan doctor`: what is wrong with the machine or the running system, and how to mend it."""

import argparse
import json
import os
from typing import Any

import psycopg

from qipan.cli.session import tell, use_settings
from qipan.conf import home
from qipan.conf.database import Database
from qipan.conf.doctor import Check, Finding, checks, error, warning
from qipan.conf.postgres import DatabaseFailure

DATABASE = None
SIGNS = {"ok": "✓", "warning": "!", "error": "✗"}


def register(subparsers: Any) -> None:
    parser = subparsers.add_parser("doctor", help="检查机器与运行中的系统,指出问题和处理办法")
    parser.add_argument("--json", action="store_true", help="以 JSON 输出,每行一项")


def run(arguments: argparse.Namespace) -> int:
    """1 when anything is an error. Nothing is started or changed."""
    use_settings()
    results: list[tuple[str, str, Finding]] = []

    def look(several: list[Check]) -> None:
        for each in several:
            finding = each.run()
            results.append((each.code, each.title, finding))
            show(each.code, each.title, finding, arguments.json)

    os.environ.setdefault("DATABASE_URL", "")
    look(checks("machine"))
    if (problem := reach_database()) is None:
        import django

        django.setup()
        look(checks("system"))
    else:
        results.append(("database", "数据库", problem))
        show("database", "数据库", problem, arguments.json)
    errors = sum(finding.level == "error" for _, _, finding in results)
    warnings = sum(finding.level == "warning" for _, _, finding in results)
    if not arguments.json:
        tell(f"\n{len(results)} 项检查,{errors} 项错误,{warnings} 项提醒。")
    return 1 if errors else 0


def reach_database() -> Finding | None:
    """None when the database answers (Django then uses it); else why it does not."""
    database = Database(tell)
    if database.server is None:
        try:
            psycopg.connect(database.url("app"), connect_timeout=10).close()
        except psycopg.Error as problem:
            return error(
                f"连不上 DATABASE_URL 指定的数据库:{problem}", "请检查地址、密码、网络和数据库服务。"
            )
        return None
    if home.mode() is None:
        return warning("还没有启动过", "./qipan demo")
    try:
        if not database.server.answers():
            return error("没有应答;系统没有在运行", "请启动 ./qipan serve(或 demo);日志在 log/postgres.log。")
    except DatabaseFailure as problem:
        return error("数据库不能使用", str(problem))
    database.use("app")
    return None


def show(code: str, title: str, finding: Finding, as_json: bool) -> None:
    if as_json:
        fields = {"check": code, "level": finding.level, "found": finding.found, "mend": finding.mend}
        print(json.dumps(fields, ensure_ascii=False), flush=True)
        return
    print(f"{SIGNS[finding.level]} {title}:{finding.found}", flush=True)
    if finding.mend:
        print(f"    → {finding.mend}", flush=True)
