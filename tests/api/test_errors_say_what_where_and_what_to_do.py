"""Bad input gives a problem (RFC 9457) in words, with a pointer; nothing is lost and nothing crashes."""

import json
import tracemalloc
import uuid
from pathlib import Path

import pytest

from qipan.domains.licensing.models import Application
from qipan.kernel.flow.models import Case
from tests.api.programs import CONTACT, Program
from tests.licensing.city import City

pytestmark = pytest.mark.django_db
HAN = "𠮷野家𪚥𬺰"


def problem(answer) -> dict:
    body = json.loads(answer.content)
    assert answer["Content-Type"] == "application/problem+json", answer.content.decode()[:300]
    assert {"type", "title", "status", "detail"} <= set(body) and body["status"] == answer.status_code
    return body


@pytest.fixture
def drafted(city: City):
    subject, grant, _reader = city.restaurant()
    program = Program(subject.representatives.get().user)
    return program, program.draft("FB-RENEW", subject.pk, grant.pk), subject, grant


def test_wrong_fields_are_named_and_the_right_ones_kept(drafted) -> None:
    program, number, *_rest = drafted
    answer = program.fill(
        number, contact_name="王小明", contact_phone="123", changes="换了灶", unchanged=False
    )
    body = problem(answer)
    assert answer.status_code == 422 and body["errors"] == [
        {
            "pointer": "/answers/contact_phone",
            "field": "contact_phone",
            "detail": "请填写 11 位手机号码，或者带区号的固定电话。",
        }
    ]
    assert Application.objects.get(case__uuid=number).answers["changes"] == "换了灶"


def test_an_incomplete_application_is_not_taken(drafted) -> None:
    program, number, *_rest = drafted
    body = problem(program.submit(number))
    assert body["status"] == 422
    pointers = {error["pointer"]: error["detail"] for error in body["errors"]}
    assert "/answers/contact_phone" in pointers and pointers["/answers/truthful"].startswith("请确认")
    assert Case.objects.get(uuid=number).state == "DRAFT"


@pytest.mark.parametrize(
    ("answers", "pointer"),
    [
        ({"contact_name": "名" * 60}, "/answers/contact_name"),
        ({"changes": "长" * 1001}, "/answers/changes"),
        ({"nonsense": "x"}, "/answers/nonsense"),
        ({"changes": {"a": 1}}, "/answers/changes"),
        ({"changes": "字" * 6000}, "/answers/changes"),
    ],
)
def test_too_long_and_unknown_are_told_at_the_field(drafted, answers: dict, pointer: str) -> None:
    program, number, *_rest = drafted
    body = problem(program.fill(number, **answers))
    assert body["status"] == 422 and any(error["pointer"].startswith(pointer) for error in body["errors"])


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ("{", 400),
        ("[]", 422),
        ("null", 422),
        ('"x"', 422),
        ('{"answers": []}', 422),
        ('{"answers": {"changes": NaN}}', 400),
        ('{"answers": {"changes": "a\\u0000b"}}', 400),
        ('{"answers": {"changes": "\\ud800"}}', 400),
        ('{"answers": {"\\u0000": "x"}}', 400),
        ('{"answers": ' + '{"a":' * 5000 + "1" + "}" * 5001, 400),
        ("[" * 100000 + "]" * 100000, 400),
        ('{"answers": {}, "more": 1}', 422),
        ('{"answers": {"changes": 1e400}}', 400),
        (b"\xff\xfe", 400),
    ],
)
def test_what_is_no_proper_json_is_told(drafted, body, status: int) -> None:
    program, number, *_rest = drafted
    answer = program.call("put", f"/applications/{number}/answers", body)
    assert problem(answer)["status"] == status, answer.content.decode()


def test_a_body_that_is_too_large_is_told(drafted) -> None:
    program, number, *_rest = drafted
    answer = program.call(
        "put", f"/applications/{number}/answers", json.dumps({"answers": {"changes": "x" * 7_000_000}})
    )
    assert problem(answer)["status"] == 413


