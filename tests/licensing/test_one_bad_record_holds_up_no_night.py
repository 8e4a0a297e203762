"""The nightly work goes on past what it cannot judge, says so, and makes up for nights that were missed."""

import datetime

import pytest

from qipan.domains.licensing.guarding import actions as guarding
from qipan.domains.licensing.guarding.models import Difference, GuardFinding, GuardRun
from qipan.domains.licensing.models import Application
from qipan.domains.licensing.offers import actions as offers
from qipan.domains.licensing.offers.models import OfferState, RenewalOffer
from qipan.kernel.decisions.models import Decision
from qipan.kernel.documents import seals
from qipan.kernel.flow.models import Case
from qipan.kernel.ledger import clock
from qipan.kernel.ledger.clock import now, today
from qipan.kernel.ledger.errors import Refused
from qipan.kernel.subjects.models import Grant
from tests.licensing.automatic import tomorrow
from tests.licensing.city import SYSTEM, City
from tests.licensing.test_a_wrong_grant_is_found_the_night_after import granted

pytestmark = pytest.mark.django_db
DAY = datetime.timedelta(days=1)


@pytest.fixture
def city(settings, tmp_path) -> City:
    settings.HOME = tmp_path
    made = City()
    seals.create_seal(made.tree.city, SYSTEM)
    return made


def test_a_licence_that_cannot_be_judged_stops_no_other_offer(city: City) -> None:
    _subject, broken, _owner = city.restaurant()
    _subject, fine, _owner = city.restaurant()
    Grant.objects.filter(pk=broken.pk).update(data={"main_format": "2", "items": 7, "marks": []})
    assert offers.offer_renewals() == 1
    assert RenewalOffer.objects.get().grant_id == fine.pk


def test_an_offer_that_cannot_be_ended_stops_no_other(city: City) -> None:
    for _one in range(2):
        city.restaurant()
    assert offers.offer_renewals() == 2
    broken, fine = RenewalOffer.objects.order_by("pk")
    version = broken.case.flow_version
    Case.objects.filter(pk=broken.case_id).update(flow_version=99)
    assert offers.lapse_offers(fine.until + DAY) == 1
    fine.refresh_from_db()
    broken.refresh_from_db()
    assert (broken.state, fine.state) == (OfferState.OFFERED, OfferState.LAPSED)
    Case.objects.filter(pk=broken.case_id).update(flow_version=version)
    assert offers.lapse_offers(fine.until + DAY) == 1, "the next night ends it"


def test_a_decision_that_cannot_be_worked_out_again_is_told_as_such(city: City) -> None:
    _made, broken = granted(city, "FB-RENEW")
    granted(city, "FB-RENEW")
    kept = [{"table": "gone", "version": "2020-01-01", "outputs": {}, "matched": [], "trace": []}]
    Decision.objects.filter(pk=broken.decision_id).update(required=kept)
    with tomorrow():
        guarding.replay_day(today() - DAY)
    one = GuardFinding.objects.get()
    assert (one.kind, one.application_id) == (Difference.FAILED, broken.pk)
    assert one.reasons[0].startswith("未能重算") and one.order is not None
    run = GuardRun.objects.get(pk=one.run_id)
    assert (run.checked, run.unequal, run.changed) == (1, 0, 0), "the other was looked at, this one was not"


def test_missed_nights_are_made_up_for_from_the_oldest_on(city: City) -> None:
    with tomorrow():
        assert guarding.catch_up() == [today() - DAY], "a city begins with its first night"
    first = today()
    with clock.at(now() + 4 * DAY):
        assert guarding.catch_up() == [first + DAY, first + 2 * DAY, first + 3 * DAY]
        assert guarding.catch_up() == [first + 3 * DAY]
    with clock.at(now() + 400 * DAY):
        assert len(guarding.catch_up()) == guarding.MOST_DAYS_BEHIND


def test_a_day_that_fails_holds_up_no_other_and_is_tried_again(city: City) -> None:
    _made, row = granted(city, "FB-RENEW")
    with tomorrow():
        guarding.catch_up()
    first = today()
    where = row.case.org_path
    Application.objects.filter(pk=row.pk).update(decided_at=now() + DAY)
    Case.objects.filter(pk=row.pk).update(org_path="ZZ/YY/")
    with clock.at(now() + 3 * DAY):
        with pytest.raises(Refused, match="没有路径为"):
            guarding.catch_up()
        days = set(GuardRun.objects.values_list("day", flat=True))
        assert days == {first, first + 2 * DAY}, "the day after it was worked out"
        Case.objects.filter(pk=row.pk).update(org_path=where)
        assert guarding.catch_up() == [first + DAY, first + 2 * DAY]
