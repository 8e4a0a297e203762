"""What screens and strangers read of documents."""

import datetime
import hashlib
import io
import re
from dataclasses import dataclass
from typing import Any

from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from pypdf import PdfReader

from qipan.conf.composed import Composed
from qipan.kernel.documents import checking, seals, storage
from qipan.kernel.documents.models import Document, DocumentState, Seal, SealUse
from qipan.kernel.documents.sealing import gbt38540
from qipan.kernel.ledger.errors import Refused
from qipan.kernel.orgs.reader import Reader
from qipan.kernel.subjects.standing import Standing, standing_of_file

USUAL = {"valid_from": gettext_lazy("有效期自")}
"""What a public field is called where its template only uses it and does not name it."""


class Finding(models.TextChoices):
    """What an uploaded file is (核验结果)."""

    OURS = "OURS", gettext_lazy("本平台制发，未被改动")
    FORGED = "FORGED", gettext_lazy("伪造或者被改动")
    COPY = "COPY", gettext_lazy("本平台文书的副本或者改动件，不是原件")
    FOREIGN = "FOREIGN", gettext_lazy("其他机构签章，本平台不能核验")
    UNSEALED = "UNSEALED", gettext_lazy("没有电子签章，不能核验")
    UNREADABLE = "UNREADABLE", gettext_lazy("不是 PDF 或者签章文件")


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
    standing: Standing | None = None


@dataclass(frozen=True)
class Verdict:
    """What the check of an uploaded file came to: `known` our file, `unchanged`, who sealed it and when, what is wrong.

    `seals` are all seals on it, in their order; `good`: nothing at all is wrong. `standing`: how the licence stands
    whose file it is. `kind` says it in one word, see `Finding`; `document_id` is ours of these very bytes.
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
    kind: str = Finding.UNSEALED
    standing: Standing | None = None
    document_id: int | None = None


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
    held = standing_of_file(document.pk) if document.state == DocumentState.ISSUED else None
    return PublicDocument(
        title=document.template.title,
        number=document.number,
        state=held.title if held else str(document.get_state_display()),
        valid=document.state == DocumentState.ISSUED and (held is None or held.good),
        issuer=issuer,
        issued_at=document.issued_at,
        lines=lines,
        digest=document.digest,
        revoked_reason=document.revoked_reason,
        standing=held,
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
            False,
            False,
            problems=(_("这不是 PDF 文件，也不是电子签章文件。请上传盖章文件的原件。"),),
            kind=Finding.UNREADABLE,
        )
    found = checking.check_pdf(content)
    original = _copied(content) if found.unchanged is None or found.foreign else None
    if original is not None:
        return _copy(original)
    if found.unchanged is not None:
        return _told(found)
    if content.find(b"/verify/") >= 0 or b"Seal1" in content:
        return Verdict(
            False,
            False,
            problems=(_("文件内容与档案中的任何文书都不一致：它被改动过，或者不是从本平台制发的。"),),
            kind=Finding.FORGED,
        )
    return Verdict(False, False, problems=(_("这份文件不是从本平台制发的，也没有加盖本平台的电子印章。"),))


def _copied(content: bytes) -> Document | None:
    """The document of ours whose verification code a file bears that is none of ours: a print, a copy, a forgery."""
    codes = CODES.findall(words_of(content))[:20]
    if not codes:
        return None
    return Document.objects.select_related("template").filter(code__in=codes).first()


def _copy(original: Document) -> Verdict:
    text = _(
        "文件上有本平台文书的核验码，内容却与档案中的原件（%(title)s）不一致：它是打印件、另存件，或者被改动过。请上传下载的原件。"
    )
    return Verdict(
        False,
        False,
        problems=(text % {"title": original.template.title},),
        title=original.template.title,
        kind=Finding.COPY,
    )


CODES = re.compile(r"(?<![0-9A-Z])[2-9A-HJ-NP-Z]{20}(?![0-9A-Z])")
MOST_PAGES = 3
MOST_READ = 5 * 1024 * 1024


def words_of(content: bytes) -> str:
    """The text of a PDF's first pages; nothing of one that cannot be read or is larger than documents are."""
    if len(content) > MOST_READ:
        return ""
    try:
        pages = PdfReader(io.BytesIO(content), strict=False).pages
        return "\n".join(page.extract_text() for page in list(pages)[:MOST_PAGES])
    except Exception:  # whatever the parser says of a strange file, it has no words for us
        return ""


#: What was found to hold: the document, the digest of its file, the digest of its seal's structure.
_holding: dict[tuple[int, str, bytes], None] = {}
MOST_HOLDING = 20_000


def is_as_sealed(document: Document) -> bool:
    """Whether the file in the archive is the one that was sealed, and its seal holds.

    The file is read and compared with its digest each time. The signatures over the very same bytes are worked out
    once a process: they come to the same again. `forget_what_holds` lets them be worked out anew.
    """
    try:
        content = file_of(document)
    except (Refused, OSError):
        return False
    structure = hashlib.sha256(bytes(document.seal_signature or b"")).digest()
    key = (document.pk, document.digest, structure)
    if key in _holding:
        return True
    verdict = check_upload(content)
    if verdict.kind != Finding.OURS or verdict.document_id != document.pk:
        return False
    if len(_holding) >= MOST_HOLDING:
        _holding.clear()
    _holding[key] = None
    return True


def forget_what_holds() -> None:
    """Work every signature out anew when it is next asked for."""
    _holding.clear()


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
        kind=_kind(found),
    )


def _kind(found: checking.Checked) -> Finding:
    if found.unchanged:
        return Finding.OURS
    return Finding.FOREIGN if found.foreign else Finding.FORGED


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
    public = _public(row)
    if public.standing is not None and not public.standing.good:
        problems.append(public.standing.text)
    return Verdict(
        True,
        not problems or bool(sealed_by),
        public,
        sealed_by,
        sealed_on,
        tuple(problems),
        tuple(found),
        row.template.title,
        not problems,
        kind=Finding.OURS if not row.template.sealed or sealed_by else Finding.FORGED,
        standing=public.standing,
        document_id=row.pk,
    )


_PAPERS = Composed(
    lambda hole: (
        Document.objects.filter(
            record_kind=hole("kind", models.CharField()), record_id=hole("record", models.BigIntegerField())
        )
        .order_by("pk")
        .values_list("pk", "template__code")
    )
)


def papers_of(record_kind: str, record_id: int) -> list[tuple[int, str]]:
    """(number, template's code) of each document of a record, in the order in which they were begun."""
    return _PAPERS.all(kind=record_kind, record=record_id)