def form_with_file(path: Path, megabytes: int) -> int:
    """A multipart form with a file of zeros, which takes no room on the disk; its length."""
    with path.open("wb") as form:
        form.write(b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.pdf"\r\n\r\n%PDF-')
        form.seek(megabytes << 20)
        form.write(b"\r\n--x--\r\n")
        return form.tell()


@pytest.mark.parametrize(("megabytes", "read"), [(60, True), (300, False)])
def test_a_file_that_is_too_large_is_refused_and_never_held_in_memory(
    city: City, tmp_path: Path, megabytes: int, read: bool
) -> None:
    """What some page takes is read and told; what none takes is not read at all."""
    subject, _grant, _reader = city.restaurant()
    program = Program(subject.representatives.get().user)
    size = form_with_file(tmp_path / "form", megabytes)
    with (tmp_path / "form").open("rb") as form:
        tracemalloc.start()
        answer = program.client.generic(
            "POST", "/api/v1/files", headers=program.headers, CONTENT_TYPE="multipart/form-data; boundary=x",
            CONTENT_LENGTH=str(size), **{"wsgi.input": form},
        )  # fmt: skip
        _now, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert form.tell() == (size if read else 0)
    told = problem(answer)
    assert told["status"] == 413 and ("断点续传" in told["detail"]) == read
    assert peak < 20 << 20, f"{peak >> 20} MB"


@pytest.mark.parametrize(
    "path",
    [
        "/licences/%00",
        "/licences/" + "9" * 400,
        "/items/%F0%A0%AE%B7",
        "/businesses/99999999999999999999999",
        "/businesses/0",
        "/businesses/x",
        "/businesses/by-code/%00",
        "/businesses?q=%00",
        "/businesses",
        "/businesses?q=" + "a" * 200,
        "/verifications/%00",
        "/publications?before=x",
        "/publications?kind=%00",
        "/publications/nonsense",
        "/open-data/nonsense",
        "/open-data/licence.grant?form=xlsx",
        "/applications/nonsense",
        "/nowhere",
    ],
)
def test_addresses_and_parameters_that_do_not_fit_never_crash(city: City, path: str) -> None:
    subject, _grant, _reader = city.restaurant()
    answer = Program(subject.representatives.get().user).call("get", path)
    assert answer.status_code in {400, 404, 422} and problem(answer)


def test_a_wrong_method_is_told(city: City) -> None:
    answer = Program().call("delete", "/items")
    assert problem(answer)["status"] == 405 and answer["Allow"] == "GET"


def test_a_wrong_state_says_which(drafted) -> None:
    program, number, *_rest = drafted
    assert program.fill(number, unchanged=True, **CONTACT).status_code == 200
    assert program.submit(number).status_code == 200
    late = problem(program.fill(number, unchanged=False))
    assert late["status"] == 409 and "已经提交" in late["detail"]
    assert problem(program.submit(number))["status"] == 409
    assert problem(program.step(number, "withdraw"))["status"] == 409
    assert problem(program.step(number, "no-such-step"))["status"] == 404


def test_an_item_of_another_system_or_of_none_is_told(drafted) -> None:
    program, _number, subject, grant = drafted
    for item in ("NO-SUCH", "", HAN):
        body = {"item": item, "subject": subject.pk, "grant": grant.pk}
        assert problem(program.call("put", f"/applications/{uuid.uuid4()}", body))["status"] == 404
    lacking = program.call(
        "put", f"/applications/{uuid.uuid4()}", {"item": "FB-RENEW", "subject": subject.pk}
    )
    assert problem(lacking)["errors"][0]["pointer"] == "/grant"
    huge = program.call("put", f"/applications/{uuid.uuid4()}", {"item": "FB-RENEW", "subject": 2**70})
    assert problem(huge)["errors"][0]["pointer"] == "/subject"


def test_handing_in_without_a_key_is_told(drafted) -> None:
    program, number, *_rest = drafted
    for key in ("", "x" * 81):
        answer = program.call("post", f"/applications/{number}/submit", {}, key=key)
        assert problem(answer)["status"] == 400 and "Idempotency-Key" in answer.json()["detail"]


def test_the_same_key_with_another_content_is_a_conflict(city: City) -> None:
    subject, grant, _reader = city.restaurant(risk_grade="D")
    program = Program(subject.representatives.get().user)
    number = program.draft("FB-RENEW", subject.pk, grant.pk)
    program.fill(number, unchanged=True, **CONTACT)
    assert program.submit(number, key="one").status_code == 200
    receiver = Program(city.receiver.user)
    first = receiver.step(number, "decline", key="k", reason="不属于本机关职权范围")
    assert first.json()["state"] == "NOT_ACCEPTED"
    assert receiver.step(number, "decline", key="k", reason="不属于本机关职权范围").status_code == 200
    assert problem(receiver.step(number, "decline", key="k", reason="另一个理由"))["type"].endswith(
        "conflict"
    )


def test_whoever_comes_second_is_told_that_it_changed(city: City) -> None:
    subject, grant, _reader = city.restaurant(risk_grade="D")
    program = Program(subject.representatives.get().user)
    number = program.draft("FB-RENEW", subject.pk, grant.pk)
    program.fill(number, unchanged=True, **CONTACT)
    program.submit(number)
    receiver = Program(city.receiver.user)
    seen = receiver.get(f"/cases/{number}")["version"]
    assert receiver.step(number, "accept", version=seen).status_code == 200
    body = problem(receiver.step(number, "decline", version=seen, reason="理由"))
    assert body["type"].endswith("stale") and body["version"] == seen + 1 and "审查中" in body["detail"]


def test_a_step_with_odd_fields_is_told_and_not_crashed_on(city: City) -> None:
    subject, grant, _reader = city.restaurant(risk_grade="D")
    program = Program(subject.representatives.get().user)
    number = program.draft("FB-RENEW", subject.pk, grant.pk)
    program.fill(number, unchanged=True, **CONTACT)
    program.submit(number)
    receiver = Program(city.receiver.user)
    for fields in ({"points": 1}, {"points": {"a": 1}}, {"points": [1]}, {"points": ["  "]}, {}):
        assert problem(receiver.step(number, "correct", fields=fields))["status"] == 422, fields
    assert Case.objects.get(uuid=number).state == "SUBMITTED"


def test_rare_characters_are_kept(city: City) -> None:
    subject, grant, _reader = city.restaurant(name=f"深圳市{HAN}餐饮店")
    program = Program(subject.representatives.get().user)
    number = program.draft("FB-RENEW", subject.pk, grant.pk)
    answer = program.fill(number, changes=f"{HAN}灶", contact_name=HAN[:2], contact_phone="13800138000")
    assert answer.status_code == 200
    assert program.get(f"/applications/{number}")["answers"]["changes"] == f"{HAN}灶"
    assert Program().get(f"/businesses?q={HAN}")[0]["name"] == f"深圳市{HAN}餐饮店"


def test_a_crash_tells_nothing_of_the_inside(city: City, monkeypatch) -> None:
    monkeypatch.setattr("qipan.kernel.items.queries.items_for_public", lambda text: 1 / 0)
    answer = Program().call("get", "/items")
    assert problem(answer)["status"] == 500 and b"division" not in answer.content
