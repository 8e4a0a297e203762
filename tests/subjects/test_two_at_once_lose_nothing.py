"""Two who enter the same, or enter something about the same business, in the same moment."""

import datetime
import uuid
from collections.abc import Callable
from typing import Any

import pytest

from qipan.kernel.ledger.actor import Actor
from qipan.kernel.ledger.clock import today
from qipan.kernel.ledger.errors import Refused
from qipan.kernel.ledger.models import Event
from qipan.kernel.subjects import actions, codes, searching
from qipan.kernel.subjects.models import Grant, GrantState, Subject
from tests.concurrency import while_uncommitted
from tests.subjects.factories import GrantFactory, SubjectFactory

SYSTEM = Actor.system()
pytestmark = pytest.mark.django_db(transaction=True)


def register(mark: uuid.UUID, code: str) -> Subject:
    return actions.register_subject(
        name="海棠小吃店",
        type="INDIVIDUAL",
        org_path="SZ/FT/FT01/",
        actor=SYSTEM,
        uuid=mark,
        identifiers={"USCC": code},
    )


def test_a_business_that_two_register_under_one_uuid_is_one() -> None:
    mark, code = uuid.uuid4(), codes.make_uscc("92", "440304", "MA500077")
    second = while_uncommitted(lambda: register(mark, code), lambda: register(mark, code))
    assert second.pk == Subject.objects.get(uuid=mark).pk
    assert Event.objects.filter(name="subjects.subject.registered", record_id=second.pk).count() == 1


def test_of_two_businesses_with_one_code_the_second_is_told() -> None:
    code = codes.make_uscc("92", "440304", "MA500077")
    second = while_uncommitted(lambda: register(uuid.uuid4(), code), lambda: register(uuid.uuid4(), code))
    assert isinstance(second, Refused) and second.code == "conflict" and "已登记" in str(second)
    assert Subject.objects.count() == 1


def test_a_business_is_found_by_all_that_was_entered_at_once() -> None:
    subject = SubjectFactory()

    def place(address: str) -> Callable[[], Any]:
        mine = Subject.objects.get(pk=subject.pk)
        return lambda: actions.add_premises(mine, address=address, org_path="SZ/FT/FT01/", actor=SYSTEM)

    while_uncommitted(place("笋岗东路 77 号"), place("百花二路 48 号"))
    subject.refresh_from_db()
    for address in ("笋岗东路 77 号", "百花二路 48 号"):
        assert searching.pieces(address) <= set(subject.grams)


def test_a_licence_that_is_renewed_while_the_night_ends_it_stays_valid() -> None:
    grant = GrantFactory(SubjectFactory(), ends_in=-1)
    later = today() + datetime.timedelta(days=1826)
    ended = while_uncommitted(
        lambda: actions.change_grant(grant, {"valid_to": later}, SYSTEM), lambda: actions.expire_grants()
    )
    assert ended == 0
    assert Grant.objects.get().state == GrantState.VALID and Grant.objects.get().valid_to == later


def test_a_licence_that_is_renewed_while_its_end_is_told_of_is_told_of_again_in_time() -> None:
    grant = GrantFactory(SubjectFactory(), ends_in=20)
    later = today() + datetime.timedelta(days=1826)
    told = while_uncommitted(
        lambda: actions.change_grant(grant, {"valid_to": later}, SYSTEM),
        lambda: actions.remind_of_expiry(lambda _day: 10, today() + datetime.timedelta(days=150)),
    )
    assert told == 0 and Grant.objects.get().reminded == 0
