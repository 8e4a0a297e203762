"""Countersign, supervise, suspend, merge, cancel, and the tree of orders."""

import datetime
import itertools

import pytest

from qipan.kernel.flow import actions, jobs, queries
from qipan.kernel.flow.models import ACTIVE, OrderState, WorkOrder
from qipan.kernel.flow.models.orders import Countersigning
from qipan.kernel.ledger.actor import Actor
from qipan.kernel.ledger.clock import today
from qipan.kernel.orgs.roles import Role
from tests.flow import terms_of_law
from tests.flow.people import Desk, acts
from tests.flow.test_work_orders_have_one_owner import make, refused
from tests.orgs.factories import reader_for
from tests.subjects.factories import SubjectFactory

pytestmark = pytest.mark.django_db
SYSTEM = Actor.system("SZ/FT/FT01/")


class TestCountersigning:
    @pytest.mark.parametrize(
        ("rule", "n", "answers", "outcome"),
        [
            ("all", 0, [True, True, True], Countersigning.AGREED),
            ("all", 0, [True, False], Countersigning.DECLINED),
            ("any", 0, [False, True], Countersigning.AGREED),
            ("any", 0, [False, False, False], Countersigning.DECLINED),
            ("n", 2, [True, False, True], Countersigning.AGREED),
            ("n", 2, [False, False], Countersigning.DECLINED),
            ("n", 2, [True], Countersigning.PENDING),
        ],
    )
    def test_all_any_or_some_must_agree(self, rule: str, n: int, answers: list[bool], outcome: str) -> None:
        desk = Desk()
        signers = [desk.receiver, desk.reviewer, desk.decider]
        worker = desk.inspectors[0]
        order = actions.claim(make(desk), actor=acts(worker))
        people = [signer.user_id for signer in signers]
        order = actions.countersign(order, people, rule=rule, n=n, actor=acts(worker))
        for signer, agree in zip(signers, answers, strict=False):
            order = actions.sign(order, agree=agree, note="意见", actor=acts(signer))
        assert order.countersign_state == outcome
        if outcome == Countersigning.AGREED:
            assert actions.finish(order, actor=acts(worker)).state == OrderState.DONE
        else:
            assert refused(actions.finish, order, actor=acts(worker)).code == "state"

    def test_signers_see_it_join_and_leave(self) -> None:
        desk = Desk()
        worker = desk.inspectors[0]
        order = actions.claim(make(desk), actor=acts(worker))
        order = actions.countersign(order, [desk.receiver.user_id], actor=acts(worker))
        asked = queries.inbox(reader_for(desk.receiver), queries.InboxFilters("countersign"))
        assert [row.order.pk for row in asked.rows] == [order.pk]
        order = actions.countersign(order, [desk.reviewer.user_id], actor=acts(worker))
        assert order.countersign_needed == 2
        order = actions.sign(order, agree=True, actor=acts(desk.receiver))
        order = actions.drop_signer(order, desk.reviewer.user_id, reason="出差", actor=acts(worker))
        assert order.countersign_state == Countersigning.AGREED

    def test_nobody_signs_for_oneself_or_unasked_or_twice(self) -> None:
        desk = Desk()
        worker = desk.inspectors[0]
        order = actions.claim(make(desk), actor=acts(worker))
        assert refused(actions.countersign, order, [worker.user_id], actor=acts(worker)).field == "users"
        assert refused(actions.countersign, order, [desk.owner.pk], actor=acts(worker)).field == "users"
        order = actions.countersign(order, [desk.receiver.user_id], rule="any", actor=acts(worker))
        assert refused(actions.sign, order, agree=True, actor=acts(desk.reviewer)).code == "forbidden"
        assert refused(actions.sign, order, agree=False, actor=acts(desk.receiver)).field == "note"
        order = actions.sign(order, agree=True, actor=acts(desk.receiver))
        assert actions.sign(order, agree=True, actor=acts(desk.receiver)).version == order.version
        assert (
            refused(actions.sign, order, agree=False, note="反悔", actor=acts(desk.receiver)).code == "state"
        )

    def test_a_declined_round_can_be_asked_again(self) -> None:
        desk = Desk()
        worker = desk.inspectors[0]
        order = actions.claim(make(desk), actor=acts(worker))
        order = actions.countersign(order, [desk.receiver.user_id], actor=acts(worker))
        order = actions.sign(order, agree=False, note="证据不足", actor=acts(desk.receiver))
        order = actions.countersign(order, [desk.receiver.user_id], actor=acts(worker))
        order = actions.sign(order, agree=True, actor=acts(desk.receiver))
        assert order.countersign_state == Countersigning.AGREED


