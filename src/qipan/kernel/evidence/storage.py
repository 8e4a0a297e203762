"""Where evidence stands: by its digest, written to disk before anybody is told of it."""

import hashlib
import os
import shutil
import uuid
from pathlib import Path

from django.conf import settings
from django.utils.translation import gettext as _

from qipan.kernel.ledger.errors import Refused

#: Uploads are refused while less than this is free.
LEAST_FREE = 512 * 1024 * 1024


def folder() -> Path:
    """The store."""
    return Path(settings.HOME) / "evidence"


def path_of(digest: str) -> Path:
    """The file of a digest."""
    return folder() / digest[:2] / digest[2:4] / digest


def partial(upload: uuid.UUID) -> Path:
    """The file in which an upload grows."""
    return folder() / "partial" / str(upload)


def must_have_room(wanted: int) -> None:
    """Refuse to take in more when the disk is nearly full."""
    folder().mkdir(parents=True, exist_ok=True)
    if shutil.disk_usage(folder()).free - wanted < LEAST_FREE:
        raise Refused(
            _("存储空间不足，暂时不能上传；已填写的内容不受影响，请稍后再试。"), code="state", field="file"
        )


def put(content: bytes) -> str:
    """Keep content; returns its SHA-256 digest."""
    must_have_room(len(content))
    digest = hashlib.sha256(content).hexdigest()
    path = path_of(digest)
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        growing = path.with_name(f".{digest}.{uuid.uuid4().hex}")
        with growing.open("wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        growing.chmod(0o440)
        growing.replace(path)
    return digest


def get(digest: str) -> bytes:
    """The content; refuses when it is gone or no longer what it was."""
    try:
        content = path_of(digest).read_bytes()
    except OSError:
        raise Refused(_("证据文件不在库中，请联系系统管理员。"), code="not_found") from None
    if hashlib.sha256(content).hexdigest() != digest:
        raise Refused(_("证据文件与入库时的摘要不符，已停止调阅，请联系系统管理员。"), code="state")
    return content
