"""A crash kills every pooled connection at once: the first that is found dead takes the others along."""

import time
from typing import Any

import psycopg
import pytest
from psycopg_pool import ConnectionPool

from qipan.conf import pooling
from tests.jobs.test_a_killed_worker_loses_and_doubles_nothing import address


@pytest.mark.django_db(transaction=True)
def test_a_request_waits_for_the_database_and_not_for_each_dead_connection() -> None:
    options: dict[str, Any] = {"kwargs": {"autocommit": True, "application_name": "pool_drill"}, "open": True}
    with ConnectionPool(
        address(), min_size=6, max_size=6, timeout=10, connection_class=pooling.Connection,
        check=ConnectionPool.check_connection, **options,
    ) as pool:  # fmt: skip
        pool.wait()
        with psycopg.connect(address(), autocommit=True) as other:
            ended = other.execute(
                "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = 'pool_drill'"
            ).fetchone()
        assert ended == (6,)
        begun = time.monotonic()
        with pool.connection() as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)
        assert time.monotonic() - begun < 5