class TestSupervision:
    def test_urged_and_answered(self) -> None:
        desk = Desk()
        worker = desk.inspectors[0]
        order = actions.claim(make(desk), actor=acts(worker))
        assert refused(actions.urge, order, "快办", actor=acts(worker)).code == "forbidden"
        note = actions.urge(order, "本周五前办结", actor=acts(desk.head))
        order.refresh_from_db()
        assert order.urged == 1
        for reader in (worker, desk.head):
            seen = queries.inbox(reader_for(reader), queries.InboxFilters("supervised"))
            assert [row.order.pk for row in seen.rows] == [order.pk]
        assert refused(actions.reply_urge, note, "我来", actor=acts(desk.inspectors[2])).code == "forbidden"
        note = actions.reply_urge(note, "周四上门", actor=acts(worker))
        assert note.replied_by == worker.user_id
        assert actions.reply_urge(note, "周四上门", actor=acts(worker)).pk == note.pk
        assert refused(actions.reply_urge, note, "改口", actor=acts(worker)).code == "state"

    def test_an_order_past_its_own_limit_is_urged_once(self) -> None:
        desk = Desk()
        late, fresh = make(desk), make(desk, due_on=today())
        WorkOrder.objects.filter(pk=late.pk).update(due_on=today() - datetime.timedelta(days=1))
        jobs.urge_late_orders()
        jobs.urge_late_orders()
        late.refresh_from_db()
        fresh.refresh_from_db()
        assert (late.urged, fresh.urged) == (1, 0)

    def test_suspended_orders_rest(self) -> None:
        desk = Desk()
        worker = desk.inspectors[0]
        order = actions.claim(make(desk), actor=acts(worker))
        order = actions.suspend(order, reason="等待检验", actor=acts(worker))
        assert refused(actions.finish, order, actor=acts(worker)).code == "state"
        assert refused(actions.resume, order, actor=acts(desk.inspectors[1])).code == "forbidden"
        order = actions.resume(order, actor=acts(worker))
        assert order.state == OrderState.CLAIMED


class TestTrees:
    @pytest.mark.parametrize(
        ("completion", "count", "needed"), [("all", 0, 3), ("any", 0, 1), ("some", 2, 2)]
    )
    def test_a_parent_is_done_by_its_children(self, completion: str, count: int, needed: int) -> None:
        desk = Desk()
        parent = make(desk, title="专项", completion=completion, completion_count=count)
        children = [make(desk, title=f"子任务{number}", parent=parent) for number in range(3)]
        worker = desk.inspectors[0]
        for done, child in enumerate(children, start=1):
            child = actions.claim(child, actor=acts(worker))
            actions.finish(child, actor=acts(worker))
            parent.refresh_from_db()
            assert (parent.state == OrderState.DONE) == (done >= needed)
            if done == needed:
                break
        assert not WorkOrder.objects.filter(parent=parent, state__in=ACTIVE).exists()
        depths = [(depth, order.pk) for depth, order in queries.tree(parent, reader_for(desk.head))]
        assert depths == [(0, parent.pk), *[(1, child.pk) for child in children]]

    def test_it_goes_up_through_every_level(self) -> None:
        desk = Desk()
        top = make(desk, completion="all")
        middle = make(desk, parent=top, completion="all")
        leaf = actions.claim(make(desk, parent=middle), actor=acts(desk.inspectors[0]))
        actions.finish(leaf, actor=acts(desk.inspectors[0]))
        top.refresh_from_db()
        assert top.state == OrderState.DONE

    def test_an_owner_breaks_down_and_cannot_finish_before_the_rest(self) -> None:
        desk = Desk()
        worker, stranger = desk.inspectors[:2]
        parent = actions.claim(make(desk), actor=acts(worker))
        child = make(desk, parent=parent, actor=acts(worker))
        assert refused(make, desk, parent=parent, actor=acts(stranger)).code == "forbidden"
        assert refused(make, desk, actor=acts(worker)).code == "forbidden"
        assert refused(actions.finish, parent, actor=acts(worker)).code == "state"
        actions.cancel(child, reason="不再需要", actor=acts(desk.head))
        assert actions.finish(parent, actor=acts(worker)).state == OrderState.DONE

    def test_cancelling_takes_everything_below(self) -> None:
        desk = Desk()
        top = make(desk, completion="all")
        middle = make(desk, parent=top)
        leaf = make(desk, parent=middle)
        actions.cancel(top, reason="专项取消", actor=acts(desk.head))
        for order in (top, middle, leaf):
            order.refresh_from_db()
            assert order.state == OrderState.CANCELLED

    def test_two_orders_about_one_thing_are_merged(self) -> None:
        desk = Desk()
        one, two = SubjectFactory(), SubjectFactory()
        first, second = make(desk, subject_id=one.pk), make(desk, subject_id=one.pk)
        other = make(desk, subject_id=two.pk)
        assert refused(actions.merge, first, other, reason="重复", actor=acts(desk.head)).field == "into"
        merged = actions.merge(first, second, reason="重复", actor=acts(desk.head))
        assert (merged.state, merged.merged_into_id) == (OrderState.CANCELLED, second.pk)

    def test_an_order_is_made_once_by_its_uuid(self) -> None:
        import uuid

        desk = Desk()
        mark = uuid.uuid4()
        assert make(desk, uuid=mark).pk == make(desk, uuid=mark).pk
        assert refused(make, desk, uuid=mark, kind="sample.other").code == "conflict"


def test_versions_rise_with_every_change() -> None:
    desk = Desk()
    worker = desk.inspectors[0]
    order = make(desk)
    seen = [order.version]
    for change in (
        lambda: actions.claim(order, actor=acts(worker)),
        lambda: actions.suspend(order, reason="等", actor=acts(worker)),
        lambda: actions.resume(order, actor=acts(worker)),
        lambda: actions.finish(order, actor=acts(worker)),
    ):
        seen.append(change().version)
    assert all(later > earlier for earlier, later in itertools.pairwise(seen))


def test_an_order_of_a_case_is_closed_by_its_case_only() -> None:
    terms_of_law.load()
    desk = Desk()
    case = desk.submitted()
    order = actions.claim(desk.order(case, "sample.accept"), actor=acts(desk.receiver))
    assert refused(actions.finish, order, actor=acts(desk.receiver)).code == "state"
    assert order.role == Role.LIC_RECEIVER
