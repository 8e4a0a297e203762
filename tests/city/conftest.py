"""A city is copied in by the owner of the tables, whom the second wall does not hold back: COPY knows no policies."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection

from qipan.conf import wall


@pytest.fixture(scope="module", autouse=True)
def owner_is_free(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """The suite's role is the owner again, as `./qipan city` has it."""

    def force(how: str) -> None:
        with django_db_blocker.unblock(), connection.cursor() as cursor:
            for table in wall.TABLES:
                cursor.execute(f"ALTER TABLE {table} {how} ROW LEVEL SECURITY")

    force("NO FORCE")
    yield
    force("FORCE")
