"""Which applications need a site check (FBL15 16, 32) is a row of the catalogue, complete and without overlap."""

import pytest

from qipan.domains.licensing.guards import needs_check
from qipan.domains.licensing.models import Application, Kind
from tests.law.catalogues import load_catalogues

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("kind", "answers", "needed"),
    [
        ("NEW", {}, True),
        ("CHANGE", {"change_kinds": ["NAME"]}, False),
        ("CHANGE", {"change_kinds": ["NAME", "LAYOUT"]}, True),
        ("CHANGE", {"change_kinds": ["ADD"]}, True),
        ("CHANGE", {"change_kinds": ["REDUCE"]}, False),
        ("RENEW", {"unchanged": True}, False),
        ("RENEW", {"unchanged": False}, True),
        ("RENEW", {}, True),
        ("REISSUE", {}, False),
        ("CANCEL", {}, False),
        ("FILING", {}, False),
        ("FILING_CANCEL", {}, False),
    ],
)
def test_a_site_check_is_needed(kind: str, answers: dict, needed: bool) -> None:
    load_catalogues()
    assert needs_check(Application(kind=Kind(kind), answers=answers)) is needed
