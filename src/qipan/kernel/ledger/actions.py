"""Writing to the ledger: the one function that every action of every room calls."""

from collections.abc import Mapping
from typing import Any

from django.db import models, transaction

from qipan.kernel.ledger.actor import Actor
from qipan.kernel.ledger.clock import now
from qipan.kernel.ledger.models import Event
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
    return Event.objects.create(
        at=now(),
        name=event_type.name,
        record_kind=record._meta.label_lower,
        record_id=record.pk,
        record_key=key or str(getattr(record, "number", "") or ""),
        subject_id=subject_id if subject_id is not None else getattr(record, "subject_id", None),
        org_path=org_path if org_path is not None else (getattr(record, "org_path", "") or actor.org_path),
        actor_kind=actor.kind,
        actor_id=actor.user_id,
        post=actor.post,
        data=payload,
        reason=reason,
    )
