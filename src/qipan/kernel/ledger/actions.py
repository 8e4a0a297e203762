"""Writing to the ledger: the one function that every action of every room calls."""

import hashlib
import uuid
from collections.abc import Iterable, Mapping
from typing import Any

from django.db import models, transaction
from django.utils.translation import gettext as _

from qipan.kernel.ledger import dispatch
from qipan.kernel.ledger.actor import Actor
from qipan.kernel.ledger.canonical import digest, refuse_what_does_not_keep
from qipan.kernel.ledger.clock import now
from qipan.kernel.ledger.errors import Refused
from qipan.kernel.ledger.models import Delivery, DeliveryState, Event
from qipan.kernel.ledger.registry import EventType


def append(
    event_type: EventType,
    record: models.Model,
    actor: Actor,
    *,
    data: Mapping[str, Any] | None = None,
    reason: str = "",
    key: str = "",
    org_path: str | None = None,
    subject_id: int | None = None,
) -> Event:
    """Append one event in the transaction of the change it tells of.

    `org_path` and `subject_id` are taken from the record where it has them and they are not given.
    Raises TransactionManagementError outside a transaction, ValueError for data that the type does not declare.
    """
    if not transaction.get_connection().in_atomic_block:
        raise transaction.TransactionManagementError("an event is appended in the transaction of its change")
    payload = dict(data or {})
    event_type.check(payload)
    refuse_what_does_not_keep(payload)
    values: dict[str, Any] = {
        "uuid": uuid.uuid4(),
        "at": now(),
        "name": event_type.name,
        "record_kind": record._meta.label_lower,
        "record_id": record.pk,
        "record_key": (key or str(getattr(record, "number", "") or ""))[:80],
        "subject_id": subject_id if subject_id is not None else getattr(record, "subject_id", None),
        "org_path": org_path if org_path is not None else (getattr(record, "org_path", "") or actor.org_path),
        "actor_kind": actor.kind,
        "actor_id": actor.user_id,
        "post": actor.post,
        "data": payload,
        "reason": reason,
    }
    event = Event(**values, digest=digest(values))
    event.save(force_insert=True)
    dispatch.plan(event)
    return event


def append_bulk(
    event_type: EventType,
    record: models.Model,
    actor: Actor,
    lines: Iterable[bytes],
    *,
    data: Mapping[str, Any] | None = None,
    reason: str = "",
) -> Event:
    """One event for a bulk act: the number of its lines and the SHA-256 over all of them (its manifest) are added."""
    total, count = hashlib.sha256(), 0
    for line in lines:
        total.update(hashlib.sha256(line).digest())
        count += 1
    return append(
        event_type,
        record,
        actor,
        data={**(data or {}), "count": count, "digest": total.hexdigest()},
        reason=reason,
    )


@transaction.atomic
def resend(delivery: Delivery) -> Delivery:
    """Send a delivery again that is stuck; refuses one that has arrived."""
    row = Delivery.objects.select_for_update().get(pk=delivery.pk)
    if row.state == DeliveryState.DONE:
        raise Refused(_("这条事件已经送达，不需要重发。"), code="state")
    row.state, row.next_at, row.attempts = DeliveryState.WAITING, now(), 0
    row.save(update_fields=["state", "next_at", "attempts"])
    return row
