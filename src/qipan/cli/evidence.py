"""`qipan evidence verify`: is every file of the store and of the archive of documents still what it was."""

import argparse
import json
from typing import Any

SHOWN = 50
WORDS = {"missing": "不见了", "changed": "内容与摘要不符", "unreadable": "读不到"}


def register(subparsers: Any) -> None:
    parser = subparsers.add_parser("evidence", help="证据库与文书档案:逐个核对文件与入库时的摘要")
    several = parser.add_subparsers(title="操作", metavar="操作", dest="act", required=True)
    verify = several.add_parser("verify", help="核对全部文件;有缺失或改动时返回 1")
    verify.add_argument("--json", action="store_true", help="以 JSON 输出")


def run(arguments: argparse.Namespace) -> int:
    """Reads every content once and names those that are gone or changed."""
    from itertools import chain

    from rich.console import Console
    from rich.progress import track

    from qipan.kernel.documents import examination as documents
    from qipan.kernel.documents.models import Document
    from qipan.kernel.evidence.examination import Examined, every_file
    from qipan.kernel.evidence.models import Evidence

    total = Evidence.objects.values("digest").distinct().count()
    total += Document.objects.exclude(digest="").values("digest").distinct().count()
    checked, broken = 0, list[Examined]()
    bar = Console(stderr=True)
    for each in track(
        chain(every_file(), documents.every_file()),
        "核对文件",
        total,
        console=bar,
        disable=arguments.json,
        transient=True,
    ):
        checked += 1
        if each.state != "intact":
            broken.append(each)
    if arguments.json:
        print(json.dumps({"checked": checked, "broken": [vars(each) for each in broken]}, ensure_ascii=False))
        return 1 if broken else 0
    for each in broken[:SHOWN]:
        print(f"✗ {each.digest[:16]}… {WORDS[each.state]}:{'、'.join(each.names)} {each.detail}".rstrip())
    if len(broken) > SHOWN:
        print(f"……另有 {len(broken) - SHOWN} 个,见 --json。")
    print(f"核对 {checked} 个文件,{len(broken)} 个有问题。" + ("请从备份恢复这些文件。" if broken else ""))
    return 1 if broken else 0
