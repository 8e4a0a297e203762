"""Running the statements of an import."""

from typing import Any

from django.db import connection


def run(sql: str, parameters: dict[str, Any] | None = None) -> int:
    """One statement; the number of rows it touched."""
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return int(cursor.rowcount)


def around(text: str) -> dict[str, str]:
    """The two halves of a sentence around the number that the database puts in."""
    before, after = text.split("{}")
    return {"before": before, "after": after}
