"""Scopes of tokens, rows of readers: what is not one's own is not there."""

import datetime
import uuid

import pytest
from django.test import Client

from qipan.kernel.accounts import limits
from qipan.kernel.flow.models import Case
from qipan.kernel.jobs.testing import drain
from qipan.kernel.ledger import clock
from qipan.kernel.orgs.roles import Role
from qipan.portal.api import schema
from qipan.ui.interface.scopes import SCOPES
from tests.api.programs import CONTACT, PDF, Program
from tests.licensing.city import City
from tests.orgs.factories import StaffFactory, signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def renewal(city: City):
    """(program of the owner, identifier of a case that waits for a person)."""
    subject, grant, _reader = city.restaurant(risk_grade="D")
    program = Program(subject.representatives.get().user)
    number = program.draft("FB-RENEW", subject.pk, grant.pk)
    assert program.fill(number, unchanged=True, **CONTACT).status_code == 200
    return program, number


@pytest.mark.parametrize("submitted", [False, True])
def test_another_business_finds_nothing(city: City, renewal, submitted: bool) -> None:
    program, number = renewal
    if submitted:
        assert program.submit(number).status_code == 200
    other, held, _reader = city.restaurant()
    stranger = Program(other.representatives.get().user)
    for method, path, body in (
        ("get", f"/applications/{number}", None),
        ("put", f"/applications/{number}/answers", {"answers": {}}),
        ("post", f"/applications/{number}/submit", {}),
        ("get", f"/cases/{number}", None),
        ("get", f"/cases/{number}/documents", None),
        ("post", f"/cases/{number}/steps/withdraw", {}),
    ):
        answer = stranger.call(method, path, body, key="k")
        assert (answer.status_code, answer.json()["type"][-9:]) == (404, "not-found"), path
    assert stranger.get("/cases")["cases"] == []
    subject = Case.objects.get(uuid=number).subject_id
    for body in (
        {"item": "FB-RENEW", "subject": subject, "grant": held.pk},
        {
            "item": "FB-RENEW",
            "subject": other.pk,
            "grant": Case.objects.get(uuid=number).application.grant_id,
        },
    ):
        assert stranger.call("put", f"/applications/{uuid.uuid4()}", body).status_code == 422
    taken = stranger.call(
        "put", f"/applications/{number}", {"item": "FB-RENEW", "subject": other.pk, "grant": held.pk}
    )
    assert taken.status_code == 409, "the identifier of another's case"


def test_a_draft_is_hidden_from_officials(city: City, renewal) -> None:
    program, number = renewal
    receiver = Program(city.receiver.user)
    assert receiver.call("get", f"/cases/{number}").status_code == 404
    assert program.submit(number).status_code == 200
    assert receiver.get(f"/cases/{number}")["state"] == "SUBMITTED"


def test_another_district_sees_and_does_nothing(city: City, renewal) -> None:
    program, number = renewal
    program.submit(number)
    order = Program(city.receiver.user).get("/desk/inbox")["orders"][0]["uuid"]
    stranger = Program(StaffFactory(role=Role.LIC_RECEIVER, unit=city.tree.districts[1]).user)
    assert stranger.get("/desk/inbox?box=todo")["orders"] == []
    assert stranger.get("/cases")["cases"] == []
    for method, path in (
        ("get", f"/cases/{number}"),
        ("post", f"/cases/{number}/steps/accept"),
        ("get", f"/desk/orders/{order}"),
        ("post", f"/desk/orders/{order}/claim"),
    ):
        assert stranger.call(method, path, {} if "steps" in path else None, key="k").status_code == 404, path
    assert Case.objects.get(uuid=number).state == "SUBMITTED"


def test_the_right_office_without_the_right_role_is_refused(city: City, renewal) -> None:
    program, number = renewal
    program.submit(number)
    reviewer = Program(city.reviewer.user)
    answer = reviewer.step(number, "accept")
    assert answer.status_code == 403 and "窗口受理员" in answer.json()["detail"]


def test_documents_are_for_those_who_may_see_them(city: City) -> None:
    subject, grant, _reader = city.restaurant()
    program = Program(subject.representatives.get().user)
    number = program.draft("FB-RENEW", subject.pk, grant.pk)
    program.fill(number, unchanged=True, **CONTACT)
    program.submit(number)
    drain()
    path = program.get(f"/cases/{number}/documents")[0]["file"].removeprefix("/api/v1")
    assert program.call("get", path).status_code == 200
    other, _held, _reader = city.restaurant()
    assert Program(other.representatives.get().user).call("get", path).status_code == 404
    assert Program().call("get", path).status_code == 401


