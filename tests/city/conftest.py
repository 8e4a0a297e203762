"""A city is copied in by the owner of the tables, whom the second wall does not hold back: COPY knows no policies."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import override_settings

from qipan.city import building
from qipan.city.models import City
from qipan.city.shape import Plan
from qipan.conf import wall
from qipan.kernel.law import calendar, catalogue, terms


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


@contextmanager
def standing(plan: Plan, unblocked: Any, folders: pytest.TempPathFactory) -> Iterator[City]:
    """A city built once for the tests of a file, as a fixture of the whole file holds it; rolled back at the end."""
    home = override_settings(HOME=folders.mktemp("city"))
    with unblocked.unblock(), home, transaction.atomic():
        calendar.forget()
        terms.forget()
        catalogue.load_all()
        yield building.build(plan)
        transaction.set_rollback(True)
