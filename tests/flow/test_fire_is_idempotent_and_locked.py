"""Twice is once, late is told, and two at the same time are one after the other."""

import threading
import uuid

import pytest
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext

from qipan.kernel.flow import actions
from qipan.kernel.flow.models import Case
from qipan.kernel.ledger.actor import Actor
from qipan.kernel.ledger.errors import Refused
from qipan.kernel.ledger.models import Event
from qipan.kernel.orgs.roles import Role
from tests.flow import terms_of_law
from tests.flow.people import Desk, acts
from tests.orgs.factories import StaffFactory

MOST_QUERIES = 12


def events_of(case: Case) -> int:
    return Event.objects.filter(
        record_kind="flow.case", record_id=case.pk, data__has_key="transition"
    ).count()


@pytest.mark.django_db
@pytest.mark.usefixtures("law")
class TestTwiceIsOnce:
    def test_the_same_key_with_the_same_content_changes_nothing(self) -> None:
        desk = Desk()
        case = desk.open()
        data = {"place": "红荔路"}
        first = actions.fire(case, "submit", acts(desk.owner), data=data, key="k1")
        again = actions.fire(case, "submit", acts(desk.owner), data=data, key="k1")
        assert (again.version, again.state) == (first.version, first.state)
        assert events_of(case) == 1

    def test_the_same_key_with_other_content_is_a_conflict(self) -> None:
        desk = Desk()
        case = desk.open()
        actions.fire(case, "submit", acts(desk.owner), data={"place": "红荔路"}, key="k1")
        with pytest.raises(Refused) as refused:
            actions.fire(case, "submit", acts(desk.owner), data={"place": "笋岗路"}, key="k1")
        assert refused.value.code == "conflict"

    def test_a_refused_call_leaves_its_key_free(self) -> None:
        desk = Desk()
        case = desk.open()
        with pytest.raises(Refused):
            actions.fire(case, "submit", acts(desk.owner), data={"place": ""}, key="k1")
        assert (
            actions.fire(case, "submit", acts(desk.owner), data={"place": "红荔路"}, key="k1").state
            == "SUBMITTED"
        )

    def test_a_case_is_opened_once_by_its_uuid(self) -> None:
        desk = Desk()
        mark = uuid.uuid4()
        assert desk.open(uuid=mark).pk == desk.open(uuid=mark).pk
        with pytest.raises(Refused) as refused:
            actions.open_case(
                "sample.permit", uuid=mark, org_path=desk.path, actor=Actor("public", 99_999), title="别人的"
            )
        assert refused.value.code == "conflict"

    def test_who_looked_at_an_older_version_is_told(self) -> None:
        desk = Desk()
        case = desk.submitted()
        with pytest.raises(Refused) as refused:
            actions.fire(case, "accept", acts(desk.receiver), expected_version=case.version - 1)
        assert refused.value.code == "stale"

    def test_a_wrong_state_and_a_missing_reason_are_told(self) -> None:
        desk = Desk()
        case = desk.submitted()
        with pytest.raises(Refused) as refused:
            actions.fire(case, "grant", acts(desk.decider))
        assert refused.value.code == "state"
        with pytest.raises(Refused) as refused:
            actions.fire(case, "no_such_step", acts(desk.decider))
        assert refused.value.code == "not_found"
        with pytest.raises(Refused) as refused:
            actions.fire(case, "ask_correction", acts(desk.receiver), reason="  ")
        assert refused.value.field == "reason"

    def test_nobody_acts_beyond_role_unit_and_own_case(self) -> None:
        desk = Desk()
        case = desk.submitted()
        for stranger in (desk.stranger, desk.inspectors[0], desk.owner, StaffFactory(None)):
            with pytest.raises(Refused) as refused:
                actions.fire(case, "accept", acts(stranger))
            assert refused.value.code == "forbidden"
        with pytest.raises(Refused):
            actions.fire(case, "withdraw", Actor("business", desk.owner.pk + 1_000_000))
        with pytest.raises(Refused):
            actions.fire(case, "withdraw", Actor("public", None))

    def test_who_lost_the_role_may_no_more(self) -> None:
        desk = Desk()
        case = desk.submitted()
        desk.receiver.appointments.all().delete()
        with pytest.raises(Refused):
            actions.fire(case, "accept", acts(desk.receiver))

    def test_a_bare_step_costs_few_queries(self) -> None:
        desk = Desk()
        case = desk.accepted()
        with CaptureQueriesContext(connection) as bare:
            actions.fire(case, "remark", acts(desk.reviewer), reason="材料齐全", key="k1")
        told = [query["sql"][:90] for query in bare if "SAVEPOINT" not in query["sql"]]
        assert len(told) <= MOST_QUERIES, told


@pytest.mark.django_db(transaction=True)
def test_of_two_at_the_same_moment_one_wins_and_the_other_is_told() -> None:
    terms_of_law.load()
    desk = Desk()
    case = desk.submitted()
    answers: list[str] = []
    barrier = threading.Barrier(2)

    def accept(who: Actor) -> None:
        try:
            barrier.wait()
            actions.fire(case, "accept", who)
            answers.append("done")
        except Refused as refused:
            answers.append(refused.code)
        finally:
            connections.close_all()

    threads = [
        threading.Thread(target=accept, args=(acts(who),)) for who in (desk.receiver, desk.second_receiver)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == ["done", "state"]
    case.refresh_from_db()
    assert (case.state, case.version) == ("ACCEPTED", 3)


@pytest.mark.django_db(transaction=True)
def test_numbers_have_no_gap_and_no_double_under_load() -> None:
    from django.db import transaction

    taken: list[int] = []

    def take(fail: bool) -> None:
        try:
            with transaction.atomic():
                number = actions.take_number("YL-2026-")
                if fail:
                    raise RuntimeError("the transaction is given up")
            taken.append(number)
        except RuntimeError:
            pass
        finally:
            connections.close_all()

    threads = [threading.Thread(target=take, args=(number % 4 == 0,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(taken) == list(range(1, 10))


@pytest.mark.django_db(transaction=True)
def test_an_order_that_two_issue_under_one_uuid_is_one() -> None:
    terms_of_law.load()
    desk, mark, barrier = Desk(), uuid.uuid4(), threading.Barrier(4)
    made: list[int | str] = []

    def issue() -> None:
        try:
            barrier.wait()
            order = actions.create_order(
                "test.task", "检查", Role.INSPECTOR, desk.path, actor=acts(desk.head), uuid=mark
            )
            made.append(order.pk)
        except Exception as problem:
            made.append(repr(problem))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=issue) for _number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 4 and len(set(made)) == 1
    assert Event.objects.filter(name="flow.order.issued", record_id=made[0]).count() == 1
