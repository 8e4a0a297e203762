"""A small city: believable in its shares, right in its codes, the same each time, and never in a real installation."""

import datetime
import json

import pytest
from django.db import IntegrityError, connection, transaction

from qipan.city import building, clearing
from qipan.city.models import City
from qipan.city.naming import BOARD
from qipan.city.shape import KINDS, Plan
from qipan.domains.seals.models import Authorisation
from qipan.kernel.accounts.models import Person, User
from qipan.kernel.documents import checking
from qipan.kernel.documents.models import Seal, SealUse
from qipan.kernel.flow.models import Case
from qipan.kernel.ledger.canonical import FIELDS, digest
from qipan.kernel.ledger.errors import Refused
from qipan.kernel.ledger.models import Event
from qipan.kernel.orgs.models import Appointment, Level, Staff, Unit
from qipan.kernel.publication.queries import public_of
from qipan.kernel.subjects import actions as subjects
from qipan.kernel.subjects import queries as registry
from qipan.kernel.subjects.codes import is_licence_number, is_reg_no, is_uscc
from qipan.kernel.subjects.models import Grant, Identifier, LicenceSeries, Subject

pytestmark = pytest.mark.django_db
PLAN = Plan(0.0008, 7, datetime.date(2025, 6, 30))


def test_every_code_is_right_but_those_that_say_why_not(city: City) -> None:
    rows = list(Identifier.objects.values_list("kind", "value", "check_ok", "override_reason"))
    assert {kind for kind, *_rest in rows} == {"USCC", "REG_NO"}
    for kind, value, check_ok, reason in rows:
        assert check_ok == (is_uscc(value) if kind == "USCC" else is_reg_no(value))
        assert check_ok or reason
    grants = list(Grant.objects.all())
    assert grants and all(is_licence_number(grant.number) for grant in grants)
    assert {grant.kind for grant in grants} == {"JY", "YB"}


def test_shares_are_those_of_the_shape(city: City) -> None:
    total = Subject.objects.count()
    for kind in ("COMPANY", "INDIVIDUAL"):
        share = Subject.objects.filter(type=kind).count() / total
        assert abs(share - KINDS[kind]) < 0.04
    food = Subject.objects.exclude(risk_grade="").count() / total
    assert 0.05 < food < 0.11
    districts = {path.split("/")[1] for path in Subject.objects.values_list("org_path", flat=True)}
    assert len(districts) == 11
    assert Subject.objects.filter(established_on__gt=PLAN.as_of).count() == 0


def test_names_and_addresses_are_nobodys_and_no_two_addresses_are_equal(city: City) -> None:
    rows = list(Subject.objects.values_list("name", "domicile"))
    named = {"深圳市福田区新枰小馆"}
    assert all(any(sign in name for sign in BOARD) for name, _address in rows if name not in named)
    addresses = [address for _name, address in rows]
    assert len(set(addresses)) == len(addresses)
    assert all(address.startswith("深圳市") for address in addresses)


def test_nobody_gets_a_number_of_identity_or_a_telephone(city: City) -> None:
    people = Person.objects.filter(is_demo=True)
    assert people.count() >= Grant.objects.values("subject").distinct().count()
    assert not people.exclude(id_number_index="", phone_index="").exists()
    assert people.first().clear()["name"]
    assert not Subject.objects.filter(grants__isnull=False, legal_rep__isnull=True).exists()


def test_everything_is_marked_as_demo(city: City) -> None:
    for model in (Subject, Case, Person, User):
        assert not model.objects.filter(is_demo=False).exists()


def test_every_unit_has_its_staff_with_certificates(city: City) -> None:
    for unit in Unit.objects.filter(level__in=[Level.OFFICE, Level.DISTRICT]):
        assert Staff.objects.filter(unit=unit).exists(), unit
    for unit in Unit.objects.filter(level=Level.OFFICE):
        certified = Staff.objects.filter(unit=unit, certificate_valid_to__gt=PLAN.as_of)
        assert certified.filter(appointments__post__code=f"{unit.code}-inspector").count() >= 2
    assert Unit.objects.filter(level=Level.OFFICE).count() == 74
    assert Seal.objects.filter(subject_id__isnull=True, kind="OFFICIAL").count() == 12
    assert Appointment.objects.filter(post__unit__code="SS", post__code="SS-inspector").exists()


