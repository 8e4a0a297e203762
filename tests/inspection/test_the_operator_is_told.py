"""The operator gets a message of what was found, what must be put right by when, and what became of it."""

import datetime

import pytest

from qipan.domains.inspection import actions
from qipan.domains.inspection.models import Visit
from qipan.kernel.accounts import letters
from qipan.kernel.flow.jobs import mark_missed_limits
from qipan.kernel.ledger import clock
from qipan.kernel.ledger.clock import now, today
from qipan.kernel.ledger.dispatch import deliver_waiting
from tests.inspection.office import Office, fresh
from tests.orgs.factories import as_person, reader_for

pytestmark = pytest.mark.django_db
GENERAL = {"2.2": "原料直接放在地面"}


def known(visit: Visit) -> Visit:
    """Its owner is a person with a phone."""
    as_person(visit.case.subject.representatives.get().user)
    return visit


def told(visit: Visit) -> list[str]:
    """The messages of the owner, oldest first."""
    deliver_waiting(quiet=False)
    owner = visit.case.subject.representatives.get().user_id
    return [letter.text for letter in reversed(letters.notices_of(owner))]


def test_of_the_order_its_extension_and_the_recheck_that_closes_it(office: Office) -> None:
    visit = known(office.signed(GENERAL))
    until = today() + datetime.timedelta(days=20)
    actions.extend(visit, reader_for(office.head), until, reason="冷库改造需要报审。")
    office.reported(fresh(visit))
    office.rechecked(fresh(visit))
    result, ordered, extended, rechecked = told(visit)
    assert "已有结果" in result and visit.case.title in result
    assert f"请于 {visit.rectify_by.isoformat()} 前改正" in ordered
    assert until.isoformat() in extended and "只延长这一次" in extended
    assert "复查合格" in rechecked
    assert told(visit) == [result, ordered, extended, rechecked], "nobody is told twice"


def test_of_a_limit_that_passed_and_of_a_recheck_that_failed(office: Office) -> None:
    late, wanting = known(office.signed(GENERAL)), known(office.signed(GENERAL))
    office.reported(wanting)
    office.rechecked(fresh(wanting), **{"2.2": "仍放在地面"})
    with clock.at(now() + datetime.timedelta(days=9)):
        mark_missed_limits()
    assert "逾期未报告整改" in told(late)[-1] and "复查仍不符合" in told(wanting)[-1]


def test_of_nothing_before_the_officers_are_there(office: Office) -> None:
    subject, grant, _owner = office.shop()
    assert told(known(office.ordered(subject, grant))) == []
