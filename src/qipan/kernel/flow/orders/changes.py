"""What the operations on work orders share: lock, who is in it, who may be, closing with what follows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from django.conf import settings
from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import override

from qipan.kernel.flow import events, permissions
from qipan.kernel.flow.models import (
    ACTIVE,
    Completion,
    OrderState,
    Part,
    Participant,
    Recusal,
    WorkOrder,
)
from qipan.kernel.ledger import feed
from qipan.kernel.ledger.actions import append
from qipan.kernel.ledger.actor import Actor
from qipan.kernel.ledger.clock import now
from qipan.kernel.ledger.errors import Refused
from qipan.kernel.orgs import queries as orgs
from qipan.kernel.orgs.models import Staff
from qipan.kernel.orgs.reader import Power
from qipan.kernel.orgs.roles import Role


def lock(order: WorkOrder) -> WorkOrder:
    """The order as it stands, locked for this transaction; its parents first, so that siblings never wait in a ring."""
    above, parents = order.parent_id, []
    while above is not None:
        parents.append(above)
        above = WorkOrder.objects.values_list("parent_id", flat=True).get(pk=above)
    for parent_id in reversed(parents):
        WorkOrder.objects.select_for_update(of=("self",), no_key=True).get(pk=parent_id)
    return WorkOrder.objects.select_for_update(of=("self",), no_key=True).get(pk=order.pk)


def save(order: WorkOrder, *fields: str) -> None:
    """Save these fields with the next version."""
    order.version += 1
    order.save(update_fields=[*fields, "version"])


def tell(order: WorkOrder, *user_ids: int) -> None:
    """Tell the screens that follow the unit and the people."""
    people = set(user_ids) | ({order.assignee_id} if order.assignee_id else set())
    feed.touch(f"office:{order.org_path}", *(f"user:{user}" for user in sorted(people)))


def holders(order: WorkOrder) -> list[Participant]:
    """Those who lead or work along, leader first."""
    parts = order.participants.filter(active=True).exclude(part=Part.SIGNER).select_related("user")
    return sorted(parts, key=lambda part: (part.part != Part.LEAD, part.pk))


def names(parts: Iterable[Participant]) -> str:
    """Their names in a row."""
    return "、".join(str(part.user) for part in parts)


def refuse_unless(order: WorkOrder, *states: OrderState) -> None:
    """Refuse an order that stands otherwise."""
    if order.state not in states:
        raise Refused(
            _("工单当前为“%(state)s”，不能进行该操作。请刷新页面。") % {"state": order.get_state_display()},
            code="state",
        )


def powers(actor: Actor) -> tuple[Power, ...]:
    """What the one who acts holds now."""
    return permissions.powers_of_user(actor.user_id) if actor.kind == "staff" else ()


def in_hand_of(order: WorkOrder, actor: Actor, held: Sequence[Power], parts: Sequence[Participant]) -> bool:
    """Whether the actor works on the order, or stands for somebody who does."""
    people = [part.user_id for part in parts]
    return actor.user_id in people or permissions.stands_for(held, people, order.role, order.org_path)


def refuse_stranger(order: WorkOrder, actor: Actor) -> list[Participant]:
    """The people of an order; refuses anyone who is neither one of them nor stands for one. Automatic actors pass."""
    parts = holders(order)
    if not permissions.is_automatic(actor) and not in_hand_of(order, actor, powers(actor), parts):
        who = names(parts) or str(_("尚无人签收"))
        raise Refused(_("您不是该工单的办理人（%(who)s）。") % {"who": who}, code="forbidden")
    return parts


def may_dispatch(order: WorkOrder, actor: Actor) -> bool:
    """Whether the actor issued the order or directs the unit that holds it."""
    if permissions.is_automatic(actor):
        return True
    if actor.kind != "staff" or actor.user_id is None:
        return False
    return order.issued_by == actor.user_id or permissions.dispatches(
        powers(actor), order.org_path, order.line
    )


def refuse_unless_dispatching(order: WorkOrder, actor: Actor) -> None:
    """Refuse anyone who neither issued the order nor directs its unit."""
    if not may_dispatch(order, actor):
        raise Refused(_("只有派发人或所在机构负责人可以进行该操作。"), code="forbidden")


def refuse_unfit(order: WorkOrder, user_id: int, *, assigned: bool) -> None:
    """Refuse somebody who may not work on the order: role, certificate, recusal; absent people are not assigned."""
    staff = Staff.objects.select_related("user").filter(user_id=user_id, user__is_active=True).first()
    if staff is None:
        raise Refused(_("该人员不是在职工作人员。"), code="invalid", field="users")
    held = orgs.powers_of(staff)
    name = str(staff.user)
    if not permissions.covers(held, Role(order.role), order.org_path, order.line):
        raise Refused(
            _("%(name)s在该机构没有“%(role)s”职责。") % {"name": name, "role": order.get_role_display()},
            code="forbidden",
            field="users",
        )
    if order.certified and not orgs.is_certified(staff, line=order.line):
        raise Refused(
            _("%(name)s没有有效的执法证，不能办理该工单。") % {"name": name}, code="forbidden", field="users"
        )
    if is_recused(order, user_id):
        raise Refused(
            _("%(name)s与本案有回避关系，不能办理。") % {"name": name}, code="forbidden", field="users"
        )
    if assigned and not Staff.objects.filter(pk=staff.pk).filter(orgs.present()).exists():
        raise Refused(_("%(name)s当前缺勤，不能指派。") % {"name": name}, code="invalid", field="users")


def fit(order: WorkOrder, user_ids: Iterable[int]) -> list[int]:
    """Those of the people who may be given the order now."""
    found = []
    for user_id in dict.fromkeys(user_ids):
        try:
            refuse_unfit(order, user_id, assigned=True)
        except Refused:
            continue
        found.append(user_id)
    return found


def is_recused(order: WorkOrder, user_id: int) -> bool:
    """Whether somebody must keep out of the order's subject or case."""
    about = Q(pk__in=())
    if order.subject_id:
        about |= Q(subject_id=order.subject_id)
    if order.case_id:
        about |= Q(case_id=order.case_id)
    return Recusal.objects.filter(about, user_id=user_id, lifted_at__isnull=True).exists()


