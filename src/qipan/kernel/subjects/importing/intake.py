# ruff: noqa: S608 - the names of tables and columns in these statements are ours; values are parameters
"""One import: rows are staged, merged and told to the ledger in one transaction, or nothing happens at all."""

import hashlib
import time
import uuid as uuids
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, BinaryIO

from django.db import connection, transaction
from django.utils.translation import gettext as _

from qipan.kernel.ledger.actions import append_bulk
from qipan.kernel.ledger.actor import Actor
from qipan.kernel.ledger.clock import now, today
from qipan.kernel.ledger.errors import Refused
from qipan.kernel.subjects import events
from qipan.kernel.subjects.finding import refresh_many
from qipan.kernel.subjects.importing import entering, matching, people, staging
from qipan.kernel.subjects.importing.rows import ImportedRow, Note
from qipan.kernel.subjects.models import RegisterImport

LOCK = 7_349_001
#: As long as the server may need to notice that an import before this one was killed.
PATIENCE_SECONDS = 3.0
OUTCOMES = ("created", "updated", "known", "rejected")


class Miscounted(AssertionError):
    """Rows were lost or counted twice: a fault of ours. Nothing was written."""


@dataclass(frozen=True)
class Delivery:
    """What was delivered: which register, which file, read by which mapping. `fallback` is the unit (path) of the
    subjects for which none was found."""

    source: str
    file_name: str
    file_digest: str
    map_digest: str = ""
    repeat: matching.Repeat = "reject"
    fallback: str = ""


@dataclass(frozen=True)
class Result:
    """What became of the rows that were read: `read` = `created` + `updated` + `known` + `rejected`."""

    read: int
    created: int
    updated: int
    known: int
    rejected: int
    warned: int
    batch: str = ""
    manifest: str = ""


