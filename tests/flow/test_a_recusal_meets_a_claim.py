"""An officer who is recused in the moment of claiming, and one who claims in the moment of being recused, stays out."""

import pytest

from qipan.kernel.flow import actions
from qipan.kernel.flow.models import Participant
from qipan.kernel.ledger.errors import Refused
from tests.concurrency import while_uncommitted
from tests.flow import terms_of_law
from tests.flow.people import Desk, acts


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("claims_first", [True, False])
def test_who_is_recused_while_claiming_does_not_hold_the_order(claims_first: bool) -> None:
    terms_of_law.load()
    desk = Desk()
    case = desk.checking(claimed=False)
    order, officer = desk.order(case, "sample.check"), desk.inspectors[0]

    def claim() -> object:
        return actions.claim(order, actor=acts(officer))

    def recuse() -> object:
        return actions.recuse(officer.user_id, case=case, reason="亲属", actor=acts(desk.head))

    second = while_uncommitted(claim, recuse) if claims_first else while_uncommitted(recuse, claim)
    assert claims_first or isinstance(second, Refused)
    assert not Participant.objects.filter(order=order, user_id=officer.user_id, active=True).exists()
