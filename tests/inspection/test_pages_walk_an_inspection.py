"""Over HTTP, as browsers send it: the inspection's part of both loops, from the inbox to the public page."""

import datetime
import json
import uuid

import pytest
from django.test import Client

from qipan.domains.inspection.models import Visit
from qipan.domains.licensing import actions as licensing
from qipan.kernel.documents import queries as documents
from qipan.kernel.evidence.models import Evidence
from qipan.kernel.flow.models import Case, WorkOrder
from qipan.kernel.jobs.testing import drain
from qipan.kernel.ledger.clock import today
from qipan.kernel.ledger.dispatch import deliver_waiting
from tests.inspection.office import BOTH, OFFICERS_ONLY, Office, photo
from tests.licensing import test_a_new_restaurant_is_checked_and_decided_by_people as licensed
from tests.orgs.factories import signed_in

pytestmark = pytest.mark.django_db


def client_of(person) -> Client:
    return signed_in(Client(), getattr(person, "user", person))


def upload(client: Client, content: bytes) -> str:
    """A photo through the resumable upload, in two pieces."""
    made = client.post(
        "/evidence/uploads/", headers={"Upload-Length": str(len(content)), "Upload-Metadata": "kind cGhvdG8="}
    )
    assert made.status_code == 201, made.content
    place, half = made["Location"], len(content) // 2
    for start, piece in ((0, content[:half]), (half, content[half:])):
        sent = client.patch(
            place,
            piece,
            content_type="application/offset+octet-stream",
            headers={"Upload-Offset": str(start)},
        )
        assert sent.status_code == 204, sent.content
    return place.strip("/").split("/")[-1]


def claimed(office: Office, visit: Visit, kind: str = "inspection.visit") -> WorkOrder:
    """The order, claimed by both on their phones."""
    order = WorkOrder.objects.get(case_id=visit.pk, kind=kind, state="OPEN")
    for officer in office.inspectors:
        assert (
            client_of(officer).post(f"/desk/orders/{order.uuid}/claim/", {"next": "/m/"}).status_code == 302
        )
    return order


def inspected(office: Office, visit: Visit, failed: dict[str, str], **result: str) -> None:
    """From the claim to the signed result, as the phone sends it."""
    phone = client_of(office.lead)
    address = f"/m/inspections/{claimed(office, visit).uuid}/"
    notice = phone.get(address)
    assert (
        "请出示给被检查单位" in notice.content.decode() and str(office.second.user) in notice.content.decode()
    )
    assert phone.post(address, {"act": "begin"}).status_code == 422
    assert phone.post(address, {"act": "begin", "shown": "on", "place": "114.05,22.54,9"}).status_code == 302
    page = phone.get(address)
    items = [one["item"] for area in page.context["areas"] for one in area["items"]]
    body = {
        item.code: {"answer": "YES", "note": "", "value": "4" if item.measured else "", "photos": []}
        for item in items
    }
    for code, words in failed.items():
        body[code] |= {"answer": "NO", "note": words, "photos": [upload(phone, photo(code))]}
    saved = phone.post(
        f"{address}note/", json.dumps({"items": body, "place": ""}), content_type="application/json"
    )
    assert saved.json()["unanswered"] == 0 and saved.json()["failed"] == len(failed)
    assert phone.post(address, {"act": "conclude", "changed": ""}).status_code == 302
    page = phone.get(address)
    assert page.templates[0].name == "inspection/sign.html"
    answer = phone.post(address, {"act": "sign", "uuid": page.context["uuid"], **BOTH, **result})
    assert answer.status_code == 302, answer.context["refusals"]
    drain()
    assert "当场告知的文书" in phone.get(answer["Location"]).content.decode()