class Intake:
    """`with Intake(delivery, actor) as intake:` stage rows and notes, then `merge`.

    Leaving the block without an exception writes it all, unless `abandon` was called (a dry run). Two at the same time:
    the second is refused.
    """

    def __init__(self, delivery: Delivery, actor: Actor) -> None:
        self.delivery = delivery
        self.actor = actor
        self.rejected_early = 0
        self.staged = 0
        self._atomic = transaction.atomic()

    def __enter__(self) -> "Intake":
        self._atomic.__enter__()
        try:
            self._be_alone()
            staging.make()
        except BaseException as problem:
            self._atomic.__exit__(type(problem), problem, problem.__traceback__)
            raise
        return self

    def _be_alone(self) -> None:
        with connection.cursor() as cursor:
            # When this program is killed, the server notices within the interval and gives the lock free; without
            # it a killed import would hold it until its running statement ends.
            cursor.execute("SET LOCAL client_connection_check_interval = '1s'")
            until = time.monotonic() + PATIENCE_SECONDS
            while True:
                cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [LOCK])
                if cursor.fetchone()[0]:
                    return
                if time.monotonic() > until:
                    raise Refused(_("另一个导入正在进行，请等它结束后再导入。"), code="conflict")
                time.sleep(0.2)

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._atomic.__exit__(kind, value, trace)

    def abandon(self) -> None:
        """Nothing of this import is written when the block ends."""
        transaction.set_rollback(True)

    def stage(self, rows: Sequence[ImportedRow]) -> None:
        """Take rows in, in the order of the file."""
        staging.stage(rows)
        self.staged += len(rows)

    def note(self, notes: Sequence[Note]) -> None:
        """Take in what the report will say; a row that is not staged is rejected by its error."""
        staging.note(notes)

    def reject(self, count: int = 1) -> None:
        """Count rows that were read and could not be staged."""
        self.rejected_early += count

    def merge(
        self, manifest: BinaryIO | None = None, progress: Callable[[str], None] = lambda step: None
    ) -> Result:
        """Merge what was staged. `manifest` gets one line for each row that changed something.

        Raises Miscounted where the outcomes do not add up to the rows that were read.
        """
        source, at = self.delivery.source, now()
        progress(_("查重"))
        matching.gather(self.delivery.repeat)
        progress(_("比对"))
        matching.match(source)
        matching.decide(source)
        progress(_("写入"))
        entering.enter_new(self.delivery.fallback, at)
        entering.change_facts()
        reason = _("登记簿“%(source)s”导入") % {"source": source}
        entering.change_statuses(source, today(), reason)
        entering.enter_codes()
        entering.enter_places(self.delivery.fallback)
        people.change(source, self.actor)
        progress(_("历史记录"))
        entering.enter_records(source)
        progress(_("检索与清单"))
        self._refresh()
        entering.settle(source)
        counts = self._counts()
        batch = self._tell(counts, at, manifest)
        return Result(
            **counts,
            batch=str(batch.uuid) if batch else "",
            manifest=batch.manifest if batch else "",
        )

    def notes(self, level: str | None = None) -> Iterator[Note]:
        """What the report says, by line; call it before the block ends."""
        with connection.chunked_cursor() as cursor:
            cursor.execute(
                f"SELECT {', '.join(staging.NOTES)} FROM import_noted WHERE %s::text IS NULL OR level = %s"
                " ORDER BY seq, level, field, reason",
                [level, level],
            )
            while rows := cursor.fetchmany(5000):
                yield from (Note(*row) for row in rows)

    def _refresh(self) -> None:
        with connection.chunked_cursor() as cursor:
            cursor.execute(
                "SELECT DISTINCT c.subject_id FROM import_changed c JOIN import_keyed k USING (subject_id)"
                " WHERE k.act = 'other' ORDER BY 1"
            )
            while rows := cursor.fetchmany(2000):
                refresh_many([pk for (pk,) in rows])

    def _counts(self) -> dict[str, int]:
        with connection.cursor() as cursor:
            cursor.execute("SELECT coalesce(outcome, ''), count(*) FROM import_staged GROUP BY 1")
            found = dict(cursor.fetchall())
            cursor.execute("SELECT count(DISTINCT seq) FROM import_noted WHERE level = 'warning' AND seq > 0")
            warned = cursor.fetchone()[0]
        counts = {outcome: int(found.pop(outcome, 0)) for outcome in OUTCOMES}
        counts["rejected"] += self.rejected_early
        read = self.staged + self.rejected_early
        if found or sum(counts.values()) != read:
            raise Miscounted(f"{read} rows were read, but they became {counts} and {found}")
        return {"read": read, **counts, "warned": warned}

    def _tell(self, counts: dict[str, int], at: Any, manifest: BinaryIO | None) -> RegisterImport | None:
        """The delivery and its one event; an import that changed nothing leaves neither."""
        if not counts["created"] + counts["updated"]:
            return None
        delivery = self.delivery
        batch = RegisterImport(
            uuid=uuids.uuid4(),
            source=delivery.source,
            file_name=delivery.file_name[:200],
            file_digest=delivery.file_digest,
            map_digest=delivery.map_digest,
            received_at=at,
            org_path=self.actor.org_path,
            **counts,
        )
        total = hashlib.sha256()
        for line in self._manifest():
            total.update(hashlib.sha256(line).digest())
        batch.manifest = total.hexdigest()
        batch.save(force_insert=True)

        def lines() -> Iterator[bytes]:
            for line in self._manifest():
                if manifest is not None:
                    manifest.write(line + b"\n")
                yield line

        event = append_bulk(
            events.IMPORTED,
            batch,
            self.actor,
            lines(),
            data={
                "file": batch.file_name,
                "file_digest": batch.file_digest,
                "source": batch.source,
                **{name: counts[name] for name in ("read", *OUTCOMES)},
            },
        )
        if event.data["digest"] != batch.manifest:
            raise Miscounted("the manifest changed while it was told")
        return batch

    def _manifest(self) -> Iterator[bytes]:
        with connection.chunked_cursor() as cursor:
            cursor.execute(
                "SELECT concat_ws(E'\\t', s.seq, s.outcome, k.subject_id, s.key, s.digest)"
                " FROM import_staged s JOIN import_keyed k ON k.key = s.key"
                " WHERE s.outcome IN ('created', 'updated') ORDER BY s.seq"
            )
            while rows := cursor.fetchmany(5000):
                yield from (row[0].encode() for row in rows)
