"""`qipan backup [FOLDER]`: one backup of everything, while the system runs; `--check` reads one again."""

import argparse
import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from qipan.cli.session import Refusal, tell, use_settings
from qipan.conf import environment as env
from qipan.conf.backup import checking, taking
from qipan.conf.backup.files import Progress
from qipan.conf.database import Database
from qipan.conf.postgres import archiving

DATABASE = None
SHOWN = 20
KEYS = {
    "sealed": "已用口令加密,在备份之中",
    "left out": "不在备份之中:请另外保管 keys 与 secrets 文件夹(或设 QIPAN_BACKUP_PASSPHRASE,加密后放进备份)",
    "none": "没有密钥文件",
}


def register(subparsers: Any) -> None:
    parser = subparsers.add_parser("backup", help="备份数据库、证据、文书、封存和密钥;--check 核对已有的备份")
    parser.add_argument(
        "folder", nargs="?", type=Path, help="放备份的文件夹,最好在另一个磁盘上(默认 QIPAN_BACKUPS)"
    )
    parser.add_argument("--check", action="store_true", help="不备份,逐字节核对最新的(或指定的)一份备份")
    parser.add_argument("--keep", type=_count, help="完成后只保留最新的这么多份,删除更早的")
    parser.add_argument("--json", action="store_true", help="以 JSON 输出")


def _count(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("至少保留 1 份")
    return number


def run(arguments: argparse.Namespace) -> int:
    """0 when a backup was made, or the one that was looked at is whole."""
    folder = arguments.folder or archiving.kept_in()
    if folder is None:
        raise Refusal("请指定放备份的文件夹:./qipan backup /mnt/backup(或设 QIPAN_BACKUPS)。")
    if arguments.check:
        return _check(folder, arguments.json)
    use_settings()
    database = Database(tell)
    begun = time.monotonic()
    with database.running(), bars(arguments.json) as progress:
        made = taking.make(database, folder, env.text("QIPAN_BACKUP_PASSPHRASE"), progress)
    removed = taking.forget(folder, arguments.keep) if arguments.keep else []
    told = made.manifest
    result = {
        "folder": str(made.folder),
        "at": told.at,
        "tables": len(told.tables),
        "rows": sum(rows for rows, _sum in told.tables.values()),
        "bytes": sum(size for size, _digest in told.parts.values()),
        "files": told.shared[0],
        "damaged": told.damaged,
        "keys": told.keys,
        "removed": removed,
        "seconds": round(time.monotonic() - begun, 1),
    }
    if arguments.json:
        print(json.dumps(result, ensure_ascii=False))
        return 1 if told.damaged else 0
    print(f"备份完成:{made.folder},{result['seconds']} 秒")
    print(f"  数据库  {result['tables']} 个表,{result['rows']:,} 行,{result['bytes'] / 2**20:,.1f} MB")
    print(f"  文件    {told.shared[0]} 个,{told.shared[1] / 2**20:,.1f} MB(各份备份共用)")
    print(f"  密钥    {KEYS[told.keys]}")
    if told.evidence:
        print(f"  证据    存在 {told.evidence},不在备份之中;请用存储服务自己的备份")
    if removed:
        print(f"  已删除  {'、'.join(removed)}")
    for name in told.damaged[:SHOWN]:
        print(f"✗ {name} 已损坏(内容与摘要不符),没有备份;请从更早的备份恢复它")
    return 1 if told.damaged else 0


def _check(folder: Path, as_json: bool) -> int:
    with bars(as_json) as progress:
        found = checking.check(checking.find(folder), progress)
    told = found.manifest
    if as_json:
        result = {"folder": str(found.folder), "at": told.at, "read": found.read, "bytes": found.bytes}
        print(json.dumps(result | {"wrong": found.wrong, "log_segments": found.log[0]}, ensure_ascii=False))
        return 1 if found.wrong else 0
    print(f"{found.folder}:棋盘 {told.qipan},PostgreSQL {told.postgres},{told.at}(UTC)")
    print(f"  核对 {found.read} 个文件,{found.bytes / 2**20:,.1f} MB;其后的日志 {found.log[0]} 段")
    for each in found.wrong[:SHOWN]:
        print(f"✗ {each}")
    if found.wrong:
        print(f"{len(found.wrong)} 处有问题。files 中损坏的文件删去后,下一次备份会重新复制。")
        return 1
    print("✓ 完好。")
    return 0


@contextmanager
def bars(silent: bool) -> Iterator[Callable[[str], Progress]]:
    """A progress bar a stage, where somebody looks."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    off = silent or not sys.stderr.isatty()
    with Progress(*columns, console=Console(stderr=True), disable=off, transient=True) as progress:

        def stage(title: str) -> Callable[[int, int], None]:
            task = progress.add_task(title, total=None)
            return lambda done, total: progress.update(task, completed=done, total=total)

        yield stage


def passphrase() -> str:
    """The passphrase of the keys: from the environment, else asked for where somebody can answer."""
    given = env.text("QIPAN_BACKUP_PASSPHRASE")
    if given or not os.isatty(0):
        return given
    import getpass

    return getpass.getpass("备份密钥的口令:")
