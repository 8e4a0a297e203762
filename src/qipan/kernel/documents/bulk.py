"""Many documents in one transaction of the caller's: rendered, sealed, archived and entered together.

What a single document does by itself (`actions`) is done here for a handful at a time: rows go in by bulk, pages are set
and the archive's disk is waited for beside the signing of others, and there is no event a document. The caller appends
the one event of its bulk act with count, digest and manifest.
"""

import datetime
import functools
import uuid as uuids
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from qipan.kernel.documents import actions, picture, rendering, seals, storage
from qipan.kernel.documents.models import Document, DocumentState, Seal, SealUse, Template
from qipan.kernel.documents.sealing import gbt38540, pades
from qipan.kernel.ledger.actor import Actor
from qipan.kernel.ledger.clock import now, today
from qipan.kernel.ledger.errors import Refused

PRESSES = 2
"""Pages set at once: setting one leaves the interpreter free, so the second has the other core or the gaps of the first."""
WRITERS = 2


@dataclass(frozen=True)
class Sheet:
    """One document to be made: of which template, with what data, about which record, under whose seal."""

    key: str
    template: str
    data: Mapping[str, Any]
    record_kind: str
    record_id: int
    org_path: str
    seal_path: str
    subject_id: int | None = None


@dataclass
class Made:
    """What became of the sheets: the documents by key, and why others were not made."""

    documents: dict[str, Document] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)


def issue(sheets: Iterable[Sheet], actor: Actor, batch: uuids.UUID) -> Made:
    """Make the documents, in the caller's transaction; a sheet that cannot be made is refused alone.

    The files are on disk when this returns. Each use of a seal is entered with the batch's number.
    """
    made, uses = Made(), []
    found = functools.lru_cache(seals.seal_of)  # one look at each seal, at the beginning of this handful
    setting: list[tuple[Sheet, Document, Seal | None, Future[bytes]]] = []
    with ThreadPoolExecutor(WRITERS) as writers:
        for sheet in sheets:
            try:
                document, seal = _drafted(sheet, found)
            except Refused as refused:
                made.refused[sheet.key] = str(refused)
                continue
            values = actions.values_of(document, None) | _of_seal(seal)
            page = _presses().submit(rendering.render, document.template.body, values, _moment(document))
            setting.append((sheet, document, seal, page))
        waiting = []
        try:
            for sheet, document, seal, page in setting:
                try:
                    content = _sealed(document, seal, page.result())
                except Refused as refused:
                    made.refused[sheet.key] = str(refused)
                    continue
                waiting.append((sheet, document, seal, writers.submit(storage.put, content)))
        finally:
            for _sheet, _document, _seal, page in setting:
                page.cancel()
        for sheet, document, seal, written in waiting:
            document.digest = written.result()
            made.documents[sheet.key] = document
            if seal is not None:
                uses.append((document, seal))
    _number(made.documents.values())
    Document.objects.bulk_create(made.documents.values())
    SealUse.objects.bulk_create(_used(document, seal, actor, batch) for document, seal in uses)
    return made


@functools.cache
def _presses() -> ThreadPoolExecutor:
    """The threads that set pages; each keeps its compiler with the fonts, so they stay from one handful to the next."""
    return ThreadPoolExecutor(PRESSES, thread_name_prefix="press")


def _number(documents: Iterable[Document]) -> None:
    """Numbers for those whose template has a series of its own, taken last: the series is locked until the commit."""
    series: dict[tuple[str, str], list[Document]] = {}
    for document in documents:
        if document.template.number_rule:
            series.setdefault((document.template.number_rule, document.org_path), []).append(document)
    for (rule, org_path), rows in sorted(series.items(), key=lambda each: each[0]):
        for document, number in zip(rows, actions.take_numbers(rule, org_path, len(rows)), strict=True):
            document.number = number


def _drafted(sheet: Sheet, found: Callable[[str], Seal]) -> tuple[Document, Seal | None]:
    """A document without its file, and the seal that it gets."""
    template = actions.template_of(sheet.template)
    if template.number_rule and "data.number" in template.body:
        # Its series would be locked while everything else is set, and gain a gap with each that is refused.
        raise Refused(
            _("《%(title)s》印有自己的文号，不能批量制发。") % {"title": template.title}, code="state"
        )
    lacking = actions.lacking(template, sheet.data)
    if lacking:
        told = {"document": template.title, "fields": "、".join(lacking)}
        raise Refused(_("《%(document)s》缺少：%(fields)s。") % told)
    seal = found(sheet.seal_path) if template.sealed else None
    return _row(sheet, template, now()), seal


def _sealed(document: Document, seal: Seal | None, content: bytes) -> bytes:
    """The document's file: the pages that were set, signed."""
    if seal is not None:
        moment = _moment(document)
        signer, gm_signer = seals.signers(seal.pk, seal.key_id)
        content = pades.sign(content, signer, moment, document.template.title)
        document.seal_signature = gm_signer.sign(gbt38540.sm3(content), moment, str(document.uuid))
    document.size, document.pages = len(content), content.count(b"/Type/Page/") or 1
    return content


def _moment(document: Document) -> datetime.datetime:
    return document.issued_at or now()


def _of_seal(seal: Seal | None) -> dict[str, str]:
    if seal is None:
        return {"seal_name": "", "seal_picture": ""}
    return {"seal_name": seal.name, "seal_picture": _picture(seal.name, seal.kind)}


@functools.lru_cache(maxsize=64)
def _picture(name: str, kind: str) -> str:
    return picture.svg(name, kind)


def _row(sheet: Sheet, template: Template, moment: datetime.datetime) -> Document:
    return Document(
        uuid=uuids.uuid4(),
        key=sheet.key,
        template=template,
        code=actions.verification_code(),
        record_kind=sheet.record_kind,
        record_id=sheet.record_id,
        org_path=sheet.org_path,
        seal_path=sheet.seal_path,
        subject_id=sheet.subject_id,
        data=dict(sheet.data),
        dated_on=today(),
        state=DocumentState.ISSUED,
        prepared_at=moment,
        issued_at=moment,
    )


def _used(document: Document, seal: Seal, actor: Actor, batch: uuids.UUID) -> SealUse:
    return SealUse(
        uuid=uuids.uuid4(),
        seal=seal,
        at=_moment(document),
        org_path=seal.org_path,
        kind=seal.kind,
        user_id=actor.user_id,
        title=document.template.title[:200],
        digest=document.digest,
        document_id=document.pk,
        batch=batch,
    )
