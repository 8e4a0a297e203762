"""Opening a case, giving it a number, moving it to another version of its flow."""

from __future__ import annotations

import uuid as uuids
from collections.abc import Mapping

from django.db import connection, transaction
from django.utils.translation import gettext as _

from qipan.conf import wall
from qipan.kernel.flow import events, permissions, registry
from qipan.kernel.flow.errors import FlowError
from qipan.kernel.flow.models import Case
from qipan.kernel.ledger.actions import append
from qipan.kernel.ledger.actor import Actor
from qipan.kernel.ledger.clock import now, today
from qipan.kernel.ledger.errors import Refused
from qipan.kernel.orgs.roles import Role


@transaction.atomic
@wall.lifted()
def open_case(
    flow_code: str,
    *,
    uuid: uuids.UUID,
    org_path: str,
    actor: Actor,
    title: str,
    subject_id: int | None = None,
    premises_id: int | None = None,
    line: str = "",
    number: str = "",
    opened_by: int | None = None,
    version: int | None = None,
    is_demo: bool = False,
) -> Case:
    """Open a case in the start state of the newest version of its flow (or of `version`); idempotent by `uuid`.

    The same uuid gives the case that it made; for another flow, subject or opener it is refused as a conflict.
    `opened_by` is the actor unless staff open it for somebody.
    """
    flow = registry.get(flow_code, version)
    opener = opened_by if opened_by is not None else actor.user_id
    made, new = Case.objects.get_or_create(
        uuid=uuid,
        defaults={
            "flow_code": flow.code,
            "flow_version": flow.version,
            "state": flow.start.code,
            "private": flow.start.private,
            "number": number,
            "title": title.strip()[:200],
            "org_path": org_path,
            "line": line,
            "subject_id": subject_id,
            "premises_id": premises_id,
            "opened_by": opener,
            "opened_at": now(),
            "rules_on": today(),
            "is_demo": is_demo,
        },
    )
    if not new:
        if (made.flow_code, made.subject_id, made.opened_by) != (flow.code, subject_id, opener):
            raise Refused(_("同一提交编号已用于另一办件，请刷新页面后重新提交。"), code="conflict")
        return made
    data = {"flow": flow.code, "version": flow.version}
    append(flow.opened_event or events.CASE_OPENED, made, actor, data=data)
    return made


def take_number(series: str) -> int:
    """The next number of a series (one row a prefix, year and unit), without gaps or doubles.

    Two transactions that want the same series wait for one another until the first commits, so take it late.
    Raises TransactionManagementError outside a transaction.
    """
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError("a number is taken in the transaction that uses it")
    with connection.cursor() as cursor:
        cursor.execute(
            "insert into flow_numberseries (code, last) values (%s, 1) "
            "on conflict (code) do update set last = flow_numberseries.last + 1 returning last",
            [series],
        )
        return int(cursor.fetchone()[0])


@transaction.atomic
@wall.lifted()
def migrate_case(
    case: Case, to_version: int, *, state_map: Mapping[str, str], reason: str, actor: Actor
) -> Case:
    """Move a running case to another version of its flow, into the state that `state_map` names for its own.

    A state of the same code in both versions needs no entry. Refuses closed cases, states without a counterpart,
    a final counterpart, and anyone but the system or the staff who release rules (catalogue releasers).
    """
    if not reason.strip():
        raise Refused(_("请填写变更流程版本的理由。"), field="reason")
    if not permissions.is_automatic(actor) and not any(
        power.role == Role.CATALOGUE_RELEASER for power in permissions.powers_of_user(actor.user_id)
    ):
        raise Refused(_("变更办件的流程版本由事项与规则发布人员办理。"), code="forbidden")
    locked = Case.objects.select_for_update(of=("self",), no_key=True).get(pk=case.pk)
    if locked.flow_version == to_version:
        return locked
    if locked.closed_at is not None:
        raise Refused(_("办件已办结，不再变更流程版本。"), code="state")
    try:
        flow = registry.get(locked.flow_code, to_version)
        target = flow.state(state_map.get(locked.state, locked.state))
    except FlowError as missing:
        raise Refused(
            _("新版本流程中没有与“%(state)s”对应的状态，请在对照表中指明。") % {"state": locked.state_title},
            field="state_map",
        ) from missing
    if target.final:
        raise Refused(_("不能借变更版本使办件办结。"), field="state_map")
    data = {
        "source": locked.state,
        "target": target.code,
        "from_version": locked.flow_version,
        "to_version": to_version,
    }
    locked.flow_version, locked.state = to_version, target.code
    locked.version += 1
    locked.save(update_fields=["flow_version", "state", "version"])
    append(events.CASE_MIGRATED, locked, actor, data=data, reason=reason)
    return locked
