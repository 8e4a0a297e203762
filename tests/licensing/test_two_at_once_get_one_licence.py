"""一地一证 (FBL15 4): two about one licence or one address in the same moment, and two who waited for a decision side by side."""

from typing import Any

import pytest
from django.db import transaction

from qipan.domains.licensing import actions
from qipan.kernel.evidence import actions as evidence
from qipan.kernel.flow.models import Case
from qipan.kernel.ledger.errors import Refused
from qipan.kernel.orgs.reader import Reader
from qipan.kernel.subjects.actions import set_grant_state
from qipan.kernel.subjects.models import Grant
from tests.concurrency import beside
from tests.licensing.city import BUSINESS, PLACE, SYSTEM, City
from tests.licensing.test_a_business_is_registered_and_ends import NEW
from tests.licensing.test_a_new_restaurant_is_checked_and_decided_by_people import (
    checking,
    picture,
    step,
    visit,
)
from tests.orgs.factories import BusinessUserFactory, reader_for
from tests.subjects.factories import GrantFactory, PremisesFactory, SubjectFactory, owner_of


def new_place(city: City, reader: Reader, subject: Any) -> Any:
    plan = evidence.store(picture(), actor=reader.actor(), kind="material", name="布局图.png")
    return city.drafted("FB-NEW", subject, None, reader, layout_plan=[str(plan.uuid)], **PLACE, **BUSINESS)


@pytest.mark.django_db(transaction=True)
def test_two_renewals_of_one_licence_in_one_moment(city: City) -> None:
    subject, grant, owner = city.restaurant()
    first, second = (city.drafted("FB-RENEW", subject, grant, owner, unchanged=True) for _one in range(2))
    with transaction.atomic():
        actions.submit(first, owner)
        refused = beside(lambda: actions.submit(second, owner))
    assert isinstance(refused, Refused) and "请稍后再试" in str(refused)
    assert Case.objects.get(pk=second.pk).state == "DRAFT"


@pytest.mark.django_db(transaction=True)
def test_two_businesses_at_one_address_in_one_moment(city: City) -> None:
    people = [SubjectFactory(f"深圳市同址餐馆{number}") for number in range(2)]
    owners = [reader_for(owner_of(subject)) for subject in people]
    rows = [new_place(city, owner, subject) for owner, subject in zip(owners, people, strict=True)]
    with transaction.atomic():
        actions.submit(rows[0], owners[0])
        refused = beside(lambda: actions.submit(rows[1], owners[1]))
    assert isinstance(refused, Refused) and "请稍后再试" in str(refused)


@pytest.mark.django_db(transaction=True)
def test_two_foundings_of_one_name_in_one_moment(city: City) -> None:
    """市场主体只能登记一个名称 (Reg 10): whether a name is free is known only when the other founding has ended."""
    readers = [reader_for(BusinessUserFactory()) for _one in range(2)]
    rows = [city.drafted("BI-NEW", None, None, reader, **NEW) for reader in readers]
    with transaction.atomic():
        assert actions.submit(rows[0], readers[0]).subject is not None
        refused = beside(lambda: actions.submit(rows[1], readers[1]))
    assert isinstance(refused, Refused) and "请稍后再试" in str(refused)
    assert actions.submit(rows[1], readers[1]).state == "SUBMITTED"
    rows[1].refresh_from_db()
    assert rows[1].mode_reasons == ["名称没有被使用：否（要求 是）"]


@pytest.mark.django_db
@pytest.mark.parametrize("state", ["VALID", "SUSPENDED"])
def test_of_two_who_waited_for_a_decision_the_second_is_not_granted(city: City, state: str) -> None:
    """Both were handed in while the address was free; the first has its licence, suspended or not, when the second is decided."""
    case, _order = checking(city)
    visit(city, case)
    other = SubjectFactory("深圳市先到餐馆")
    held = GrantFactory(other, premises=PremisesFactory(other, address=PLACE["premises"]))
    if state != held.state:
        set_grant_state(held, state, SYSTEM, "停用")
    with pytest.raises(Refused, match="该地址已有有效的食品经营许可"):
        step(case, city.decider, "grant")
    assert Grant.objects.count() == 1
