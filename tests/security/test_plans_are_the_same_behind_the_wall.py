"""Inbox, lists and single rows are found by the same indexes behind the second wall as without it.

A row costs a little more behind it. Where two ways were nearly as dear as one another without the wall, the planner may
therefore take the other one: only towards the index of the reader's own rows, and only seldom.
"""

import json
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from django.db import connection

from benchmarks.wall import ROWS, asked
from qipan.conf import wall
from qipan.kernel.orgs.models import Level, Unit
from tests.orgs.factories import UnitTree

pytestmark = pytest.mark.django_db
#: Indexes that begin with whose the row is.
OWN_ROWS = {"flow_case_org", "flow_case_open_due", "flow_case_opened_by", "flow_order_inbox", "flow_order_issuer"}


def force(how: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for table in wall.TABLES:
            cursor.execute(f"ALTER TABLE {table} {how} ROW LEVEL SECURITY")


def nodes(plan: dict[str, Any]) -> Iterator[str]:
    """How each table is read, in the order of the plan; what is worked out once a statement is no part of it."""
    if plan.get("Parent Relationship") != "InitPlan":
        if "Scan" in plan["Node Type"]:
            direction = plan.get("Scan Direction", "")
            yield " ".join(
                filter(None, (plan["Node Type"], plan.get("Index Name", plan.get("Relation Name")), direction))
            )
        for below in plan.get("Plans", ()):
            yield from nodes(below)


def planned(statement: str) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (FORMAT JSON) {statement}".replace("%", "%%"), ())
        found = cursor.fetchone()[0]
    return list(nodes((json.loads(found) if isinstance(found, str) else found)[0]["Plan"]))


def test_the_same_indexes_are_used_with_the_wall_and_without() -> None:
    tree = UnitTree()
    Unit.objects.bulk_create(
        Unit(code=f"X{number}", name=f"所{number}", short_name=f"所{number}", level=Level.OFFICE,
             path=f"SZ/X{number % 9}/X{number}/", parent=tree.city)
        for number in range(70)
    )  # fmt: skip
    with connection.cursor() as cursor:
        with psycopg.ClientCursor(connection.connection) as several:  # more than one statement
            several.execute(ROWS, {"cases": 20_000, "orders": 3_700})
        for table in (*wall.TABLES, "flow_participant"):
            cursor.execute(f"ANALYZE {table}")
    statements = [(title, setting, each) for title, setting, several in asked() for each in several]
    force("NO FORCE")
    free = [planned(statement) for _title, _setting, statement in statements]
    force("FORCE")
    other = []
    for (title, setting, statement), without in zip(statements, free, strict=True):
        with wall.standing(setting):
            behind = planned(statement)
        assert not {"Seq Scan flow_case", "Seq Scan flow_workorder"} & set(behind), (title, statement)
        if own(behind) != own(without):
            assert own(behind) & OWN_ROWS, (title, behind, without)
            other.append((title, without, behind))
    assert len(statements) > 50 and len(other) <= len(statements) // 8, other
    used = {index for plan in free for index in own(plan)}
    assert used >= OWN_ROWS | {"flow_case_uuid_key", "flow_case_number_once"}


def own(plan: list[str]) -> set[str]:
    """By which of their indexes cases and orders are read."""
    names = {node.split()[-1 - node.endswith(("Forward", "Backward"))] for node in plan}
    return {name for name in names if name.startswith(("flow_case_", "flow_order_", "flow_workorder_"))}