def test_loop_a_the_follow_up_inspection_of_a_renewal_ends_on_the_public_page(office: Office) -> None:
    subject, grant, owner = office.shop()
    row = office.drafted("FB-RENEW", subject, grant, owner, unchanged="true")
    licensing.submit(row, owner)
    drain()
    deliver_waiting(quiet=False)
    visit = Visit.objects.get()
    inbox = client_of(office.lead).get("/m/").content.decode()
    assert "证后检查" in inbox and subject.name in inbox
    shop = client_of(subject.representatives.get().user)
    assert "证后检查" not in shop.get("/my/").content.decode()
    assert shop.get(f"/my/cases/{visit.case.uuid}/").status_code == 404
    inspected(office, visit, {})
    public = Client().get(f"/businesses/{subject.pk}/").content.decode()
    assert "证后检查结果" in public and "检查结论" in public and "符合" in public
    assert "证后检查结果" in Client().get("/publications/").content.decode()
    page = shop.get(f"/my/cases/{visit.case.uuid}/")
    paper = next(paper for paper in page.context["papers"] if "结果记录表" in paper.title)
    assert shop.get(paper.href)["Content-Type"] == "application/pdf"
    assert Client().get(f"/verify/{paper.code}/").status_code == 200


def test_loop_b_a_new_restaurant_is_inspected_ordered_to_correct_and_rechecked(office: Office) -> None:
    case, _order = licensed.checking(office)
    licensed.visit(office, case)
    licensed.step(case, office.decider, "grant")
    drain()
    deliver_waiting(quiet=False)
    visit = Visit.objects.select_related("case").get()
    desk = client_of(office.head)
    assert case.subject.name in desk.get("/desk/inspections/?which=planned").content.decode()
    page = desk.get(f"/desk/cases/{visit.case.uuid}/")
    sent = desk.post(
        f"/desk/cases/{visit.case.uuid}/assign/",
        {"version": page.context["case"].version, "key": "a", "wanted_by": ""},
    )
    assert sent.status_code == 302
    day = str(today() + datetime.timedelta(days=10))
    inspected(office, visit, {"2.2": "原料直接放在地面"}, rectify_by=day, measure="BY_DATE", affects="no")
    shop = client_of(case.subject.representatives.get().user)
    own = f"/my/cases/{visit.case.uuid}/"
    text = shop.get(own).content.decode()
    assert "原料直接放在地面" in text and "责令改正通知书" in text
    empty = shop.post(f"{own}report/", {"report": "", "key": "r0"})
    assert empty.status_code == 409 and "写明整改情况" in empty.content.decode()
    token = upload(shop, photo("after"))
    assert (
        shop.post(f"{own}report/", {"report": "已购置货架", "files": token, "key": "r1"}).status_code == 302
    )
    order = claimed(office, visit, "inspection.recheck")
    phone, address = client_of(office.second), f"/m/rechecks/{order.uuid}/"
    seen = phone.get(address)
    assert "已购置货架" in seen.content.decode()
    given = {
        "uuid": seen.context["uuid"],
        "answer-2.2": "YES",
        "note-2.2": "货架已用",
        "photo-2.2": upload(phone, photo("ok")),
    }
    refused = phone.post(address, {**given, **OFFICERS_ONLY})
    assert refused.status_code == 422 and "货架已用" in refused.content.decode()
    assert phone.post(address, {**given, **BOTH}).status_code == 302
    assert Case.objects.get(pk=visit.pk).state == "CLOSED"
    drain()
    assert "复查合格" in Client().get(f"/businesses/{case.subject_id}/").content.decode()
    assert "整改复查记录" in {row.template.title for row in documents.of(visit.case)}
    panel = desk.get(f"/desk/cases/{visit.case.uuid}/").content.decode()
    assert "货架已用" in panel and "全部检查记录" in panel
    for file in Evidence.objects.filter(kind="photo"):
        assert desk.get(f"/evidence/{file.uuid}/").status_code == 200
        assert Client().get(f"/evidence/{file.uuid}/").status_code == 302


