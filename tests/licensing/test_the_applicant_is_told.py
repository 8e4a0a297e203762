"""Every step that concerns the applicant is told, sealed under the person's key, and read again on one's own page."""

import datetime

import pytest
from django.test import Client

from qipan.kernel.accounts import letters
from qipan.kernel.accounts.models import Letter, User
from qipan.kernel.flow.models import Case
from qipan.kernel.jobs.testing import drain
from qipan.kernel.law import calendar
from qipan.kernel.ledger.clock import today
from qipan.kernel.subjects import actions as subjects
from tests.licensing.city import City
from tests.licensing.test_a_new_restaurant_is_checked_and_decided_by_people import step, submitted
from tests.orgs.factories import PublicUserFactory, as_person, signed_in

pytestmark = pytest.mark.django_db


def known_user(case_or_subject) -> User:
    """The representative, as a person with a phone."""
    subject = getattr(case_or_subject, "subject", case_or_subject)
    return as_person(subject.representatives.get().user)


def test_a_correction_is_told_to_who_acts_for_the_business(city: City) -> None:
    case = submitted(city)
    user = known_user(case)
    step(case, city.receiver, "correct", data={"points": ["布局图看不清"]})
    drain()
    [notice] = letters.notices_of(user.pk)
    assert "需要补正" in notice.text and notice.link == f"/my/cases/{case.uuid}/"
    assert "补正".encode() not in bytes(Letter.objects.get(pk=notice.pk).text_sealed)
    assert letters.unread_notices(user.pk) == 1

    page = signed_in(Client(), user)
    assert "需要补正" in page.get("/notices/").content.decode()
    assert page.post("/notices/", follow=True).status_code == 200 and letters.unread_notices(user.pk) == 0
    stranger = signed_in(Client(), PublicUserFactory())
    assert "需要补正" not in stranger.get("/notices/").content.decode()


def test_codes_for_signing_in_are_no_messages_to_be_read_again(city: City) -> None:
    case = submitted(city)
    user = known_user(case)
    letters.write(user.person, "sms", "code.register", "验证码 123456")
    assert letters.notices_of(user.pk) == []


def test_the_holder_is_reminded_once_at_each_stage_before_the_end(city: City) -> None:
    subject, grant, _owner = city.restaurant(ends_in=60)
    days = calendar.current()

    def remind() -> int:
        return subjects.remind_of_expiry(
            lambda until: days.working_days_between(today(), until), today() + datetime.timedelta(days=150)
        )

    user = known_user(subject)
    assert (remind(), remind()) == (1, 0)
    drain()
    [notice] = letters.notices_of(user.pk)
    assert grant.number in notice.text and notice.link == "/items/FB-RENEW/"
    assert not Case.objects.filter(subject=subject).exists()
