"""无感申办 (DOMAIN 3.4): offered where the item's own table would grant, never taken without the holder, lapsed in time."""

import datetime

import pytest
from django.test import Client
from django.urls import reverse

from qipan.domains.licensing import actions as applications
from qipan.domains.licensing import jobs
from qipan.domains.licensing.models import Application
from qipan.domains.licensing.offers import actions
from qipan.domains.licensing.offers.models import OfferState, RenewalOffer
from qipan.domains.licensing.offers.window import window
from qipan.kernel.accounts import letters
from qipan.kernel.flow import actions as flow
from qipan.kernel.flow.models import Case
from qipan.kernel.jobs.interface import periodic
from qipan.kernel.jobs.testing import drain
from qipan.kernel.ledger import clock
from qipan.kernel.ledger.clock import today
from qipan.kernel.ledger.dispatch import deliver_waiting
from qipan.kernel.ledger.errors import Refused
from qipan.kernel.ledger.models import Event
from qipan.kernel.orgs.reader import Reader
from qipan.kernel.orgs.roles import Role
from qipan.kernel.subjects import actions as subjects
from qipan.kernel.subjects.models import Grant
from tests.licensing.automatic import ZONE
from tests.licensing.city import SYSTEM, City
from tests.licensing.test_the_applicant_is_told import known_user
from tests.orgs.factories import StaffFactory, reader_for, signed_in
from tests.subjects.factories import GrantFactory

pytestmark = pytest.mark.django_db
CONTACT = {"contact_name": "王小明", "contact_phone": "13800138000"}


def offered(city: City, **facts) -> tuple[RenewalOffer, Grant, Reader]:
    _subject, grant, owner = city.restaurant(**facts)
    assert actions.offer_renewals() == 1
    return RenewalOffer.objects.select_related("case", "grant").get(), grant, owner


def test_a_clean_licence_in_its_window_is_offered_and_the_holder_told(city: City) -> None:
    offer, grant, _owner = offered(city)
    user = known_user(grant.subject)
    row = Application.objects.select_related("case").get(pk=offer.case_id)
    assert (row.channel, row.case.state, row.case.private, row.answers) == ("proactive", "DRAFT", True, {})
    assert row.known["number"] == grant.number and offer.until == window("JY", grant.valid_to)[1]
    deliver_waiting()
    [notice] = letters.notices_of(user.pk)
    assert "确认一次" in notice.text and notice.link == f"/my/offers/{offer.uuid}/"
    assert actions.offer_renewals() == 0 and RenewalOffer.objects.count() == 1


def test_one_confirmation_submits_and_the_table_grants_at_once(city: City) -> None:
    offer, grant, owner = offered(city)
    case = actions.confirm(offer, owner, **CONTACT)
    drain()
    case.refresh_from_db()
    grant.refresh_from_db()
    offer.refresh_from_db()
    assert (case.state, offer.state) == ("ISSUED", OfferState.TAKEN)
    same_day = (3, 1) if (today().month, today().day) == (2, 29) else (today().month, today().day)
    assert grant.valid_to == datetime.date(today().year + 5, *same_day) - datetime.timedelta(days=1)
    assert Application.objects.get(pk=case.pk).mode == "AUTO"
    assert actions.confirm(offer, owner, **CONTACT).pk == case.pk
    assert Event.objects.filter(name="licensing.renewal.taken").count() == 1


def test_nothing_is_handed_in_without_the_holder(city: City) -> None:
    offer, grant, _owner = offered(city)
    _other, _held, stranger = city.restaurant(ends_in=900)
    for reader in (stranger, reader_for(city.decider), Reader.anonymous()):
        with pytest.raises(Refused, match="代表人"):
            actions.confirm(offer, reader, **CONTACT)
        with pytest.raises(Refused, match="代表人"):
            actions.decline(offer, reader)
    actions.offer_renewals()
    drain()
    grant.refresh_from_db()
    assert Case.objects.get(pk=offer.case_id).state == "DRAFT" and grant.state == "VALID"
    assert not Event.objects.filter(name="licensing.application.submitted").exists()


@pytest.mark.parametrize("facts", [{"risk_grade": "D"}, {"ends_in": 400}, {"ends_in": 10}, {"ends_in": -3}])
def test_what_the_table_would_not_grant_or_is_out_of_its_window_is_not_offered(city: City, facts: dict) -> None:
    city.restaurant(**facts)
    assert actions.offer_renewals() == 0


