"""The events: streamed out of the database and hashed again, by several processes where there are many."""

import re
from array import array
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from typing import Any

import psycopg

from qipan.verifier.form import event_leaf

CHUNK = 20_000
#: Fewer events than this are not worth a second process.
MANY = 60_000
COPY = """
COPY (SELECT id, xid::text, uuid, to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), name, record_kind,
             record_id, record_key, coalesce(subject_id::text, 'null'), org_path, actor_kind,
             coalesce(actor_id::text, 'null'), post, data::text, reason, encode(digest, 'hex')
      FROM public.ledger_event WHERE id > {after} AND id <= {upto} ORDER BY id) TO STDOUT
"""
_ESCAPE = re.compile(r"\\(.)", re.S)
_MEANT = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f", "v": "\v", "\\": "\\"}


@dataclass(frozen=True)
class Hashed:
    """Events of one stretch of ids: id, transaction and leaf of each in order, and who contradicts his own digest."""

    ids: "array[int]"
    xids: "array[int]"
    leaves: bytes
    contradicting: list[int]


@dataclass(frozen=True)
class Row:
    """One event for a closer look: the digest of its content, and the one that stands in its row."""

    id: int
    xid: int
    computed: bytes
    stored: bytes


def _lines(connection: psycopg.Connection[Any], after: int, upto: int) -> Iterator[list[str]]:
    with (
        connection.cursor() as cursor,
        cursor.copy(COPY.format(after=int(after), upto=int(upto)).encode()) as copy,
    ):
        for block in copy:
            for line in str(block, "utf-8").split("\n"):
                if not line:
                    continue
                fields = line.split("\t")
                if "\\" in line:
                    fields = [_ESCAPE.sub(lambda sign: _MEANT[sign[1]], each) for each in fields]
                yield fields


def rows(connection: psycopg.Connection[Any], after: int, upto: int) -> Iterator[Row]:
    """The events with `after` < id ≤ `upto`, in order."""
    for fields in _lines(connection, after, upto):
        digest, _leaf = event_leaf(fields[2:15])
        yield Row(int(fields[0]), int(fields[1]), digest, bytes.fromhex(fields[15]))


def _hash(connection: psycopg.Connection[Any], after: int, upto: int) -> Hashed:
    ids, xids, leaves, contradicting = array("q"), array("q"), [], []
    for fields in _lines(connection, after, upto):
        digest, leaf = event_leaf(fields[2:15])
        number = int(fields[0])
        ids.append(number)
        xids.append(int(fields[1]))
        leaves.append(leaf)
        if digest.hex() != fields[15]:
            contradicting.append(number)
    return Hashed(ids, xids, b"".join(leaves), contradicting)


_own: psycopg.Connection[Any] | None = None


def connect(address: str) -> psycopg.Connection[Any]:
    """A reading connection that nothing in the database's own settings can bend."""
    connection = psycopg.connect(address, autocommit=True, connect_timeout=10)
    connection.execute("SET search_path = pg_catalog")
    connection.execute("SET default_transaction_read_only = on")
    connection.execute("SET client_encoding = 'UTF8'")
    return connection


def _begin(address: str) -> None:
    global _own
    _own = connect(address)


def _hash_chunk(bounds: tuple[int, int]) -> Hashed:
    assert _own is not None
    return _hash(_own, *bounds)


def hashed(address: str, connection: psycopg.Connection[Any], processes: int) -> Iterator[Hashed]:
    """All events in the order of their ids, a stretch at a time."""
    row = connection.execute("SELECT min(id), max(id) FROM public.ledger_event").fetchone()
    if row is None or row[0] is None:
        return
    lowest, highest = row
    chunks = [(at, min(at + CHUNK, highest)) for at in range(lowest - 1, highest, CHUNK)]
    if processes < 2 or highest - lowest < MANY:
        for bounds in chunks:
            yield _hash(connection, *bounds)
        return
    with ProcessPoolExecutor(processes, get_context("spawn"), _begin, (address,)) as pool:
        waiting = [pool.submit(_hash_chunk, bounds) for bounds in chunks[: processes * 2]]
        following = iter(chunks[processes * 2 :])
        while waiting:
            yield waiting.pop(0).result()
            if (further := next(following, None)) is not None:
                waiting.append(pool.submit(_hash_chunk, further))
