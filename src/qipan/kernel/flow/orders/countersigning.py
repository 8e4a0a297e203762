"""Countersignature (会签): several colleagues are asked, all, any or n of them must agree."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from django.db import transaction
from django.utils.translation import gettext as _

from qipan.conf import wall
from qipan.kernel.accounts.models import User, UserKind
from qipan.kernel.flow import events
from qipan.kernel.flow.models import OrderState, Part, Participant, WorkOrder
from qipan.kernel.flow.models.orders import Countersigning, Opinion
from qipan.kernel.flow.orders import changes
from qipan.kernel.ledger.actions import append
from qipan.kernel.ledger.actor import Actor
from qipan.kernel.ledger.clock import now
from qipan.kernel.ledger.errors import Refused


@transaction.atomic
@wall.lifted()
def countersign(
    order: WorkOrder,
    users: Sequence[int],
    *,
    actor: Actor,
    rule: Literal["all", "any", "n"] = "all",
    n: int = 0,
) -> WorkOrder:
    """Ask colleagues to countersign an order in hand; until they have, it cannot be done.

    While a round is pending, further users join it (加签) and `rule` is counted over all of them. After a declined
    round a new one begins. Refuses people who work on the order themselves, and recused ones.
    """
    locked = changes.lock(order)
    changes.refuse_unless(locked, OrderState.CLAIMED)
    parts = changes.refuse_stranger(locked, actor)
    asked = list(dict.fromkeys(users))
    if not asked:
        raise Refused(_("请选择会签人。"), field="users")
    _refuse_signers(locked, asked, {part.user_id for part in parts})
    if locked.countersign_state != Countersigning.PENDING:
        locked.participants.filter(part=Part.SIGNER, active=True).update(active=False)
    present = set(locked.participants.filter(part=Part.SIGNER, active=True).values_list("user_id", flat=True))
    Participant.objects.bulk_create(
        Participant(order=locked, user_id=user_id, part=Part.SIGNER, opinion=Opinion.WAITING)
        for user_id in asked
        if user_id not in present
    )
    total = len(present | set(asked))
    needed = {"all": total, "any": 1, "n": n}[rule]
    if not 1 <= needed <= total:
        raise Refused(_("所需同意人数应在 1 到 %(total)d 之间。") % {"total": total}, field="n")
    locked.countersign_state, locked.countersign_needed = Countersigning.PENDING, needed
    changes.save(locked, "countersign_state", "countersign_needed")
    append(events.COUNTERSIGN_ASKED, locked, actor, data={"people": asked, "needed": needed})
    changes.tell(locked, *asked)
    return locked


def _refuse_signers(order: WorkOrder, asked: Sequence[int], working: set[int]) -> None:
    staff = set(
        User.objects.filter(pk__in=asked, kind=UserKind.STAFF, is_active=True).values_list("pk", flat=True)
    )
    for user_id in asked:
        if user_id not in staff:
            raise Refused(_("会签人必须是在职工作人员。"), field="users")
        if user_id in working:
            raise Refused(_("工单办理人不能会签自己的工单。"), field="users")
        if changes.is_recused(order, user_id):
            raise Refused(_("会签人与本案有回避关系。"), code="forbidden", field="users")


@transaction.atomic
@wall.lifted()
def sign(order: WorkOrder, *, agree: bool, actor: Actor, note: str = "") -> WorkOrder:
    """Say yes or no to a countersignature; a no needs its reason. The same answer again changes nothing."""
    locked = changes.lock(order)
    part = locked.participants.filter(part=Part.SIGNER, active=True, user_id=actor.user_id or 0).first()
    if part is None:
        raise Refused(_("您不是该工单的会签人。"), code="forbidden")
    opinion = Opinion.AGREED if agree else Opinion.DECLINED
    if part.opinion == opinion:
        return locked
    if part.opinion != Opinion.WAITING or locked.countersign_state != Countersigning.PENDING:
        raise Refused(_("会签已经结束，不能更改意见。"), code="state")
    if not agree and not note.strip():
        raise Refused(_("不同意时请填写意见。"), field="note")
    part.opinion, part.note, part.at = opinion, note.strip()[:500], now()
    part.save(update_fields=["opinion", "note", "at"])
    _conclude(locked)
    append(events.COUNTERSIGNED, locked, actor, data={"opinion": opinion.value}, reason=note)
    changes.tell(locked, *([actor.user_id] if actor.user_id else []))
    return locked


@transaction.atomic
@wall.lifted()
def drop_signer(order: WorkOrder, user_id: int, *, reason: str, actor: Actor) -> WorkOrder:
    """Take somebody who has not answered out of a pending round (减签); a rule for all then counts one less."""
    locked = changes.lock(order)
    changes.refuse_stranger(locked, actor)
    signers = list(locked.participants.filter(part=Part.SIGNER, active=True))
    part = next((each for each in signers if each.user_id == user_id), None)
    if part is None or part.opinion != Opinion.WAITING or locked.countersign_state != Countersigning.PENDING:
        raise Refused(_("该人员不在待会签之列。"), code="state", field="users")
    if len(signers) == 1:
        raise Refused(_("至少保留一名会签人。"), code="state", field="users")
    Participant.objects.filter(pk=part.pk).update(active=False)
    locked.countersign_needed = min(locked.countersign_needed, len(signers) - 1)
    _conclude(locked)
    append(events.SIGNER_DROPPED, locked, actor, data={"user": user_id}, reason=reason)
    changes.tell(locked, user_id)
    return locked


def _conclude(order: WorkOrder) -> None:
    opinions = list(
        order.participants.filter(part=Part.SIGNER, active=True).values_list("opinion", flat=True)
    )
    agreed, waiting = opinions.count(Opinion.AGREED), opinions.count(Opinion.WAITING)
    if agreed >= order.countersign_needed:
        order.countersign_state = Countersigning.AGREED
    elif agreed + waiting < order.countersign_needed:
        order.countersign_state = Countersigning.DECLINED
    changes.save(order, "countersign_state", "countersign_needed")
