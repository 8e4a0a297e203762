"""Tax, fire, banks decide their own matters: we take in, hand over, and bring back the answer; no licence of ours comes of it."""

import datetime
import uuid

import pytest
from django.test import Client
from django.urls import reverse

from qipan.adapters.agencies import simulated
from qipan.domains.licensing import actions
from qipan.domains.licensing.handover import actions as handover
from qipan.domains.licensing.handover import agencies
from qipan.domains.licensing.handover.agencies import Answer
from qipan.domains.licensing.models import Application
from qipan.kernel.documents import queries as documents
from qipan.kernel.flow import registry
from qipan.kernel.flow.checks import missing, problems
from qipan.kernel.flow.models import Case
from qipan.kernel.items.models import Item
from qipan.kernel.jobs.testing import drain
from qipan.kernel.ledger.errors import Refused
from qipan.kernel.subjects.models import Grant
from tests.licensing.city import City
from tests.orgs.factories import reader_for, signed_in
from tests.subjects.factories import SubjectFactory, owner_of

pytestmark = pytest.mark.django_db


def handed_in(city: City, item: str = "JT-TAX-NEW") -> Case:
    subject = SubjectFactory("深圳市转办餐馆")
    owner = reader_for(owner_of(subject))
    row = city.drafted(item, subject, None, owner, request="办理新办纳税人信息确认")
    return actions.submit(row, owner, key=uuid.uuid4().hex)


def test_a_matter_of_the_tax_office_comes_back_with_its_answer_and_without_a_licence(
    client: Client, city: City
) -> None:
    case = handed_in(city)
    assert case.state == "HANDED"
    drain()
    case.refresh_from_db()
    row = Application.objects.get(pk=case.pk)
    assert case.state == "ANSWERED" and case.result == "DONE"
    assert row.answer["number"].startswith("TAX") and "模拟" in row.answer["text"]
    assert row.result_grant is None and not Grant.objects.exists()
    papers = documents.of_record("flow.case", case.pk)
    assert [paper.template.code for paper in papers] == ["licensing.handover_receipt"]
    signed_in(client, case.subject.representatives.get().user)
    page = client.get(reverse("my_case", args=[case.uuid])).content.decode()
    assert row.answer["number"] in page and "税务局" in page


def test_no_item_of_another_authority_ends_in_a_certificate_of_ours(city: City) -> None:
    handed = Item.objects.exclude(agency="")
    assert handed.count() >= 30
    for item in handed:
        assert item.flow == "licensing.handover" and item.agency in agencies.TITLES, item.code
        assert item.outcomes == ["licensing.handover_receipt"] and not item.licence and not item.table, (
            item.code
        )
    assert not Item.objects.filter(flow="licensing.handover", agency="").exists()


def test_what_nobody_can_pass_on_is_not_taken_in(city: City) -> None:
    agencies.disconnect("TAX")
    try:
        with pytest.raises(Refused, match="税务局"):
            handed_in(city)
    finally:
        agencies.connect("TAX", simulated.answer)


def test_an_answer_that_comes_later_is_kept_once(city: City) -> None:
    agencies.connect("TAX", lambda handed: None)
    try:
        case = handed_in(city)
        drain()
        case.refresh_from_db()
        assert case.state == "HANDED"
        with pytest.raises(Refused, match="不能识别"):
            handover.answer(case, Answer("WHO", "", "", datetime.date(2026, 11, 26)))
        late = Answer("REFUSED", "", "材料不全，不予办理。", datetime.date(2026, 11, 26))
        handover.answer(case, late)
        handover.answer(Case.objects.get(pk=case.pk), late)
    finally:
        agencies.connect("TAX", simulated.answer)
    case.refresh_from_db()
    assert (case.state, case.result) == ("ANSWERED", "REFUSED")


def test_nothing_personal_leaves_the_house(city: City) -> None:
    case = handed_in(city)
    sent = handover.handed(case)
    assert "13800138000" not in str(sent) and "王小明" not in str(sent.answers)


def test_the_declared_flow_is_sound(city: City) -> None:
    for code in ("licensing.handover", "licensing.matter"):
        assert problems(registry.get(code)) == [] and missing(registry.get(code)) == []
