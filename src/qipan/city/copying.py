"""Tables filled by COPY, column by column, with the number and a digest of what went in.

Row history (pghistory) is kept by triggers, and COPY fires them: tables that keep a state per insert (accounts, staff)
get theirs; cases, orders and publications keep states of changes and deletions only, so a new row has none to keep.
Nothing is switched off.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
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


@dataclass(frozen=True)
class Copy:
    """Rows on their way into a table: the statement and its bytes."""

    statement: str
    parts: list[bytes]

    def run(self) -> None:
        """Write them over this thread's connection."""
        with connection.cursor() as cursor, cursor.copy(self.statement) as copy:
            for part in self.parts:
                copy.write(part)


_waiting: ContextVar[list[Copy] | None] = ContextVar("waiting", default=None)


@contextmanager
def collected() -> Iterator[list[Copy]]:
    """What sheets put meanwhile is not written but gathered here, in its order, for somebody else to write."""
    copies: list[Copy] = []
    before = _waiting.set(copies)
    try:
        yield copies
    finally:
        _waiting.reset(before)


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
        if self.numbered:
            given[self.model._meta.pk.column] = self._take_ids(count)  # type: ignore[union-attr]
        copy = self._copy(given, count)
        waiting = _waiting.get()
        if waiting is None:
            copy.run()
        else:
            waiting.append(copy)
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

    def _take_ids(self, count: int) -> Sequence[str]:
        """A run of ids without a gap: where another writer took one meanwhile, the next run."""
        key = self.model._meta.pk.column  # type: ignore[union-attr]
        with connection.cursor() as cursor:
            while True:
                cursor.execute(
                    "SELECT min(id), max(id) FROM (SELECT nextval(pg_get_serial_sequence(%s, %s)::regclass) AS id"
                    " FROM generate_series(1, %s)) taken",
                    [connection.ops.quote_name(self.table), key, count],
                )
                first, last = cursor.fetchone()
                if last - first == count - 1:
                    self.base = int(first)
                    return list(map(str, range(first, last + 1)))

    def _copy(self, given: Mapping[str, Column], count: int) -> Copy:
        texts = [_texts(value, count) for value in given.values()]
        names = ", ".join(connection.ops.quote_name(name) for name in given)
        parts = []
        for start in range(0, count, LINES):
            part = zip(*(column[start : start + LINES] for column in texts), strict=True)
            parts.append(("\n".join(map("\t".join, part)) + "\n").encode())
        return Copy(f"COPY {connection.ops.quote_name(self.table)} ({names}) FROM STDIN", parts)


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
