"""A kind of licence that is data alone walks from the guide to its sealed certificate, over HTTP."""

import re
import uuid

import pytest
from django.test import Client
from django.urls import reverse

from qipan.domains.licensing import actions
from qipan.domains.licensing.models import Application
from qipan.kernel.documents import queries as documents
from qipan.kernel.evidence import actions as evidence
from qipan.kernel.flow import actions as flow
from qipan.kernel.flow.models import Case, WorkOrder
from qipan.kernel.forms import queries as forms
from qipan.kernel.items import queries as items
from qipan.kernel.jobs.testing import drain
from qipan.kernel.publication.queries import public_of
from qipan.kernel.subjects.codes import is_licence_number
from tests.licensing.city import PLACE, City
from tests.licensing.test_a_new_restaurant_is_checked_and_decided_by_people import drawn, picture
from tests.orgs.factories import reader_for, signed_in
from tests.subjects.factories import SubjectFactory, owner_of

pytestmark = pytest.mark.django_db
FACTORY = {"category": "104", "scope": "酱卤肉制品", "staff_count": "30", "truthful": "on"}
CONTACT = {"contact_name": "王小明", "contact_phone": "13800138000"}


def act(client: Client, case: Case, step: str, **more: str):
    case.refresh_from_db()
    return client.post(
        reverse("desk_step", args=[case.uuid, step]),
        {"version": case.version, "key": uuid.uuid4().hex, **more},
        follow=True,
    )


def test_a_food_factory_walks_from_the_guide_to_its_certificate(client: Client, city: City) -> None:
    subject = SubjectFactory("深圳市卤味食品有限公司", type="COMPANY")
    owner = owner_of(subject)
    signed_in(client, owner)
    guide = client.get(reverse("item", args=["FP-FOOD-NEW"])).content.decode()
    assert "食品生产许可新办" in guide and "第十二条" in guide and "生产工艺流程图" in guide
    started = client.post(
        reverse("apply", args=["FP-FOOD-NEW"]), {"choice": subject.pk, "uuid": str(uuid.uuid4())}
    )
    page = client.get(started.url).content.decode()
    uploads = re.findall(r'name="(m_[a-z_]+)"', page)
    assert uploads and "m_business_licence" not in uploads
    files = {
        name: str(
            evidence.store(picture(), actor=reader_for(owner).actor(), kind="material", name="图.png").uuid
        )
        for name in uploads
    }
    answers = {**FACTORY, **CONTACT, **PLACE, **files, "act": "submit", "key": "k1"}
    handed = client.post(started.url, answers, follow=True)
    case = Case.objects.get(flow_code="licensing.matter")
    assert handed.status_code == 200 and case.state == "SUBMITTED", handed.content.decode()[:3000]

    def step(who, code: str, **more):
        reader = reader_for(who)
        return flow.fire(Case.objects.get(pk=case.pk), code, reader.actor(None, case.org_path), **more)

    step(city.receiver, "accept")
    step(city.reviewer, "order_check")
    order = WorkOrder.objects.get(case=case, kind="licensing.check")
    for officer in city.inspectors:
        flow.claim(order, actor=reader_for(officer).actor(None, case.org_path))
    row = Application.objects.get(pk=case.pk)
    reader = reader_for(city.inspectors[0])
    check = actions.start_check(
        row, reader, uuid=uuid.uuid4(), officers=[officer.user_id for officer in city.inspectors]
    )
    wanted = forms.checklist("LIC-FP").applicable(actions.check_facts(row))
    actions.conclude_check(
        check,
        reader,
        answers={item.code: {"answer": "YES"} for item in wanted},
        signatures={"officer1": drawn(), "officer2": drawn(), "operator": drawn()},
    )
    step(city.decider, "grant")
    drain()
    case.refresh_from_db()
    grant = Application.objects.get(pk=case.pk).result_grant
    assert case.state == "ISSUED" and grant.kind == "SC" and grant.title == "食品生产许可证"
    assert grant.number.startswith("SC104440304") and is_licence_number(grant.number)
    made = {paper.template.code: paper for paper in documents.of_record("flow.case", case.pk)}
    assert set(made) == {
        "licensing.matter_acceptance",
        "licensing.matter_decision",
        "licences.food_production",
    }
    verdict = documents.check_upload(documents.file_of(made["licences.food_production"]))
    assert verdict.unchanged and ("品种明细", "酱卤肉制品") in verdict.document.lines
    assert ("食品类别", "肉制品") in verdict.document.lines
    assert [record.value("number") for record in public_of(subject)] == [grant.number]
    assert grant.document_id == made["licences.food_production"].pk


def test_the_decision_is_due_by_the_limit_of_the_item(city: City) -> None:
    """食品生产许可: ten working days from acceptance (FPL 22)."""
    assert items.item("FP-FOOD-NEW").law_days == 10