def test_licences_spread_over_their_five_years(city: City) -> None:
    soon = PLAN.as_of + datetime.timedelta(days=126)
    held = Grant.objects.filter(kind="JY")
    assert held.filter(state="VALID", valid_to__range=(PLAN.as_of, soon)).exists()
    assert held.filter(state="EXPIRED", valid_to__lt=PLAN.as_of).exists()
    assert not held.filter(state="VALID", valid_to__lt=PLAN.as_of).exists()
    assert not Grant.objects.filter(kind="YB", valid_to__isnull=False).exists()


def test_the_next_licence_number_is_a_new_one(city: City) -> None:
    series = LicenceSeries.objects.first()
    number = subjects.take_licence_number(series.series[:2], series.series[2], series.series[3:])
    assert not Grant.objects.filter(number=number).exists() and is_licence_number(number)


def test_history_is_closed_told_and_published(city: City) -> None:
    cases = Case.objects.filter(flow_code="licensing.application")
    assert cases.exists() and not cases.filter(closed_at__isnull=True).exists()
    assert len(set(cases.values_list("number", flat=True))) == cases.count()
    case = cases.filter(state="ISSUED", application__item_code="FB-NEW").first()
    told = list(Event.objects.filter(record_kind="flow.case", record_id=case.pk).order_by("id"))
    assert told[0].name == "licensing.application.submitted"
    assert (
        told[-1].name == "licensing.licence.issued"
        and told[-1].data["grant"] == case.application.result_grant_id
    )
    for event in told:
        assert bytes(event.digest) == digest({name: getattr(event, name) for name in FIELDS})
    assert public_of(case.subject, kind="licence.grant")
    assert case.application.checks.get().conclusion == "PASS"
    assert case.state_title and case.opened_at <= case.closed_at


def test_the_build_is_one_event_with_its_manifest(city: City) -> None:
    event = Event.objects.get(name="city.city.built")
    assert event.data["digest"] == city.digest
    assert event.data["manifest"]["subjects_subject"]["rows"] == PLAN.subjects
    assert "name" not in json.dumps(event.data["manifest"])


def test_subjects_are_found_by_what_people_type(city: City) -> None:
    grant = Grant.objects.select_related("subject").filter(subject__status="ACTIVE").first()
    for text in (grant.subject.name, grant.number, registry.uscc_of(grant.subject)):
        assert grant.subject in registry.find(text)


def test_a_second_city_is_refused_and_says_what_stands_there(city: City) -> None:
    with pytest.raises(Refused, match=r"已有示范城市.*--replace"):
        building.build(PLAN)


def test_a_build_that_was_cut_off_is_begun_anew(city: City) -> None:
    City.objects.update(finished_at=None)
    assert building.build(PLAN).finished_at and Subject.objects.count() == PLAN.subjects + 5


def test_replacing_leaves_what_is_real(city: City) -> None:
    from tests.subjects.factories import SubjectFactory

    real = SubjectFactory("深圳市真实登记的餐馆")
    building.build(PLAN, replace=True)
    assert Subject.objects.filter(pk=real.pk, is_demo=False).exists()
    assert Subject.objects.filter(is_demo=True).count() == PLAN.subjects + 5


def test_something_real_on_a_demo_subject_stops_the_clearing(city: City) -> None:
    case = Case.objects.first()
    Case.objects.filter(pk=case.pk).update(is_demo=False)
    with pytest.raises(Refused, match="正式的办件"), transaction.atomic():
        clearing.clear(City.objects.get(cleared_at__isnull=True))
    assert Subject.objects.count() == PLAN.subjects + 5


def test_the_database_would_notice_a_reference_to_nothing(city: City) -> None:
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(
            "UPDATE subjects_grant SET premises_id = -5 WHERE id = (SELECT min(id) FROM subjects_grant)"
        )


def test_the_named_businesses_have_seals_and_papers_under_them(city: City) -> None:
    held = Seal.objects.filter(subject_id__isnull=False)
    assert held.filter(state="ACTIVE").count() == 5 and not held.filter(is_demo=False).exists()
    assert set(held.exclude(state="ACTIVE").values_list("kind", "state")) == {
        ("FINANCE", "LOST"),
        ("INVOICE", "ISSUED"),
    }
    assert SealUse.objects.count() == 6
    assert all(checking.of_use(use).seals[-1].good for use in SealUse.objects.select_related("seal"))
    assert Case.objects.filter(flow_code="seals.application", state="REVIEW").count() == 1
    assert Authorisation.objects.exclude(role="").count() == 2
