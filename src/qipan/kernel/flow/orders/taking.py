"""Who works on an order: claim, assign, transfer, release, return and issue again."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from qipan.conf import wall
from qipan.kernel.flow import events
from qipan.kernel.flow.models import OrderState, Part, Participant, WorkOrder
from qipan.kernel.flow.orders import changes
from qipan.kernel.ledger.actions import append
from qipan.kernel.ledger.actor import Actor
from qipan.kernel.ledger.clock import now
from qipan.kernel.ledger.errors import Refused
from qipan.kernel.orgs.models import Unit


@transaction.atomic
@wall.lifted()
def claim(order: WorkOrder, *, actor: Actor, co: Sequence[int] = ()) -> WorkOrder:
    """Take an order in hand (签收); who already holds it gets it again unchanged.

    An order that needs two starts (state CLAIMED) once both have claimed it, or at once when `co` names the others.
    Of two who claim at the same moment one wins; the other is refused (conflict) and told who has it.
    """
    locked = changes.lock(order)
    parts = changes.holders(locked)
    people = [part.user_id for part in parts]
    if locked.state == OrderState.CLAIMED and actor.user_id in people:
        return locked
    if locked.state == OrderState.CLAIMED or (
        parts and len(people) >= locked.needs and actor.user_id not in people
    ):
        raise Refused(
            _("该工单已由%(names)s于 %(at)s 签收。") % {"names": changes.names(parts), "at": _moment(locked)}
            if locked.claimed_at
            else _("该工单已指派给%(names)s。") % {"names": changes.names(parts)},
            code="conflict",
            details={"holders": people},
        )
    changes.refuse_unless(locked, OrderState.OPEN)
    if actor.kind != "staff" or actor.user_id is None:
        raise Refused(_("只有工作人员可以签收工单。"), code="forbidden")
    joining = [user for user in dict.fromkeys([actor.user_id, *co]) if user not in people]
    for user_id in joining:
        changes.refuse_unfit(locked, user_id, assigned=user_id != actor.user_id)
        leads = not people
        Participant.objects.create(order=locked, user_id=user_id, part=Part.LEAD if leads else Part.CO)
        if leads:
            locked.assignee_id = user_id
        people.append(user_id)
    if len(people) >= locked.needs:
        locked.state, locked.claimed_at = OrderState.CLAIMED, now()
    if joining or locked.state == OrderState.CLAIMED:
        changes.save(locked, "state", "claimed_at", "assignee")
        append(events.ORDER_CLAIMED, locked, actor, data={"people": people})
        changes.tell(locked, *people)
    return locked


def _moment(order: WorkOrder) -> str:
    return timezone.localtime(order.claimed_at).strftime("%m-%d %H:%M") if order.claimed_at else ""


@transaction.atomic
@wall.lifted()
def assign(order: WorkOrder, users: Sequence[int], *, actor: Actor) -> WorkOrder:
    """Name who is to work on an order (指派), the first to lead; they still sign for it by claiming.

    By its issuer or the head of its unit. Refuses absent, recused, uncertified people and those without the role.
    """
    locked = changes.lock(order)
    changes.refuse_unless(locked, OrderState.OPEN, OrderState.CLAIMED, OrderState.RETURNED)
    changes.refuse_unless_dispatching(locked, actor)
    if not users:
        raise Refused(_("请选择办理人。"), field="users")
    changes.put_people(locked, users)
    append(events.ORDER_ASSIGNED, locked, actor, data={"people": list(dict.fromkeys(users))})
    return locked


@transaction.atomic
@wall.lifted()
def transfer(
    order: WorkOrder, *, reason: str, actor: Actor, to_user: int | None = None, to_org: str = ""
) -> WorkOrder:
    """Hand an order on (转办): to a colleague, who takes the leader's place, or to another unit's inbox.

    By one of its people, its issuer or its unit's head. The new one signs for it by claiming.
    """
    _refuse_no_reason(reason)
    if (to_user is None) == (not to_org):
        raise Refused(_("请选择转办的人员或机构（二者之一）。"), field="to_user")
    locked = changes.lock(order)
    changes.refuse_unless(locked, OrderState.OPEN, OrderState.CLAIMED)
    parts = changes.holders(locked)
    if not changes.in_hand_of(locked, actor, changes.powers(actor), parts):
        changes.refuse_unless_dispatching(locked, actor)
    before = locked.org_path
    if to_org:
        if not Unit.objects.filter(path=to_org).exists():
            raise Refused(_("没有这个机构。"), code="not_found", field="to_org")
        if to_org == before:
            raise Refused(_("工单已在该机构。"), field="to_org")
        locked.org_path = to_org
        changes.save(locked, "org_path")
        changes.put_people(locked, [])
    elif to_user is not None:
        others = [part.user_id for part in parts if part.part == Part.CO and part.user_id != to_user]
        if parts and parts[0].part == Part.LEAD and parts[0].user_id == to_user:
            raise Refused(_("该人员已是主办人。"), field="to_user")
        changes.put_people(locked, [to_user, *others])
    append(
        events.ORDER_TRANSFERRED,
        locked,
        actor,
        data={"to_user": to_user, "to_org": to_org or None, "from_org": before},
        reason=reason,
    )
    changes.tell(locked, *(part.user_id for part in parts))
    return locked


@transaction.atomic
@wall.lifted()
def release(order: WorkOrder, *, reason: str = "", actor: Actor) -> WorkOrder:
    """Put an order back into the unit's inbox: the one who releases leaves it, a colleague moves up to lead."""
    locked = changes.lock(order)
    changes.refuse_unless(locked, OrderState.OPEN, OrderState.CLAIMED)
    parts = changes.refuse_stranger(locked, actor)
    locked.participants.filter(user_id=actor.user_id or 0, active=True).exclude(part=Part.SIGNER).update(
        active=False
    )
    staying = [part for part in parts if part.user_id != actor.user_id]
    if staying and staying[0].part != Part.LEAD:
        Participant.objects.filter(pk=staying[0].pk).update(part=Part.LEAD)
    locked.assignee_id = staying[0].user_id if staying else None
    locked.state, locked.claimed_at = OrderState.OPEN, None
    changes.save(locked, "state", "claimed_at", "assignee")
    append(events.ORDER_RELEASED, locked, actor, reason=reason)
    changes.tell(locked, *(part.user_id for part in parts))
    return locked