def test_a_head_opens_an_inspection_from_the_business_page(office: Office) -> None:
    subject, grant, _owner = office.shop()
    desk = client_of(office.head)
    assert "安排检查" in desk.get(f"/desk/businesses/{subject.pk}/").content.decode()
    page = desk.get(f"/desk/businesses/{subject.pk}/inspect/")
    form = {"uuid": page.context["uuid"], "kind": "FLYING", "grant": str(grant.pk), "cause": ""}
    refused = desk.post(f"/desk/businesses/{subject.pk}/inspect/", form)
    assert refused.status_code == 422 and "问题线索" in refused.content.decode()
    done = desk.post(f"/desk/businesses/{subject.pk}/inspect/", {**form, "cause": "连续三次抽检不合格"})
    assert done.status_code == 302 and Visit.objects.get().cause == "连续三次抽检不合格"
    officer = client_of(office.lead)
    assert "安排检查" not in officer.get(f"/desk/businesses/{subject.pk}/").content.decode()
    assert officer.get(f"/desk/businesses/{subject.pk}/inspect/").status_code == 403


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b'{"items": []}', b'{"items": {"2.1": 5}}', b'{"items": {"2.1": {"photos": 3}}}', b"\xff"],
)
def test_a_draft_that_makes_no_sense_is_told_and_changes_nothing(office: Office, body: bytes) -> None:
    visit = office.begun()
    order = WorkOrder.objects.get(case_id=visit.pk)
    before = visit.answers
    answer = client_of(office.lead).post(
        f"/m/inspections/{order.uuid}/note/", body, content_type="application/json"
    )
    assert answer.status_code in {400, 200} and Visit.objects.get().answers == before
    if answer.status_code == 400:
        assert "刷新页面" in answer.json()["error"]


def test_others_reach_no_page_of_it(office: Office) -> None:
    visit = office.begun()
    order = WorkOrder.objects.get(case_id=visit.pk)
    outsider = client_of(office.third)
    draft = json.dumps({"items": {"2.1": {"answer": "NO"}}})
    assert (
        outsider.post(
            f"/m/inspections/{order.uuid}/note/", draft, content_type="application/json"
        ).status_code
        == 403
    )
    shop = client_of(visit.case.subject.representatives.get().user)
    assert shop.get(f"/m/inspections/{order.uuid}/").status_code == 403
    assert client_of(office.lead).get(f"/m/inspections/{uuid.uuid4()}/").status_code == 404


def test_a_site_check_keeps_notes_and_photos_and_two_officers_do_not_overwrite_each_other(
    office: Office,
) -> None:
    case, order = licensed.checking(office)
    lead, second = client_of(office.lead), client_of(office.second)
    address = f"/m/checks/{order.uuid}/"
    for client, code in ((lead, "1.1"), (second, "1.2")):
        token = upload(client, photo(code))
        draft = {"items": {code: {"answer": "YES", "note": f"记录{code}", "value": "", "photos": [token]}}}
        answer = client.post(f"{address}note/", json.dumps(draft), content_type="application/json")
        assert answer.json() == {"saved": [code]}
    page = second.get(address)
    assert "记录1.1" in page.content.decode() and "记录1.2" in page.content.decode()
    items = [one["item"].code for area in page.context["areas"] for one in area["items"]]
    rest = {f"answer-{code}": "YES" for code in items}
    form = {"uuid": page.context["uuid"], "changed": " ".join(items[2:]), **rest}
    refused = lead.post(address, form)
    assert refused.status_code == 422 and "签名" in refused.content.decode()
    assert lead.post(address, {**form, **BOTH}).status_code == 302
    assert lead.post(address, {**form, **BOTH}).status_code == 302
    check = case.application.checks.get()
    assert (
        check.conclusion == "PASS"
        and check.answers["1.2"]["note"] == "记录1.2"
        and len(check.answers["1.1"]["photos"]) == 1
    )
    assert "记录1.1" in client_of(office.head).get(f"/desk/cases/{case.uuid}/").content.decode()


def test_the_head_gives_more_time_on_the_case_page_and_the_shop_reads_it(office: Office) -> None:
    visit = office.signed({"2.2": "原料直接放在地面"})
    desk, address = client_of(office.head), f"/desk/cases/{visit.case.uuid}/"
    page = desk.get(address)
    assert "延长改正期限" in page.content.decode()
    until = str(today() + datetime.timedelta(days=20))
    values = {"version": page.context["case"].version, "key": "x", "rectify_by": until}
    assert desk.post(f"{address}extend/", {**values, "reason": ""}).status_code != 302
    assert desk.post(f"{address}extend/", {**values, "reason": "冷库改造需要报审。"}).status_code == 302
    drain()
    shop = client_of(visit.case.subject.representatives.get().user)
    text = shop.get(f"/my/cases/{visit.case.uuid}/").content.decode()
    assert until in text and "冷库改造需要报审。" in text and "延长改正期限通知书" in text
    assert "extend/" not in shop.get(f"/my/cases/{visit.case.uuid}/").content.decode()
