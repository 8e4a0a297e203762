"""Supervision (督办) and recusal (回避)."""

from __future__ import annotations

import datetime

from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils.translation import gettext as _

from qipan.conf import wall
from qipan.kernel.flow import events, permissions
from qipan.kernel.flow.models import ACTIVE, Case, OrderState, Part, Participant, Recusal, Urge, WorkOrder
from qipan.kernel.flow.orders import changes
from qipan.kernel.ledger.actions import append
from qipan.kernel.ledger.actor import Actor
from qipan.kernel.ledger.clock import now, today
from qipan.kernel.ledger.errors import Refused
from qipan.kernel.orgs.roles import Role


@transaction.atomic
@wall.lifted()
def urge(order: WorkOrder, message: str, *, actor: Actor, reply_by: datetime.date | None = None) -> Urge:
    """Urge an order that is not done (督办): its people see it, and are to answer by a day if one is given."""
    if not message.strip():
        raise Refused(_("请填写督办要求。"), field="message")
    if reply_by is not None and reply_by < today():
        raise Refused(_("答复期限不能早于今天。"), field="reply_by")
    locked = changes.lock(order)
    changes.refuse_unless(locked, *ACTIVE)
    changes.refuse_unless_dispatching(locked, actor)
    made = Urge.objects.create(
        order=locked, by=actor.user_id, message=message.strip()[:500], reply_by=reply_by
    )
    WorkOrder.objects.filter(pk=locked.pk).update(urged=F("urged") + 1)
    append(events.ORDER_URGED, locked, actor, data={"urge": made.pk}, reason=message)
    changes.tell(locked, *(part.user_id for part in changes.holders(locked)))
    return made


@transaction.atomic
@wall.lifted()
def reply_urge(note: Urge, text: str, *, actor: Actor) -> Urge:
    """Answer a supervision note, once; by one of the order's people or its unit's head."""
    if not text.strip():
        raise Refused(_("请填写答复。"), field="reply")
    locked = changes.lock(note.order)
    known = Urge.objects.select_for_update().get(pk=note.pk)
    if known.replied_at is not None:
        if known.reply == text.strip()[:500] and known.replied_by == actor.user_id:
            return known
        raise Refused(_("该督办已答复。"), code="state")
    if not changes.in_hand_of(locked, actor, changes.powers(actor), changes.holders(locked)):
        changes.refuse_unless_dispatching(locked, actor)
    known.reply, known.replied_by, known.replied_at = text.strip()[:500], actor.user_id, now()
    known.save(update_fields=["reply", "replied_by", "replied_at"])
    append(events.ORDER_URGE_ANSWERED, locked, actor, data={"urge": known.pk}, reason=text)
    changes.tell(locked, *([known.by] if known.by else []))
    return known


@transaction.atomic
@wall.lifted()
def recuse(
    user_id: int, *, reason: str, actor: Actor, subject_id: int | None = None, case: Case | None = None
) -> Recusal:
    """Keep an officer out of a subject's cases or of one case (回避, PenProc 4), and out of the orders in hand there.

    Oneself, or decided by a leader of the officer's unit. Orders that the officer led go back to the inbox.
    """
    if not reason.strip():
        raise Refused(_("请说明回避理由。"), field="reason")
    if (subject_id is None) == (case is None):
        raise Refused(_("请指明主体或办件（二者之一）。"), field="subject")
    own = actor.user_id == user_id
    leads = any(
        power.role in (Role.OFFICE_HEAD, Role.BUREAU_LEADER, Role.ENF_UNIT_HEAD)
        for power in changes.powers(actor)
    )
    if not (own or leads or permissions.is_automatic(actor)):
        raise Refused(_("回避由本人提出，或由负责人决定。"), code="forbidden")
    try:
        with transaction.atomic():
            made = Recusal.objects.create(
                user_id=user_id,
                subject_id=subject_id,
                case=case,
                reason=reason.strip()[:200],
                decided_by=actor.user_id,
            )
    except IntegrityError:
        known = Recusal.objects.filter(user_id=user_id, lifted_at__isnull=True)
        return known.get(case=case) if case else known.get(subject_id=subject_id or 0)
    append(
        events.RECUSED,
        made,
        actor,
        data={"user": user_id},
        reason=reason,
        subject_id=subject_id,
        org_path=case.org_path if case else "",
    )
    for order in _in_hand(subject_id, case):
        if order.active and order.participants.filter(user_id=user_id, active=True).exists():
            _take_out(order, user_id, actor, reason)
    return made


def _in_hand(subject_id: int | None, case: Case | None) -> list[WorkOrder]:
    """The open orders of a subject or case, locked with their cases: who takes one in this very moment comes first."""
    cases = Case.objects.filter(pk=case.pk) if case else Case.objects.filter(subject_id=subject_id or 0)
    locking = cases.filter(closed_at__isnull=True).select_for_update(of=("self",), no_key=True)
    list(locking.order_by("pk").values_list("pk"))
    orders = WorkOrder.objects.filter(state__in=ACTIVE)
    orders = orders.filter(case=case) if case else orders.filter(subject_id=subject_id or 0)
    return [changes.lock(order) for order in orders.order_by("pk")]


def _take_out(order: WorkOrder, user_id: int, actor: Actor, reason: str) -> None:
    order.participants.filter(user_id=user_id, active=True).update(active=False)
    staying = changes.holders(order)
    if staying and staying[0].part != Part.LEAD:
        Participant.objects.filter(pk=staying[0].pk).update(part=Part.LEAD)
    order.assignee_id = staying[0].user_id if staying else None
    if len(staying) < order.needs and order.state == OrderState.CLAIMED:
        order.state, order.claimed_at = OrderState.OPEN, None
    changes.save(order, "state", "claimed_at", "assignee")
    append(events.ORDER_RELEASED, order, actor, reason=reason)
    changes.tell(order, user_id)


@transaction.atomic
@wall.lifted()
def lift_recusal(recusal: Recusal, *, reason: str, actor: Actor) -> Recusal:
    """End a recusal; decided by a leader, never by the officer concerned."""
    leads = any(
        power.role in (Role.OFFICE_HEAD, Role.BUREAU_LEADER, Role.ENF_UNIT_HEAD)
        for power in changes.powers(actor)
    )
    if actor.user_id == recusal.user_id or not (leads or permissions.is_automatic(actor)):
        raise Refused(_("解除回避由负责人决定。"), code="forbidden")
    locked = Recusal.objects.select_for_update().get(pk=recusal.pk)
    if locked.lifted_at is None:
        locked.lifted_at = now()
        locked.save(update_fields=["lifted_at"])
        append(events.RECUSAL_LIFTED, locked, actor, data={"user": locked.user_id}, reason=reason)
    return locked
