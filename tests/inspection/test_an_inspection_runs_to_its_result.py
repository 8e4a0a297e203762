"""The main road: routine inspection, result told in writing and public; and its three ways on."""

import datetime

import pytest

from qipan.domains.inspection.models import Conclusion
from qipan.kernel.documents import queries as documents
from qipan.kernel.flow import checks, registry
from qipan.kernel.jobs.testing import drain
from qipan.kernel.ledger.clock import today
from qipan.kernel.publication.models import Publication
from qipan.kernel.publication.queries import public_of
from tests.inspection.office import Office, fresh

pytestmark = pytest.mark.django_db


def test_the_declared_flow_is_sound_and_refers_only_to_what_is_loaded(office: Office) -> None:
    declared = registry.get("inspection.visit")
    assert checks.problems(declared) == []
    assert checks.missing(declared) == []


def test_a_clean_inspection_closes_and_its_result_is_told_in_writing(office: Office) -> None:
    visit = office.signed()
    drain()
    visit = fresh(visit)
    assert (visit.case.state, visit.case.result, visit.conclusion) == ("CLOSED", "PASSED", Conclusion.CONFORM)
    (paper,) = documents.of(visit.case)
    assert paper.template.code == "inspection.result" and paper.state == "ISSUED"
    assert paper.data["conclusion"] == "符合" and paper.number.startswith("深市监")


def test_the_result_is_published_within_twenty_working_days(office: Office) -> None:
    visit = office.signed({"2.2": "原料直接放在地面"}, measure="ON_SITE")
    row = Publication.objects.get(record_kind="flow.case", record_id=visit.pk)
    assert row.due_on > today() + datetime.timedelta(days=25)
    assert row.published_at is not None and row.published_at.date() <= row.due_on
    (shown,) = public_of(visit.case.subject, kind="inspection.result")
    assert shown.value("conclusion") == "基本符合" and shown.value("handling") == "当场整改"
    assert shown.value("general_failed")[0].startswith("2.2") and "第三十九条" in shown.source


def test_what_can_be_corrected_on_the_spot_is_closed_on_the_spot(office: Office) -> None:
    visit = office.signed({"2.2": "原料直接放在地面"}, measure="ON_SITE")
    assert fresh(visit).case.state == "CLOSED"


def test_an_order_to_correct_names_a_day_and_a_clock_runs_to_it(office: Office) -> None:
    visit = office.signed({"2.2": "原料直接放在地面"})
    drain()
    case = fresh(visit).case
    clock = case.clocks.get(rule_code="Insp.rectify")
    assert case.state == "RECTIFYING" and clock.due_on == today() + datetime.timedelta(days=7)
    papers = {row.template.code: row for row in documents.of(case)}
    order = papers["inspection.order"]
    assert order.state == "ISSUED" and order.data["items"][0]["note"] == "原料直接放在地面"
    assert "食品安全法" in order.data["items"][0]["source"]


def test_what_was_put_right_is_rechecked_and_closed_and_the_result_says_so(office: Office) -> None:
    visit = office.signed({"2.2": "原料直接放在地面"})
    office.reported(visit)
    visit = office.rechecked(fresh(visit))
    drain()
    case = fresh(visit).case
    assert case.state == "CLOSED"
    assert "inspection.recheck" in {row.template.code for row in documents.of(case) if row.state == "ISSUED"}
    (shown,) = public_of(case.subject, kind="inspection.result")
    assert shown.value("rechecked") == "复查合格"
