"""What screens read of evidence, and who may open a file."""

import uuid as uuids
from collections.abc import Callable, Iterable
from typing import Any

from django.db import models

from qipan.conf.composed import Composed
from qipan.kernel.evidence import storage
from qipan.kernel.evidence.models import Attachment, Evidence, Upload
from qipan.kernel.ledger.errors import Refused
from qipan.kernel.orgs.reader import Reader

Reach = Callable[[int, Reader], bool]
_reaches: dict[str, Reach] = {}


def provide_reach(record_kind: str, may_see: Reach) -> None:
    """Register, for a kind of record, a function (record id, reader) → whether the reader may see that record."""
    _reaches[record_kind] = may_see


def of(record: models.Model, role: str = "") -> list[Evidence]:
    """The files of a record, oldest first; for a page that has already checked that the reader may see the record."""
    rows = _OF_RECORD.all(kind=record._meta.label_lower, record=record.pk)
    return [row.evidence for row in rows if not role or row.role == role]


_OF_RECORD = Composed(
    lambda hole: (
        Attachment.objects.filter(
            record_kind=hole("kind", models.CharField()), record_id=hole("record", models.BigIntegerField())
        )
        .select_related("evidence")
        .order_by("pk")
    )
)


def visible(reader: Reader, uuid: uuids.UUID) -> Evidence | None:
    """The file, when the reader stored it or may see a record that it belongs to."""
    evidence = Evidence.objects.filter(uuid=uuid).first()
    if evidence is None:
        return None
    if reader.kind == "system" or (reader.user_id is not None and evidence.stored_by == reader.user_id):
        return evidence
    for row in evidence.attachments.all():
        reach = _reaches.get(row.record_kind)
        if reach is not None and reach(row.record_id, reader):
            return evidence
    return None


def by_tokens(tokens: Iterable[Any]) -> dict[str, Evidence]:
    """The files behind uuids of files or of finished uploads, by the uuid as a text; what is none of these is left out."""
    wanted = [one for token in tokens if (one := _uuid(token)) is not None]
    if not wanted:
        return {}
    found = {str(row.uuid): row for row in Evidence.objects.filter(uuid__in=wanted)}
    uploads = Upload.objects.filter(pk__in=wanted, evidence__isnull=False).select_related("evidence")
    return {**{str(upload.pk): upload.evidence for upload in uploads if upload.evidence}, **found}


def _uuid(token: Any) -> uuids.UUID | None:
    try:
        return uuids.UUID(str(token))
    except ValueError:
        return None


def named(tokens: Iterable[Any], kept: Iterable[Any], reader: Reader) -> list[dict[str, str]]:
    """The names of files that a record has (`kept`) or its reader uploaded, [{"name", "uuid"}]; of others not even those."""
    asked, own = [str(token) for token in tokens], {str(token) for token in kept}
    files = by_tokens(asked)
    return [
        {"name": file.name, "uuid": token}
        for token in asked
        if (file := files.get(token)) is not None
        and (token in own or (reader.user_id is not None and file.stored_by == reader.user_id))
    ]


def content_of(uuid: uuids.UUID | str) -> bytes:
    """A file's content, for a paper that shows it; empty where there is no such file."""
    found = Evidence.objects.filter(uuid=uuid).first()
    return storage.get(found.digest) if found else b""


def intact(evidence: Evidence) -> bool:
    """Whether the file is still what it was when it was taken in."""
    try:
        storage.get(evidence.digest)
    except Refused:
        return False
    return True
