"""What every test shares. The database is the one DATABASE_URL names."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from xdist.scheduler import LoadScopeScheduling

# A shared machine is slow at times; a slow example is no failure.
settings.register_profile(
    "qipan",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    # What CI says of a commit, it says again; new examples are looked for wherever else the tests run.
    derandomize=bool(os.environ.get("CI")),
)
settings.load_profile("qipan")


class Together(LoadScopeScheduling):
    """Tests go one by one to the processes that run side by side, some together to one.

    A folder that looks back at all its tests goes whole, as does the one whose tests share a whole system; and so does a
    file that builds a world once for all of its own.
    """

    tests = Path(__file__).parent / "tests"
    folders = frozenset({"setup", *(path.parent.name for path in tests.glob("*/test_no_guard_is_idle.py"))})
    files = frozenset(
        path.name
        for path in tests.rglob("test_*.py")
        if any('scope="module"' in each.read_text() for each in (path, *path.parent.glob("conftest.py")))
    )

    def _split_scope(self, nodeid: str) -> str:
        file = Path(nodeid.partition("::")[0])
        if file.parent.name in self.folders:
            return str(file.parent)
        return str(file) if file.name in self.files else nodeid


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Together:
    """How `-n` shares the tests out."""
    return Together(config, log)


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    django_db_modify_db_settings: None,
    django_db_createdb: bool,
    django_db_keepdb: bool,
    django_db_blocker: Any,
) -> None:
    """A test database is a copy of the migrated one; `--create-db` makes that one again."""
    from django.db import connection

    from tests import template

    with django_db_blocker.unblock():
        if not (django_db_keepdb and not django_db_createdb and template.exists(connection)):
            connection.settings_dict["TEST"]["TEMPLATE"] = template.ready(anew=django_db_createdb)


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any) -> None:
    """The suite owns its tables; the second wall is made to hold for the owner too, as it holds for the application.

    What a test itself reads and writes it does as the installation's own work; its requests meet the wall.
    """
    from django.db import connection

    from qipan.conf import wall

    with django_db_blocker.unblock(), connection.cursor() as cursor:
        for table in wall.TABLES:
            cursor.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")


@pytest.fixture(autouse=True)
def empty_queue(request: pytest.FixtureRequest) -> Iterator[None]:
    """A test that commits leaves no job behind and finds none: the queue's tables are not emptied with the others."""
    mark = request.node.get_closest_marker("django_db")
    commits = {"transactional_db", "live_server"} & set(request.fixturenames)
    if not commits and not (mark and mark.kwargs.get("transaction")):
        yield
        return
    request.getfixturevalue("transactional_db")
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM procrastinate_jobs")
    yield
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM procrastinate_jobs")


@pytest.fixture(autouse=True)
def nothing_kept() -> None:
    """A test rolls back what an earlier one read and kept."""
    from qipan.kernel.law import dated

    dated.forget()
