"""Marks of a subject (列异、严重失信 …): set and lifted."""

import datetime
from typing import Any

from django.db import transaction
from django.db.models import Q

from qipan.kernel.ledger.actions import append
from qipan.kernel.ledger.actor import Actor
from qipan.kernel.ledger.clock import today
from qipan.kernel.subjects import events
from qipan.kernel.subjects.models import (
    Mark,
    MarkKind,
    Subject,
)


def in_force_marks(subject: Subject, on: datetime.date | None = None) -> Any:
    """The marks of a subject that are in force on a day."""
    day = on or today()
    return subject.marks.filter(since__lte=day).filter(Q(until__isnull=True) | Q(until__gt=day))


@transaction.atomic
def add_mark(
    subject: Subject,
    kind: MarkKind | str,
    actor: Actor,
    *,
    ground: str,
    source: str = "",
    since: datetime.date | None = None,
) -> Mark:
    """Put a mark on a subject."""
    mark = Mark.objects.create(
        subject=subject, kind=MarkKind(kind), ground=ground, source=source, since=since or today()
    )
    append(events.MARKED, mark, actor, data={"kind": mark.kind}, reason=ground, org_path=subject.org_path)
    return mark


@transaction.atomic
def end_mark(mark: Mark, actor: Actor, reason: str) -> Mark:
    """Take a mark off, once: one that was taken off before stays as it is."""
    row = Mark.objects.select_for_update(of=("self",), no_key=True).select_related("subject").get(pk=mark.pk)
    if row.until is not None and row.until <= today():
        return row
    row.until = today()
    row.save(update_fields=["until"])
    append(events.UNMARKED, row, actor, data={"kind": row.kind}, reason=reason, org_path=row.subject.org_path)
    return row
