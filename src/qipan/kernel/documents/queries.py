"""What screens and strangers read of documents."""

import datetime
import hashlib
from dataclasses import dataclass
from typing import Any

from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qipan.kernel.documents import seals, storage
from qipan.kernel.documents.models import Authority, Document, DocumentState
from qipan.kernel.documents.sealing import gbt38540
from qipan.kernel.ledger.errors import Refused
from qipan.kernel.orgs.reader import Reader

USUAL = {"valid_from": gettext_lazy("有效期自")}
"""What a public field is called where its template only uses it and does not name it."""


@dataclass(frozen=True)
class PublicDocument:
    """What anyone may know of a document."""

    title: str
    number: str
    state: str
    valid: bool
    issuer: str
    issued_at: datetime.datetime | None
    lines: list[tuple[str, str]]
    digest: str
    revoked_reason: str = ""


@dataclass(frozen=True)
class Verdict:
    """What the check of an uploaded file came to: `known` our file, `unchanged`, who sealed it and when, what is wrong."""

    known: bool
    unchanged: bool
    document: PublicDocument | None = None
    sealed_by: str = ""
    sealed_on: datetime.datetime | None = None
    problems: tuple[str, ...] = ()


def of(record: models.Model) -> list[Document]:
    """A record's documents, oldest first."""
    return of_record(record._meta.label_lower, record.pk)


def of_record(kind: str, pk: int) -> list[Document]:
    """A record's documents, oldest first."""
    return list(
        Document.objects.filter(record_kind=kind, record_id=pk)
        .select_related("template")
        .order_by("pk")
        .defer("seal_signature", "data", "template__body")
    )


def visible(reader: Reader, pk: int) -> Document | None:
    """The document, when the reader may see it."""
    return Document.objects.visible_to(reader).select_related("template").filter(pk=pk).first()


def file_of(document: Document) -> bytes:
    """The finished file; refuses when it is not made yet."""
    if not document.digest:
        raise Refused(_("文书正在制作，请稍后再下载。"), code="state")
    return storage.get(document.digest)


def _public(document: Document) -> PublicDocument:
    values: dict[str, Any] = document.data
    titles = document.template.fields
    lines: list[tuple[str, str]] = []
    for name in document.template.public:
        value = values.get(name)
        if isinstance(value, list):  # lines that the record brings with their titles
            lines += [(str(title), str(text)) for title, text in value]
        elif value:
            lines.append(
                (str(titles.get(name) or titles.get(f"{name}?") or USUAL.get(name, name)), str(value))
            )
    issuer = ""
    if document.template.sealed and document.issued_at:
        try:
            issuer = seals.seal_of(document.seal_path).name
        except Refused:
            issuer = ""
    return PublicDocument(
        title=document.template.title,
        number=document.number,
        state=str(document.get_state_display()),
        valid=document.state == DocumentState.ISSUED,
        issuer=issuer,
        issued_at=document.issued_at,
        lines=lines,
        digest=document.digest,
        revoked_reason=document.revoked_reason,
    )


def by_code(code: str) -> PublicDocument | None:
    """What is public of the document with this verification code; None for an unknown code."""
    row = Document.objects.select_related("template").filter(code=code.strip().upper()).first()
    return _public(row) if row and row.state != DocumentState.PREPARED else None


def check_upload(content: bytes) -> Verdict:
    """Whether a file is one of ours, unchanged, and by whom it was sealed and when (GB/T 38540)."""
    digest = hashlib.sha256(content).hexdigest()
    row = Document.objects.select_related("template").filter(digest=digest).first()
    if row is None:
        return _unknown(content)
    problems: list[str] = []
    sealed_by, sealed_on = "", None
    if row.template.sealed:
        root = Authority.objects.first()
        try:
            if root is None or row.seal_signature is None:
                raise gbt38540.Broken("signature")
            good = gbt38540.verify(
                bytes(row.seal_signature), content, gbt38540.point_of(bytes(root.sm2_certificate))
            )
            sealed_by, sealed_on = good.seal_name, good.signed_at
        except gbt38540.Broken as broken:
            problems.append(_("电子签章校验不通过（%(step)s）。") % {"step": broken})
    if row.state == DocumentState.REVOKED:
        problems.append(_("该文书已作废：%(reason)s") % {"reason": row.revoked_reason})
    return Verdict(True, not problems or bool(sealed_by), _public(row), sealed_by, sealed_on, tuple(problems))


def _unknown(content: bytes) -> Verdict:
    """A file that is not in the archive: altered, if it names one of our documents, else a stranger's."""
    at = content.find(b"/verify/")
    if not content.startswith(b"%PDF-"):
        return Verdict(False, False, problems=(_("这不是 PDF 文件。请上传从本平台下载的文书原件。"),))
    if at >= 0 or b"Seal1" in content:
        return Verdict(
            False,
            False,
            problems=(_("文件内容与档案中的任何文书都不一致：它被改动过，或者不是从本平台制发的。"),),
        )
    return Verdict(False, False, problems=(_("这份文件不是从本平台制发的。"),))
