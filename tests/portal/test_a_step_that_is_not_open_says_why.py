"""The case page shows a step that its guards refuse, with their words, instead of failing."""

import pytest
from django.test import Client

from tests.licensing.city import City
from tests.licensing.test_a_new_restaurant_is_checked_and_decided_by_people import step, submitted
from tests.orgs.factories import signed_in

pytestmark = pytest.mark.django_db


def test_a_reviewer_sees_why_an_opinion_cannot_be_given_before_the_site_check(settings, tmp_path) -> None:
    settings.HOME = tmp_path
    city = City()
    case = step(submitted(city), city.receiver, "accept")
    page = signed_in(Client(), city.reviewer.user).get(f"/desk/cases/{case.uuid}/")
    assert page.status_code == 200
    refusals = {offer.code: offer.refusals for offer in page.context["offers"]}
    assert refusals["order_check"] == () and any("核查" in text for text in refusals["review"])


def test_an_applicant_reads_the_refusal_in_words(settings, tmp_path) -> None:
    settings.HOME = tmp_path
    city = City()
    _subject, grant, owner = city.restaurant(risk_grade="D")
    for _time in range(2):
        row = city.drafted("FB-RENEW", grant.subject, grant, owner, unchanged=True)
        client = signed_in(Client(), grant.subject.representatives.get().user)
        form = {
            "act": "submit",
            "unchanged": "true",
            "contact_name": "王小明",
            "contact_phone": "13800138000",
        }
        answer = client.post(f"/applications/{row.case.uuid}/", {**form, "truthful": "true"})
    text = answer.content.decode()
    assert (
        answer.status_code == 422
        and "已有一件在办的申请" in text
        and "message" not in text.split("</h2>")[1][:200]
    )
