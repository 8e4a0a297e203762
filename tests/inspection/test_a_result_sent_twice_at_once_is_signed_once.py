"""A phone with a bad connection sends the signed result again while the first is still on its way."""

import uuid

import pytest

from qipan.domains.inspection import actions
from qipan.kernel.ledger.models import Event
from tests.concurrency import while_uncommitted
from tests.inspection.office import BOTH, Office
from tests.orgs.factories import reader_for


@pytest.mark.django_db(transaction=True)
def test_the_second_is_answered_as_the_first(office: Office) -> None:
    visit, submission = office.concluded(), uuid.uuid4()

    def sign() -> object:
        return actions.sign(visit, reader_for(office.lead), submission=submission, signatures=BOTH)

    second = while_uncommitted(sign, sign)
    assert second == visit and second.signed_at is not None
    assert Event.objects.filter(record_id=visit.pk, data__transition="sign").count() == 1
