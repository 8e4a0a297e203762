"""How an order stands still and how it ends: suspend, resume, finish, cancel, merge."""

from __future__ import annotations

from django.db import transaction
from django.utils.translation import gettext as _

from qipan.conf import wall
from qipan.kernel.flow import events
from qipan.kernel.flow.models import ACTIVE, Completion, OrderState, Part, Participant, WorkOrder
from qipan.kernel.flow.models.orders import Countersigning
from qipan.kernel.flow.orders import changes
from qipan.kernel.ledger.actions import append
from qipan.kernel.ledger.actor import Actor
from qipan.kernel.ledger.clock import now
from qipan.kernel.ledger.errors import Refused


@transaction.atomic
@wall.lifted()
def suspend(order: WorkOrder, *, reason: str, actor: Actor) -> WorkOrder:
    """Lay an order aside for a while (挂起). Its limit runs on: only the law stops a statutory clock."""
    if not reason.strip():
        raise Refused(_("请填写挂起理由。"), field="reason")
    locked = changes.lock(order)
    changes.refuse_unless(locked, OrderState.OPEN, OrderState.CLAIMED)
    _refuse_outsider(locked, actor)
    locked.state, locked.reason = OrderState.SUSPENDED, reason.strip()[:500]
    changes.save(locked, "state", "reason")
    append(events.ORDER_SUSPENDED, locked, actor, reason=reason)
    changes.tell(locked)
    return locked


@transaction.atomic
@wall.lifted()
def resume(order: WorkOrder, *, actor: Actor) -> WorkOrder:
    """Take up a suspended order again; it stands as it stood before."""
    locked = changes.lock(order)
    changes.refuse_unless(locked, OrderState.SUSPENDED)
    _refuse_outsider(locked, actor)
    locked.state = OrderState.CLAIMED if locked.claimed_at else OrderState.OPEN
    changes.save(locked, "state")
    append(events.ORDER_RESUMED, locked, actor)
    changes.tell(locked)
    return locked


@transaction.atomic
@wall.lifted()
def finish(order: WorkOrder, *, actor: Actor, result: str = "") -> WorkOrder:
    """Report an order done, with what came of it.

    Refused: by others than its people; before enough have claimed it; out for countersignature or declined there;
    while children that its rule waits for are open; an order of a case that a step of the case closes.
    """
    locked = changes.lock(order)
    if locked.state == OrderState.DONE:
        return locked
    changes.refuse_unless(locked, OrderState.CLAIMED)
    parts = changes.refuse_stranger(locked, actor)
    if len({part.user_id for part in parts}) < locked.needs:
        raise Refused(
            _("该工单须由%(needs)d人共同办理，目前只有%(count)d人签收。")
            % {"needs": locked.needs, "count": len(parts)},
            code="state",
        )
    if locked.countersign_state == Countersigning.PENDING:
        raise Refused(_("工单正在会签，会签完成后才能办结。"), code="state")
    if locked.countersign_state == Countersigning.DECLINED:
        raise Refused(_("工单会签未通过，请修改后重新会签。"), code="state")
    if locked.case_id and locked.case is not None:
        closing = [step for step in locked.case.flow.transitions if locked.kind in step.closes]
        if closing:
            titles = "、".join(str(step.title) for step in closing)
            raise Refused(
                _("该工单随办件流转办结，请在办件中操作：%(titles)s。") % {"titles": titles}, code="state"
            )
    if locked.completion != Completion.MANUAL:
        states = list(locked.children.values_list("state", flat=True))
        if not changes.completed(locked, states):
            raise Refused(_("下级工单尚未按规则办结。"), code="state")
    elif locked.children.filter(state__in=ACTIVE).exists():
        raise Refused(_("还有未办结的下级工单。"), code="state")
    changes.close(locked, OrderState.DONE, actor, result=result.strip())
    return locked


@transaction.atomic
@wall.lifted()
def complete(order: WorkOrder, *, actor: Actor, result: str = "") -> WorkOrder:
    """Close an order because the work it asks for was done by another action of its record.

    For rooms, not for people: the calling action has checked that the actor may do the work. Whoever did it without
    having claimed the order is entered as its leader. Again changes nothing.
    """
    locked = changes.lock(order)
    if not locked.active:
        return locked
    if actor.kind == "staff" and actor.user_id is not None and not changes.holders(locked):
        Participant.objects.create(order=locked, user_id=actor.user_id, part=Part.LEAD)
        locked.assignee_id, locked.claimed_at = actor.user_id, now()
    changes.close(locked, OrderState.DONE, actor, result=result)
    return locked


@transaction.atomic
@wall.lifted()
def cancel(order: WorkOrder, *, reason: str, actor: Actor) -> WorkOrder:
    """Cancel an order and everything below it; by its issuer or its unit's head."""
    if not reason.strip():
        raise Refused(_("请填写取消理由。"), field="reason")
    locked = changes.lock(order)
    if locked.state == OrderState.CANCELLED:
        return locked
    changes.refuse_unless(locked, *ACTIVE)
    changes.refuse_unless_dispatching(locked, actor)
    _cancel_below(locked, actor, reason)
    changes.close(locked, OrderState.CANCELLED, actor, reason=reason)
    return locked


def _cancel_below(order: WorkOrder, actor: Actor, reason: str) -> None:
    for child in order.children.select_for_update(of=("self",)).filter(state__in=ACTIVE).order_by("pk"):
        _cancel_below(child, actor, reason)
        child.parent_id, parent = None, child.parent_id
        changes.close(child, OrderState.CANCELLED, actor, reason=reason)
        child.parent_id = parent


@transaction.atomic
@wall.lifted()
def merge(order: WorkOrder, into: WorkOrder, *, reason: str, actor: Actor) -> WorkOrder:
    """Let one order be done with another (合并): it is cancelled and points to the one that goes on.

    Refuses orders of a case, which only their flow may close, and orders about different subjects.
    """
    if not reason.strip():
        raise Refused(_("请填写合并理由。"), field="reason")
    if order.pk == into.pk:
        raise Refused(_("不能与自身合并。"), field="into")
    first, second = sorted((order, into), key=lambda each: each.pk)
    rows = {each.pk: changes.lock(each) for each in (first, second)}
    merged, kept = rows[order.pk], rows[into.pk]
    for each in (merged, kept):
        changes.refuse_unless(each, *ACTIVE)
        changes.refuse_unless_dispatching(each, actor)
    if merged.case_id:
        raise Refused(_("办件的工单随办件流转，不能合并。"), code="state")
    if merged.subject_id and kept.subject_id and merged.subject_id != kept.subject_id:
        raise Refused(_("两张工单针对不同的主体，不能合并。"), field="into")
    merged.merged_into = kept
    changes.save(merged, "merged_into")
    append(events.ORDER_MERGED, merged, actor, data={"into": kept.pk}, reason=reason)
    merged.children.filter(state__in=ACTIVE).update(parent=kept)
    changes.close(merged, OrderState.CANCELLED, actor, reason=reason)
    return merged


def _refuse_outsider(order: WorkOrder, actor: Actor) -> None:
    parts = [part for part in changes.holders(order) if part.part != Part.SIGNER]
    if not changes.in_hand_of(order, actor, changes.powers(actor), parts):
        changes.refuse_unless_dispatching(order, actor)
