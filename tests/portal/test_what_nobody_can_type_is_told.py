"""Addresses and forms with what no page sends: signs that are digits of another script, NUL, days at the end of time."""

import datetime
import uuid

import pytest
from django.test import Client

from qipan.kernel.ledger.clock import today
from qipan.kernel.orgs.roles import Role
from qipan.kernel.subjects.models import Mandate
from qipan.ui import sent
from tests.orgs.factories import StaffFactory, UnitTree, signed_in
from tests.subjects.factories import SubjectFactory, owner_of

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("text", ["", "²", "٣", "-1", "1.0", " 1", "1" * 40, "9223372036854775808"])
def test_no_whole_number(text: str) -> None:
    assert sent.whole(text) is None


def test_whole_numbers_and_identifiers() -> None:
    made = uuid.uuid4()
    assert (sent.whole("0"), sent.whole("17"), sent.whole("17", most=16)) == (0, 17, None)
    assert sent.identifier(f"{{{made}}}") == sent.form_key(made.hex.upper()) == made
    assert sent.identifier("x") is None and sent.form_key("x") != sent.form_key("x")


def test_staff_pages_take_them_for_nothing(client: Client) -> None:
    signed_in(client, StaffFactory(role=Role.BUREAU_LEADER, unit=UnitTree().city).user)
    for page in (
        "/desk/cases/?before=²",
        "/desk/seals/?before=²&q=²",
        "/desk/licences/?month=9999-12",
        "/desk/licences/?month=0001-01",
    ):
        assert client.get(page).status_code == 200, page


def test_nul_is_a_bad_request_and_no_crash(client: Client) -> None:
    for page in ("/verify/?number=%00", "/search/?q=%00"):
        assert client.get(page).status_code in {200, 400}, page
    client.raise_request_exception = False
    assert client.post("/verify/", {"code": "a\x00b"}).status_code in {200, 400, 422}


def test_a_day_that_cannot_be_read_is_no_other_day(client: Client) -> None:
    subject = SubjectFactory(rep="王小明")
    signed_in(client, owner_of(subject))
    form = {"subject": subject.pk, "login": "someone", "acts": ["FILL"], "which": "all"}
    until = (today() + datetime.timedelta(days=30)).isoformat()
    unread = client.post("/my/mandates/new/", {**form, "valid_from": "明天", "valid_to": until})
    assert unread.status_code == 422 and "日期不能识别" in unread.content.decode()
    late = client.post("/my/mandates/new/", {**form, "valid_from": "9999-12-31", "valid_to": "9999-12-31"})
    assert late.status_code == 422 and not Mandate.objects.exists()
