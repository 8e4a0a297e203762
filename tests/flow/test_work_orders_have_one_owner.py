"""Claim, assign, transfer, release, return: who works on an order, and that it is never unclear."""

import datetime
import threading

import pytest
from django.db import connections

from qipan.kernel.flow import actions, queries
from qipan.kernel.flow.models import OrderState, WorkOrder
from qipan.kernel.ledger.actor import Actor
from qipan.kernel.ledger.clock import today
from qipan.kernel.ledger.errors import Refused
from qipan.kernel.ledger.models import Event
from qipan.kernel.orgs import actions as orgs
from qipan.kernel.orgs.roles import Role
from tests.flow.people import Desk, acts
from tests.orgs.factories import StaffFactory, reader_for
from tests.subjects.factories import SubjectFactory

SYSTEM = Actor.system("SZ/FT/FT01/")


def make(desk: Desk, **more) -> WorkOrder:
    return actions.create_order(
        more.pop("kind", "sample.errand"),
        more.pop("title", "核实一条线索"),
        more.pop("role", Role.INSPECTOR),
        more.pop("org_path", desk.path),
        actor=more.pop("actor", SYSTEM),
        **more,
    )


def refused(call, *args, **more) -> Refused:
    with pytest.raises(Refused) as caught:
        call(*args, **more)
    return caught.value


@pytest.mark.django_db
@pytest.mark.usefixtures("law")
class TestClaiming:
    def test_the_second_is_told_who_has_it(self) -> None:
        desk = Desk()
        first, second, _third = desk.inspectors
        order = actions.claim(make(desk), actor=acts(first))
        assert (order.state, order.assignee_id) == (OrderState.CLAIMED, first.user_id)
        told = refused(actions.claim, order, actor=acts(second))
        assert told.code == "conflict"
        assert str(first.user) in str(told)
        assert actions.claim(order, actor=acts(first)).version == order.version

    def test_one_alone_cannot_start_what_needs_two(self) -> None:
        desk = Desk()
        case = desk.checking(claimed=False)
        order = desk.order(case, "sample.check")
        order = actions.claim(order, actor=acts(desk.inspectors[0]))
        assert order.state == OrderState.OPEN
        assert refused(actions.fire, case, "conclude_check", acts(desk.inspectors[0])).code == "forbidden"
        order = actions.claim(order, actor=acts(desk.inspectors[1]))
        assert order.state == OrderState.CLAIMED
        assert refused(actions.claim, order, actor=acts(desk.inspectors[2])).code == "conflict"
        assert actions.fire(case, "conclude_check", acts(desk.inspectors[1])).state == "REVIEWED"

    def test_both_can_be_named_at_once(self) -> None:
        desk = Desk()
        order = desk.order(desk.checking(claimed=False), "sample.check")
        first, second, _third = desk.inspectors
        order = actions.claim(order, actor=acts(first), co=[second.user_id])
        assert order.state == OrderState.CLAIMED

    def test_only_certified_officers_of_the_unit_with_the_role(self) -> None:
        desk = Desk()
        order = desk.order(desk.checking(claimed=False), "sample.check")
        lapsed = StaffFactory(Role.INSPECTOR, desk.tree.offices[0], certified=False)
        elsewhere = StaffFactory(Role.INSPECTOR, desk.tree.offices[2])
        for unfit in (lapsed, elsewhere, desk.receiver):
            assert refused(actions.claim, order, actor=acts(unfit)).code == "forbidden"
        assert refused(actions.claim, order, actor=acts(desk.owner)).code == "forbidden"

    def test_who_is_recused_stays_out(self) -> None:
        desk = Desk()
        subject = SubjectFactory()
        case = desk.open(subject_id=subject.pk)
        case = actions.fire(case, "submit", acts(desk.owner), data={"place": "x"})
        actions.recuse(desk.receiver.user_id, subject_id=subject.pk, reason="亲属", actor=acts(desk.head))
        assert refused(actions.fire, case, "accept", acts(desk.receiver)).code == "forbidden"
        assert queries.offers(case, reader_for(desk.receiver)) == []
        order = desk.order(case, "sample.accept")
        assert refused(actions.claim, order, actor=acts(desk.receiver)).code == "forbidden"
        assert (
            refused(actions.assign, order, [desk.receiver.user_id], actor=acts(desk.head)).code == "forbidden"
        )
        actions.fire(case, "accept", acts(desk.second_receiver))

    def test_a_recusal_takes_the_officer_out_of_what_is_in_hand(self) -> None:
        desk = Desk()
        case = desk.checking()
        order = desk.order(case, "sample.check")
        mark = actions.recuse(
            desk.inspectors[0].user_id, case=case, reason="本人提出", actor=acts(desk.inspectors[0])
        )
        order.refresh_from_db()
        assert (order.state, order.assignee_id) == (OrderState.OPEN, desk.inspectors[1].user_id)
        assert (
            refused(actions.lift_recusal, mark, reason="x", actor=acts(desk.inspectors[0])).code
            == "forbidden"
        )
        actions.lift_recusal(mark, reason="查无关系", actor=acts(desk.head))
        assert actions.claim(order, actor=acts(desk.inspectors[0])).state == OrderState.CLAIMED

    def test_who_acts_on_an_unclaimed_order_of_a_case_takes_it(self) -> None:
        desk = Desk()
        case = desk.accepted()
        assert desk.order(case, "sample.accept").assignee_id == desk.receiver.user_id

    def test_an_order_in_other_hands_is_not_closed_by_a_colleague(self) -> None:
        desk = Desk()
        case = desk.submitted()
        actions.claim(desk.order(case, "sample.accept"), actor=acts(desk.receiver))
        told = refused(actions.fire, case, "accept", acts(desk.second_receiver))
        assert (told.code, told.details["holders"]) == ("conflict", [desk.receiver.user_id])
        case.refresh_from_db()
        assert case.state == "SUBMITTED"


