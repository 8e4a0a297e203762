"""What is public, masked, for everybody; and what a publisher has still to do."""

from __future__ import annotations

import csv
import datetime
import io
import json
import uuid as uuids
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

from django.db.models import BigIntegerField, CharField, DateField, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from qipan.conf.composed import Composed, Hole
from qipan.kernel.law.citations import Citation
from qipan.kernel.law.library import grams
from qipan.kernel.ledger.clock import today
from qipan.kernel.orgs.reader import Reader
from qipan.kernel.publication.models import Publication, PublicationKind, PublicationState

AT_A_TIME = 2000


@dataclass(frozen=True)
class Shown:
    """One line of a publication."""

    key: str
    title: str
    value: Any

    @property
    def text(self) -> str:
        """The value in words."""
        return _in_words(self.value)


@dataclass(frozen=True)
class PublicRecord:
    """A publication as everybody may see it. `source` is the article that asks for it, or that it is unconfirmed."""

    uuid: uuids.UUID
    kind: str
    kind_title: str
    title: str
    subject_id: int | None
    subject_name: str
    premises_id: int | None
    formed_on: datetime.date
    published_on: datetime.date
    until_on: datetime.date | None
    lines: tuple[Shown, ...]
    source: str
    is_demo: bool

    def value(self, key: str) -> Any:
        """The value of a field; None where it is not shown."""
        return next((line.value for line in self.lines if line.key == key), None)


def _in_words(value: Any) -> str:
    if isinstance(value, bool):
        return str(_("是") if value else _("否"))
    if isinstance(value, list):
        return "；".join(_in_words(each) for each in value)
    if isinstance(value, dict):
        return " ".join(_in_words(each) for each in value.values())
    return "" if value is None else str(value)


def _public(day: Any = None) -> QuerySet[Publication]:
    return (
        Publication.objects.filter(state=PublicationState.PUBLISHED)
        .filter(Q(until_on__isnull=True) | Q(until_on__gte=day or today()))
        .select_related("kind", "subject")
    )


def source_of(kind: PublicationKind) -> str:
    """The article that asks for the publication, or openly that nobody has confirmed it."""
    return str(Citation.parse(kind.law)) if kind.law else _("待确认：%(why)s") % {"why": kind.unconfirmed}


def _shown(row: Publication) -> PublicRecord:
    titles = {field["key"]: field["title"] for field in row.kind.fields}
    return PublicRecord(
        uuid=row.uuid,
        kind=row.kind.code,
        kind_title=row.kind.title,
        title=row.title,
        subject_id=row.subject_id,
        subject_name=row.subject.name if row.subject else "",
        premises_id=row.premises_id,
        formed_on=row.formed_on,
        published_on=timezone.localtime(row.published_at).date(),
        until_on=row.until_on,
        lines=tuple(Shown(key, titles[key], row.content[key]) for key in titles if key in row.content),
        source=source_of(row.kind),
        is_demo=row.is_demo,
    )


def public_of(subject: Any, kind: str = "", limit: int = 100) -> list[PublicRecord]:
    """What is public of a market subject (or of its id), newest first."""
    rows = _of_subject(bool(kind), limit).all(subject=getattr(subject, "pk", subject), kind=kind, day=today())
    return [_shown(row) for row in rows]


@lru_cache(64)
def _of_subject(of_kind: bool, limit: int) -> Composed:
    rows = _public(Hole("day", DateField())).filter(subject_id=Hole("subject", BigIntegerField()))
    if of_kind:
        rows = rows.filter(kind__code=Hole("kind", CharField()))
    return Composed(lambda _hole: rows.order_by("-published_at", "-id")[:limit])


def public_record(uuid: uuids.UUID | str) -> PublicRecord | None:
    """One publication; None once it is withdrawn or over."""
    row = _public().filter(uuid=uuid).first()
    return _shown(row) if row else None


def latest(kind: str = "", limit: int = 20, org_path: str = "") -> list[PublicRecord]:
    """The newest publications, of a kind, of a unit and those below it."""
    rows = _public()
    if kind:
        rows = rows.filter(kind__code=kind)
    if org_path:
        rows = rows.filter(org_path__startswith=org_path)
    return [_shown(row) for row in rows.order_by("-published_at", "-id")[:limit]]


