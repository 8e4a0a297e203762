"""`qipan restore FOLDER`: an empty home becomes what a backup holds, at its moment or at any later one."""

import argparse
import json
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import psycopg

from qipan.cli.backup import bars, passphrase
from qipan.cli.session import session, tell, use_settings
from qipan.conf import environment as env
from qipan.conf.backup import checking, checksums, manifest, restoring
from qipan.conf.backup.restoring import LATEST, Restored, Wanted
from qipan.conf.database import Database
from qipan.verifier import verify

DATABASE = None
LOCAL = ZoneInfo("Asia/Shanghai")
SHOWN = 20


def register(subparsers: Any) -> None:
    parser = subparsers.add_parser("restore", help="把备份恢复到空的 QIPAN_HOME;从不覆盖已有数据")
    parser.add_argument("folder", type=Path, help="一份备份,或放备份的文件夹(取最新的)")
    parser.add_argument(
        "--to", type=moment, metavar="时刻", default="",
        help="恢复到这个时刻(北京时间,如 '2026-07-01 09:30:00';latest 为日志末尾);默认为备份的时刻",
    )  # fmt: skip
    parser.add_argument("--timeline", type=int, default=0, help="日志分成几支时沿哪一支(恢复过的备份才会)")
    parser.add_argument("--keys", type=Path, help="另外保管的密钥文件夹(备份中没有密钥时)")
    parser.add_argument("--without-keys", action="store_true", help="密钥已丢失:不恢复密钥")
    parser.add_argument("--json", action="store_true", help="以 JSON 输出")


def moment(text: str) -> str:
    """A moment as manifests write it (UTC); one without a zone is meant as the city's time."""
    if text in ("", LATEST):
        return text
    try:
        meant = datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"时刻应写成 '2026-07-01 09:30:00' 的样子,而不是 {text}") from None
    meant = meant if meant.tzinfo else meant.replace(tzinfo=LOCAL)
    return meant.astimezone(UTC).isoformat(timespec="microseconds")


def run(arguments: argparse.Namespace) -> int:
    """0 when everything was restored, every table has its checksum and the ledger is as it was sealed."""
    begun = time.monotonic()
    told = manifest.read(checking.find(arguments.folder.absolute()))
    wanted = Wanted(
        arguments.folder,
        arguments.to,
        arguments.timeline,
        keys_from=arguments.keys,
        without_keys=arguments.without_keys,
    )
    if told.keys == "sealed" and not arguments.keys and not arguments.without_keys:
        wanted.passphrase = passphrase()
    database = Database(tell)
    with bars(arguments.json) as progress:
        done = restoring.restore(database, wanted, progress)
    use_settings()
    with database.running():
        # Whom no row-level security hides anything from.
        with psycopg.connect(database.url("superuser" if database.server else "owner")) as connection:
            wrong = [] if arguments.to else _differences(connection, done)
            aside = restoring.set_later_seals_aside(connection)
        report = _ledger(database)
    result = {
        "backup": str(done.backup),
        "home": str(env.home()),
        "at": done.manifest.at if not arguments.to else done.reached,
        "tables": len(done.manifest.tables),
        "differing": wrong,
        "events": report.events,
        "seals": report.seals,
        "intact": report.intact,
        "seals_set_aside": aside,
        "notes": done.notes,
        "seconds": round(time.monotonic() - begun, 1),
    }
    if arguments.json:
        print(json.dumps(result, ensure_ascii=False))
    else:
        _show(result, arguments.to, report)
    return 0 if not wrong and report.intact else 1


def _differences(connection: psycopg.Connection[Any], done: Restored) -> list[str]:
    return checksums.differences(done.manifest.tables, checksums.of_tables(connection))


def _ledger(database: Database) -> Any:
    """Brings the tables up to date and the copy of the seals up to the database, then verifies the ledger."""
    with session("app"):
        from qipan.kernel.ledger import sealing

        sealing.copy_out()
    return verify(database.url("audit"), restoring.seals_folder(), env.home() / "keys" / "ledger.pub.pem")


def _show(result: dict[str, Any], to: str, report: Any) -> None:
    print(f"恢复完成:{result['backup']} → {result['home']},{result['seconds']} 秒")
    print(f"  时刻    {result['at']}")
    if to:
        print("  数据库  按日志恢复到指定时刻(各表校验和只对备份的时刻有意义)")
    elif result["differing"]:
        print(f"✗ 这些表与备份时不同:{'、'.join(result['differing'][:SHOWN])}")
    else:
        print(f"  数据库  {result['tables']} 个表的校验和与备份时相同")
    if report.intact:
        print(f"  总账    {report.events} 条事件、{report.seals} 次封存,与封存时一致")
    for finding in report.findings[:SHOWN]:
        print(f"✗ 总账:{finding.line()}")
    if result["seals_set_aside"]:
        print(
            f"! 有 {result['seals_set_aside']} 次封存晚于恢复的时刻,那之后的事件没有了;封存另存在 ledger 文件夹。"
        )
    for note in result["notes"][:SHOWN]:
        print(f"! {note}")
    print("此后的日志另成一支,请尽快再做一次备份(./qipan backup)。")
    print("请运行 ./qipan serve(示范系统用 demo)启动,再用 ./qipan doctor 检查。")
