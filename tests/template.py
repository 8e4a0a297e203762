"""The migrated database that every test database is a copy of: made once for each state of the migrations, and kept.

`python -m tests.template` makes it beforehand on the server that DATABASE_URL names.
"""

import hashlib
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
PREFIX = "qipan_template_"


def name() -> str:
    """What the template of these migrations and these pinned packages is called."""
    from qipan.conf.digest import of_files

    files = [*(ROOT / "src").rglob("migrations/*.py"), *(ROOT / "requirements").glob("*.txt")]
    return PREFIX + hashlib.sha256(of_files(files, ROOT).encode()).hexdigest()[:16]


def exists(connection: Any) -> bool:
    """The test database itself is there, left by a run with `--reuse-db`."""
    with connection._nodb_cursor() as cursor:
        wanted = connection.creation._get_test_db_name()
        cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [wanted])
        return cursor.fetchone() is not None


def ready(*, anew: bool = False) -> str:
    """The name of the template, which is there afterwards; templates of other states are dropped.

    Whoever else needs it at the same moment waits. `anew` makes it again.
    """
    from django.db import connection

    wanted = name()
    with connection._nodb_cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(hashtext(%s))", [PREFIX])
        cursor.execute("SELECT datname FROM pg_database WHERE starts_with(datname, %s)", [PREFIX])
        there = {row[0] for row in cursor.fetchall()}
        for other in there - (set() if anew else {wanted}):
            cursor.execute(f'DROP DATABASE "{other}"')
        if anew or wanted not in there:
            draft = f"{wanted}_draft"
            cursor.execute(f'CREATE DATABASE "{draft}"')
            _migrate(connection, draft)
            cursor.execute(f'ALTER DATABASE "{draft}" RENAME TO "{wanted}"')
    return wanted


def _migrate(connection: Any, database: str) -> None:
    from django.core.management import call_command

    before = connection.settings_dict["NAME"]
    connection.close()
    connection.settings_dict["NAME"] = database
    try:
        call_command("migrate", verbosity=0, interactive=False, run_syncdb=True)
    finally:
        connection.close()
        connection.settings_dict["NAME"] = before


if __name__ == "__main__":
    import django

    django.setup()
    ready()
