"""The plan of a city: the same gives the same; a bad one, and a place where none may stand, are told."""

import datetime

import pytest

from qipan.city import building, codes
from qipan.city.models import City
from qipan.city.shape import Plan
from qipan.domains.inspection.models import Visit
from qipan.kernel.accounts.models import User
from qipan.kernel.flow.models import Case, WorkOrder
from qipan.kernel.law import calendar, catalogue, terms
from qipan.kernel.ledger import clock
from qipan.kernel.ledger.errors import Refused
from qipan.kernel.subjects.codes import is_uscc
from qipan.kernel.subjects.models import Subject

pytestmark = pytest.mark.django_db
PLAN = Plan(0.0008, 7, datetime.date(2025, 6, 30))


@pytest.fixture
def loaded(settings, tmp_path) -> None:
    settings.HOME = tmp_path
    calendar.forget()
    terms.forget()
    catalogue.load_all()


def test_the_same_plan_gives_the_same_checksums_and_another_seed_others(loaded: None) -> None:
    first = building.build(PLAN)
    again = building.build(PLAN, replace=True)
    assert again.manifest == first.manifest and again.digest == first.digest
    assert all(entry["rows"] for entry in first.manifest.values())
    other = building.build(Plan(PLAN.scale, 8, PLAN.as_of), replace=True)
    assert other.digest != first.digest


def test_whole_columns_of_codes_agree_with_single_ones() -> None:
    import numpy as np

    made = codes.usccs(["91440300", "92440304", "12440306"] * 200, np.arange(600), 3)
    assert len(set(made)) == 600 and all(map(is_uscc, made))
    assert codes.checked(["44030160000012", "44030680000034"]) == ["440301600000123", "440306800000340"]


@pytest.mark.parametrize(
    ("plan", "words"),
    [
        (Plan(0, 1, PLAN.as_of), "规模"),
        (Plan(5, 1, PLAN.as_of), "规模"),
        (Plan(0.001, 1, datetime.date(2200, 1, 1)), "基准日"),
    ],
)
def test_bad_plans_are_told(loaded: None, plan: Plan, words: str) -> None:
    with pytest.raises(Refused, match=words):
        building.build(plan)
    assert not City.objects.exists()


def test_never_in_a_real_installation(loaded: None, settings) -> None:
    settings.QIPAN_DEMO = False
    with pytest.raises(Refused, match="正式系统"):
        building.build(PLAN)
    assert not Subject.objects.exists() and not User.objects.exists()


def test_without_the_organisation_nothing_is_built(settings, tmp_path) -> None:
    settings.HOME = tmp_path
    with pytest.raises(Refused, match="qipan load"):
        building.build(PLAN)


def test_the_newest_licences_wait_in_the_inboxes_for_their_inspections(loaded: None) -> None:
    plan = Plan(0.004, 7, datetime.date(2025, 6, 30))
    with clock.at(datetime.datetime(2025, 6, 30, 4, tzinfo=datetime.UTC)):
        building.build(plan)
    visits = Visit.objects.select_related("case", "grant")
    assert visits.filter(kind="LICENCE_AFTER").exists() and visits.filter(kind="ROUTINE").exists()
    for visit in visits.filter(kind="LICENCE_AFTER"):
        order = WorkOrder.objects.get(case=visit.case, kind="inspection.visit")
        assert order.state == "OPEN" and order.org_path == visit.case.org_path
        assert order.due_on is not None and order.due_on > visit.grant.decided_on
    assert not problems_of_demo_marks()


def problems_of_demo_marks() -> list[int]:
    """Cases about demo subjects that are not marked as demo data themselves."""
    return list(Case.objects.filter(subject__is_demo=True, is_demo=False).values_list("pk", flat=True))
