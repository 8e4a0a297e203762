"""Businesses, licences, publications, open data and verification are open to programs without a token."""

import io
import json

import pytest

from qipan.kernel.jobs.testing import drain
from tests.api.programs import CONTACT, Program
from tests.licensing.city import City

pytestmark = pytest.mark.django_db


@pytest.fixture
def issued(city: City):
    """(grant, PDF, its line) of a renewed licence."""
    subject, grant, _reader = city.restaurant()
    program = Program(subject.representatives.get().user)
    number = program.draft("FB-RENEW", subject.pk, grant.pk)
    program.fill(number, unchanged=True, **CONTACT)
    program.submit(number)
    drain()
    line = next(
        row for row in program.get(f"/cases/{number}/documents") if row["template"] == "licensing.certificate"
    )
    return grant, program.call("get", line["file"].removeprefix("/api/v1")).content, line


def check(content: bytes) -> dict:
    file = io.BytesIO(content)
    file.name = "licence.pdf"
    return Program().send("/verifications", file=file).json()


def test_a_file_is_unchanged_changed_or_a_strangers(issued) -> None:
    grant, pdf, _line = issued
    verdict = check(pdf)
    assert verdict["known"] and verdict["unchanged"] and verdict["sealed_by"] and not verdict["problems"]
    assert {"title": "许可证编号", "text": grant.number} in verdict["document"]["lines"]
    changed = bytearray(pdf)
    changed[len(pdf) // 2] ^= 1
    verdict = check(bytes(changed))
    assert not verdict["known"] and not verdict["unchanged"] and "改动" in verdict["problems"][0]
    assert "PDF" in check(b"hello")["problems"][0]


def test_a_code_leads_to_what_is_public(issued) -> None:
    grant, _pdf, line = issued
    found = Program().get(f"/verifications/{line['code']}")
    assert found["valid"] and grant.number in json.dumps(found, ensure_ascii=False)
    assert "13800138000" not in json.dumps(found)
    assert Program().call("get", "/verifications/AAAAAAAAAAAAAAAAAAAA").status_code == 404


def test_a_business_is_found_with_its_licence_and_what_is_published(issued) -> None:
    grant, *_rest = issued
    hits = Program().get(f"/businesses?q={grant.subject.name}")
    assert [hit["name"] for hit in hits] == [grant.subject.name]
    detail = Program().get(f"/businesses/{hits[0]['id']}")
    assert [row["number"] for row in detail["licences"]] == [grant.number]
    assert detail["publications"][0]["source"]
    assert Program().get(f"/businesses/by-code/{hits[0]['code'].lower()}")["id"] == hits[0]["id"]
    assert Program().get(f"/licences/{grant.number.lower()}")["business_name"] == grant.subject.name
    assert Program().call("get", "/licences/JY00000000000000").status_code == 404


def test_what_is_published_can_be_searched_and_taken_as_a_file(issued) -> None:
    grant, *_rest = issued
    page = Program().get(f"/publications?q={grant.number}&kind=licence.grant")
    assert page["before"] is None and page["records"][0]["business"] == grant.subject_id
    one = Program().get(f"/publications/{page['records'][0]['uuid']}")
    assert {line["key"]: line["text"] for line in one["lines"]}["number"] == grant.number
    assert "licence.grant" in {kind["code"] for kind in Program().get("/open-data")}
    lines = Program().call("get", "/open-data/licence.grant").getvalue().decode().splitlines()
    assert [json.loads(line)["number"] for line in lines] == [grant.number]
    table = Program().call("get", "/open-data/licence.grant?form=csv").getvalue().decode("utf-8-sig")
    assert grant.number in table