def test_a_mark_a_filing_without_end_and_a_begun_renewal_get_no_offer(city: City) -> None:
    subject, _grant, _owner = city.restaurant()
    subjects.add_mark(subject, "ABNORMAL_LIST", SYSTEM, ground="未年报")
    filer, _held, _reader = city.restaurant(ends_in=900)
    filed = GrantFactory(filer, ends_in=60)
    Grant.objects.filter(pk=filed.pk).update(kind="YB", valid_to=None)
    begun, grant, owner = city.restaurant()
    city.drafted("FB-RENEW", begun, grant, owner, unchanged=True)
    assert actions.offer_renewals() == 0


def test_an_offer_lapses_at_the_windows_end_and_its_draft_goes(city: City) -> None:
    offer, _grant, owner = offered(city)
    assert actions.lapse_offers(offer.until) == 0
    assert actions.lapse_offers(offer.until + datetime.timedelta(days=1)) == 1
    offer.refresh_from_db()
    assert offer.state == OfferState.LAPSED and Case.objects.get(pk=offer.case_id).state == "WITHDRAWN"
    with pytest.raises(Refused, match="已经结束"):
        actions.confirm(offer, owner, **CONTACT)


def test_the_job_of_the_night_ends_what_is_over_and_offers_what_is_due(city: City) -> None:
    assert ("20 2 * * *", jobs.offer_renewals) in periodic
    offer, _grant, _owner = offered(city)
    _subject, later, _reader = city.restaurant(ends_in=100)
    night = datetime.datetime.combine(offer.until, datetime.time(2, 20), ZONE) + datetime.timedelta(days=1)
    with clock.at(night):
        jobs.offer_renewals.defer()
        drain()
    states = dict(RenewalOffer.objects.values_list("grant_id", "state"))
    assert states == {offer.grant_id: OfferState.LAPSED, later.pk: OfferState.OFFERED}


def test_a_licence_that_changed_meanwhile_ends_its_offer(city: City) -> None:
    _offer, grant, _owner = offered(city)
    subjects.set_grant_state(grant, "CANCELLED", SYSTEM, "申请注销")
    assert actions.lapse_offers() == 1


def test_facts_that_went_bad_meanwhile_go_to_a_person(city: City) -> None:
    offer, grant, owner = offered(city)
    subjects.add_mark(grant.subject, "ABNORMAL_LIST", SYSTEM, ground="未年报")
    case = actions.confirm(offer, owner, **CONTACT)
    assert case.state == "SUBMITTED"


def test_a_holder_who_says_no_is_not_asked_again(city: City) -> None:
    offer, _grant, owner = offered(city)
    actions.decline(offer, owner)
    assert actions.offer_renewals() == 0 and RenewalOffer.objects.get().state == OfferState.DECLINED


def test_the_prepared_draft_handed_in_by_its_form_takes_the_offer(city: City) -> None:
    offer, _grant, owner = offered(city)
    row = Application.objects.select_related("case").get(pk=offer.case_id)
    applications.save(row, {"unchanged": True, "truthful": True, **CONTACT}, owner)
    applications.submit(row, owner)
    deliver_waiting()
    offer.refresh_from_db()
    assert offer.state == OfferState.TAKEN


def test_a_discarded_draft_declines_the_offer(city: City) -> None:
    offer, _grant, owner = offered(city)
    flow.fire(offer.case, "discard", owner.actor())
    deliver_waiting()
    offer.refresh_from_db()
    assert offer.state == OfferState.DECLINED


def test_the_page_asks_for_the_declaration_and_the_figures_are_counted(city: City) -> None:
    offer, grant, _owner = offered(city)
    client = signed_in(Client(), grant.subject.representatives.get().user)
    address = reverse("renewal_offer", args=[offer.uuid])
    assert "不确认，就不会提交" in client.get(address).content.decode()
    refused = client.post(address, {**CONTACT, "act": "confirm"})
    assert refused.status_code == 422 and "请先确认声明" in refused.content.decode()
    wrong = client.post(address, {**CONTACT, "contact_phone": "12", "declared": "on", "act": "confirm"})
    assert wrong.status_code == 422 and wrong.context["contact"]["contact_phone"] == "12"
    done = client.post(address, {**CONTACT, "declared": "on", "act": "confirm", "key": "k"})
    assert done.url == reverse("my_case", args=[offer.case.uuid])
    leader = StaffFactory(role=Role.BUREAU_LEADER, unit=city.tree.districts[0])
    page = signed_in(Client(), leader.user).get(reverse("renewal_offers"))
    assert page.context["total"]["total"] == 1 and page.context["total"]["taken"] == 1
    other = StaffFactory(role=Role.BUREAU_LEADER, unit=city.tree.districts[1])
    assert signed_in(Client(), other.user).get(reverse("renewal_offers")).context["lines"] == []
