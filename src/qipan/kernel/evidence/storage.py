"""Files by their digest in the installation's store, kept before anybody is told of them."""

import hashlib
import logging
import shutil
import uuid
from functools import lru_cache
from pathlib import Path

from django.conf import settings
from django.utils.translation import gettext as _

from qipan.conf import environment as env
from qipan.kernel.evidence.stores import Store, StoreDown
from qipan.kernel.evidence.stores.folder import FolderStore
from qipan.kernel.evidence.stores.s3 import S3Store
from qipan.kernel.ledger.errors import Refused

log = logging.getLogger(__name__)


def folder() -> Path:
    """What evidence keeps on this machine: the store itself where it is a folder, uploads under way, previews."""
    return Path(settings.HOME) / "evidence"


def store() -> Store:
    """The store: S3-compatible where QIPAN_EVIDENCE_URL names one, else the folder."""
    if settings.QIPAN_EVIDENCE_URL:
        return _s3(
            settings.QIPAN_EVIDENCE_URL,
            settings.QIPAN_EVIDENCE_KEY,
            settings.QIPAN_EVIDENCE_SECRET,
            settings.QIPAN_EVIDENCE_REGION,
        )
    return FolderStore(folder())


@lru_cache(maxsize=4)
def _s3(url: str, key: str, secret: str, region: str) -> S3Store:
    return S3Store(url, key, secret, region)


def partial(upload: uuid.UUID) -> Path:
    """The file in which an upload grows."""
    return folder() / "partial" / str(upload)


def must_have_room(wanted: int) -> None:
    """Refuse to take in more when the disk is nearly full (QIPAN_LEAST_FREE_MB)."""
    folder().mkdir(parents=True, exist_ok=True)
    if shutil.disk_usage(folder()).free - wanted < env.least_free():
        raise Refused(
            _("存储空间不足，暂时不能上传；已填写的内容不受影响，请稍后再试。"), code="state", field="file"
        )


def put(content: bytes) -> str:
    """Keep content; returns its SHA-256 digest. Refuses when there is no room or the store is down."""
    must_have_room(len(content))
    digest = hashlib.sha256(content).hexdigest()
    try:
        store().put(digest, content)
    except StoreDown as error:
        log.error("the evidence store is down: %s", error)
        raise Refused(
            _("存储服务暂时不可用，文件没有存入；已填写的内容不受影响，请稍后再试。"),
            code="state",
            field="file",
        ) from None
    return digest


def get(digest: str) -> bytes:
    """The content; refuses when it is gone or no longer what it was."""
    try:
        content = store().get(digest)
    except StoreDown as error:
        log.error("the evidence store is down: %s", error)
        raise Refused(_("存储服务暂时不可用，请稍后再试。"), code="state") from None
    if content is None:
        raise Refused(_("证据文件不在库中，请联系系统管理员。"), code="not_found")
    if hashlib.sha256(content).hexdigest() != digest:
        raise Refused(_("证据文件与入库时的摘要不符，已停止调阅，请联系系统管理员。"), code="state")
    return content
