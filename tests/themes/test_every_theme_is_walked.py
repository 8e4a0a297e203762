"""Each of the 38 themes over HTTP, in its fullest situation, from the first question to the last outcome."""

from collections.abc import Iterator
from dataclasses import dataclass, field
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
NAME = ["NAME"]


@dataclass(frozen=True)
class Other:
    """A situation that brings parts which the usual one does not: the answers, who applies and how it is filled in."""

    theme: str
    brings: tuple[str, ...]
    situation: dict[str, Any]
    type: str = "COMPANY"
    marks: tuple[str, ...] = ()
    status: str = ""
    own: dict[str, Any] = field(default_factory=dict)


def repair(kind: str, question: str, cause: str, *brings: str, **own: Any) -> Other:
    """Off a list by one cause and no other."""
    type, mark = {
        "FIRM": ("COMPANY", "ABNORMAL_LIST"),
        "INDIVIDUAL": ("INDIVIDUAL", "ABNORMAL_MARK"),
        "COOP": ("FARMER_COOP", "ABNORMAL_LIST"),
    }[kind]
    situation = {"kind": kind, question: cause, "serious": False, "penalty": False, "grade": False}
    return Other("credit-repair", brings, situation, type=type, marks=(mark,), own=own)


def altered(kind: str, type: str, part: str) -> Other:
    own = {"food_change_kinds": NAME, f"{part}_alter_kinds": NAME}
    return Other("change-business", (part,), {"kind": kind}, type=type, own=own)


def ended(kind: str, type: str, part: str) -> Other:
    situation = {"kind": kind, "listed": False}
    return Other("close-business", (part,), situation, type=type, own={f"{part}_settled": "true"})


OTHERS = [
    Other("start-company", ("bl_sole",), {"registered": "SOLE"}),
    Other("start-company", ("bl_partner",), {"registered": "PARTNER"}),
    Other("start-company", ("bl_branch",), {"registered": "BRANCH"}),
    Other("convenience-store", ("packed",), {"food": "PACKED"}),
    Other("online-catering", ("shop",), {"online": "PLATFORM"}),
    Other("online-packaged", ("shop",), {"online": "PLATFORM"}),
    Other("butcher", ("food",), {"food": "BULK"}),
    Other("cinema", ("fun",), {"kind": "FUN"}),
    Other("ad-company", ("drug", "device"), {"adverts": ["DRUG", "DEVICE"]}),
    altered("INDIVIDUAL", "INDIVIDUAL", "alter_individual"),
    altered("SOLE", "SOLE_PROP", "alter_sole"),
    altered("PARTNER", "PARTNERSHIP", "alter_partner"),
    ended("INDIVIDUAL", "INDIVIDUAL", "end_individual"),
    ended("SOLE", "SOLE_PROP", "end_sole"),
    ended("PARTNER", "PARTNERSHIP", "end_partner"),
    ended("BRANCH", "OTHER", "end_branch"),
    Other("pause-business", ("reopen", "insurance"), {"act": "REOPEN"}, status="SUSPENDED"),
    Other(
        "use-equipment",
        ("boiler", "pipe", "crane", "ropeway", "ride", "truck"),
        {"kinds": ["BOILER", "PIPE", "CRANE", "ROPEWAY", "RIDE", "TRUCK"]},
    ),
    repair("FIRM", "abnormal", "DUTY", "duty"),
    repair("FIRM", "abnormal", "FIXED", "fixed"),
    repair("FIRM", "abnormal", "PLACE", "place"),
    repair("INDIVIDUAL", "marked", "REPORT", "ind_year", "ind_report", ind_year_year="2025"),
    repair("INDIVIDUAL", "marked", "FIXED", "ind_fixed"),
    repair("INDIVIDUAL", "marked", "PLACE", "ind_place"),
    repair("COOP", "abnormal", "REPORT", "coop_year", "coop", coop_year_year="2025"),
]


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


def applicant(other: Other) -> Subject | None:
    theme = queries.theme(other.theme)
    assert theme is not None
    if forming.founding(asking.chosen(theme, {**theme.usual, **other.situation})):
        return None
    subject = SubjectFactory(f"深圳市{other.brings[0].replace('_', '')}企业", type=other.type)
    if other.status:
        subject = subjects.change_status(subject, other.status, SYSTEM, "歇业备案")
    for mark in other.marks:
        subjects.add_mark(subject, mark, SYSTEM, ground="未按规定公示")
    if other.theme in LICENSED:
        GrantFactory(subject, ends_in=300)
    return subject


@pytest.mark.parametrize("other", OTHERS, ids=lambda one: f"{one.theme}-{one.brings[0]}")
def test_what_another_situation_brings_is_handed_in(client: Client, city: City, other: Other) -> None:
    theme = queries.theme(other.theme)
    assert theme is not None
    subject = applicant(other)
    person = BusinessUserFactory() if subject is None else owner_of(subject)
    signed_in(client, person)
    walk = Walk(client, city, theme, person)
    row = walk.hand_in(walk.begin(other.situation, subject), **other.own)
    states = walk.states(row)
    assert set(other.brings) <= set(states) == {part.code for part in asking.chosen(theme, row.situation)}
    assert set(states.values()) <= {"HANDED", "DONE", "WAITING"}, list(
        row.parts.values_list("code", "state", "why")
    )


def test_every_part_is_walked_in_some_situation(city: City) -> None:
    """By part and item: the same part of several themes (who founds a business, packed food) is walked in one of them."""
    every: dict[tuple[str, str], set[str]] = {}
    walked: set[tuple[str, str]] = set()
    for theme in queries.themes():
        for part in theme.parts:
            every.setdefault((part.code, part.item), set()).add(theme.code)
        situations = [{}, *(one.situation for one in OTHERS if one.theme == theme.code)]
        for situation in situations:
            answered = asking.answered(theme, {**theme.usual, **situation}).cleaned
            walked |= {(part.code, part.item) for part in asking.chosen(theme, answered)}
    assert {key: codes for key, codes in every.items() if key not in walked} == {}
