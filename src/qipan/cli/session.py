"""What a subcommand gets before it runs: settings, a running and migrated database, Django.

A subcommand's module may say `DATABASE = "app"` (the default), `"owner"`, or None when it needs no database.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from qipan.conf import home
from qipan.conf.database import Database, Used
from qipan.conf.supervisor import MARK


class Refusal(Exception):
    """The command cannot do what was asked; the message says why and what to do."""


def tell(text: str) -> None:
    """A line for the person at the terminal; results for programs go to standard output."""
    print(text, file=sys.stderr, flush=True)


def use_settings(mode: home.Mode | None = None) -> None:
    """Chooses Django's settings: the environment's, else those of this home's mode (demo where there is none)."""
    known = mode or home.mode() or "demo"
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", f"qipan.conf.settings.{known}")
    os.environ.setdefault("QIPAN_LOG_LEVEL", "WARNING")  # at a terminal; services say more in their logs
    os.environ["QIPAN_SECRET_KEY"] = home.secret_key()


@contextmanager
def session(role: Used | None) -> Iterator[Database | None]:
    """Settings chosen, database running and migrated, Django set up, for as long as the block runs: the database."""
    if role is None:
        yield None
        return
    use_settings()
    database = Database(tell)
    with database.running():
        # An operator's own database is migrated by `serve`, `demo` or `manage migrate`, not by each command.
        if database.server is not None and MARK not in os.environ:
            database.migrate()
        database.use(role)
        import django  # after the settings are chosen

        django.setup()
        yield database
