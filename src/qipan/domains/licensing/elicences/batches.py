"""Files of many licences made anew (批量制发): after a template or a seal changed, or for licences taken in from elsewhere.

Prepared with a preview, worked off by any number of workers, stopped and resumed at any time; effect and done-mark of
each handful share one transaction. One event with count, digest and manifest at the end (DESIGN 3.1).
"""

import uuid as uuids
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from django.db import connection, transaction
from django.db.models import Count, Q, QuerySet
from django.utils.translation import gettext as _

from qipan.conf.repeating import looks_again
from qipan.domains.licensing.elicences import events, face
from qipan.domains.licensing.elicences.models import Batch, BatchLine, BatchState, LineState
from qipan.kernel.documents import bulk
from qipan.kernel.documents import events as document_events
from qipan.kernel.documents.models import Seal, SealUse, Template
from qipan.kernel.items import queries as items
from qipan.kernel.jobs.batches import work_off
from qipan.kernel.law.dated import in_force
from qipan.kernel.ledger.actions import append, append_bulk
from qipan.kernel.ledger.actor import Actor
from qipan.kernel.ledger.clock import now, today
from qipan.kernel.ledger.errors import Refused
from qipan.kernel.orgs import queries as orgs
from qipan.kernel.orgs.reader import Reader
from qipan.kernel.orgs.roles import Role
from qipan.kernel.subjects import actions as subjects
from qipan.kernel.subjects.models import Grant, GrantState
from qipan.kernel.subjects.standing import standing

SIZE = 100
MARK = """
UPDATE licensing_batchline AS line SET state = made.state, reason = made.reason, document_id = made.document, digest = made.digest
FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::bigint[], %s::text[]) AS made(id, state, reason, document, digest)
WHERE line.id = made.id
"""
A_JOB = 500
CHAINS = 2
MAKERS = (Role.LIC_DECIDER, Role.BUREAU_LEADER)


@dataclass(frozen=True)
class Selection:
    """Which licences a batch is for: in force, of a kind, below a path; those without a file only, where wished."""

    kind: str
    org_path: str
    missing_only: bool = False

    def grants(self) -> QuerySet[Grant]:
        """The licences, in the order of their numbers in the register."""
        rows = Grant.objects.filter(
            Q(valid_to__isnull=True) | Q(valid_to__gte=today()),
            kind=self.kind,
            state=GrantState.VALID,
            org_path__startswith=self.org_path,
        )
        return (rows.filter(document_id__isnull=True) if self.missing_only else rows).order_by("pk")


@dataclass(frozen=True)
class Preview:
    """What a batch would do: how many licences, how many of them have a file already, which files each gets."""

    total: int
    with_file: int
    templates: list[str]
    examples: list[Grant]


def may_make(reader: Reader, org_path: str) -> bool:
    """Whether the reader decides on licences over a path."""
    return reader.kind == "staff" and any(reader.may(role, org_path) for role in MAKERS)


def preview(selection: Selection, reader: Reader) -> Preview:
    """Look at what a batch would do. Refuses a kind without a certificate and a path that is not the reader's."""
    templates = _must_fit(selection, reader)
    rows = selection.grants()
    return Preview(
        total=rows.count(),
        with_file=rows.filter(document_id__isnull=False).count(),
        templates=[str(found.title) for code in templates if (found := in_force(Template, code))],
        examples=list(rows.select_related("subject")[:5]),
    )


def _must_fit(selection: Selection, reader: Reader) -> list[str]:
    orgs.unit_at(selection.org_path)
    if not may_make(reader, selection.org_path):
        raise Refused(_("您不能在这个机构批量制发证照。"), code="forbidden", field="org_path")
    templates = templates_of(selection.kind)
    if not templates:
        raise Refused(_("请选择有证照文件的种类。"), field="kind")
    return templates


def templates_of(kind_code: str) -> list[str]:
    """The files of one issue of a kind: the original, and its copy (副本) where there is one."""
    kind = items.licence_kind(kind_code)
    if kind is None or not kind.template:
        return []
    copy = f"{kind.template}_copy"
    return [kind.template, *([copy] if in_force(Template, copy) is not None else ())]


