"""Every write of evidence."""

import base64
import binascii
import datetime
import uuid as uuids
from pathlib import Path
from typing import Any

from django.db import OperationalError, models, transaction
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from qipan.kernel.evidence import events, scanning, sniffing, storage
from qipan.kernel.evidence.models import LIFETIME, Attachment, Evidence, EvidenceKind, Upload
from qipan.kernel.ledger.actions import append
from qipan.kernel.ledger.actor import Actor
from qipan.kernel.ledger.clock import now
from qipan.kernel.ledger.errors import Refused

MOST_BYTES = 50 * 1024 * 1024
MOST_SIGNATURE = 400 * 1024


@transaction.atomic
def store(
    content: bytes,
    *,
    actor: Actor,
    kind: str = EvidenceKind.OTHER,
    name: str = "",
    record: models.Model | None = None,
    role: str = "",
    taken_at: datetime.datetime | None = None,
    place: str = "",
) -> Evidence:
    """Take a file into the store. Refuses what is too large, empty, of a kind that is not allowed, or suspicious."""
    if not content:
        raise Refused(_("文件是空的。"), field="file")
    if len(content) > MOST_BYTES:
        raise Refused(_("文件超过 %(most)d MB。") % {"most": MOST_BYTES // 1024 // 1024}, field="file")
    media_type = sniffing.media_type(content)
    scanning.must_be_clean(content)
    evidence = Evidence.objects.create(
        uuid=uuids.uuid4(),
        digest=storage.put(content),
        size=len(content),
        media_type=media_type,
        kind=kind if kind in EvidenceKind.values else EvidenceKind.OTHER,
        name=sniffing.proper_name(_plain_name(name), media_type),
        stored_by=actor.user_id,
        stored_at=now(),
        taken_at=taken_at,
        place=place[:60],
    )
    append(
        events.STORED,
        evidence,
        actor,
        data={"digest": evidence.digest, "size": evidence.size, "media_type": media_type},
    )
    if record is not None:
        attach(evidence, record, role=role or kind, actor=actor)
    return evidence


def _plain_name(name: str) -> str:
    """A file name without folders and signs that do not print."""
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    return "".join(sign for sign in last if sign.isprintable())[:200]


def store_data_url(text: str, *, kind: str, record: models.Model, actor: Actor) -> Evidence:
    """A picture that a page drew (a signature), as a PNG data URL."""
    prefix = "data:image/png;base64,"
    if not text.startswith(prefix) or len(text) > MOST_SIGNATURE * 4 // 3 + 100:
        raise Refused(_("签名图片不能识别，请重签。"), field=kind)
    try:
        content = base64.b64decode(text[len(prefix) :], validate=True)
    except (binascii.Error, ValueError):
        raise Refused(_("签名图片不能识别，请重签。"), field=kind) from None
    return store(content, actor=actor, kind=kind, name=f"{kind}.png", record=record, role=kind)


@transaction.atomic
def attach(
    token: Evidence | str,
    record: models.Model,
    *,
    role: str,
    actor: Actor,
    source: models.Model | None = None,
) -> Attachment:
    """Let a file belong to a record; `token` may be the uuid of the file or of its upload.

    Only one's own files, and those that the record has already, or the record `source` from which it is made.
    """
    evidence = token if isinstance(token, Evidence) else by_token(token)
    if actor.kind not in {"system", "rules"} and evidence.stored_by != actor.user_id:
        has = models.Q(record_kind=record._meta.label_lower, record_id=record.pk)
        if source is not None:
            has |= models.Q(record_kind=source._meta.label_lower, record_id=source.pk)
        if not Attachment.objects.filter(has, evidence=evidence).exists():
            raise Refused(_("只能使用本人上传的文件。"), code="forbidden", field="file")
    row, created = Attachment.objects.get_or_create(
        evidence=evidence, record_kind=record._meta.label_lower, record_id=record.pk, role=role[:40]
    )
    if created:
        append(
            events.ATTACHED,
            record,
            actor,
            data={"evidence": str(evidence.uuid), "digest": evidence.digest, "role": role},
        )
    return row


def by_token(token: str) -> Evidence:
    """The file behind the uuid of a file or of an upload. Refuses what is neither and what has not arrived."""
    try:
        wanted = uuids.UUID(str(token))
    except ValueError:
        raise Refused(_("没有这个文件，请重新上传。"), code="not_found", field="file") from None
    found = Evidence.objects.filter(uuid=wanted).first()
    upload = None if found else Upload.objects.select_related("evidence").filter(pk=wanted).first()
    evidence = found or (upload.evidence if upload else None)
    if evidence is None:
        raise Refused(_("文件还没有传完，请等它传完再提交。"), code="state", field="file")
    return evidence


@transaction.atomic
def begin_upload(length: int, metadata: dict[str, str], actor: Actor) -> Upload:
    """Begin a resumable upload. Refuses what is too large and a disk that is nearly full."""
    if actor.user_id is None:
        raise Refused(_("请先登录。"), code="forbidden")
    if not 0 < length <= MOST_BYTES:
        raise Refused(
            _("文件应当大于 0，且不超过 %(most)d MB。") % {"most": MOST_BYTES // 1024 // 1024}, field="file"
        )
    storage.must_have_room(length)
    upload = Upload.objects.create(
        uuid=uuids.uuid4(),
        owner=actor.user_id,
        length=length,
        name=_plain_name(metadata.get("filename", "")),
        kind=metadata.get("kind", "other")[:20],
        taken_at=metadata.get("taken_at", "")[:40],
        place=metadata.get("place", "")[:60],
        begun_at=now(),
    )
    path = storage.partial(upload.pk)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600)
    return upload


def upload_of(pk: uuids.UUID, actor: Actor) -> Upload:
    """One's own upload, with what is really there of it. Refuses a stranger's and one that is over."""
    upload = Upload.objects.filter(pk=pk, owner=actor.user_id or 0).first()
    if upload is None or upload.is_over():
        raise Refused(_("没有这个上传，或者已经过期，请重新上传。"), code="not_found")
    upload.offset = _kept(upload, storage.partial(pk))
    return upload


@transaction.atomic
def continue_upload(pk: uuids.UUID, offset: int, chunk: bytes, actor: Actor) -> Upload:
    """Add a piece at its offset; the last one makes the file evidence.

    Refuses a stranger's upload, a wrong offset (`details["offset"]` is the right one), more than was announced, and
    a second sender at the same time ("stale").
    """
    try:
        with transaction.atomic():
            upload = (
                Upload.objects.select_for_update(nowait=True).filter(pk=pk, owner=actor.user_id or 0).first()
            )
    except OperationalError:
        raise Refused(_("这个文件正在另一个连接上传，请稍后再试。"), code="stale") from None
    if upload is None or upload.is_over():
        raise Refused(_("没有这个上传，或者已经过期，请重新上传。"), code="not_found")
    path = storage.partial(upload.pk)
    arrived = _kept(upload, path)
    if offset != arrived:
        raise Refused(_("上传位置不符。"), code="conflict", details={"offset": arrived})
    if offset + len(chunk) > upload.length:
        raise Refused(_("收到的内容比申明的多。"), code="invalid")
    storage.must_have_room(len(chunk))
    with path.open("r+b") as stream:
        stream.seek(offset)
        stream.write(chunk)
        stream.truncate()
    upload.offset = offset + len(chunk)
    if upload.offset == upload.length and upload.evidence is None:
        taken: Any = parse_datetime(upload.taken_at) if upload.taken_at else None
        upload.evidence = store(
            path.read_bytes(),
            actor=actor,
            kind=upload.kind,
            name=upload.name,
            taken_at=taken,
            place=upload.place,
        )
        transaction.on_commit(lambda: path.unlink(missing_ok=True))
    upload.save()
    return upload


def _kept(upload: Upload, path: Path) -> int:
    """How much of an upload is really there: what the row says, or less where the machine lost it."""
    if upload.evidence_id is not None:
        return upload.offset
    try:
        return min(upload.offset, path.stat().st_size)
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        return 0


@transaction.atomic
def abandon_upload(pk: uuids.UUID, actor: Actor) -> bool:
    """Give an upload up; False when there is none. What has already become evidence stays."""
    gone = Upload.objects.filter(pk=pk, owner=actor.user_id or 0, evidence__isnull=True).delete()[0]
    if gone:
        transaction.on_commit(lambda: storage.partial(pk).unlink(missing_ok=True))
    return bool(gone)


@transaction.atomic
def clear_uploads() -> int:
    """Give up the uploads that were not finished in time; returns how many."""
    over = [row.pk for row in Upload.objects.filter(evidence__isnull=True, begun_at__lt=now() - LIFETIME)]
    Upload.objects.filter(pk__in=over).delete()
    for pk in over:
        storage.partial(pk).unlink(missing_ok=True)
    return len(over)


@transaction.atomic
def note_opened(evidence: Evidence, actor: Actor) -> None:
    """The custody log: somebody other than the one who stored a file has opened it."""
    if actor.user_id != evidence.stored_by:
        append(events.OPENED, evidence, actor, data={"digest": evidence.digest})
