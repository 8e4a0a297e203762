"""What the doctor looks at in evidence, and the check of every file against its digest."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from django.db.models import Max

from qipan.conf.doctor import Finding, check, error, ok
from qipan.kernel.evidence import storage
from qipan.kernel.evidence.models import Evidence
from qipan.kernel.evidence.stores import StoreDown
from qipan.kernel.ledger.errors import Refused


@dataclass(frozen=True)
class Examined:
    """One content of the store: `state` says whether it is what was taken in; `names` are the files that it is."""

    digest: str
    state: Literal["intact", "missing", "changed", "unreadable"]
    names: tuple[str, ...] = ()
    detail: str = ""


def every_file() -> Iterator[Examined]:
    """Each content once, read whole and hashed again; those that are not intact with the files they belong to."""
    digests = Evidence.objects.order_by("digest").values_list("digest", flat=True).distinct()
    for digest in digests.iterator(chunk_size=1000):
        found = _examine(digest)
        if found.state != "intact":
            names = tuple(
                f"{row.uuid} {row.name}".strip()
                for row in Evidence.objects.filter(digest=digest).order_by("pk")[:20]
            )
            found = Examined(digest, found.state, names, found.detail)
        yield found


def _examine(digest: str) -> Examined:
    try:
        content = storage.store().get(digest)
    except StoreDown as problem:
        return Examined(digest, "unreadable", detail=str(problem))
    if content is None:
        return Examined(digest, "missing")
    return Examined(digest, "intact" if hashlib.sha256(content).hexdigest() == digest else "changed")


@check("evidence", "证据库")
def store_answers() -> Finding:
    """The store takes files in (there is room, it answers), and the newest one can still be read."""
    try:
        storage.must_have_room(0)
    except Refused:
        return error("空间不足,上传已停止", "请清理磁盘,或用 QIPAN_EVIDENCE_URL 换用对象存储。")
    newest = Evidence.objects.aggregate(newest=Max("pk"))["newest"]
    if newest is None:
        return ok("还没有文件")
    found = _examine(Evidence.objects.get(pk=newest).digest)
    if found.state != "intact":
        why = {"missing": "不见了", "changed": "已被改动", "unreadable": f"读不到:{found.detail}"}[
            found.state
        ]
        return error(f"最近存入的文件{why}", "请运行 ./qipan evidence verify 查明范围,再从备份恢复。")
    return ok(f"{Evidence.objects.count()} 个文件,最近的一个完好")
