"""Every item of the food business family goes from the list to its document through the interface alone."""

import hashlib
import io
import uuid

import pytest
from pypdf import PdfReader

from qipan.domains.licensing.models import Application
from qipan.kernel.flow.models import Case, WorkOrder
from qipan.kernel.jobs.testing import drain
from qipan.kernel.ledger.models import Event
from qipan.kernel.subjects.models import Grant, Subject
from tests.api.programs import CONTACT, PDF, Program
from tests.licensing.city import City
from tests.orgs.factories import signed_in

pytestmark = pytest.mark.django_db
PLACE = {"premises": "深圳市福田区福田街道滨河路9号", "street": "福田街道", "area": "30"}


def owner(subject: Subject, *scopes: str) -> Program:
    return Program(subject.representatives.get().user, *scopes)


def test_all_seven_items_are_listed_with_their_forms(city: City) -> None:
    program = Program()
    codes = {item["code"] for item in program.get("/items")}
    assert codes >= {"FB-NEW", "FB-CHANGE", "FB-RENEW", "FB-REISSUE", "FB-CANCEL", "FF-NEW", "FF-CANCEL"}
    assert "FB-RENEW" in [item["code"] for item in program.get("/items?q=延续")]
    guide = program.get("/items/FB-NEW")
    fields = {field["code"]: field for section in guide["sections"] for field in section["fields"]}
    assert fields["diners"]["when"] == {"field": "main_format", "op": "eq", "value": "3"}
    assert fields["layout_plan"]["kind"] == "file" and fields["layout_plan"]["required"]
    assert {option["code"] for option in fields["items"]["options"]} >= {"HOT", "COLD"}
    assert any(condition["source"] for condition in guide["conditions"]) and guide["bases"]
    assert {material["code"] for material in guide["materials"]} >= {"layout_plan"}


@pytest.mark.parametrize(
    ("item", "answers", "state"),
    [
        ("FB-RENEW", {"unchanged": True}, "VALID"),
        ("FB-REISSUE", {"cause": "LOST"}, "VALID"),
        ("FB-CANCEL", {"cause": "STOPPED", "no_investigation": True}, "CANCELLED"),
        ("FB-CHANGE", {"change_kinds": ["NAME"]}, "VALID"),
    ],
)
def test_what_the_rules_grant_ends_in_a_sealed_document(
    city: City, item: str, answers: dict, state: str
) -> None:
    subject, grant, _reader = city.restaurant()
    program = owner(subject)
    assert [(row["id"], row["name"]) for row in program.get("/subjects")] == [(subject.pk, subject.name)]
    assert [row["number"] for row in program.get("/grants")] == [grant.number]
    number = program.draft(item, subject.pk, grant.pk)
    asked = set(PROGRAM_FIELDS[item])
    filled = {key: value for key, value in {**CONTACT, **answers}.items() if key in asked}
    saved = program.fill(number, **filled)
    assert saved.status_code == 200, saved.content.decode()
    done = program.submit(number)
    assert done.status_code == 200, done.content.decode()
    assert (done.json()["state"], done.json()["mode"]) == ("GRANTED", "AUTO")
    drain()
    case = program.get(f"/cases/{number}")
    assert (case["state"], case["result"]) == ("ISSUED", "GRANTED") and case["timeline"]
    paper = next(row for row in case["documents"] if row["template"] == DOCUMENTS[item])
    pdf = program.call("get", paper["file"].removeprefix("/api/v1"))
    assert pdf["Content-Type"] == "application/pdf"
    assert grant.number in "".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf.content)).pages)
    assert Program().get(f"/licences/{grant.number}")["state"] == state
    known = Program().get(f"/verifications/{paper['code']}")
    assert known["valid"] and known["digest"] == hashlib.sha256(pdf.content).hexdigest()
    assert Event.objects.get(name="licensing.application.submitted").data["channel"] == "api"


PROGRAM_FIELDS = {
    "FB-RENEW": ["unchanged", *CONTACT],
    "FB-REISSUE": ["cause", *CONTACT],
    "FB-CANCEL": ["cause", "no_investigation", *CONTACT],
    "FB-CHANGE": ["change_kinds", *CONTACT],
}
DOCUMENTS = {
    "FB-RENEW": "licensing.certificate",
    "FB-REISSUE": "licensing.certificate",
    "FB-CANCEL": "licensing.decision",
    "FB-CHANGE": "licensing.certificate",
}


def test_a_filing_is_made_and_ended(city: City) -> None:
    subject, _grant, _reader = city.restaurant()
    program = owner(subject)
    number = program.draft("FF-NEW", subject.pk)
    assert program.fill(number, prepackaged_only=True, **PLACE, **CONTACT).status_code == 200
    assert program.submit(number).json()["state"] == "GRANTED"
    drain()
    filed = Application.objects.get(case__uuid=number).result_grant
    assert filed.number.startswith("YB") and Program().get(f"/licences/{filed.number}")["valid_to"] is None
    ended = program.draft("FF-CANCEL", subject.pk, filed.pk)
    answer = program.fill(ended, cause="STOPPED", no_investigation=True, **CONTACT)
    assert answer.status_code == 200, answer.content.decode()
    assert program.submit(ended).json()["state"] == "GRANTED"
    drain()
    assert Grant.objects.get(pk=filed.pk).state == "CANCELLED"


