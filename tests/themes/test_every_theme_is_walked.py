"""Each of the 38 themes over HTTP, in its fullest situation, from the first question to the last outcome."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import transaction
from django.test import Client, override_settings

from qipan.domains.licensing.themes import asking, forming, queries
from qipan.domains.licensing.themes.declaration import ThemeRow
from qipan.kernel.documents import queries as documents
from qipan.kernel.documents import seals
from qipan.kernel.subjects import actions as subjects
from qipan.kernel.subjects.models import Subject
from tests.licensing.city import SYSTEM, City
from tests.orgs.factories import BusinessUserFactory, signed_in
from tests.subjects.factories import GrantFactory, SubjectFactory, owner_of
from tests.themes.walking import Walk

pytestmark = pytest.mark.django_db
#: What a business must be beforehand: listed, licensed.
LISTED = {"close-business": ["ABNORMAL_LIST"], "credit-repair": ["ABNORMAL_LIST", "SERIOUS_LIST"]}
LICENSED = {"change-business", "close-business", "pause-business"}
#: Answers that the generic ones would contradict.
OWN = {
    "change-business": {"food_change_kinds": ["NAME"], "alter_company_alter_kinds": ["NAME"]},
    "close-business": {"end_company_settled": "true"},
    "credit-repair": {"year_year": "2025"},
}
NUMBERS = range(1, 39)


@pytest.fixture(scope="module")
def world(
    django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[City]:
    """The catalogues, units and seals once for all themes; rolled back at the end."""
    home = override_settings(HOME=tmp_path_factory.mktemp("themes"))
    with django_db_blocker.unblock(), home, transaction.atomic():
        queries.forget()
        made = City()
        seals.create_seal(made.tree.city, SYSTEM)
        yield made
        transaction.set_rollback(True)
    queries.forget()


@pytest.fixture
def city(world: City, db: None) -> City:
    """As it was, for each theme: what a test does is rolled back."""
    return world


def business(theme: ThemeRow) -> Subject:
    subject = SubjectFactory(f"深圳市主题{theme.number}号有限公司", type="COMPANY")
    for mark in LISTED.get(theme.code, []):
        subjects.add_mark(subject, mark, SYSTEM, ground="未按规定公示")
    if theme.code in LICENSED:
        GrantFactory(subject, ends_in=300)
    return subject


@pytest.mark.parametrize("number", NUMBERS)
def test_walked_from_the_first_question_to_the_last_outcome(client: Client, city: City, number: int) -> None:
    theme = next(one for one in queries.themes() if one.number == number)
    founding = forming.founding(asking.chosen(theme, theme.usual))
    subject = None if founding else business(theme)
    person = BusinessUserFactory() if subject is None else owner_of(subject)
    signed_in(client, person)
    walk = Walk(client, city, theme, person)
    row = walk.hand_in(walk.begin(subject=subject), **OWN.get(theme.code, {}))
    row = walk.officers(row)
    assert set(walk.states(row).values()) == {"DONE"}, list(row.parts.values_list("code", "state", "why"))
    assert (row.case.state, row.case.result) == ("CLOSED", "DONE")
    assert {part.code for part in asking.chosen(theme, theme.usual)} == set(walk.states(row))
    for part in row.parts.select_related("application__case"):
        made = documents.of_record("flow.case", part.application_id)
        assert made and all(paper.state == "ISSUED" for paper in made), part.code
