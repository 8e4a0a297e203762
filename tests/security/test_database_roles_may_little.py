"""The roles of the embedded database: none is mighty, the application's owns nothing, reports read no secrets."""

import os
import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.apps import apps
from django.conf import settings
from django.db import connection

from qipan.conf.database import CLOSED_TO_REPORTS, Database
from qipan.conf.postgres import ROLES

ORDINARY = [name for role, name in ROLES.items() if role != "superuser"]
SIGN_IN = {"sessions", "usersessions", "mfa", "account", "axes", "accounts"}


def opens_something(model: Any, column: str) -> bool:
    """Whether a column, by its name, holds what opens a door: anywhere a secret, in the rooms of sign-in a digest too."""
    return (
        column in {"password", "secret", "session_key", "session_data", "session_hash", "post_data"}
        or column.endswith("_sealed")
        or (model._meta.app_label in SIGN_IN and column in {"key", "digest", "data"})
    )


@pytest.fixture
def ask(db: None) -> Iterator[Any]:
    def one(query: str, *values: Any) -> list[Any]:
        with connection.cursor() as cursor:
            cursor.execute(query, values)
            return cursor.fetchall()

    if not one("SELECT 1 FROM pg_roles WHERE rolname = 'qipan_app'"):
        pytest.skip("another PostgreSQL: its roles are the operator's")
    yield one


def test_no_role_of_the_product_is_mighty(ask: Any) -> None:
    mighty = ask(
        "SELECT rolname FROM pg_roles WHERE rolname = ANY(%s)"
        " AND (rolsuper OR rolcreaterole OR rolbypassrls OR rolreplication)",
        ORDINARY,
    )
    assert mighty == [] and len(ask("SELECT 1 FROM pg_roles WHERE rolname = ANY(%s)", ORDINARY)) == 4


def test_the_application_owns_nothing_and_cannot_take_the_triggers_away(ask: Any) -> None:
    assert ask("SELECT tablename FROM pg_tables WHERE tableowner = 'qipan_app'") == []
    for right in ("TRUNCATE", "TRIGGER", "REFERENCES"):
        assert ask("SELECT has_table_privilege('qipan_app', 'ledger_event', %s)", right) == [(False,)], right
    assert ask("SELECT has_schema_privilege('qipan_app', 'public', 'CREATE')") == [(False,)]
    assert ask("SELECT has_table_privilege('qipan_app', 'ledger_event', 'INSERT')") == [(True,)]


def test_reports_and_auditors_write_nothing(ask: Any) -> None:
    for role in ("qipan_readonly", "qipan_audit"):
        for right in ("INSERT", "UPDATE", "DELETE"):
            assert ask("SELECT has_table_privilege(%s, 'ledger_event', %s)", role, right) == [(False,)]
    assert ask("SELECT has_table_privilege('qipan_audit', 'accounts_person', 'SELECT')") == [(False,)]


def test_every_table_that_opens_something_is_closed_to_reports() -> None:
    found = {
        model._meta.db_table
        for model in apps.get_models()
        if any(opens_something(model, field.column) for field in model._meta.concrete_fields)
    }
    assert found == set(CLOSED_TO_REPORTS)


@pytest.mark.django_db(transaction=True)
def test_reports_and_auditors_read_no_secrets() -> None:
    """The grants, carried out on the suite's own database."""
    name = settings.DATABASES["default"]["NAME"]
    database = Database()
    database._given_owner = re.sub(r"/\w+\?", f"/{name}?", os.environ["DATABASE_URL"])
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = 'qipan_app'")
        if not cursor.fetchone():
            pytest.skip("another PostgreSQL: its roles are the operator's")
        database.grant()
        for role in ("qipan_readonly", "qipan_audit"):
            for table in CLOSED_TO_REPORTS:
                cursor.execute("SELECT has_table_privilege(%s, %s, 'SELECT')", [role, table])
                assert cursor.fetchone() == (False,), (role, table)
            cursor.execute("SELECT has_table_privilege(%s, 'ledger_event', 'SELECT')", [role])
            assert cursor.fetchone() == (True,)
