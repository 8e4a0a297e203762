"""Tables filled by COPY, column by column, with the number and a digest of what went in.

Row history (pghistory) is kept by triggers, and COPY fires them: tables that keep a state per insert (accounts, staff)
get theirs; cases, orders and publications keep states of changes and deletions only, so a new row has none to keep.
Nothing is switched off.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.db import connection, models

NULL = r"\N"
LINES = 5000


@dataclass(frozen=True)
class Ref:
    """A column of row numbers within the present block of a sheet (−1: none), written as the ids of those rows."""

    sheet: "Sheet"
    rows: np.ndarray


Column = Sequence[str] | Ref | str
"""Texts as COPY takes them, row numbers, or one text for every row."""


class Sheet:
    """One table that the city fills. `loose` columns (keys, ids of users) differ from run to run and are not digested.

    A `numbered` sheet writes its own ids, so that later sheets of the block can refer to its rows.
    """

    def __init__(self, model: type[models.Model], *loose: str, numbered: bool = False) -> None:
        self.model = model
        self.loose = frozenset(loose)
        self.numbered = numbered
        self.count = 0
        self.base = 0
        self._digest = hashlib.sha256()

    @property
    def table(self) -> str:
        """The table's name."""
        return self.model._meta.db_table

    @property
    def digest(self) -> str:
        """SHA-256 of everything digested so far."""
        return self._digest.hexdigest()

    def note(self, lines: Sequence[str]) -> None:
        """Count and digest rows that are written by other means, or stand there already."""
        self._digest.update("\x1e".join(lines).encode())
        self.count += len(lines)

    def put(self, columns: Mapping[str, Column], count: int, *, noted: bool = False) -> None:
        """Write `count` rows; columns that are not given get their field's default. `noted`: they are digested already.

        Raises ValueError where a field has neither a value nor a default.
        """
        if not count:
            return
        given = {self.model._meta.get_field(name).column: value for name, value in columns.items()}
        for name in sorted(given):
            if name not in self.loose and not noted:
                self._digest.update(name.encode())
                self._digest.update(_content(given[name]))
        given |= self._defaults(given)
        with connection.cursor() as cursor:
            if self.numbered:
                given[self.model._meta.pk.column] = self._take_ids(cursor, count)  # type: ignore[union-attr]
            self._copy(cursor, given, count)
        self.count += 0 if noted else count

    def _defaults(self, given: Mapping[str, Column]) -> dict[str, Column]:
        found: dict[str, Column] = {}
        for field in self.model._meta.local_concrete_fields:
            if field.column in given or field.primary_key or field.null or field.has_db_default():
                continue
            if not field.has_default() and not field.empty_strings_allowed:
                raise ValueError(f"{self.table}.{field.column} has no value and no default")
            value = field.get_default()
            found[field.column] = "{}" if value == {} else "[]" if value == [] else _plain(value)
        return found

    def _take_ids(self, cursor: Any, count: int) -> Sequence[str]:
        """A run of ids; the table is locked against other writers, so nobody takes one of them meanwhile."""
        key = self.model._meta.pk.column  # type: ignore[union-attr]
        quoted = connection.ops.quote_name(self.table)
        cursor.execute(f"LOCK TABLE {quoted} IN SHARE ROW EXCLUSIVE MODE")
        cursor.execute("SELECT pg_get_serial_sequence(%s, %s)", [quoted, key])
        (sequence,) = cursor.fetchone()
        cursor.execute("SELECT nextval(%s::regclass)", [sequence])
        self.base = int(cursor.fetchone()[0])
        cursor.execute("SELECT setval(%s::regclass, %s)", [sequence, self.base + count - 1])
        return list(map(str, range(self.base, self.base + count)))

    def _copy(self, cursor: Any, given: Mapping[str, Column], count: int) -> None:
        texts = [_texts(value, count) for value in given.values()]
        names = ", ".join(connection.ops.quote_name(name) for name in given)
        with cursor.copy(f"COPY {connection.ops.quote_name(self.table)} ({names}) FROM STDIN") as copy:
            for start in range(0, count, LINES):
                part = zip(*(column[start : start + LINES] for column in texts), strict=True)
                copy.write("\n".join(map("\t".join, part)) + "\n")


def _content(value: Column) -> bytes:
    if isinstance(value, Ref):
        return value.rows.astype("<i8").tobytes()
    return value.encode() if isinstance(value, str) else "\x1f".join(value).encode()


def _texts(value: Column, count: int) -> Sequence[str]:
    if isinstance(value, Ref):
        base = value.sheet.base
        return [str(base + row) if row >= 0 else NULL for row in value.rows.tolist()]
    return [value] * count if isinstance(value, str) else value


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return "t" if value else "f"
    return escaped(str(value))


def escaped(text: str) -> str:
    """A text that may hold tabs, line ends or backslashes, as COPY takes it."""
    return text.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")


def days(values: np.ndarray) -> list[str]:
    """Dates as COPY takes them; a missing one is null."""
    texts = np.datetime_as_string(values, unit="D").tolist()
    return [NULL if text == "NaT" else text for text in texts]


def bytes_text(value: bytes | None) -> str:
    """Bytes as COPY takes them."""
    return NULL if value is None else f"\\\\x{value.hex()}"


def array_text(values: Sequence[str]) -> str:
    """A text array of signs that need no escape."""
    return '{"' + '","'.join(values) + '"}' if values else "{}"
