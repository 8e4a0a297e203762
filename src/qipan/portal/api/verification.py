"""Whether a document is ours and unchanged; no account is needed."""

import datetime
from typing import Any

from django.http import Http404, HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from ninja import File, Router, Schema
from ninja.errors import HttpError
from ninja.files import UploadedFile
from pydantic import Field

from qipan.kernel.documents import queries as documents
from qipan.ui.access import public_operation
from qipan.ui.interface.reading import Code
from qipan.ui.interface.throttling import VERIFY

router = Router()
MOST_BYTES = 20 * 1024 * 1024


class VerifiedLine(Schema):
    """A public field of the document."""

    title: str
    text: str


class VerifiedDocument(Schema):
    """What anyone may know of a document."""

    title: str
    number: str
    state: str
    valid: bool
    issuer: str
    issued_at: datetime.datetime | None
    digest: str = Field(description="原件的 SHA-256")
    revoked_reason: str
    lines: list[VerifiedLine]


class Verdict(Schema):
    """What the check of a file came to."""

    known: bool = Field(description="是否是本平台制发的文件")
    unchanged: bool = Field(description="是否未被改动、签章有效")
    sealed_by: str
    sealed_on: datetime.datetime | None
    problems: list[str]
    document: VerifiedDocument | None


def _document(found: documents.PublicDocument) -> dict[str, Any]:
    return {
        "title": found.title,
        "number": found.number,
        "state": found.state,
        "valid": found.valid,
        "issuer": found.issuer,
        "issued_at": found.issued_at,
        "digest": found.digest,
        "revoked_reason": found.revoked_reason,
        "lines": [{"title": title, "text": text} for title, text in found.lines],
    }


@router.get(
    "/{code}", response=VerifiedDocument, auth=None, throttle=VERIFY, summary=gettext_noop("按核验码核验")
)
@public_operation
def verify_code(request: HttpRequest, code: Code) -> Any:
    """What is public of the document that carries this code."""
    found = documents.by_code(code)
    if found is None:
        raise Http404
    return _document(found)


@router.post("", response=Verdict, auth=None, throttle=VERIFY, summary=gettext_noop("上传文件核验"))
@public_operation
def verify_file(request: HttpRequest, file: UploadedFile = File(description="PDF 原件，最大 20 MB")) -> Any:
    """Whether the uploaded file is one of ours, unchanged, by whom it was sealed and when."""
    if (file.size or 0) > MOST_BYTES:
        raise HttpError(413, _("文件超过 20 MB，不会是本平台制发的文书。"))
    verdict = documents.check_upload(file.read())
    return {
        "known": verdict.known,
        "unchanged": verdict.unchanged,
        "sealed_by": verdict.sealed_by,
        "sealed_on": verdict.sealed_on,
        "problems": list(verdict.problems),
        "document": _document(verdict.document) if verdict.document else None,
    }