@pytest.mark.django_db
class TestHandingOn:
    def test_assigned_people_sign_for_it(self) -> None:
        desk = Desk()
        first, second, _third = desk.inspectors
        order = actions.assign(make(desk), [first.user_id], actor=acts(desk.head))
        assert (order.state, order.assignee_id) == (OrderState.OPEN, first.user_id)
        assert refused(actions.claim, order, actor=acts(second)).code == "conflict"
        assert refused(actions.assign, order, [second.user_id], actor=acts(first)).code == "forbidden"
        assert actions.claim(order, actor=acts(first)).state == OrderState.CLAIMED

    def test_absent_people_are_not_assigned(self) -> None:
        desk = Desk()
        away = desk.inspectors[0]
        orgs.declare_absence(away, today(), None, reason="出差", actor=SYSTEM)
        assert refused(actions.assign, make(desk), [away.user_id], actor=acts(desk.head)).field == "users"

    def test_who_was_lent_the_role_acts_for_the_owner(self) -> None:
        desk = Desk()
        owner, helper = desk.inspectors[0], StaffFactory(None, desk.tree.offices[0])
        order = actions.claim(make(desk), actor=acts(owner))
        assert refused(actions.finish, order, actor=acts(helper)).code == "forbidden"
        until = today() + datetime.timedelta(days=5)
        orgs.delegate(owner, helper, [Role.INSPECTOR], today(), until, reason="休假", actor=SYSTEM)
        mine = queries.inbox(reader_for(helper), queries.InboxFilters("mine"))
        assert [row.order.pk for row in mine.rows] == [order.pk]
        assert actions.finish(order, actor=acts(helper), result="已核实").state == OrderState.DONE

    def test_transfer_to_a_colleague_and_to_another_unit(self) -> None:
        desk = Desk()
        first, second, _third = desk.inspectors
        order = actions.claim(make(desk), actor=acts(first))
        assert (
            refused(actions.transfer, order, reason="", to_user=second.user_id, actor=acts(first)).field
            == "reason"
        )
        assert (
            refused(actions.transfer, order, reason="忙", to_user=first.user_id, actor=acts(first)).field
            == "to_user"
        )
        order = actions.transfer(order, reason="请假", to_user=second.user_id, actor=acts(first))
        assert (order.state, order.assignee_id) == (OrderState.OPEN, second.user_id)
        assert (
            refused(actions.transfer, order, reason="抢", to_user=first.user_id, actor=acts(first)).code
            == "forbidden"
        )
        other = desk.tree.offices[1].path
        order = actions.transfer(order, reason="属地管辖", to_org=other, actor=acts(desk.head))
        assert (order.org_path, order.assignee_id) == (other, None)
        assert refused(actions.claim, order, actor=acts(second)).code == "forbidden"
        local = StaffFactory(Role.INSPECTOR, desk.tree.offices[1])
        assert actions.claim(order, actor=acts(local)).state == OrderState.CLAIMED

    def test_release_puts_it_back_and_the_partner_moves_up(self) -> None:
        desk = Desk()
        first, second, third = desk.inspectors
        order = actions.claim(make(desk, needs=2), actor=acts(first), co=[second.user_id])
        order = actions.release(order, reason="临时任务", actor=acts(first))
        assert (order.state, order.assignee_id) == (OrderState.OPEN, second.user_id)
        assert actions.claim(order, actor=acts(third)).state == OrderState.CLAIMED

    def test_return_and_issue_again(self) -> None:
        desk = Desk()
        order = make(desk, actor=acts(desk.head))
        inspector = desk.inspectors[0]
        order = actions.claim(order, actor=acts(inspector))
        order = actions.return_order(order, reason="不属于本所", actor=acts(inspector))
        assert order.state == OrderState.RETURNED
        returned = queries.inbox(reader_for(desk.head), queries.InboxFilters("returned"))
        assert [row.order.pk for row in returned.rows] == [order.pk]
        assert refused(actions.claim, order, actor=acts(inspector)).code == "state"
        assert refused(actions.reissue, order, actor=acts(inspector)).code == "forbidden"
        order = actions.reissue(order, users=[desk.inspectors[1].user_id], actor=acts(desk.head))
        assert (order.state, order.assignee_id) == (OrderState.OPEN, desk.inspectors[1].user_id)

    def test_every_operation_is_an_event(self) -> None:
        desk = Desk()
        order = actions.claim(make(desk), actor=acts(desk.inspectors[0]))
        order = actions.suspend(order, reason="等待鉴定", actor=acts(desk.inspectors[0]))
        order = actions.resume(order, actor=acts(desk.inspectors[0]))
        actions.finish(order, actor=acts(desk.inspectors[0]))
        names = Event.objects.filter(record_kind="flow.workorder", record_id=order.pk).order_by("id")
        assert [event.name.rpartition(".")[2] for event in names] == [
            "issued",
            "claimed",
            "suspended",
            "resumed",
            "finished",
        ]


@pytest.mark.django_db(transaction=True)
def test_of_two_who_claim_at_the_same_moment_one_wins() -> None:
    desk = Desk()
    order = make(desk)
    answers: list[str] = []
    barrier = threading.Barrier(3)

    def claim(who: Actor) -> None:
        try:
            barrier.wait()
            actions.claim(order, actor=who)
            answers.append("mine")
        except Refused as told:
            answers.append(told.code)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=claim, args=(acts(who),)) for who in desk.inspectors]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == ["conflict", "conflict", "mine"]
    assert order.participants.filter(active=True).count() == 1
