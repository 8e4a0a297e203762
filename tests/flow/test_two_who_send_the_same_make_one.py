"""The same form sent twice at once: the second finds what the first has made, and nobody sees a broken key."""

import datetime
import uuid

import pytest
from django.db import IntegrityError, connection

from qipan.conf.repeating import looks_again
from qipan.kernel.law.drafting import actions
from qipan.kernel.law.drafting.models import Draft
from qipan.kernel.ledger.clock import today
from qipan.kernel.orgs.roles import Role
from tests.concurrency import while_uncommitted
from tests.orgs.factories import StaffFactory, UnitTree, reader_for
from tests.portal.test_a_table_is_designed_on_its_page import BODY


@pytest.mark.django_db
def test_the_second_look_sees_what_stands_there_now() -> None:
    unit, tries = UnitTree().city, []

    @looks_again
    def act() -> str:
        tries.append(1)
        if len(tries) == 1:
            with connection.cursor() as cursor:
                cursor.execute("INSERT INTO orgs_unit SELECT * FROM orgs_unit WHERE id = %s", [unit.pk])
        return "found"

    assert act() == "found" and len(tries) == 2


@pytest.mark.django_db
def test_a_key_that_is_broken_all_the_same_is_raised() -> None:
    @looks_again
    def act() -> None:
        raise IntegrityError("again")

    with pytest.raises(IntegrityError):
        act()


@pytest.mark.django_db(transaction=True)
def test_two_drafts_of_one_row_at_once_are_one() -> None:
    editor = reader_for(StaffFactory(role=Role.CATALOGUE_EDITOR, unit=UnitTree().city))
    day = today() + datetime.timedelta(days=9)
    code = "test.twice" + "".join(sign for sign in uuid.uuid4().hex if sign.isalpha())

    def begun() -> int:
        return actions.begin("decision_tables", code, day, reader=editor, body=BODY).pk

    number = while_uncommitted(begun, begun)
    assert [draft.pk for draft in Draft.objects.filter(code=code)] == [number]
