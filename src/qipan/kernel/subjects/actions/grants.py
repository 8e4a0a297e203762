"""The register of grants: numbers, changes, states, expiry."""

import datetime
from collections.abc import Iterable, Mapping
from typing import Any

from django.db import connection, transaction
from django.db.models import BigIntegerField, Max, QuerySet
from django.utils.translation import gettext as _

from qipan.conf.composed import Composed
from qipan.kernel.ledger.actions import append
from qipan.kernel.ledger.actor import Actor
from qipan.kernel.ledger.clock import now, today
from qipan.kernel.ledger.errors import Refused
from qipan.kernel.subjects import codes, events, searching
from qipan.kernel.subjects.actions.locking import lock
from qipan.kernel.subjects.models import (
    RUNNING,
    Certificate,
    Grant,
    GrantState,
    Premises,
    Subject,
)


def take_sequence(series: str) -> int:
    """The next of a series of licence numbers, without gaps or doubles.

    Taken last in the deciding transaction: the row of the series stays locked until it ends.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO subjects_licenceseries (series, last) VALUES (%s, 1)"
            " ON CONFLICT (series) DO UPDATE SET last = subjects_licenceseries.last + 1 RETURNING last",
            [series],
        )
        return int(cursor.fetchone()[0])


def take_licence_number(prefix: str, first: str, area: str) -> str:
    """The next food licence number (JY, YB: six digits of sequence; SC: four)."""
    width = 4 if prefix == "SC" else 6
    return codes.licence_number(prefix, first, area, take_sequence(f"{prefix}{first}{area}"), width)


@transaction.atomic
def register_grant(
    *,
    number: str,
    kind: str,
    title: str,
    subject: Subject,
    org_path: str,
    actor: Actor,
    data: Mapping[str, Any],
    valid_from: datetime.date,
    valid_to: datetime.date | None = None,
    premises: Premises | None = None,
    item_code: str = "",
    issuer: str = "",
) -> Grant:
    """Enter a licence or filing in the register; the same number again is refused."""
    locked = lock(subject)
    if Grant.objects.filter(number=number).exists():
        raise Refused(_("编号 %(number)s 已登记。") % {"number": number}, code="conflict", field="number")
    grant = Grant.objects.create(
        number=number,
        kind=kind,
        title=title,
        subject=subject,
        premises=premises,
        org_path=org_path,
        item_code=item_code,
        data=dict(data),
        decided_on=valid_from,
        valid_from=valid_from,
        valid_to=valid_to,
        issuer=issuer,
    )
    locked.grams = sorted({*locked.grams, *searching.code_pieces(number)})
    locked.save(update_fields=["grams"])
    append(events.GRANTED, grant, actor, data={"number": number, "kind": kind})
    return grant


_LOCKED_GRANT = Composed(
    lambda hole: Grant.objects.select_for_update(of=("self",), no_key=True).filter(
        pk=hole("grant", BigIntegerField())
    )
)


def _locked_grant(grant: Grant) -> Grant:
    row: Grant | None = _LOCKED_GRANT.first(grant=grant.pk)
    if row is None:
        raise Grant.DoesNotExist
    return row


@transaction.atomic
def change_grant(grant: Grant, changes: Mapping[str, Any], actor: Actor, reason: str = "") -> Grant:
    """Change what a grant says; `data` is merged. The number never changes (FBL15 33, 34)."""
    allowed = {"data", "decided_on", "valid_from", "valid_to", "premises", "document_id", "title"}
    if unknown := set(changes) - allowed:
        raise ValueError(f"not to be changed: {unknown}")
    row = _locked_grant(grant)
    if row.state != GrantState.VALID:
        raise Refused(
            _("证照 %(number)s 现为“%(state)s”，不能变更。")
            % {"number": row.number, "state": row.get_state_display()},
            code="state",
        )
    for field, value in changes.items():
        setattr(row, field, {**row.data, **value} if field == "data" else value)
    row.version += 1
    row.reminded = 0 if "valid_to" in changes else row.reminded
    row.save()
    append(
        events.GRANT_CHANGED,
        row,
        actor,
        data={"number": row.number, "fields": sorted(changes)},
        reason=reason,
    )
    return row


GRANT_STEPS: dict[str, set[str]] = {
    "VALID": {"EXPIRED", "SUSPENDED", "REVOKED", "RESCINDED", "WITHDRAWN", "CANCELLED"},
    "SUSPENDED": {"VALID", "EXPIRED", "REVOKED", "RESCINDED", "CANCELLED"},
    "EXPIRED": {"CANCELLED", "RESCINDED"},
    "REVOKED": {"CANCELLED"},
    "RESCINDED": {"CANCELLED"},
    "WITHDRAWN": {"CANCELLED"},
}


@transaction.atomic
def set_grant_state(grant: Grant, state: GrantState | str, actor: Actor, reason: str) -> Grant:
    """Move a grant to another state; refuses what does not follow."""
    row = _locked_grant(grant)
    after = GrantState(state)
    if after.value not in GRANT_STEPS.get(row.state, set()):
        raise Refused(
            _("证照现为“%(before)s”，不能变为“%(after)s”。")
            % {"before": row.get_state_display(), "after": after.label},
            code="state",
        )
    before, row.state = row.state, after
    row.version += 1
    row.save(update_fields=["state", "version"])
    append(
        events.GRANT_STATE,
        row,
        actor,
        data={"number": row.number, "before": before, "after": after.value},
        reason=reason,
    )
    return row


def expire_grants(day: datetime.date | None = None, actor: Actor | None = None) -> int:
    """Grants whose last day is over become expired, at rest or not; returns how many."""
    limit = day or today()
    return sum(_expire(Grant.objects.filter(state=state, valid_to__lt=limit), actor) for state in RUNNING)


def _expire(ended: QuerySet[Grant], actor: Actor | None) -> int:
    done = 0
    for grant in ended.iterator(chunk_size=500):
        with transaction.atomic():
            # It may have been renewed since the list was read.
            if ended.select_for_update(of=("self",), no_key=True).filter(pk=grant.pk).first() is None:
                continue
            by = actor or Actor.system(grant.org_path)
            set_grant_state(grant, GrantState.EXPIRED, by, str(_("有效期届满")))
        done += 1
    return done


REMINDERS = (90, 60, 30, 15)


def remind_of_expiry(workdays_left: Any, horizon: datetime.date, day: datetime.date | None = None) -> int:
    """Tell the ledger once at each of 90, 60, 30 and 15 working days before a grant ends; returns how many told.

    `workdays_left(date)` counts the working days until a date; `horizon` is the last date worth looking at.
    """
    moment = day or today()
    told = 0
    rows = Grant.objects.filter(state=GrantState.VALID, valid_to__gte=moment, valid_to__lte=horizon)
    for grant in rows.iterator(chunk_size=500):
        if grant.valid_to is None:
            continue
        left = workdays_left(grant.valid_to)
        stage = sum(1 for limit in REMINDERS if left <= limit)
        if stage > grant.reminded:
            with transaction.atomic():
                same = Grant.objects.filter(pk=grant.pk, state=GrantState.VALID, valid_to=grant.valid_to)
                if not same.update(reminded=stage):  # renewed since the list was read
                    continue
                append(
                    events.GRANT_EXPIRING,
                    grant,
                    Actor.system(grant.org_path),
                    data={"number": grant.number, "workdays": left, "valid_to": grant.valid_to.isoformat()},
                )
            told += 1
    return told


#: The files of one issue, all or none: those that were attached before make no issue of their own.
ISSUE = """
INSERT INTO subjects_certificate (grant_id, document_id, issue, at)
SELECT %(grant)s, file.id, 1 + (SELECT coalesce(max(issue), 0) FROM subjects_certificate WHERE grant_id = %(grant)s),
       %(at)s
