"""What is sent wrong is told in the specification's error; the façade is off until its clients are named."""

import base64
import json

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from django.test import Client

from qipan.kernel.evidence.models import Evidence
from qipan.kernel.flow.models import Case
from tests.adapters.mediator import OFFICE, SHOP, Mediator
from tests.adapters.test_a_govstack_client_reaches_only_its_own import ordered
from tests.api.programs import PDF
from tests.licensing.city import City
from tests.subjects.factories import SubjectFactory, owner_of

pytestmark = pytest.mark.django_db
BEGIN = "services/FB-NEW/applications"
EVERY = ("services", "services/FB-NEW", "services/FB-NEW/eForms", "eForms/FB-NEW", "applications", "tasks",
         "applications/x", "tasks/x", "data/statistics/1.0")  # fmt: skip


@pytest.fixture
def shop(city: City, mediator: Mediator):
    subject = SubjectFactory("甲店")
    mediator.register(SHOP, applicant=owner_of(subject))
    return subject


def test_it_is_off_until_clients_are_named(client: Client, settings) -> None:
    assert settings.QIPAN_GOVSTACK_CLIENTS == ""
    for path in EVERY:
        assert client.get(f"/govstack/{path}").status_code == 404
    assert client.post("/govstack/documents").status_code == 404


def test_a_file_that_cannot_be_used_keeps_it_off_and_is_told(mediator: Mediator, settings) -> None:
    mediator.said["clients"] = {SHOP: {"applicant": "qp_secret"}}
    wrong = [
        "{", "[]", "{}", json.dumps({**mediator.said, "unnamed": "SZ/COM/1/none"}),
        json.dumps({**mediator.said, "clients": {"short": {"applicant": "qp_secret"}}}),
        json.dumps({**mediator.said, "clients": {SHOP: {}}}),
    ]  # fmt: skip
    for text in wrong:
        mediator.write(text)
        assert mediator.call("get", "services").status_code == 404, text
        with pytest.raises(SystemCheckError) as told:
            call_command("check")
        assert "QIPAN_GOVSTACK_CLIENTS" in str(told.value) and "qp_secret" not in str(told.value)
    mediator.write(mode=0o644)
    mediator.file.chmod(0o644)
    assert mediator.call("get", "services").status_code == 404, "others could read the tokens"
    mediator.write()
    assert mediator.call("get", "services").status_code == 200
    call_command("check")
    settings.QIPAN_GOVSTACK_CLIENTS = str(mediator.file) + ".none"
    assert mediator.call("get", "services").status_code == 404


def test_only_the_mediator_is_listened_to(shop, mediator: Mediator) -> None:
    for path in EVERY:
        answer = mediator.client.get(
            f"/govstack/{path}", headers={"Information-Mediator-Client": SHOP}, REMOTE_ADDR="10.1.2.3"
        )
        assert answer.status_code == 404


@pytest.mark.parametrize(
    "header", [None, "", "''", "invalid_header", "a/b/c/", "a/b/c/d/e", "SZ/COM/1/unknown"]
)
def test_a_header_that_names_no_client_is_bad_input(shop, mediator: Mediator, header: str | None) -> None:
    for path in ("applications", "applications/x", "data/statistics/1.0"):
        answer = mediator.call("get", path, header)
        assert answer.status_code == 400
        assert set(answer.json()) == {"traceId", "code", "message", "localizedMessage"}
    assert mediator.send("post", BEGIN, header, {"applicantId": "u-1"}).status_code == 400
    assert not Case.objects.exists()
    if header is not None:
        assert mediator.call("get", "tasks", header).status_code == 400


def test_the_error_speaks_english_and_the_callers_language(mediator: Mediator) -> None:
    said = mediator.call("get", "applications").json()
    assert "INSTANCE/CLASS/MEMBER/SUBSYSTEM" in said["message"] and said["message"].isascii()
    assert "请求头" in said["localizedMessage"]


WRONG = [
    {}, [], {"applicantId": 3}, {"applicantId": ""}, {"applicantId": "a\tb"}, {"applicantId": "x" * 101},
    {"applicantId": "u", "formData": []}, {"applicantId": "u", "formData": {"data": []}},
    {"applicantId": "u", "formData": {"eFormId": "none"}},
    {"applicantId": "u", "formData": {"data": {"nowhere": {"value": 1}}}},
    {"applicantId": "u", "formData": {"data": {"contact_name": {"strange": 1}}}},
    {"applicantId": "u", "formData": {"data": {"contact_name": [1]}}},
    {"applicantId": "u", "formData": {"data": {"contact_phone": "x"}}},
    {"applicantId": "u", "documentUrls": "x"}, {"applicantId": "u", "documentUrls": ["string"]},
    {"applicantId": "u", "documentUrls": ["x"] * 21},
]  # fmt: skip


