"""The catalogues, loaded for a test: `load_catalogues()` inside a test with a database.

Without the units: tests make the few they need with `UnitTree`. They are read, checked and loaded as `./qipan load`
does once a run; from then on a test that finds the tables empty gets the very same rows by COPY, and one that has
them all keeps them.
"""

from django.apps import apps
from django.db import connection, transaction

from qipan.kernel.law import calendar, catalogue, terms
from qipan.kernel.law.models import LawRule

_rows: dict[str, bytes] = {}
_known: dict[str, int] = {}


def load_catalogues() -> None:
    """Everything that the installed apps ship, as `./qipan load` loads it, but for the organisation."""
    calendar.forget()
    terms.forget()
    with transaction.atomic(), connection.cursor() as cursor:
        if not _rows or LawRule.objects.exists():
            if _rows and _counted(cursor) == _known:
                return
            before = _filled(cursor)
            catalogue.load_all(without=frozenset({"units", "posts"}))
            if not _rows and not before:
                _rows.update({table: _copied(cursor, table) for table in sorted(_filled(cursor))})
                _known.update(_counted(cursor))
            return
        for table, rows in _rows.items():
            with cursor.copy(f'COPY "{table}" FROM STDIN') as copy:
                copy.write(rows)


def _filled(cursor) -> set[str]:
    """The tables of our apps that hold a row."""
    tables = [model._meta.db_table for model in apps.get_models() if model.__module__.startswith("qipan.")]
    cursor.execute(" UNION ALL ".join(f"(SELECT '{table}' FROM \"{table}\" LIMIT 1)" for table in tables))
    return {row[0] for row in cursor.fetchall()}


def _counted(cursor) -> dict[str, int]:
    """How many rows each table of the catalogues holds."""
    cursor.execute(" UNION ALL ".join(f"SELECT '{table}', count(*) FROM \"{table}\"" for table in _rows))
    return dict(cursor.fetchall())


def _copied(cursor, table: str) -> bytes:
    with cursor.copy(f'COPY "{table}" TO STDOUT') as copy:
        return b"".join(bytes(block) for block in copy)