FROM unnest(%(files)s::bigint[]) WITH ORDINALITY AS file(id, place)
WHERE NOT EXISTS (SELECT 1 FROM subjects_certificate WHERE document_id = ANY (%(files)s::bigint[]))
ORDER BY file.place
"""


@transaction.atomic
def attach_documents(grant: Grant, main: int, others: Iterable[int] = ()) -> None:
    """The files of a new issue: `main` speaks for the grant from now on, `others` (a copy, 副本) belong to it.

    Part of the issuing transaction, whose event tells of it; files attached before stay as they are.
    """
    _locked_grant(grant)
    with connection.cursor() as cursor:
        cursor.execute(ISSUE, {"grant": grant.pk, "files": [main, *others], "at": now()})
        if cursor.rowcount:
            cursor.execute("UPDATE subjects_grant SET document_id = %s WHERE id = %s", [main, grant.pk])


def attach_many(files: Mapping[int, tuple[int, ...]]) -> None:
    """The files of new issues of many grants, by grant: the first of each speaks for it, the others belong to it.

    Part of the transaction of a bulk act, whose event tells of it.
    """
    rows = list(
        Grant.objects.select_for_update(of=("self",), no_key=True).filter(pk__in=files).order_by("pk")
    )
    last = dict(
        Certificate.objects.filter(grant__in=rows).values_list("grant_id").annotate(Max("issue")).order_by()
    )
    moment = now()
    Certificate.objects.bulk_create(
        Certificate(grant=row, document_id=pk, issue=last.get(row.pk, 0) + 1, at=moment)
        for row in rows
        for pk in files[row.pk]
    )
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE subjects_grant SET document_id = made.document"
            " FROM unnest(%s::bigint[], %s::bigint[]) AS made(id, document) WHERE subjects_grant.id = made.id",
            [[row.pk for row in rows], [files[row.pk][0] for row in rows]],
        )