def test_a_wrong_file_is_refused_as_a_whole(shop, mediator: Mediator) -> None:
    for body in WRONG:
        answer = mediator.send("post", BEGIN, SHOP, body)
        assert answer.status_code == 400, (body, answer.content.decode())
        assert answer.json()["localizedMessage"]
        assert not Case.objects.exists()


def test_what_is_no_json_or_too_large_is_told(shop, mediator: Mediator) -> None:
    def sent(data: object, kind: str = "application/json") -> int:
        return mediator.call("post", BEGIN, SHOP, data=data, content_type=kind).status_code

    assert sent("{") == 400
    assert sent(b"\xff\xfe") == 400
    assert sent('{"applicantId": "a\\u0000b"}') == 400
    assert sent("x", "multipart/form-data") == 400
    assert sent(json.dumps({"applicantId": "u", "more": "x" * 7_000_000})) == 413
    assert sent("applicantId=u-1", "application/x-www-form-urlencoded") == 200


def test_unknown_ids_are_not_found_whatever_is_done(shop, mediator: Mediator) -> None:
    for odd in ("none", "n0t-ex1st1ng#", "%00", "x" * 300, "00000000-0000-0000-0000-000000000000"):
        address = odd.replace("#", "%23")
        assert mediator.call("get", f"applications/{address}", SHOP).status_code == 404
        assert mediator.send("put", f"applications/{address}", SHOP, {"applicantId": "u"}).status_code == 404
        assert mediator.call("get", f"services/{address}").status_code == 404
        assert mediator.call("get", f"eForms/{address}").status_code == 404
        assert mediator.send("post", f"services/{address}/applications", SHOP, {}).status_code == 404
        for method in ("get", "post"):
            assert mediator.call(method, f"tasks/{address}", SHOP).status_code == 404
        assert mediator.send("post", f"tasks/{address}/complete", SHOP, {}).status_code == 404
    assert mediator.call("delete", "applications", SHOP).status_code == 405


def test_a_page_or_a_period_that_cannot_be_is_told(shop, mediator: Mediator) -> None:
    pages = ("firstResult=x", "firstResult=-1", "firstResult=99999999999", "maxResult=0", "maxResult=101",
             "sortBy=secret", "sortOrder=up")  # fmt: skip
    periods = (
        "startDate=x",
        "endDate=2021-13-01",
        "timeframe=century",
        "startDate=2021-02-01&endDate=2021-01-01",
    )
    asked = [(path, query) for path in ("applications", "tasks") for query in pages]
    asked += [("data/statistics/1.0", query) for query in periods]
    for path, query in asked:
        assert mediator.call("get", f"{path}?{query}", SHOP).status_code == 400, query


def test_documents_are_refused_where_nobody_could_look_into_them(shop, mediator: Mediator) -> None:
    def sent(data: object, name: str | None = SHOP) -> int:
        return mediator.call("post", "documents", name, data=data).status_code

    encoded = base64.b64encode(PDF).decode()
    assert sent({}) == 400
    assert sent({"file": "not base64!"}) == 400
    assert sent({"file": ""}) == 400
    assert sent({"file": base64.b64encode(b"plain text").decode()}) == 400
    assert sent({"file": [encoded, encoded]}) == 400
    assert sent({"file": encoded}, None) == 400, "whose it is has to be said"
    assert not Evidence.objects.exists()
    assert sent({"file": encoded}) == 200
    assert sent({"file": "A" * 7_000_000}) == 413
    assert sent({"file": SimpleUploadedFile("plan.pdf", PDF)}) == 200
    assert sent({"file": SimpleUploadedFile("plan.pdf", PDF + b" " * 10 * 1024 * 1024)}) == 413
    assert Evidence.objects.count() == 2


def test_an_officer_without_the_work_cannot_finish_it(city: City, mediator: Mediator) -> None:
    order = ordered(city)
    mediator.register(OFFICE, officer=city.reviewer.user)
    path = f"tasks/{order.uuid}/complete"
    for body in ([], {"data": []}, {"data": {"x": {"value": "长" * 6000}}}):
        assert mediator.send("post", path, OFFICE, body).status_code == 400
    assert mediator.call("post", path, OFFICE, data={"data": "x"}).status_code == 400, "a form of a page"
    order.refresh_from_db()
    assert order.state == "OPEN"
