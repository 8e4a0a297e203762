"""A checksum of every table that does not depend on the order of its rows, nor on how they came there."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import psycopg
from psycopg.sql import SQL, Composed, Identifier

Connection = psycopg.Connection[Any]
# What a value looks like as text must not depend on whose session reads it.
STEADY = {
    "DateStyle": "ISO, MDY",
    "TimeZone": "UTC",
    "IntervalStyle": "postgres",
    "extra_float_digits": "3",
    "bytea_output": "hex",
    "row_security": "off",  # rows that a policy hides are an error, not a difference
    "search_path": "pg_catalog",
    "statement_timeout": "0",
    "idle_in_transaction_session_timeout": "0",
}


def columns(connection: Connection) -> dict[str, list[str]]:
    """Every table that holds rows (partitions by themselves), as `schema.table`, with its columns in their order."""
    rows = connection.execute(
        "SELECT n.nspname || '.' || c.relname, array_agg(a.attname::text ORDER BY a.attnum)"
        " FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
        " LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped"
        " WHERE c.relkind = 'r' AND c.relpersistence = 'p' AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'"
        " GROUP BY 1 ORDER BY 1"
    ).fetchall()
    return {name: [column for column in found if column] for name, found in rows}


def identifier(table: str) -> Identifier:
    """`schema.table`, quoted."""
    return Identifier(*table.split(".", 1))


def of_tables(
    connection: Connection,
    tables: Mapping[str, Sequence[str]] | None = None,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> dict[str, list[Any]]:
    """[rows, checksum] by table, in the transaction that is open. `tables` may name the columns that count.

    The checksum is the sum of the rows' MD5 in two halves: it finds accidents, not forgery (the ledger's seals do).
    """
    for name, value in STEADY.items():
        connection.execute("SELECT set_config(%s, %s, false)", [name, value])
    wanted = columns(connection) if tables is None else tables
    found: dict[str, list[Any]] = {}
    for done, (table, names) in enumerate(wanted.items()):
        progress(done, len(wanted))
        row = connection.execute(_query(table, names)).fetchone()
        assert row is not None
        found[table] = [row[0], "".join(f"{int(half) % 2**64:016x}" for half in row[1:])]
    progress(len(wanted), len(wanted))
    return found


def _query(table: str, names: Sequence[str]) -> Composed:
    half = SQL("coalesce(sum(('x' || substr(h, {}, 16))::bit(64)::bigint::numeric), 0)")
    return SQL("SELECT count(*), {}, {} FROM (SELECT md5(ROW({})::text) AS h FROM ONLY {}) each").format(
        half.format(1), half.format(17), SQL(", ").join(map(Identifier, names)), identifier(table)
    )


def differences(before: Mapping[str, list[Any]], after: Mapping[str, list[Any]]) -> list[str]:
    """The tables that are not the same in both."""
    return sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))
