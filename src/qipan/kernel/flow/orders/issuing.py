"""Issuing work orders outside a transition: by a reaction, a campaign, a person."""

from __future__ import annotations

import datetime
import uuid as uuids
from collections.abc import Sequence

from django.db import IntegrityError, models, transaction
from django.utils.translation import gettext as _

from qipan.conf import wall
from qipan.kernel.flow import events, permissions
from qipan.kernel.flow.models import Case, Completion, WorkOrder
from qipan.kernel.flow.orders import changes
from qipan.kernel.law import terms
from qipan.kernel.ledger.actions import append
from qipan.kernel.ledger.actor import Actor
from qipan.kernel.ledger.clock import now, today
from qipan.kernel.ledger.errors import Refused
from qipan.kernel.orgs.roles import Role


@transaction.atomic
@wall.lifted()
def create_order(
    kind: str,
    title: str,
    role: Role | str,
    org_path: str,
    *,
    actor: Actor,
    uuid: uuids.UUID | None = None,
    requirement: str = "",
    case: Case | None = None,
    record: models.Model | None = None,
    subject_id: int | None = None,
    line: str = "",
    needs: int = 1,
    certified: bool = False,
    due_rule: str = "",
    due_on: datetime.date | None = None,
    users: Sequence[int] = (),
    parent: WorkOrder | None = None,
    completion: Completion | str = Completion.MANUAL,
    completion_count: int = 0,
    source: str = "",
) -> WorkOrder:
    """Issue a work order to the holders of a role at a unit, or to named people; idempotent by `uuid`.

    The limit is `due_on`, else the term of `due_rule` counted from now. `parent` puts it below another order, which
    only its people, its issuer or its unit's head may break down; `completion` says how children close this one.
    Refuses a person who issues where the person has no part, and people who may not work on it.
    """
    if (known := _known(uuid, kind, org_path)) is not None:
        return known
    if role not in Role.values:
        raise Refused(_("没有这样的角色：%(role)s。") % {"role": role}, field="role")
    if not title.strip():
        raise Refused(_("请填写工单标题。"), field="title")
    if due_on is not None and due_on < today():
        raise Refused(_("期限不能早于今天。"), field="due_on")
    if needs < 1:
        raise Refused(_("所需人数至少为 1。"), field="needs")
    if completion == Completion.SOME and completion_count < 1:
        raise Refused(_("请填写须办结的下级工单数。"), field="completion_count")
    _refuse_issuer(actor, org_path, line, parent)
    made = WorkOrder(
        kind=kind,
        title=title.strip()[:200],
        requirement=requirement,
        case=case,
        record_kind=record._meta.label_lower if record is not None else "",
        record_id=record.pk if record is not None else None,
        subject_id=subject_id or (case.subject_id if case else getattr(record, "subject_id", None)),
        org_path=org_path,
        line=line or (case.line if case else ""),
        role=Role(role),
        needs=needs,
        certified=certified,
        due_rule=due_rule,
        due_on=due_on or (terms.due(due_rule, now()).due_on if due_rule else None),
        parent=parent,
        completion=completion,
        completion_count=completion_count,
        source=source,
        issued_by=actor.user_id,
    )
    if uuid is not None:
        made.uuid = uuid
    try:
        with transaction.atomic():
            made.save(force_insert=True)
    except IntegrityError:  # issued by somebody else in this very moment
        if (known := _known(uuid, kind, org_path)) is None:
            raise
        return known
    append(events.ORDER_ISSUED, made, actor, data={"kind": kind, "role": made.role})
    if users:
        changes.put_people(made, users)
    changes.tell(made)
    return made


def _known(uuid: uuids.UUID | None, kind: str, org_path: str) -> WorkOrder | None:
    """The order that was issued under this uuid; refused when it is another one."""
    known = WorkOrder.objects.filter(uuid=uuid).first() if uuid is not None else None
    if known is not None and (known.kind, known.org_path) != (kind, org_path):
        raise Refused(_("同一提交编号已用于另一张工单。"), code="conflict")
    return known


def _refuse_issuer(actor: Actor, org_path: str, line: str, parent: WorkOrder | None) -> None:
    if permissions.is_automatic(actor):
        return
    if actor.kind != "staff":
        raise Refused(_("只有工作人员可以派发工单。"), code="forbidden")
    if parent is not None:
        locked = changes.lock(parent)
        if not locked.active:
            raise Refused(_("上级工单已办结，不能再派发下级工单。"), code="state")
        if changes.in_hand_of(locked, actor, changes.powers(actor), changes.holders(locked)):
            return
        changes.refuse_unless_dispatching(locked, actor)
        return
    if not permissions.dispatches(changes.powers(actor), org_path, line):
        raise Refused(_("您不能向该机构派发工单。"), code="forbidden", field="org_path")
