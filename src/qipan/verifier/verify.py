"""Holds every sealed event to its seal, and says which row was touched and how."""

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg

from qipan.verifier import events, seals
from qipan.verifier.form import Tree
from qipan.verifier.report import Finding, Kind, Report
from qipan.verifier.seals import Seal


def verify(
    address: str,
    folder: Path,
    key: Path,
    *,
    full: bool = False,
    processes: int | None = None,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Report:
    """Compare database, seals and the copy of the seals in `folder`; `key` is the PEM file of the public key.

    Every event is hashed again in any case; `full` also checks each seal's signature by itself instead of the newest
    one and the chain that leads back from it. `progress(done, total)` is told of events. Raises psycopg.Error.
    """
    begun = time.monotonic()
    report = Report()
    with events.connect(address) as connection:
        public = seals.load_key(key)
        known, report.findings = seals.reconcile(seals.in_database(connection), seals.outside(folder), public)
        more, report.signatures = seals.check_chain(known, public, full)
        report.findings += more
        report.seals = len(known)
        if known:
            report.last_seal, report.last_seal_at = known[-1].number, known[-1].at
        broken = _hold(address, connection, known, report, processes, progress)
        report.findings += _explain(connection, folder, known, broken)
    report.seconds = round(time.monotonic() - begun, 2)
    return report


def _hold(
    address: str,
    connection: psycopg.Connection[Any],
    known: list[Seal],
    report: Report,
    processes: int | None,
    progress: Callable[[int, int], None],
) -> list[Seal]:
    """Builds each seal's tree anew; the seals whose root or number of events is another."""
    ranges = seals.Ranges(known)
    trees: dict[int, Tree] = {seal.number: Tree() for seal in known}
    row = connection.execute("SELECT count(*) FROM public.ledger_event").fetchone()
    total = int(row[0]) if row else 0
    unsealed: list[int] = []
    contradicting: set[int] = set()
    for part in events.hashed(address, connection, processes or min(4, os.cpu_count() or 1)):
        contradicting.update(part.contradicting)
        at = 0
        for number, xid in zip(part.ids, part.xids, strict=True):
            seal = ranges.of(number, xid)
            if seal is None:
                unsealed.append(number)
            else:
                trees[seal.number].add(part.leaves[at : at + 32])
            at += 32
        report.events += len(part.ids)
        progress(report.events, max(total, report.events))
    report.unsealed = len(unsealed)
    report.sealed = report.events - report.unsealed
    if unsealed:
        row = connection.execute(
            "SELECT to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"') FROM public.ledger_event WHERE id = %s",
            [unsealed[0]],
        ).fetchone()
        report.unsealed_since = row[0] if row else ""
        report.findings += [
            Finding("edited", "尚未封存,但内容与自身摘要不符", None, (number,))
            for number in unsealed
            if number in contradicting
        ]
    broken = []
    for seal in known:
        tree = trees[seal.number]
        if tree.size != seal.count or tree.root().hex() != seal.root:
            broken.append(seal)
    return broken


def _explain(
    connection: psycopg.Connection[Any], folder: Path, known: list[Seal], broken: list[Seal]
) -> list[Finding]:
    """Which rows of the broken seals were touched and how, told by the digests that were written outside."""
    if not broken:
        return []
    findings: list[Finding] = []
    present: dict[int, dict[int, events.Row]] = {seal.number: {} for seal in broken}
    ranges = seals.Ranges(known)
    after, upto = _stretch(connection, broken)
    for row in events.rows(connection, after, upto):
        seal = ranges.of(row.id, row.xid)
        if seal is not None and seal.number in present:
            present[seal.number][row.id] = row
    missing: dict[int, tuple[Seal, bytes]] = {}
    strange: list[tuple[Seal, events.Row]] = []
    for seal in broken:
        sealed = _sealed(folder, seal)
        here = present[seal.number]
        if sealed is None:
            findings += _roughly(seal, here)
            continue
        for number, digest in sealed.items():
            if number not in here or here[number].computed != digest:
                missing[number] = (seal, digest)
        strange += [(seal, row) for row in here.values() if sealed.get(row.id) != row.computed]
    origins = {digest: number for number, (_seal, digest) in missing.items()}
    touched: dict[tuple[Kind, int], list[int]] = {}
    accounted: set[int] = set()
    for seal, row in strange:
        origin = origins.get(row.computed)
        kind: Kind
        if origin is not None:
            kind = "reordered" if row.stored == row.computed else "payload_swapped"
            accounted.add(origin)
        elif row.id in missing:
            kind = "rewritten" if row.stored == row.computed else "edited"
        else:
            kind = "inserted"
        accounted.add(row.id)
        touched.setdefault((kind, seal.number), []).append(row.id)
    gone = sorted(number for number in missing if number not in accounted)
    tail = _tail(connection, gone)
    for number in gone:
        touched.setdefault(
            ("truncated" if number in tail else "deleted", missing[number][0].number), []
        ).append(number)
    findings += [
        Finding(kind, "", seal, tuple(sorted(numbers))) for (kind, seal), numbers in sorted(touched.items())
    ]
    return findings


def _stretch(connection: psycopg.Connection[Any], broken: list[Seal]) -> tuple[int, int]:
    """The ids between which every row of these seals must lie: each seal's transactions, wherever their ids are."""
    row = connection.execute(
        "SELECT min(id), max(id) FROM public.ledger_event WHERE xid >= %s::text::xid8 AND xid < %s::text::xid8",
        [str(min(seal.from_xid for seal in broken)), str(max(seal.to_xid for seal in broken))],
    ).fetchone()
    return (row[0] - 1, row[1]) if row and row[0] is not None else (0, 0)


def _sealed(folder: Path, seal: Seal) -> dict[int, bytes] | None:
    """The digests that were sealed; None unless they are known and lead to the signed root."""
    found = seals.digests(folder, seal)
    if found is None:
        return None
    tree = Tree()
    for _number, digest in found:
        tree.add(seals.leaf_of(digest))
    return dict(found) if tree.root().hex() == seal.root else None


def _roughly(seal: Seal, here: dict[int, events.Row]) -> list[Finding]:
    """What can be said without the digests outside: by the seal, not by the row."""
    edited = tuple(sorted(row.id for row in here.values() if row.stored != row.computed))
    findings = [Finding("edited", "内容与自身摘要不符", seal.number, edited)] if edited else []
    if len(here) < seal.count:
        kind: Kind = "deleted" if seal.last_id in here else "truncated"
        findings.append(Finding(kind, f"少了 {seal.count - len(here)} 条", seal.number))
    elif len(here) > seal.count:
        findings.append(Finding("inserted", f"多了 {len(here) - seal.count} 条", seal.number))
    elif not edited:
        findings.append(
            Finding("rewritten", "有事件被改写或者调换,库外没有逐条摘要,不能指出是哪一条", seal.number)
        )
    return findings


def _tail(connection: psycopg.Connection[Any], gone: list[int]) -> set[int]:
    """Those of the missing events behind which no event stands any more."""
    if not gone:
        return set()
    row = connection.execute("SELECT coalesce(max(id), 0) FROM public.ledger_event").fetchone()
    last = int(row[0]) if row else 0
    return {number for number in gone if number > last}
