"""Reg 40: a registration that was annulled ends what the business held (LicProc 49 (3)), for verification and for the night."""

import pytest

from qipan.domains.licensing import ex_officio
from qipan.kernel.subjects import actions as subjects
from qipan.kernel.subjects import mandates, statuses
from qipan.kernel.subjects.models import GrantState
from qipan.kernel.subjects.standing import standing
from tests.licensing.city import SYSTEM, City
from tests.licensing.test_an_agent_acts_within_the_mandate import mandate_for
from tests.orgs.factories import PublicUserFactory

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("status", statuses.GONE)
def test_what_a_business_held_that_is_no_more_is_void(city: City, status: str) -> None:
    subject, grant, owner = city.restaurant()
    mandate_for(PublicUserFactory(), subject, owner)
    assert standing(grant).good
    subject.status = status
    subject.save(update_fields=["status"])
    grant.refresh_from_db()
    assert standing(grant).code == GrantState.CANCELLED and not standing(grant).good
    assert not mandates.standing().exists()
    assert [(one.pk, why) for one, why in ex_officio.ended()] == [(grant.pk, "持证主体依法终止")]
    ex_officio.cancel_ended()
    grant.refresh_from_db()
    assert grant.state == GrantState.CANCELLED


def test_verification_says_that_the_registration_was_annulled(city: City) -> None:
    subject, grant, _owner = city.restaurant()
    subjects.change_status(subject, "ANNULLED", SYSTEM, "提交虚假材料取得登记")
    grant.refresh_from_db()
    assert "登记已被撤销" in standing(grant).text
