"""What screens and strangers read of documents."""

import datetime
import hashlib
from dataclasses import dataclass
from typing import Any

from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qipan.conf.composed import Composed
from qipan.kernel.documents import checking, seals, storage
from qipan.kernel.documents.models import Document, DocumentState, Seal, SealUse
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
    """What the check of an uploaded file came to: `known` our file, `unchanged`, who sealed it and when, what is wrong.

    `seals` are all seals on it, in their order; `good`: nothing at all is wrong.
    """

    known: bool
    unchanged: bool
    document: PublicDocument | None = None
    sealed_by: str = ""
    sealed_on: datetime.datetime | None = None
    problems: tuple[str, ...] = ()
    seals: tuple[checking.SealFinding, ...] = ()
    title: str = ""
    good: bool = False


def of(record: models.Model) -> list[Document]:
    """A record's documents, oldest first."""
    return of_record(record._meta.label_lower, record.pk)


def of_record(kind: str, pk: int) -> list[Document]:
    """A record's documents, oldest first."""
    return _OF_RECORD.all(kind=kind, record=pk)


_OF_RECORD = Composed(
    lambda hole: (
        Document.objects.filter(
            record_kind=hole("kind", models.CharField()), record_id=hole("record", models.BigIntegerField())
        )
        .select_related("template")
        .order_by("pk")
        .defer("seal_signature", "data", "template__body")
    )
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


def check_upload(content: bytes, structure: bytes | None = None) -> Verdict:
    """Whether a file is one that was sealed here, unchanged; by whom it was sealed, when, and whether that was allowed.

    Takes a PDF, a GB/T 38540 structure, or a PDF with the structure (`structure`) that was given out beside it.
    """
    if structure is not None:
        return _told(checking.check_structure(structure, content))
    digest = hashlib.sha256(content).hexdigest()
    row = Document.objects.select_related("template").filter(digest=digest).first()
    if row is not None:
        return _document_verdict(row, content)
    use = SealUse.objects.select_related("seal").filter(digest=digest, document_id__isnull=True).first()
    if use is not None:
        return _told(checking.of_use(use))
    if content[:1] == b"\x30":
        return _told(checking.check_structure(content))
    if not content.startswith(b"%PDF-"):
        return Verdict(
            False, False, problems=(_("这不是 PDF 文件，也不是电子签章文件。请上传盖章文件的原件。"),)
        )
    found = checking.check_pdf(content)
    if found.unchanged is not None:
        return _told(found)
    if content.find(b"/verify/") >= 0 or b"Seal1" in content:
        return Verdict(
            False,
            False,
            problems=(_("文件内容与档案中的任何文书都不一致：它被改动过，或者不是从本平台制发的。"),),
        )
    return Verdict(False, False, problems=(_("这份文件不是从本平台制发的，也没有加盖本平台的电子印章。"),))


def _told(found: checking.Checked) -> Verdict:
    good = bool(found.unchanged) and all(one.good for one in found.seals)
    last = found.seals[-1] if found.seals else None
    problems = tuple(
        dict.fromkeys([*found.problems, *(text for one in found.seals for text in one.problems)])
    )
    return Verdict(
        known=bool(found.seals),
        unchanged=bool(found.unchanged),
        sealed_by=last.name if last else "",
        sealed_on=last.at if last else None,
        problems=problems,
        seals=found.seals,
        title=found.title,
        good=good,
    )


def use_by_code(code: str) -> checking.Checked | None:
    """What anyone may know of a sealed file with this verification code; None for an unknown code."""
    use = SealUse.objects.select_related("seal").filter(code=code.strip().upper()).first()
    return checking.of_use(use) if use else None


def _document_verdict(row: Document, content: bytes) -> Verdict:
    problems: list[str] = []
    sealed_by, sealed_on = "", None
    found: list[checking.SealFinding] = []
    if row.template.sealed:
        try:
            if row.seal_signature is None:
                raise gbt38540.Broken("signature")
            good = checking.structure(bytes(row.seal_signature), content)
            sealed_by, sealed_on = good.seal_name, good.signed_at
            seal = Seal.objects.filter(seal_id=good.seal_id).first()
            if seal is not None:
                found.append(checking.finding(seal, row.issued_at or sealed_on))
                problems += found[0].problems
        except gbt38540.Broken as broken:
            problems.append(_("电子签章校验不通过（%(step)s）。") % {"step": broken})
    if row.state == DocumentState.REVOKED:
        problems.append(_("该文书已作废：%(reason)s") % {"reason": row.revoked_reason})
    return Verdict(
        True,
        not problems or bool(sealed_by),
        _public(row),
        sealed_by,
        sealed_on,
        tuple(problems),
        tuple(found),
        row.template.title,
        not problems,
    )