def test_a_new_restaurant_goes_through_people_who_use_the_interface_too(city: City) -> None:
    subject, _grant, _reader = city.restaurant()
    program = owner(subject)
    number = program.draft("FB-NEW", subject.pk)
    plan = program.upload(PDF)
    answers = {
        **CONTACT, **PLACE, "main_format": "2", "items": ["HOT"], "manager_name": "李芳",
        "manager_phone": "13900139000", "staff_count": 6, "layout_plan": [plan],
    }  # fmt: skip
    saved = program.fill(number, **answers)
    assert saved.status_code == 200, saved.content.decode()
    assert saved.json()["manager"] == {"name": "李*", "phone": "139****9000"}
    assert "13900139000" not in saved.content.decode()
    assert program.submit(number, key="first").json()["state"] == "SUBMITTED"

    receiver = Program(city.receiver.user)
    waiting = receiver.get("/desk/inbox")["orders"]
    assert [order["case"] for order in waiting] == [number] and waiting[0]["light"]
    claimed = receiver.call("post", f"/desk/orders/{waiting[0]['uuid']}/claim")
    assert claimed.status_code == 200 and claimed.json()["mine"]
    case = receiver.get(f"/cases/{number}")
    assert {"accept", "correct"} <= {step["code"] for step in case["steps"]}
    told = receiver.step(
        number, "correct", version=case["version"], fields={"points": ["平面图看不清", "缺制度"]}
    )
    assert told.status_code == 200, told.content.decode()

    mine = program.get(f"/applications/{number}")
    assert (mine["state"], mine["correction"]) == ("CORRECTION", ["平面图看不清", "缺制度"])
    again = program.fill(number, **{**answers, "layout_plan": [program.upload(PDF + b"%2\n")]})
    assert again.status_code == 200
    assert program.submit(number, key="second").json()["state"] == "SUBMITTED"
    assert program.submit(number, key="second").json()["state"] == "SUBMITTED", "sent twice, done once"
    assert receiver.step(number, "accept").json()["state"] == "ACCEPTED"
    drain()
    titles = {row["template"] for row in program.get(f"/cases/{number}/documents")}
    assert titles == {"licensing.correction", "licensing.acceptance"}
    reviewer = Program(city.reviewer.user)
    assert reviewer.step(number, "order_check").json()["state"] == "CHECKING"
    limits = {limit["rule"]: limit for limit in program.get(f"/cases/{number}")["limits"]}
    assert limits["FBL23.site_check"]["due_on"] and limits["FBL23.decide"]["state"] == "RUNNING"
    assert WorkOrder.objects.filter(case__uuid=number, kind="licensing.check", state="OPEN").exists()


def test_the_applicant_withdraws_and_throws_a_draft_away(city: City) -> None:
    subject, grant, _reader = city.restaurant(risk_grade="D")
    program = owner(subject)
    number = program.draft("FB-RENEW", subject.pk, grant.pk)
    assert program.fill(number, unchanged=True, **CONTACT).status_code == 200
    (reason,) = program.submit(number).json()["mode_reasons"]
    assert reason.startswith("风险等级：D")
    assert "withdraw" in {step["code"] for step in program.get(f"/cases/{number}")["steps"]}
    assert program.step(number, "withdraw").json()["state"] == "WITHDRAWN"
    other = program.draft("FB-RENEW", subject.pk, grant.pk)
    assert program.step(other, "discard").json()["state"] == "WITHDRAWN"


def test_a_draft_is_made_once_however_often_it_is_sent(city: City) -> None:
    subject, grant, _reader = city.restaurant()
    program = owner(subject)
    number = program.draft("FB-RENEW", subject.pk, grant.pk)
    body = {"item": "FB-RENEW", "subject": subject.pk, "grant": grant.pk}
    assert program.call("put", f"/applications/{number}", body).status_code == 200
    assert Case.objects.count() == 1
    other = program.call("put", f"/applications/{number}", {**body, "item": "FB-CANCEL"})
    assert other.status_code == 409 and other.json()["type"].endswith("conflict")
    assert {row["uuid"] for row in program.get("/cases")["cases"]} == {number}
    known = program.get(f"/applications/{number}")["known"]
    assert known["number"] == grant.number and known["name"] == subject.name


def test_files_go_up_in_one_request_as_well(city: City) -> None:
    subject, _grant, _reader = city.restaurant()
    program = owner(subject)
    file = io.BytesIO(PDF)
    file.name = "平面图.pdf"
    stored = program.send("/files", file=file)
    assert stored.status_code == 201, stored.content.decode()
    assert stored.json()["digest"] == hashlib.sha256(PDF).hexdigest()
    number = program.draft("FB-NEW", subject.pk)
    assert program.fill(number, layout_plan=[stored.json()["uuid"]]).status_code == 200
    _other, _held, _stranger = city.restaurant()
    strange = owner(_other)
    theirs = strange.draft("FB-NEW", _other.pk)
    refused = strange.fill(theirs, layout_plan=[stored.json()["uuid"]])
    assert refused.status_code == 403 and "本人上传" in refused.json()["detail"]
    assert strange.fill(theirs, layout_plan=[str(uuid.uuid4())]).status_code in {404, 409}
    wrong = io.BytesIO(b"MZ\x90\x00" + b"\0" * 200)
    wrong.name = "x.exe"
    assert program.send("/files", file=wrong).status_code == 422


def test_the_page_and_the_program_see_the_same(city: City, client) -> None:
    subject, grant, _reader = city.restaurant()
    program = owner(subject)
    number = program.draft("FB-RENEW", subject.pk, grant.pk)
    program.fill(number, unchanged=True, **CONTACT)
    program.submit(number)
    drain()
    page = signed_in(client, subject.representatives.get().user).get(f"/my/cases/{number}/")
    assert "已制证" in page.content.decode()
    shown = {paper.code for paper in page.context["papers"]}
    assert shown == {row["code"] for row in program.get(f"/cases/{number}/documents")}