def test_every_operation_asks_for_its_scopes(city: City) -> None:
    subject, _grant, _reader = city.restaurant()
    users = {"staff": city.receiver.user, "business": subject.representatives.get().user}
    number, tried = str(uuid.uuid4()), 0
    for path, operations in schema.openapi()["paths"].items():
        for method, operation in operations.items():
            if not (scopes := operation.get("x-scopes")):
                continue
            address = path.replace("{uuid}", number).replace("{code}", "x")
            body = None if method == "get" or path == "/files" else {}
            assert Program().call(method, address, body, key="k").status_code == 401, path
            for user in users.values():
                rest = set(SCOPES) - set(scopes)
                answer = Program(user, *rest).call(method, address, body, key="k")
                assert answer.status_code == 403 and scopes[0] in answer.json()["detail"], path
            tried += 1
    assert tried >= 15
    assert schema.unknown_scopes() == set()


def test_applying_is_for_applicants_and_the_desk_for_staff(city: City) -> None:
    subject, _grant, _reader = city.restaurant()
    assert Program(city.receiver.user).call("get", "/subjects").status_code == 403
    assert Program(subject.representatives.get().user).call("get", "/desk/inbox").status_code == 403
    nobody = Program(StaffFactory(role=None).user)
    assert nobody.call("get", "/cases").status_code == 403
    assert "尚未任职" in nobody.call("get", "/cases").json()["detail"]


def test_tokens_end_by_time(city: City) -> None:
    subject, _grant, _reader = city.restaurant()
    program = Program(subject.representatives.get().user)
    assert program.get("/account")["scopes"] == sorted(SCOPES)
    with clock.at(clock.now() + datetime.timedelta(days=31)):
        answer = program.call("get", "/account")
    assert answer.status_code == 401 and answer["WWW-Authenticate"].startswith("Bearer")


def test_a_session_reads_and_writes_only_with_the_form_token(city: City) -> None:
    subject, grant, _reader = city.restaurant()
    client = signed_in(Client(enforce_csrf_checks=True), subject.representatives.get().user)
    assert client.get("/api/v1/subjects").status_code == 200
    body = {"item": "FB-RENEW", "subject": subject.pk, "grant": grant.pk}
    answer = client.put(f"/api/v1/applications/{uuid.uuid4()}", body, content_type="application/json")
    assert answer.status_code == 403 and answer["Content-Type"] == "application/problem+json"
    assert client.post("/evidence/uploads/", headers={"Upload-Length": "9"}).status_code == 403
    assert not Case.objects.exists()
    owing = Client()
    owing.force_login(city.receiver.user)
    assert owing.get("/api/v1/cases").status_code == 403


def test_uploads_ask_for_their_scope_and_stay_with_their_owner(city: City) -> None:
    subject, _grant, _reader = city.restaurant()
    user = subject.representatives.get().user
    head = {"Upload-Length": "9"}
    assert Client().post("/evidence/uploads/", headers=head).status_code == 401
    poor = Program(user, "cases.read")
    assert poor.client.post("/evidence/uploads/", headers=poor.headers | head).status_code == 403
    program = Program(user)
    uploaded = program.upload(PDF)
    other, _held, _reader = city.restaurant()
    stranger = Program(other.representatives.get().user)
    assert stranger.client.head(f"/evidence/uploads/{uploaded}/", headers=stranger.headers).status_code == 404
    assert program.client.head(f"/evidence/uploads/{uploaded}/", headers=program.headers)["Upload-Offset"]
    assert Client().get(f"/evidence/{uuid.uuid4()}/").status_code == 302


def test_too_many_calls_are_told_to_wait(city: City, monkeypatch) -> None:
    subject, _grant, _reader = city.restaurant()
    program = Program(subject.representatives.get().user)
    user = subject.representatives.get().user_id
    while limits.take(f"api:user:{user}", limits.Rate(1200, 10**9)):
        pass
    second = Program(subject.representatives.get().user)
    with clock.at(clock.now()):
        for one in (program, second):
            answer = one.call("get", "/account")
            assert answer.status_code == 429 and int(answer["Retry-After"]) >= 1
            assert answer.json()["type"].endswith("too-many")
        assert Program().call("get", "/items").status_code == 200, "others are not held up"