@looks_again
def prepare(selection: Selection, reader: Reader, *, uuid: uuids.UUID, reason: str) -> Batch:
    """Fix the licences of a batch; nothing is made before it is started. Idempotent by `uuid`.

    Refuses what `preview` refuses, a batch without a reason, and one without a licence.
    """
    known = Batch.objects.filter(uuid=uuid).first()
    if known is not None:
        return known
    _must_fit(selection, reader)
    if not reason.strip():
        raise Refused(_("请写明为什么要重新制发。"), field="reason")
    numbers = list(selection.grants().values_list("pk", flat=True))
    if not numbers:
        raise Refused(_("没有符合条件的证照。"), field="kind")
    batch = Batch.objects.create(
        uuid=uuid,
        kind=selection.kind,
        org_path=selection.org_path,
        missing_only=selection.missing_only,
        reason=reason.strip()[:300],
        total=len(numbers),
        made_by=reader.user_id or 0,
        made_at=now(),
    )
    BatchLine.objects.bulk_create((BatchLine(batch=batch, grant_id=pk) for pk in numbers), batch_size=5000)
    append(
        events.BATCH_PREPARED,
        batch,
        reader.actor(None, batch.org_path),
        data={"kind": batch.kind, "total": batch.total},
        reason=batch.reason,
    )
    return batch


@transaction.atomic
def start(batch: Batch, reader: Reader) -> Batch:
    """Start a batch, or go on with one that was stopped."""
    row = _moved(batch, reader, (BatchState.PREPARED, BatchState.STOPPED), BatchState.RUNNING)
    for chain in range(CHAINS):
        defer(row, chain)
    return row


def defer(batch: Batch, chain: int) -> None:
    """Queue the next piece of a chain of work."""
    from qipan.domains.licensing.elicences.jobs import work_on_batch

    work_on_batch.defer(batch_id=batch.pk, chain=chain, key=f"licence-batch:{batch.pk}:{chain}")


@transaction.atomic
def stop(batch: Batch, reader: Reader) -> Batch:
    """Stop a batch after the handful that is being made; what is made stays, the rest waits."""
    return _moved(batch, reader, (BatchState.RUNNING,), BatchState.STOPPED)


def _moved(batch: Batch, reader: Reader, sources: tuple[BatchState, ...], target: BatchState) -> Batch:
    row = Batch.objects.select_for_update(of=("self",)).get(pk=batch.pk)
    if not may_make(reader, row.org_path):
        raise Refused(_("您不能在这个机构批量制发证照。"), code="forbidden")
    if row.state == target:
        return row
    if row.state not in sources:
        raise Refused(
            _("这一批现为“%(state)s”，不能这样办。") % {"state": row.get_state_display()}, code="state"
        )
    row.state = target
    row.save(update_fields=["state"])
    append(events.BATCH_MOVED, row, reader.actor(None, row.org_path), data={"state": target.value})
    return row


def work(batch: Batch, *, limit: int = A_JOB) -> int:
    """Make files of a running batch, at most so many licences; finishes it when none waits. Returns how many were done."""
    waiting = BatchLine.objects.filter(
        batch=batch, state=LineState.WAITING, batch__state=BatchState.RUNNING
    ).order_by("pk")
    done = work_off(waiting, lambda lines: _make(batch, lines), size=SIZE, limit=limit)
    if done < limit:
        finish(batch)
    return done


