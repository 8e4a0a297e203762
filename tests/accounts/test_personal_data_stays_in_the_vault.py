"""Personal data typed into both loops stands in no table and no file but the vault, history and events included."""

from pathlib import Path

import pytest
from django.conf import settings as conf
from django.db import connection
from django.test import Client

from qipan.domains.licensing import actions
from qipan.kernel.accounts.models import Person
from qipan.kernel.evidence import actions as evidence
from qipan.kernel.flow import actions as flow
from qipan.kernel.flow.models import Case, WorkOrder
from qipan.kernel.jobs.testing import drain
from tests.licensing.city import City
from tests.licensing.test_a_new_restaurant_is_checked_and_decided_by_people import (
    BUSINESS,
    PLACE,
    picture,
    step,
    visit,
)
from tests.orgs.factories import reader_for, signed_in
from tests.portal.test_pages_walk_the_loops import walk_renewal
from tests.subjects.factories import SubjectFactory, owner_of

pytestmark = pytest.mark.django_db
PLANTED = {
    "contact_name": "欧阳澈",
    "contact_phone": "13912345678",
    "manager_name": "司徒岚",
    "manager_phone": "13987654321",
}


@pytest.fixture
def city(settings, tmp_path) -> City:
    settings.HOME = tmp_path
    return City()


def tables() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT quote_ident(tablename) FROM pg_tables WHERE schemaname = 'public'")
        return [row[0] for row in cursor.fetchall()]


def places(text: str) -> set[str]:
    """The tables and files in which a text stands, as it is or as the bytes of UTF-8."""
    found = set()
    with connection.cursor() as cursor:
        for table in tables():
            cursor.execute(
                f"SELECT count(*) FROM {table} t WHERE t::text LIKE %s OR t::text LIKE %s OR t::text LIKE %s",
                [
                    f"%{text}%",
                    f"%{text.encode().hex()}%",
                    "%" + text.encode("unicode_escape").decode().replace("\\", "\\\\") + "%",
                ],
            )
            if cursor.fetchone()[0]:
                found.add(table)
    found |= {
        path.name
        for path in Path(conf.HOME).rglob("*")
        if path.is_file() and text.encode() in path.read_bytes()
    }
    return found


def both_loops(city: City) -> None:
    _subject, grant, _owner = city.restaurant()
    owner = signed_in(Client(), grant.subject.representatives.get().user)
    person = {"contact_name": PLANTED["contact_name"], "contact_phone": PLANTED["contact_phone"]}
    walk_renewal(city, owner, grant, **person)
    subject = SubjectFactory("深圳市新味餐馆")
    user = owner_of(subject)
    reader = reader_for(user)
    plan = evidence.store(picture(), actor=reader.actor(), kind="material", name="布局图.png")
    row = city.drafted(
        "FB-NEW", subject, None, reader, layout_plan=[str(plan.uuid)], **PLACE, **{**BUSINESS, **PLANTED}
    )
    case = actions.submit(row, reader)
    step(case, city.receiver, "accept")
    step(case, city.reviewer, "order_check")
    order = WorkOrder.objects.get(case=case, kind="licensing.check")
    for officer in city.inspectors:
        flow.claim(order, actor=reader_for(officer).actor(None, case.org_path))
    visit(city, Case.objects.get(pk=case.pk))
    step(case, city.decider, "grant")
    drain()
    assert Case.objects.get(pk=case.pk).state == "ISSUED"


def test_what_is_typed_in_both_loops_stands_only_in_the_vault(city: City) -> None:
    both_loops(city)
    clear = [person.clear() for person in Person.objects.all()]
    for field, text in PLANTED.items():
        assert any(text in values.values() for values in clear), field
        assert places(text) == set(), (field, text)


def test_a_leak_is_noticed(city: City) -> None:
    _subject, grant, _owner = city.restaurant()
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE subjects_grant SET title = %s WHERE id = %s", [PLANTED["contact_name"], grant.pk]
        )
    (Path(conf.HOME) / "notes.txt").write_text(PLANTED["contact_name"], encoding="utf-8")
    assert places(PLANTED["contact_name"]) >= {"subjects_grant", "notes.txt"}