@transaction.atomic
@wall.lifted()
def return_order(order: WorkOrder, *, reason: str, actor: Actor) -> WorkOrder:
    """Send an order back to who issued it (退回), with the reason; it waits there to be issued again or cancelled.

    By one of its people, or, while nobody has claimed it, by anyone fit to.
    """
    _refuse_no_reason(reason)
    locked = changes.lock(order)
    changes.refuse_unless(locked, OrderState.OPEN, OrderState.CLAIMED)
    parts = changes.holders(locked)
    if parts or actor.user_id is None:
        changes.refuse_stranger(locked, actor)
    else:
        changes.refuse_unfit(locked, actor.user_id, assigned=False)
    locked.participants.filter(active=True).update(active=False)
    locked.assignee_id, locked.claimed_at = None, None
    locked.state, locked.reason = OrderState.RETURNED, reason.strip()[:500]
    changes.save(locked, "state", "reason", "assignee", "claimed_at")
    append(events.ORDER_RETURNED, locked, actor, reason=reason)
    changes.tell(locked, *(part.user_id for part in parts), *([locked.issued_by] if locked.issued_by else []))
    return locked


@transaction.atomic
@wall.lifted()
def reissue(order: WorkOrder, *, actor: Actor, users: Sequence[int] = (), to_org: str = "") -> WorkOrder:
    """Issue a returned order again, to its unit, to another unit or to named people."""
    locked = changes.lock(order)
    changes.refuse_unless(locked, OrderState.RETURNED)
    changes.refuse_unless_dispatching(locked, actor)
    if to_org:
        if not Unit.objects.filter(path=to_org).exists():
            raise Refused(_("没有这个机构。"), code="not_found", field="to_org")
        locked.org_path = to_org
        changes.save(locked, "org_path")
    changes.put_people(locked, users)
    append(events.ORDER_REISSUED, locked, actor, data={"people": list(users)})
    return locked


def _refuse_no_reason(reason: str) -> None:
    if not reason.strip():
        raise Refused(_("请填写理由。"), field="reason")
