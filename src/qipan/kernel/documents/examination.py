"""What the doctor looks at in the archive of documents, and the check of every file against its digest."""

import hashlib
from collections.abc import Iterator

from qipan.conf.doctor import Finding, check, error, ok
from qipan.kernel.documents import storage
from qipan.kernel.documents.models import Document
from qipan.kernel.evidence.examination import Examined


def every_file() -> Iterator[Examined]:
    """Each finished document's file, read whole and hashed again; those that are not intact with their numbers."""
    digests = (
        Document.objects.exclude(digest="").order_by("digest").values_list("digest", flat=True).distinct()
    )
    for digest in digests.iterator(chunk_size=1000):
        found = _examine(digest)
        if found.state != "intact":
            rows = Document.objects.filter(digest=digest).order_by("pk")[:20]
            found = Examined(digest, found.state, tuple(str(row) for row in rows), found.detail)
        yield found


def _examine(digest: str) -> Examined:
    try:
        content = storage.path_of(digest).read_bytes()
    except FileNotFoundError:
        return Examined(digest, "missing")
    except OSError as problem:
        return Examined(digest, "unreadable", detail=str(problem))
    return Examined(digest, "intact" if hashlib.sha256(content).hexdigest() == digest else "changed")


@check("documents", "文书档案")
def newest_document_is_whole() -> Finding:
    newest = Document.objects.exclude(digest="").order_by("-pk").first()
    if newest is None:
        return ok("还没有文书")
    found = _examine(newest.digest)
    if found.state != "intact":
        why = {"missing": "不见了", "changed": "已被改动", "unreadable": f"读不到:{found.detail}"}[
            found.state
        ]
        return error(
            f"最近的文书({newest})的文件{why}", "请运行 ./qipan evidence verify 查明范围,再从备份恢复。"
        )
    return ok(f"{Document.objects.exclude(digest='').count()} 份,最近的一份完好")
