"""What every test shares. The database is the one DATABASE_URL names."""

import pytest
from hypothesis import HealthCheck, settings

# A shared machine is slow at times; a slow example is no failure.
settings.register_profile("qipan", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("qipan")


@pytest.fixture(autouse=True)
def empty_queue(request: pytest.FixtureRequest) -> None:
    """A test that commits finds no job that an earlier one left: the queue's tables are not emptied with the others."""
    mark = request.node.get_closest_marker("django_db")
    commits = {"transactional_db", "live_server"} & set(request.fixturenames)
    if not commits and not (mark and mark.kwargs.get("transaction")):
        return
    request.getfixturevalue("transactional_db")
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM procrastinate_jobs")


@pytest.fixture(autouse=True)
def nothing_kept() -> None:
    """A test rolls back what an earlier one read and kept."""
    from qipan.kernel.law import dated

    dated.forget()
