"""Whether a document is ours and unchanged; no account is needed."""

import datetime
from collections.abc import Iterable
from typing import Any

from django.http import Http404, HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from ninja import File, Router, Schema
from ninja.errors import HttpError
from ninja.files import UploadedFile
from pydantic import Field

from qipan.kernel.documents import queries as documents
from qipan.kernel.documents.checking import Checked, SealFinding
from qipan.kernel.subjects import queries as subjects
from qipan.kernel.subjects.standing import Standing, standing
from qipan.ui.access import public_operation
from qipan.ui.interface.reading import Code
from qipan.ui.interface.throttling import VERIFY

router = Router()
MOST_BYTES = 20 * 1024 * 1024


class VerifiedLine(Schema):
    """A public field of the document."""

    title: str
    text: str


class VerifiedSeal(Schema):
    """One seal on a file."""

    name: str
    number: str = Field(description="印章编码")
    kind: str
    at: datetime.datetime | None = Field(description="用印时间（以用印登记为准）")
    valid_then: bool = Field(description="盖章时印章是否有效")
    state_now: str
    problems: list[str]
    certified_by: list[str] = Field(description="印章证书的签发机构，直到根证书")


class LicenceStanding(Schema):
    """How the licence stands today whose file this is."""

    code: str = Field(
        description="VALID、SUSPENDED、EXPIRED、REVOKED、RESCINDED、WITHDRAWN、CANCELLED，或者 SUPERSEDED（已换发新的文件）"
    )
    title: str
    text: str = Field(description="对人说明")
    number: str = Field(description="证照编号")
    kind: str = Field(description="证照种类代码")


class VerifiedDocument(Schema):
    """What anyone may know of a document, or of a file that a business sealed (without its name)."""

    title: str
    number: str
    state: str
    valid: bool
    issuer: str
    issued_at: datetime.datetime | None
    digest: str = Field(description="原件的 SHA-256")
    revoked_reason: str
    lines: list[VerifiedLine]
    seals: list[VerifiedSeal] = []
    standing: LicenceStanding | None = Field(None, description="证照现在的状态；不是证照的文书为空")


class Verdict(Schema):
    """What the check of a file came to."""

    known: bool = Field(description="是否是本平台制发的文件")
    unchanged: bool = Field(description="是否未被改动、签章有效")
    sealed_by: str
    sealed_on: datetime.datetime | None
    good: bool = Field(description="没有任何问题：未被改动，每枚印章盖章时都有效")
    problems: list[str]
    seals: list[VerifiedSeal]
    document: VerifiedDocument | None
    kind: str = Field(
        description="OURS 本平台制发，FORGED 伪造或者被改动，COPY 副本不是原件，FOREIGN 其他机构签章，UNSEALED 没有签章，UNREADABLE 不能识别"
    )
    standing: LicenceStanding | None = Field(None, description="证照现在的状态")


def _standing(found: Standing | None) -> dict[str, str] | None:
    if found is None:
        return None
    return {
        "code": found.code,
        "title": found.title,
        "text": found.text,
        "number": found.grant.number,
        "kind": found.grant.kind,
    }


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
        "standing": _standing(found.standing),
    }


def _seals(found: Iterable[SealFinding]) -> list[dict[str, Any]]:
    return [
        {
            "name": one.name,
            "number": one.number,
            "kind": one.kind,
            "at": one.at,
            "valid_then": one.valid_then,
            "state_now": one.state_now,
            "problems": list(one.problems),
            "certified_by": list(one.certified_by),
        }
        for one in found
    ]


def _sealed(found: Checked) -> dict[str, Any]:
    """A file that a business sealed: whose seals, and the digest to compare with; never its name."""
    last = found.seals[-1]
    return {
        "title": "",
        "number": "",
        "state": _("已盖章"),
        "valid": all(one.good for one in found.seals),
        "issuer": last.name,
        "issued_at": last.at,
        "digest": found.digest,
        "revoked_reason": "",
        "lines": [],
        "seals": _seals(found.seals),
    }


@router.get(
    "/{code}", response=VerifiedDocument, auth=None, throttle=VERIFY, summary=gettext_noop("按核验码核验")
)
@public_operation
def verify_code(request: HttpRequest, code: Code) -> Any:
    """What is public of the document that carries this code, or of the sealed file that was given it."""
    found = documents.by_code(code)
    if found is not None:
        return _document(found)
    sealed = documents.use_by_code(code)
    if sealed is None:
        raise Http404
    return _sealed(sealed)


@router.get(
    "/licences/{number}",
    response=LicenceStanding,
    auth=None,
    throttle=VERIFY,
    summary=gettext_noop("按证照编号核验"),
)
@public_operation
def verify_licence(request: HttpRequest, number: Code) -> Any:
    """How the licence with this number stands today; 404 for a number that no authority of ours gave."""
    grant = subjects.grant_by_number(number)
    if grant is None:
        raise Http404
    return _standing(standing(grant))


@router.post("", response=Verdict, auth=None, throttle=VERIFY, summary=gettext_noop("上传文件核验"))
@public_operation
def verify_file(
    request: HttpRequest,
    file: UploadedFile = File(description="盖章的 PDF，或者签章文件（GB/T 38540），最大 20 MB"),
    structure: UploadedFile | None = File(None, description="与 PDF 一起核验的签章文件"),
) -> Any:
    """Whether the file was sealed here and is unchanged, whose seals it bears, and whether each might be used then."""
    if max(file.size or 0, (structure.size or 0) if structure else 0) > MOST_BYTES:
        raise HttpError(413, _("文件超过 20 MB，不会是在本平台盖章的文件。"))
    verdict = documents.check_upload(file.read(), structure.read() if structure else None)
    return {
        "known": verdict.known,
        "unchanged": verdict.unchanged,
        "sealed_by": verdict.sealed_by,
        "sealed_on": verdict.sealed_on,
        "good": verdict.good,
        "problems": list(verdict.problems),
        "seals": _seals(verdict.seals),
        "document": _document(verdict.document) if verdict.document else None,
        "kind": verdict.kind,
        "standing": _standing(verdict.standing),
    }
