"""The database a command works on: the one DATABASE_URL names, or the embedded one.

The web application and its workers connect as `app`, migrations as `owner`.
"""

import hashlib
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Literal

import psycopg
from psycopg.sql import SQL, Identifier

from qipan.conf import environment as env
from qipan.conf import home, wall
from qipan.conf.digest import of_files
from qipan.conf.postgres import Cluster, DatabaseFailure, Role, Server

SOURCES = env.ROOT / "src" / "qipan"
# Tables that reports have no business with: sign-in secrets, sessions, the vault of personal data.
CLOSED_TO_REPORTS = (
    "django_session",
    "usersessions_usersession",
    "mfa_authenticator",
    "account_emailconfirmation",
    "axes_accessattempt",
    "axes_accesslog",
    "accounts_user",
    "accounts_person",
    "accounts_letter",
    "accounts_apitoken",
    "accounts_onetimecode",
    "accounts_bucket",
    "ledger_subscription",
)
"""Tables that open something: keys of sessions, secrets, codes, the vault. Neither reports nor auditors read them."""
Used = Literal["app", "owner"]


EMBEDDED = "QIPAN_EMBEDDED"
#: Lies in a home while a backup is restored into it.
UNFINISHED = "restore.unfinished"


def is_embedded() -> bool:
    """This process works on our own database (whose address stands in DATABASE_URL like any other's)."""
    return env.flag(EMBEDDED)


class Database:
    """What commands need of their database. `server` is None when DATABASE_URL names one."""

    def __init__(self, tell: Callable[[str], None] = lambda text: None) -> None:
        self.tell = tell
        # Read once: `connect` puts the role's address into the same variable for Django.
        self._given = env.text("DATABASE_URL")
        self._given_owner = env.text("QIPAN_OWNER_DATABASE_URL") or self._given
        self.server = None if self._given else Server(Cluster(env.home()), tell)

    def url(self, role: Role) -> str:
        """The address for a role; an external database has one for all, or a second one for its owner."""
        if self.server is not None:
            return self.server.cluster.url(role)
        return self._given_owner if role == "owner" else self._given

    @contextmanager
    def running(self) -> Iterator[None]:
        """The embedded database runs inside this block; an external one is the operator's."""
        if (env.home() / UNFINISHED).exists():
            raise DatabaseFailure(
                f"{env.home()} 里有一次没有完成的恢复。请重新运行 ./qipan restore,或换一个空的文件夹(QIPAN_HOME)。"
            )
        if self.server is None:
            yield
            return
        with self.server.running():
            yield

    def use(self, role: Used) -> None:
        """Django (and every child process) connects under this role from now on."""
        os.environ["DATABASE_URL"] = self.url(role)
        os.environ[EMBEDDED] = "1" if self.server is not None else "0"

    def is_migrated(self) -> bool:
        """The migrations on disk are the ones that were applied to this very database."""
        return home.state().get("migrated") == self._fingerprint()

    def migrate(self) -> bool:
        """Brings the tables up to date, as their owner; False when there was nothing to do."""
        if self.is_migrated():
            return False
        self.tell("正在更新数据表…")
        # A process of its own: this one stays free to connect as another role.
        command = [sys.executable, "-P", "-m", "django", "migrate", "--no-input", "--verbosity=0"]
        done = subprocess.run(  # noqa: S603
            command,
            env={**os.environ, "DATABASE_URL": self.url("owner")},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise DatabaseFailure(f"数据表没有更新成功,已有数据没有改动:\n{done.stderr[-3000:]}")
        if self.server is not None:
            self.grant()
        home.remember(migrated=self._fingerprint())
        return True

    def identity(self) -> str:
        """Names this very database: another one at the same address has another identity. Empty before migration."""
        with psycopg.connect(self.url("owner"), connect_timeout=10) as connection:
            if connection.execute("SELECT to_regclass('django_migrations')").fetchone() == (None,):
                return ""
            row = connection.execute("SELECT min(applied)::text FROM django_migrations").fetchone()
        return str(row[0]) if row else ""

    def is_loaded(self) -> bool:
        """The catalogue files on disk are the ones that were loaded into this very database."""
        return home.state().get("loaded") == self._catalogues()

    def note_loaded(self) -> None:
        """Every catalogue was loaded just now."""
        home.remember(loaded=self._catalogues())

    def _catalogues(self) -> str:
        files = [path for path in SOURCES.rglob("catalogue/**/*") if path.is_file()]
        return self.identity() + of_files(files, SOURCES)

    def _fingerprint(self) -> str:
        """Digest of the migrations on disk and of the ones recorded in the database."""
        files = [*SOURCES.rglob("migrations/*.py"), env.ROOT / "requirements" / "base.txt"]
        digest = hashlib.sha256((of_files(files, env.ROOT) + repr((CLOSED_TO_REPORTS, wall.TABLES))).encode())
        with psycopg.connect(self.url("owner"), connect_timeout=10) as connection:
            if connection.execute("SELECT to_regclass('django_migrations')").fetchone() != (None,):
                rows = connection.execute("SELECT app, name, applied FROM django_migrations ORDER BY id")
                digest.update(repr(rows.fetchall()).encode())
        return digest.hexdigest()

    def grant(self) -> None:
        """What follows from a table's meaning rather than from the default privileges of its owner's tables."""
        with psycopg.connect(self.url("owner"), autocommit=True) as connection:
            rows = connection.execute(
                "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
            ).fetchall()
            for (table,) in rows:
                if table in CLOSED_TO_REPORTS:
                    connection.execute(
                        SQL("REVOKE SELECT ON {} FROM qipan_readonly, qipan_audit").format(Identifier(table))
                    )
                elif table.startswith("ledger_"):
                    connection.execute(SQL("GRANT SELECT ON {} TO qipan_audit").format(Identifier(table)))
                elif table in wall.TABLES:  # reports are of the whole city
                    connection.execute(
                        SQL("DROP POLICY IF EXISTS qipan_reports ON {0}; "
                            "CREATE POLICY qipan_reports ON {0} FOR SELECT TO qipan_readonly USING (true)")
                        .format(Identifier(table))
                    )  # fmt: skip
