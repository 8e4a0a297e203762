"""A city is copied in by the owner of the tables, whom the second wall does not hold back: COPY knows no policies."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import override_settings

from qipan.city import building
from qipan.city.models import City
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


@pytest.fixture(scope="module")
def world(
    request: pytest.FixtureRequest,
    owner_is_free: None,
    django_db_blocker: Any,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[City]:
    """The city of a file's PLAN, built once for its tests; rolled back at the end."""
    home = override_settings(HOME=tmp_path_factory.mktemp("city"))
    with django_db_blocker.unblock(), home, transaction.atomic():
        calendar.forget()
        terms.forget()
        catalogue.load_all()
        yield building.build(request.module.PLAN)
        transaction.set_rollback(True)


@pytest.fixture
def city(world: City, db: None) -> City:
    """As it was built, for each test: what a test does is rolled back."""
    return world