def _make(batch: Batch, lines: list[BatchLine]) -> None:
    """Make the files of a handful of lines, and mark these."""
    actor = Actor("staff", batch.made_by, org_path=batch.org_path)
    templates = templates_of(batch.kind)
    rows = Grant.objects.select_related("subject__legal_rep", "premises").prefetch_related(
        "subject__identifiers"
    )
    grants = rows.in_bulk([line.grant_id for line in lines])
    by_grant: dict[int, list[str]] = defaultdict(list)
    sheets: list[bulk.Sheet] = []
    refused: dict[int, str] = {}
    for line in lines:
        grant = grants[line.grant_id]
        held = standing(grant)
        if not held.good:
            refused[grant.pk] = held.text
            continue
        try:
            data, seal_path = face.certificate_of(grant), face.seal_path_of(grant)
        except Refused as problem:
            refused[grant.pk] = str(problem)
            continue
        for code in templates:
            key = f"batch:{batch.pk}:{grant.pk}:{code}"
            by_grant[grant.pk].append(key)
            sheets.append(
                bulk.Sheet(
                    key=key,
                    template=code,
                    data=data,
                    record_kind=grant._meta.label_lower,
                    record_id=grant.pk,
                    org_path=grant.org_path,
                    seal_path=seal_path,
                    subject_id=grant.subject_id,
                )
            )
    made = bulk.issue(sheets, actor, batch.uuid)
    issued: dict[int, tuple[int, ...]] = {}
    for line in lines:
        keys = by_grant.get(line.grant_id, [])
        problem = refused.get(line.grant_id) or next(
            (made.refused[key] for key in keys if key in made.refused), ""
        )
        if problem:
            line.state, line.reason = LineState.REFUSED, problem[:300]
            continue
        papers = [made.documents[key] for key in keys]
        line.state, line.document_id, line.digest = LineState.DONE, papers[0].pk, papers[0].digest
        issued[line.grant_id] = tuple(paper.pk for paper in papers)
    subjects.attach_many(issued)
    with connection.cursor() as cursor:  # `bulk_update` takes longer to compose than this takes to run
        cursor.execute(
            MARK,
            [
                [line.pk for line in lines],
                [str(line.state) for line in lines],
                [line.reason for line in lines],
                [line.document_id for line in lines],
                [line.digest for line in lines],
            ],
        )


def manifest(batch: Batch) -> Iterator[tuple[str, str]]:
    """(number, SHA-256 of the file) of each licence that was made, in the order of the batch."""
    rows = batch.lines.filter(state=LineState.DONE).order_by("pk").values_list("grant__number", "digest")
    yield from rows.iterator(chunk_size=2000)


@transaction.atomic
def finish(batch: Batch) -> bool:
    """Close a running batch of which nothing waits: one event with count and digest, one for each seal. True if it did."""
    row = Batch.objects.select_for_update(of=("self",)).get(pk=batch.pk)
    if row.state != BatchState.RUNNING or row.lines.filter(state=LineState.WAITING).exists():
        return False
    actor = Actor("staff", row.made_by, org_path=row.org_path)
    seals = list(Seal.objects.filter(uses__batch=row.uuid).distinct().order_by("pk"))
    for seal in seals:
        uses = SealUse.objects.filter(batch=row.uuid, seal=seal).order_by("pk")
        append_bulk(
            document_events.SEAL_USED_MANY,
            seal,
            actor,
            (
                f"{uuid} {digest}".encode()
                for uuid, digest in uses.values_list("uuid", "digest").iterator(chunk_size=2000)
            ),
            data={"seal": seal.seal_id, "batch": str(row.uuid)},
        )
    told = append_bulk(
        events.BATCH_DONE,
        row,
        actor,
        (f"{number} {digest}".encode() for number, digest in manifest(row)),
        data={
            "kind": row.kind,
            "refused": row.lines.filter(state=LineState.REFUSED).count(),
            "seals": len(seals),
        },
        reason=row.reason,
    )
    row.state, row.ended_at, row.digest = BatchState.DONE, now(), told.data["digest"]
    row.save(update_fields=["state", "ended_at", "digest"])
    return True


@dataclass(frozen=True)
class Progress:
    """How far a batch is."""

    done: int
    refused: int
    waiting: int
    percent: int


def progress(batch: Batch) -> Progress:
    """How many licences of a batch are made, refused, waiting."""
    return progress_of([batch])[batch.pk]


def progress_of(rows: Sequence[Batch]) -> dict[int, Progress]:
    """How far each of several batches is, by its id; counted in one go."""
    counted: dict[int, dict[str, int]] = {row.pk: {} for row in rows}
    lines = BatchLine.objects.filter(batch_id__in=list(counted)).order_by()
    for batch, state, number in lines.values_list("batch_id", "state").annotate(Count("pk")):
        counted[batch][state] = number
    found = {}
    for row in rows:
        states = counted[row.pk]
        done, refused = states.get(LineState.DONE, 0), states.get(LineState.REFUSED, 0)
        share = round((done + refused) * 100 / max(row.total, 1))
        found[row.pk] = Progress(done, refused, states.get(LineState.WAITING, 0), share)
    return found
