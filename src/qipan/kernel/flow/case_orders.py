"""What transitions do to the work orders of their case: open, close, cancel."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping

from django.contrib.postgres.fields import ArrayField
from django.db.models import BigIntegerField, CharField
from django.utils.translation import gettext as _

from qipan.conf.composed import Composed
from qipan.kernel.flow import events, permissions
from qipan.kernel.flow.context import Context
from qipan.kernel.flow.declaration import Order
from qipan.kernel.flow.models import ACTIVE, Clock, OrderState, Part, Participant, WorkOrder
from qipan.kernel.flow.models.orders import Countersigning
from qipan.kernel.flow.orders import changes
from qipan.kernel.law import terms
from qipan.kernel.ledger.actions import append
from qipan.kernel.ledger.clock import now
from qipan.kernel.ledger.errors import Refused


def open_one(context: Context, order: Order, running: Mapping[str, Clock] | None) -> WorkOrder:
    """Open a declared work order for a (locked) case; an active one of the same kind stays as it is."""
    case = context.case
    known = case.orders.filter(kind=order.kind, state__in=ACTIVE).first()
    if known is not None:
        return known
    clock = None
    if isinstance(order.due, str) and order.due:
        clocks = running if running is not None else {}
        clock = (
            clocks.get(order.due) or case.clocks.filter(rule_code=order.due, ended_at__isnull=True).first()
        )
    made = WorkOrder.objects.create(
        kind=order.kind,
        title=f"{order.title} {case.title}"[:200],
        case=case,
        subject_id=case.subject_id,
        org_path=order.org(context) if order.org else case.org_path,
        line=order.line or case.line,
        role=order.role,
        needs=order.needs,
        certified=order.certified,
        clock=clock,
        due_rule=order.due if isinstance(order.due, str) else "",
        due_on=_due_on(context, order, clock),
        source=f"{context.flow.code}.{context.transition.code}",
        issued_by=context.actor.user_id,
    )
    append(events.ORDER_ISSUED, made, context.actor, data={"kind": made.kind, "role": made.role})
    if order.assignees:
        changes.put_people(made, changes.fit(made, order.assignees(context)))
    changes.tell(made)
    return made


def _due_on(context: Context, order: Order, clock: Clock | None) -> datetime.date | None:
    if clock is not None:
        return clock.due_on
    if callable(order.due):
        return order.due(context)
    return terms.due(order.due, now(), on=context.case.rules_on).due_on if order.due else None


_ACTIVE = Composed(
    lambda hole: WorkOrder.objects.filter(
        case_id=hole("case", BigIntegerField()),
        kind__among=hole("kinds", ArrayField(CharField())),
        state__in=ACTIVE,
    ).order_by("pk")
)


_REST = Composed(
    lambda hole: WorkOrder.objects.filter(case_id=hole("case", BigIntegerField()), state__in=ACTIVE).order_by(
        "pk"
    )
)


def close(context: Context, kinds: Iterable[str]) -> None:
    """Close the case's active orders of these kinds: done by staff, system or rules, cancelled by an applicant.

    Staff who act on an order that nobody has claimed take it in the same go. Refused: an order in other people's
    hands, one that still needs a second officer, one that is suspended or out for countersignature.
    """
    for known in _ACTIVE.all(case=context.case.pk, kinds=list(kinds)):
        order = changes.lock(known)
        if not order.active:
            continue
        if context.actor.kind == "staff":
            _take_in_hand(context, order)
        done = context.actor.kind not in ("business", "public")
        changes.close(
            order,
            OrderState.DONE if done else OrderState.CANCELLED,
            context.actor,
            reason=context.reason if done else str(context.transition.title),
        )


def _take_in_hand(context: Context, order: WorkOrder) -> None:
    user_id = context.actor.user_id
    if order.state == OrderState.SUSPENDED:
        raise Refused(_("工单“%(title)s”已挂起，请先恢复。") % {"title": order.title}, code="state")
    if order.countersign_state == Countersigning.PENDING:
        raise Refused(
            _("工单“%(title)s”正在会签，会签完成后才能办理。") % {"title": order.title}, code="state"
        )
    if order.countersign_state == Countersigning.DECLINED:
        raise Refused(
            _("工单“%(title)s”会签未通过，请修改后重新会签。") % {"title": order.title}, code="state"
        )
    parts = changes.holders(order)
    people = [part.user_id for part in parts]
    if people and user_id not in people:
        if not permissions.stands_for(context.powers, people, order.role, order.org_path):
            raise Refused(
                _("该工单已由%(names)s签收，请联系其办理，或由负责人转办。")
                % {"names": changes.names(parts)},
                code="conflict",
                details={"holders": people},
            )
    elif not people and user_id is not None:
        Participant.objects.create(order=order, user_id=user_id, part=Part.LEAD)
        order.assignee_id, order.claimed_at = user_id, now()
        people = [user_id]
    if len(set(people)) < order.needs:
        raise Refused(
            _("该工单须由%(needs)d人共同办理，目前只有%(count)d人签收。")
            % {"needs": order.needs, "count": len(set(people))},
            code="state",
        )


def cancel_rest(context: Context) -> None:
    """Cancel what is still open once the case is closed."""
    for known in _REST.all(case=context.case.pk):
        order = changes.lock(known)
        if order.active:
            changes.close(order, OrderState.CANCELLED, context.actor, reason=str(_("办件已办结")))
