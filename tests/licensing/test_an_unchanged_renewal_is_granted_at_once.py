"""Loop (a): the rules grant, number and end are right, the PDF is sealed, the result is public, the after-check is told of."""

import datetime

import pytest

from qipan.domains.licensing import actions
from qipan.domains.licensing.facts import facts_of
from qipan.domains.licensing.models import Application
from qipan.kernel.decisions.actions import replay
from qipan.kernel.decisions.models import Decision
from qipan.kernel.documents import queries as documents
from qipan.kernel.flow.models import Case, WorkOrder
from qipan.kernel.jobs.testing import drain
from qipan.kernel.ledger.clock import today
from qipan.kernel.ledger.errors import Refused
from qipan.kernel.ledger.models import Event
from qipan.kernel.publication.queries import public_of
from qipan.kernel.subjects import actions as subjects
from qipan.kernel.subjects.models import Grant
from tests.licensing.city import PLACE, SYSTEM, City
from tests.orgs.factories import reader_for

pytestmark = pytest.mark.django_db


def renew(city: City, *, unchanged: bool = True, ends_in: int = 60, **facts) -> tuple[Case, Grant]:
    subject, grant, owner = city.restaurant(ends_in=ends_in, **facts)
    extra = {} if unchanged else {"changes": "更换了灶具"}
    row = city.drafted("FB-RENEW", subject, grant, owner, unchanged=unchanged, **extra)
    case = actions.submit(row, owner, key="k1")
    drain()
    case.refresh_from_db()
    grant.refresh_from_db()
    return case, grant


def test_the_rules_grant_an_unchanged_renewal(city: City) -> None:
    case, grant = renew(city)
    assert case.state == "ISSUED" and case.result == "GRANTED"
    row = Application.objects.get(pk=case.pk)
    assert row.mode == "AUTO" and row.result_grant_id == grant.pk
    assert grant.valid_from == today()
    assert grant.valid_to == today().replace(year=today().year + 5) - datetime.timedelta(days=1)
    made = {document.template.code: document for document in documents.of_record("flow.case", case.pk)}
    assert set(made) == {"licensing.decision", "licensing.certificate", "licensing.certificate_copy"}
    assert all(document.state == "ISSUED" for document in made.values())
    verdict = documents.check_upload(documents.file_of(made["licensing.certificate"]))
    assert verdict.unchanged and verdict.document and ("许可证编号", grant.number) in verdict.document.lines
    assert [record.value("number") for record in public_of(grant.subject)] == [grant.number]
    issued = Event.objects.get(name="licensing.licence.issued")
    assert issued.data["unchecked"] is True and issued.data["catering"] is True
    assert not WorkOrder.objects.filter(case=case, state__in=["OPEN", "CLAIMED"]).exists()


def test_the_number_stays_on_renewal(city: City) -> None:
    subject, grant, _owner = city.restaurant()
    number = grant.number
    owner = reader_for(subject.representatives.get().user)
    case = actions.submit(city.drafted("FB-RENEW", subject, grant, owner, unchanged=True), owner)
    assert Application.objects.get(pk=case.pk).result_grant.number == number


def test_the_decision_can_be_worked_out_again(city: City) -> None:
    case, _grant = renew(city)
    decision = Decision.objects.get(pk=Application.objects.get(pk=case.pk).decision_id)
    assert replay(decision) == [] and decision.matched == [1]


def test_a_rule_never_refuses_but_hands_over_with_the_reasons(city: City) -> None:
    subject, grant, owner = city.restaurant()
    subjects.add_mark(subject, "ABNORMAL_LIST", SYSTEM, ground="未年报")
    case = actions.submit(city.drafted("FB-RENEW", subject, grant, owner, unchanged=True), owner)
    row = Application.objects.get(pk=case.pk)
    assert case.state == "SUBMITTED" and row.mode == "INSTANT"
    assert row.mode_reasons == ["在经营异常名录：是（要求 否）"]
    assert WorkOrder.objects.filter(case=case, kind="licensing.accept", state="OPEN").count() == 1


@pytest.mark.parametrize("facts", [{"risk_grade": "D"}, {"risk_grade": ""}])
def test_what_is_not_known_or_risky_goes_to_a_person(city: City, facts: dict) -> None:
    case, _grant = renew(city, **facts)
    assert case.state == "SUBMITTED"


def test_changed_conditions_go_to_a_person(city: City) -> None:
    case, _grant = renew(city, unchanged=False)
    assert case.state == "SUBMITTED"


