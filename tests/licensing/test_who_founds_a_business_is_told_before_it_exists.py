"""A registration has no business yet: whoever applied hears of each step, and of a limit that ran out (LicProc 15)."""

import pytest
from django.test import Client

from qipan.domains.licensing.booking import actions as booking
from qipan.domains.licensing.booking import slots
from qipan.domains.licensing.themes import queries
from qipan.kernel.accounts import letters
from qipan.kernel.accounts.actions import create_person
from qipan.kernel.accounts.models import User
from qipan.kernel.flow import actions as flow
from qipan.kernel.flow.models import Case
from qipan.kernel.jobs.testing import drain
from qipan.kernel.ledger.actor import Actor
from qipan.kernel.subjects import actions as subjects
from tests.licensing.city import SYSTEM, City
from tests.licensing.test_a_business_is_registered_and_ends import NEW, registered
from tests.licensing.test_a_new_restaurant_is_checked_and_decided_by_people import step, submitted
from tests.licensing.test_an_agent_acts_within_the_mandate import mandate_for
from tests.orgs.factories import BusinessUserFactory, PublicUserFactory, reader_for, signed_in
from tests.subjects.factories import SubjectFactory
from tests.themes.walking import Walk

pytestmark = pytest.mark.django_db


@pytest.fixture
def city(settings, tmp_path) -> City:
    settings.HOME = tmp_path
    queries.forget()
    return City()


def founder() -> User:
    user = BusinessUserFactory()
    user.person = create_person(name="赵六", phone="13700137000", actor=SYSTEM)
    user.save()
    return user


def asked(client: Client, city: City) -> tuple[Case, User]:
    """A registration that waits for a person, as its name is taken."""
    SubjectFactory(NEW["new_name"])
    user = founder()
    registered(signed_in(client, user))
    case = Case.objects.get(flow_code="licensing.matter")
    assert case.state == "SUBMITTED" and case.subject_id is None
    return case, user


def kinds(user: User) -> list[str]:
    drain()
    return [notice.kind.removeprefix("notice.licensing.") for notice in letters.notices_of(user.pk)]


def test_a_correction_and_its_limit_that_ran_out_are_told(client: Client, city: City) -> None:
    case, user = asked(client, city)
    step(case, city.receiver, "correct", data={"points": ["名称已有人使用，请另取"]})
    assert kinds(user) == ["application.returned"]
    flow.fire(Case.objects.get(pk=case.pk), "lapse", Actor.system(case.org_path))
    assert kinds(user) == ["application.withdrawn", "application.returned"]
    newest = letters.notices_of(user.pk)[0]
    assert "逾期没有补正" in newest.text and newest.link == f"/my/cases/{case.uuid}/"


def test_a_refusal_to_accept_is_told(client: Client, city: City) -> None:
    case, user = asked(client, city)
    step(case, city.receiver, "decline", reason="名称与他人相同")
    assert kinds(user) == ["application.declined"]


def test_who_takes_an_application_back_needs_no_message(city: City) -> None:
    case = submitted(city)
    user = case.subject.representatives.get().user
    user.person = create_person(name="陈店主", phone="13700137001", actor=SYSTEM)
    user.save()
    flow.fire(case, "withdraw", Actor("business", user.pk))
    assert kinds(user) == []


def test_the_founding_part_of_a_theme_is_told_of_too(client: Client, city: City) -> None:
    user = founder()
    theme = queries.theme("pet-shop")
    assert theme is not None
    walk = Walk(signed_in(client, user), city, theme, user)
    row = walk.hand_in(walk.begin({"registered": "COMPANY", "sign": False}))
    step(walk.part(row, "bl_company"), city.receiver, "correct", data={"points": ["住所证明看不清"]})
    assert kinds(user) == ["application.returned"]


def test_messages_about_a_theme_stand_with_its_business(client: Client, city: City) -> None:
    subject = SubjectFactory("深圳市食堂单位")
    user = founder()
    subjects.represent(user, subject, SYSTEM)
    theme = queries.theme("canteen")
    assert theme is not None
    walk = Walk(signed_in(client, user), city, theme, user)
    row = walk.hand_in(walk.begin({"area": "80", "drain": False, "place": "OTHER"}, subject))
    walk.officers(row, refuse=frozenset({"food"}))
    assert "theme.closed" in kinds(user) and "theme_part.moved" in kinds(user)
    assert {notice.subject_id for notice in letters.notices_of(user.pk)} == {subject.pk}


def test_an_agent_hears_of_the_visit_to_the_business(city: City) -> None:
    case = submitted(city)
    agent = PublicUserFactory()
    agent.person = create_person(name="小周", phone="13700137002", actor=SYSTEM)
    agent.save()
    mandate_for(agent, case.subject, reader_for(case.subject.representatives.get().user), ["FILL"])
    step(case, city.receiver, "accept")
    case = step(case, city.reviewer, "order_check")
    drain()
    booking.arrange(case, slots.slots(case)[0].starts_at, reader_for(city.inspectors[0]))
    assert "booking.made" in kinds(agent)