def put_people(order: WorkOrder, user_ids: Sequence[int]) -> None:
    """Put these people into an order in place of whoever works on it; the first leads. Saves no event."""
    people = list(dict.fromkeys(user_ids))
    for user_id in people:
        refuse_unfit(order, user_id, assigned=True)
    order.participants.filter(active=True).exclude(part=Part.SIGNER).update(active=False)
    Participant.objects.bulk_create(
        Participant(order=order, user_id=user_id, part=Part.CO if place else Part.LEAD)
        for place, user_id in enumerate(people)
    )
    order.assignee_id = people[0] if people else None
    order.state, order.claimed_at = OrderState.OPEN, None
    save(order, "assignee", "state", "claimed_at")
    tell(order, *people)


def close(order: WorkOrder, state: OrderState, actor: Actor, *, reason: str = "", result: str = "") -> None:
    """Close a locked order as done or cancelled, with its event, and settle its parent."""
    order.state, order.closed_at, order.reason = state, now(), reason[:500] or order.reason
    order.result = result or order.result
    save(order, "state", "closed_at", "reason", "result", "assignee", "claimed_at")
    event = events.ORDER_FINISHED if state == OrderState.DONE else events.ORDER_CANCELLED
    append(event, order, actor, data={"kind": order.kind}, reason=reason)
    tell(order)
    if order.parent_id:
        settle(order.parent_id, actor)


@override(settings.LANGUAGE_CODE)  # the reasons that it records
def settle(parent_id: int, actor: Actor) -> None:
    """Close a parent whose children are done as its rule asks, and cancel the children it no longer waits for.

    Cancelled children do not count; a parent whose children were all cancelled stays open for its owner.
    """
    parent = WorkOrder.objects.select_for_update(of=("self",), no_key=True).get(pk=parent_id)
    if parent.completion == Completion.MANUAL or not parent.active:
        return
    states = list(parent.children.values_list("state", flat=True))
    if not completed(parent, states):
        return
    close(parent, OrderState.DONE, Actor.system(parent.org_path), result=str(_("下级工单已按规则办结")))
    rest = parent.children.select_for_update(of=("self",)).filter(state__in=ACTIVE).order_by("pk")
    for child in rest:
        close(child, OrderState.CANCELLED, actor, reason=str(_("上级工单已办结")))


def completed(parent: WorkOrder, states: Sequence[str]) -> bool:
    """Whether the states of its children satisfy a parent's completion rule."""
    done = sum(1 for state in states if state == OrderState.DONE)
    if parent.completion == Completion.ANY:
        return done >= 1
    if parent.completion == Completion.SOME:
        return done >= max(parent.completion_count, 1)
    open_ones = any(state in ACTIVE for state in states)
    return done >= 1 and not open_ones
