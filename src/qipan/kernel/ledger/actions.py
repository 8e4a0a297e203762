"""Writing to the ledger: the one function that every action of every room calls."""

import hashlib
import uuid
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from django.db import models, transaction
from django.db.models import OuterRef
from django.utils import timezone
from django.utils.translation import gettext as _

from qipan.kernel.ledger import dispatch, events
from qipan.kernel.ledger.actor import Actor
from qipan.kernel.ledger.canonical import digest, refuse_what_does_not_keep
from qipan.kernel.ledger.clock import now
from qipan.kernel.ledger.errors import Refused
from qipan.kernel.ledger.models import Delivery, DeliveryState, Event, Subscription
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
    dispatch.enter(event)
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
def resend(delivery: Delivery, *, actor: Actor, again: bool = False) -> Delivery:
    """Let one delivery be tried at once, at the present address; refuses one that has arrived, but for `again`."""
    row = Delivery.objects.select_for_update().select_related("event").get(pk=delivery.pk)
    if row.state == DeliveryState.DONE and not again:
        raise Refused(_("这条事件已经送达，不需要重发。"), code="state")
    row.state, row.next_at, row.attempts = DeliveryState.WAITING, timezone.now(), 0
    if row.subscription_id is not None:
        row.url = Subscription.objects.values_list("url", flat=True).get(pk=row.subscription_id)
    row.save(update_fields=["state", "next_at", "attempts", "url"])
    append(events.RESENT, row, actor, data={"receiver": row.receiver, "event": str(row.event.uuid)})
    return row


@transaction.atomic
def resend_stuck(*, actor: Actor, receiver: str = "", deliveries: Sequence[int] = ()) -> int:
    """Let everything be tried at once that has failed, of one receiver or of all; returns how many.

    `deliveries` names single ones by their number. One event a receiver, with the numbers' digest.
    """
    rows = Delivery.objects.exclude(state=DeliveryState.DONE).filter(attempts__gt=0)
    if receiver:
        rows = rows.filter(receiver=receiver)
    if deliveries:
        rows = rows.filter(pk__in=deliveries)
    by_receiver: dict[str, list[Delivery]] = {}
    for row in rows.select_for_update().order_by("pk"):
        by_receiver.setdefault(row.receiver, []).append(row)
    for code, several in by_receiver.items():
        numbers = [row.pk for row in several]
        changed = Delivery.objects.filter(pk__in=numbers)
        changed.update(state=DeliveryState.WAITING, next_at=timezone.now(), attempts=0)
        changed.filter(subscription__isnull=False).update(
            url=Subscription.objects.filter(pk=OuterRef("subscription_id")).values("url")[:1]
        )
        append_bulk(
            events.RESENT_MANY,
            several[0],
            actor,
            (str(number).encode() for number in numbers),
            data={"receiver": code},
        )
    return sum(map(len, by_receiver.values()))


def subscription_problem(url: str, secret: str) -> Refused | None:
    """What is wrong with a subscription's address or secret."""
    if urlsplit(url).scheme not in {"http", "https"}:
        return Refused(_("订阅地址应当以 http:// 或 https:// 开头。"), field="url")
    if len(secret) < 16:
        return Refused(_("签名密钥至少 16 个字符，接收方用它核对来源。"), field="secret")
    return None


@transaction.atomic
def save_subscription(subscription: Subscription, *, actor: Actor) -> Subscription:
    """Create or change a subscription; it holds for the next event. Refuses an address that is not HTTP."""
    problem = subscription_problem(subscription.url, subscription.secret)
    if problem is not None:
        raise problem
    subscription.save()
    append(
        events.SUBSCRIBED,
        subscription,
        actor,
        key=subscription.code,
        org_path=subscription.org_path,
        data={
            "code": subscription.code,
            "pattern": subscription.pattern,
            "url": subscription.url,
            "org_path": subscription.org_path,
            "active": subscription.active,
        },
    )
    return subscription