def search_public(
    text: str, kind: str = "", *, before: int | None = None, limit: int = 20
) -> tuple[list[PublicRecord], int | None]:
    """Publications that hold every word of the text, newest first, and the cursor of the next page (None at the end)."""
    rows = _public()
    if kind:
        rows = rows.filter(kind__code=kind)
    for word in text.split():
        pieces = [piece for piece in grams(word) if len(piece) == min(2, len(word))]
        if not pieces:
            return [], None
        rows = rows.filter(grams__contains=pieces)
    if before is not None:
        rows = rows.filter(pk__lt=before)
    found = list(rows.order_by("-id")[: limit + 1])
    page = found[:limit]
    return [_shown(row) for row in page], (page[-1].pk if len(found) > limit else None)


def publications(reader: Reader) -> QuerySet[Publication]:
    """The obligations and publications that the reader may see as staff, nearest limit first."""
    rows = Publication.objects.visible_to(reader).select_related("kind", "subject")
    return rows.order_by("due_on", "id")


def overdue(reader: Reader) -> QuerySet[Publication]:
    """Obligations past their limit, and annulled publications not taken back in time."""
    day = today()
    late = Q(state=PublicationState.DUE, due_on__lt=day) | Q(
        state=PublicationState.PUBLISHED, withdraw_by__lt=day
    )
    return publications(reader).filter(late)


def of_record(record: Any) -> QuerySet[Publication]:
    """Every publication of a record, oldest first."""
    rows = Publication.objects.filter(record_kind=record._meta.label_lower, record_id=record.pk)
    return rows.select_related("kind").order_by("id")


def open_kinds() -> list[PublicationKind]:
    """The kinds that are open data, in their newest version."""
    rows = PublicationKind.objects.filter(open_data=True).order_by("code", "-valid_from").distinct("code")
    return list(rows)


def export(kind: str, form: Literal["jsonl", "csv"] = "jsonl") -> Iterator[str]:
    """Open data of a kind, line by line, oldest first, in a stable order; only what is public now.

    JSON Lines: one object a publication with its fields by key. CSV: UTF-8 with a byte order mark, titles as heads;
    a cell that a spreadsheet would take for a formula is made harmless. Raises LookupError for a kind that is not open.
    """
    newest = next((each for each in open_kinds() if each.code == kind), None)
    if newest is None:
        raise LookupError(f"{kind} is not open data")
    versions = PublicationKind.objects.filter(code=kind).order_by("valid_from")
    titles = {field["key"]: field["title"] for version in versions for field in version.fields}
    if form == "csv":
        heads = [_("标识"), _("标题"), _("公示日期"), _("公示至"), *titles.values(), _("示范数据")]
        yield "\ufeff" + _csv_line(heads)
    last = 0
    while True:
        rows = list(_public().filter(kind__code=kind, pk__gt=last).order_by("pk")[:AT_A_TIME])
        for row in rows:
            yield _export_line(row, titles, form)
        if len(rows) < AT_A_TIME:
            return
        last = rows[-1].pk


def _export_line(row: Publication, titles: dict[str, str], form: str) -> str:
    published = timezone.localtime(row.published_at).date().isoformat()
    until = row.until_on.isoformat() if row.until_on else ""
    if form == "csv":
        cells = [_in_words(row.content.get(key)) for key in titles]
        return _csv_line([str(row.uuid), row.title, published, until, *cells, _in_words(row.is_demo)])
    content = {key: row.content[key] for key in titles if key in row.content}
    record = {"uuid": str(row.uuid), "title": row.title, "published_on": published, "until": until or None}
    return json.dumps({**record, **content, "is_demo": row.is_demo}, ensure_ascii=False) + "\n"


def _csv_line(cells: list[str]) -> str:
    stream = io.StringIO()
    csv.writer(stream, lineterminator="\r\n").writerow([_harmless(cell) for cell in cells])
    return stream.getvalue()


def _harmless(cell: str) -> str:
    return "'" + cell if cell[:1] in ("=", "+", "-", "@", "\t", "\r") else cell
