"""The pages: every address declares its access, strangers get nothing, and a renewal walks from the guide to the PDF."""

import io

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pypdf import PdfReader

from qipan.kernel.flow.models import Case, WorkOrder
from qipan.kernel.jobs.testing import drain
from qipan.kernel.orgs.roles import Role
from qipan.ui.access import undeclared
from tests.licensing.city import City
from tests.orgs.factories import StaffFactory, signed_in

pytestmark = pytest.mark.django_db


def owner_client(grant) -> Client:
    return signed_in(Client(), grant.subject.representatives.get().user)


def test_every_address_declares_who_may_open_it() -> None:
    assert undeclared("qipan.portal.urls") == []


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/items/",
        "/items/FB-RENEW/",
        "/businesses/?q=深圳",
        "/publications/",
        "/laws/?q=许可",
        "/verify/",
        "/open/csv/",
    ],
)
def test_public_pages_open_without_an_account(city: City, path: str) -> None:
    assert Client().get(path).status_code == 200


@pytest.mark.parametrize("path", ["/my/", "/desk/", "/m/", "/apply/FB-RENEW/", "/desk/cases/"])
def test_other_pages_ask_to_sign_in(city: City, path: str) -> None:
    answer = Client().get(path)
    assert answer.status_code == 302 and "/accounts/login/" in answer["Location"]


def walk_renewal(city: City, client: Client, grant, **more: str) -> Case:
    page = client.get("/apply/FB-RENEW/")
    assert grant.number in page.content.decode()
    answer = client.post("/apply/FB-RENEW/", {"choice": str(grant.pk), "uuid": page.context["uuid"]})
    assert answer.status_code == 302
    form = client.get(answer["Location"])
    text = form.content.decode()
    assert grant.subject.name in text and 'name="uscc"' not in text
    answer = client.post(
        answer["Location"],
        {
            "act": "submit",
            "key": form.context["key"],
            "unchanged": "true",
            "contact_name": "王小明",
            "contact_phone": "13800138000",
            "truthful": "true",
            **more,
        },
    )
    assert answer.status_code == 302, answer.content.decode()[-3000:]
    return Case.objects.order_by("-pk").first()


def test_a_renewal_walks_from_the_guide_to_the_sealed_pdf(city: City) -> None:
    _subject, grant, _owner = city.restaurant()
    client = owner_client(grant)
    case = walk_renewal(city, client, grant)
    drain()
    page = client.get(f"/my/cases/{case.uuid}/")
    text = page.content.decode()
    assert "已制证" in text and "食品经营许可证（正本）" in text and "秒批" in text
    paper = next(paper for paper in page.context["papers"] if "正本" in paper.title)
    pdf = client.get(paper.href)
    assert pdf["Content-Type"] == "application/pdf"
    assert grant.number in PdfReader(io.BytesIO(pdf.content)).pages[0].extract_text()
    assert "派发工单" not in text  # orders are the house's own affair
    checked = Client().get(f"/verify/{paper.code}/")
    assert "有效期自" in checked.content.decode() and "valid_from" not in checked.content.decode()
    assert checked.status_code == 200 and grant.number in checked.content.decode()
    assert Client().get(paper.href).status_code == 302
    upload = io.BytesIO(pdf.content)
    upload.name = "x.pdf"
    assert "未被改动" in Client().post("/verify/", {"file": upload}).content.decode()
    assert grant.number in Client().get(f"/businesses/{grant.subject_id}/").content.decode()
    assert client.get("/my/").status_code == 200


def test_a_renewal_is_decided_within_its_budget_of_queries(city: City) -> None:
    _subject, grant, _owner = city.restaurant()
    walk_renewal(city, owner_client(grant), grant)  # what is kept between acts is read once
    _subject, grant, _owner = city.restaurant()
    with CaptureQueriesContext(connection) as found:
        walk_renewal(city, owner_client(grant), grant)
    assert 100 < len(found) < 165, len(found)  # three pages and the decision with its thirteen events


def test_errors_stand_at_their_fields_and_nothing_is_lost(city: City) -> None:
    _subject, grant, _owner = city.restaurant()
    client = owner_client(grant)
    start = client.get("/apply/FB-RENEW/")
    address = client.post("/apply/FB-RENEW/", {"choice": str(grant.pk), "uuid": start.context["uuid"]})[
        "Location"
    ]
    answer = client.post(
        address, {"act": "submit", "contact_name": "王小明", "contact_phone": "123", "changes": "换了灶"}
    )
    text = answer.content.decode()
    assert answer.status_code == 422 and "11 位手机号码" in text and "换了灶" in text
    assert Case.objects.get().state == "DRAFT"


def test_what_the_rules_do_not_grant_lies_in_the_inbox_and_a_person_decides(city: City) -> None:
    _subject, grant, _owner = city.restaurant(risk_grade="D")
    case = walk_renewal(city, owner_client(grant), grant)
    desk = signed_in(Client(), city.receiver.user)
    order = WorkOrder.objects.get(case=case)
    assert case.title in desk.get("/desk/").content.decode()
    assert desk.get(f"/desk/orders/{order.uuid}/").status_code == 200
    assert desk.post(f"/desk/orders/{order.uuid}/claim/").status_code == 302
    page = desk.get(f"/desk/cases/{case.uuid}/")
    text = page.content.decode()
    assert "风险等级：D" in text and "一次性告知补正" in text and "13800138000" not in text
    refused = desk.post(f"/desk/cases/{case.uuid}/decline/", {"version": page.context["case"].version})
    assert refused.status_code == 409 and "理由" in refused.content.decode()
    case.refresh_from_db()
    assert (
        desk.post(f"/desk/cases/{case.uuid}/accept/", {"version": case.version, "key": "a"}).status_code
        == 302
    )
    stale = desk.post(f"/desk/cases/{case.uuid}/accept/", {"version": case.version, "key": "b"})
    assert stale.status_code in {404, 409}
    assert desk.get("/desk/cases/?q=" + case.number).status_code == 200


def test_another_district_and_another_business_find_nothing(city: City) -> None:
    _subject, grant, _owner = city.restaurant(risk_grade="D")
    case = walk_renewal(city, owner_client(grant), grant)
    stranger = signed_in(Client(), StaffFactory(role=Role.LIC_RECEIVER, unit=city.tree.districts[1]).user)
    assert case.title not in stranger.get("/desk/").content.decode()
    assert stranger.get(f"/desk/cases/{case.uuid}/").status_code == 404
    assert stranger.post(f"/desk/cases/{case.uuid}/accept/").status_code == 404
    _other, held, _reader = city.restaurant()
    assert owner_client(held).get(f"/my/cases/{case.uuid}/").status_code == 404
    assert stranger.get(f"/desk/businesses/{grant.subject_id}/").status_code == 404
