"""The form in which an event is hashed. docs/ledger.md describes it, so that anyone can check it without this code."""

import datetime
import hashlib
import json
from typing import Any

FIELDS = (
    "uuid",
    "at",
    "name",
    "record_kind",
    "record_id",
    "record_key",
    "subject_id",
    "org_path",
    "actor_kind",
    "actor_id",
    "post",
    "data",
    "reason",
)


def canonical(values: dict[str, Any]) -> bytes:
    """UTF-8 JSON of the fields in their fixed order; moments in UTC with microseconds; keys of `data` sorted."""
    row = []
    for name in FIELDS:
        value = values[name]
        if isinstance(value, datetime.datetime):
            value = value.astimezone(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        elif name == "uuid":
            value = str(value)
        row.append(value)
    return json.dumps(row, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def refuse_what_does_not_keep(value: Any) -> None:
    """Raise ValueError for a number that the database would hand back otherwise written, so that its hash would differ."""
    if isinstance(value, float) and ((not 1e-300 < abs(value) < 1e15 and value != 0) or str(value) == "-0.0"):
        raise ValueError(f"{value!r} cannot stand in an event")
    for each in (
        value.values() if isinstance(value, dict) else value if isinstance(value, list | tuple) else ()
    ):
        refuse_what_does_not_keep(each)


def digest(values: dict[str, Any]) -> bytes:
    """SHA-256 of the canonical form."""
    return hashlib.sha256(canonical(values)).digest()
