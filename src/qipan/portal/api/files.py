"""Materials in one request; large ones go through the resumable upload (tus) at /evidence/uploads/."""

import uuid as uuids
from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from ninja import File, Router, Schema, Status
from ninja.errors import HttpError
from ninja.files import UploadedFile
from pydantic import Field

from qipan.kernel.evidence import actions as evidence
from qipan.kernel.evidence.models import EvidenceKind
from qipan.ui.access import api

router = Router()
MOST_BYTES = 10 * 1024 * 1024


class StoredFile(Schema):
    """A file as it was taken in."""

    uuid: uuids.UUID = Field(description="填入表单的材料字段")
    name: str
    media_type: str
    size: int
    digest: str = Field(description="SHA-256")


@router.post(
    "",
    response={201: StoredFile},
    auth=api("files.write"),
    summary=gettext_noop("上传一份材料（不超过 10 MB）"),
)
def upload(request: HttpRequest, file: UploadedFile = File(description="图片或者 PDF")) -> Any:
    """Store a file of one's own; it belongs to an application once that names it in a field."""
    if (file.size or 0) > MOST_BYTES:
        raise HttpError(413, _("超过 10 MB 的文件请用断点续传接口 /evidence/uploads/。"))
    reader = request.reader  # type: ignore[attr-defined]
    stored = evidence.store(
        file.read(), actor=reader.actor(), kind=EvidenceKind.MATERIAL, name=file.name or ""
    )
    return Status(
        201,
        {
            "uuid": stored.uuid,
            "name": stored.name,
            "media_type": stored.media_type,
            "size": stored.size,
            "digest": stored.digest,
        },
    )
