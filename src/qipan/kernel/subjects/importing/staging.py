"""The staging tables of an import: temporary, filled by COPY, gone with the transaction.

What is personal is sealed before it is copied: no plain name or number of a person reaches the database.
"""

import dataclasses
import json
import uuid as uuids
from collections.abc import Iterable, Sequence
from typing import Any

from django.db import connection

from qipan.kernel.accounts.vault import sealing
from qipan.kernel.subjects import searching
from qipan.kernel.subjects.importing.rows import Code, ImportedRow, Note, Place, Record

FACTS = {
    "name": "text",
    "type": "text",
    "type_guess": "text",
    "is_branch": "boolean",
    "status": "text",
    "industry": "text",
    "business_scope": "text",
    "capital": "numeric(18,4)",
    "currency": "text",
    "established_on": "date",
    "approved_on": "date",
    "term_to": "date",
    "domicile": "text",
    "org_path": "text",
}
SEALED = {
    "person": "uuid",
    "person_key": "bytea",
    "name_sealed": "bytea",
    "id_number_sealed": "bytea",
    "phone_sealed": "bytea",
    "email_sealed": "bytea",
    "id_number_index": "text",
    "phone_index": "text",
    "email_index": "text",
    "person_digest": "text",
}
COLUMNS = {
    "seq": "integer",
    "sheet": "text",
    "line": "integer",
    "key": "text",
    "digest": "text",
    **FACTS,
    "grams": "text[]",
    "codes": "jsonb",
    "place": "jsonb",
    "records": "jsonb",
    **SEALED,
}
NOTES = {
    "seq": "integer",
    "sheet": "text",
    "line": "integer",
    "level": "text",
    "field": "text",
    "value": "text",
    "reason": "text",
    "todo": "text",
}
TABLES = ("staged", "staged_code", "staged_record", "keyed", "refused", "changed", "noted")


def make() -> None:
    """Empty staging tables in the present transaction."""
    with connection.cursor() as cursor:
        for table in TABLES:
            cursor.execute(f"DROP TABLE IF EXISTS pg_temp.import_{table}")
        columns = ", ".join(f"{name} {kind}" for name, kind in COLUMNS.items())
        cursor.execute(f"CREATE TEMP TABLE import_staged ({columns}, outcome text) ON COMMIT DROP")
        columns = ", ".join(f"{name} {kind}" for name, kind in NOTES.items())
        cursor.execute(f"CREATE TEMP TABLE import_noted ({columns}) ON COMMIT DROP")


def stage(rows: Sequence[ImportedRow]) -> None:
    """Copy rows into the staging table."""
    # Sealing may ask the database for the vault's keys: never while a COPY has the connection.
    ready = [_values(row) for row in rows]
    with (
        connection.cursor() as cursor,
        cursor.copy(f"COPY import_staged ({', '.join(COLUMNS)}) FROM STDIN") as copy,
    ):
        for values in ready:
            copy.write_row(values)


def note(notes: Iterable[Note]) -> None:
    """Copy what the report will say."""
    with (
        connection.cursor() as cursor,
        cursor.copy(f"COPY import_noted ({', '.join(NOTES)}) FROM STDIN") as copy,
    ):
        for one in notes:
            copy.write_row(dataclasses.astuple(one))


def _values(row: ImportedRow) -> tuple[Any, ...]:
    addresses = [row.domicile, *([row.place.address, row.place.name] if row.place else [])]
    return (
        row.seq,
        row.sheet,
        row.line,
        row.key(),
        row.digest(),
        *(getattr(row, name) for name in FACTS),
        searching.grams(row.name, [code.value for code in row.codes], addresses),
        _json([_said(code) for code in row.codes]),
        _json(_said(row.place)) if row.place else None,
        _json([_said(record) for record in row.records]),
        *_sealed(row),
    )


def _said(part: Code | Place | Record) -> dict[str, Any]:
    # dataclasses.asdict would copy every value, for every row of the file.
    return {name: getattr(part, name) for name in part.__slots__}


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)


def _sealed(row: ImportedRow) -> tuple[Any, ...]:
    digest = row.person_digest()
    if not digest:
        return (None,) * (len(SEALED) - 1) + ("",)
    person = uuids.uuid4()
    columns = sealing.sealed_columns(
        person, {name: row.person.get(name, "") for name in ("name", "id_number", "phone", "email")}
    )
    columns["person_key"] = columns.pop("key")
    return (person, *(columns[name] for name in list(SEALED)[1:-1]), digest)