def test_too_early_is_told_with_the_first_day(city: City) -> None:
    with pytest.raises(Refused, match="最早可以在"):
        renew(city, ends_in=400)


def test_an_expired_licence_is_not_renewed(city: City) -> None:
    subject, grant, owner = city.restaurant(ends_in=-3)
    subjects.expire_grants()
    with pytest.raises(Refused, match="已过期"):
        actions.submit(city.drafted("FB-RENEW", subject, grant, owner, unchanged=True), owner)


def test_the_same_submission_twice_is_one(city: City) -> None:
    subject, grant, owner = city.restaurant()
    row = city.drafted("FB-RENEW", subject, grant, owner, unchanged=True)
    first = actions.submit(row, owner, key="same")
    again = actions.submit(row, owner, key="same")
    assert first.pk == again.pk and Event.objects.filter(name="licensing.application.granted").count() == 1


def test_a_second_application_waits_for_the_first(city: City) -> None:
    subject, grant, owner = city.restaurant(risk_grade="D")
    actions.submit(city.drafted("FB-RENEW", subject, grant, owner, unchanged=True), owner)
    with pytest.raises(Refused, match="已有一件在办"):
        actions.submit(city.drafted("FB-CHANGE", subject, grant, owner, change_kinds=["NAME"]), owner)


def test_a_stranger_cannot_apply_for_a_business(city: City) -> None:
    subject, grant, _owner = city.restaurant()
    _other, _held, stranger = city.restaurant()
    with pytest.raises(Refused, match="代表人"):
        city.drafted("FB-RENEW", subject, grant, stranger, unchanged=True)


@pytest.mark.parametrize(
    ("item", "answers", "state"),
    [
        ("FB-REISSUE", {"cause": "LOST"}, "VALID"),
        ("FB-CANCEL", {"cause": "STOPPED", "no_investigation": True}, "CANCELLED"),
        ("FB-CHANGE", {"change_kinds": ["NAME"]}, "VALID"),
    ],
)
def test_simple_items_are_granted_at_once(city: City, item: str, answers: dict, state: str) -> None:
    subject, grant, owner = city.restaurant()
    case = actions.submit(city.drafted(item, subject, grant, owner, **answers), owner)
    drain()
    case.refresh_from_db()
    grant.refresh_from_db()
    assert (case.state, grant.state) == ("ISSUED", state)


@pytest.mark.parametrize(("item", "answers"), [("FB-REISSUE", {"cause": "LOST"}), ("FF-NEW", {"prepackaged_only": True})])
def test_who_is_listed_gets_no_licence_anew_and_files_nothing_by_rule(city: City, item: str, answers: dict) -> None:
    """DOMAIN 3.4, the common columns: not in the list of abnormal operation."""
    subject, grant, owner = city.restaurant()
    subjects.add_mark(subject, "ABNORMAL_LIST", SYSTEM, ground="未年报")
    about, place = (grant, {}) if item == "FB-REISSUE" else (None, PLACE)
    case = actions.submit(city.drafted(item, subject, about, owner, **answers, **place), owner)
    row = Application.objects.get(pk=case.pk)
    assert case.state == "SUBMITTED" and row.mode_reasons == ["在经营异常名录：是（要求 否）"]


def test_what_no_form_asked_nobody_has_declared(city: City) -> None:
    subject, grant, owner = city.restaurant()
    row = city.drafted("FB-RENEW", subject, grant, owner, unchanged=True)
    known = facts_of(row)
    assert known["truthful"] is True and "no_investigation" not in known


def test_a_filing_is_made_at_once_without_an_end(city: City) -> None:
    subject, _grant, owner = city.restaurant()
    place = {"premises": "深圳市福田区福田街道滨河路9号", "street": "福田街道", "area": "30"}
    case = actions.submit(city.drafted("FF-NEW", subject, None, owner, prepackaged_only=True, **place), owner)
    drain()
    case.refresh_from_db()
    filed = Application.objects.get(pk=case.pk).result_grant
    assert case.state == "ISSUED" and filed.kind == "YB" and filed.valid_to is None
    assert case.org_path == "SZ/FT/FT02/"


def test_personal_data_stays_in_the_vault(city: City) -> None:
    case, _grant = renew(city)
    row = Application.objects.get(pk=case.pk)
    assert "13800138000" not in str(row.answers) and row.contact.masked().phone == "138****8000"
    assert not any("13800138000" in str(event.data) + event.reason for event in Event.objects.all())
