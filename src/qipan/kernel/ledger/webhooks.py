"""Webhooks that a business sets up for its own program: of its own events only, of a closed list of kinds, signed with time."""

import datetime
import secrets
import uuid as uuids
from collections.abc import Iterable

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from qipan.kernel.ledger import events, outbound
from qipan.kernel.ledger.actions import append, save_subscription
from qipan.kernel.ledger.actor import Actor
from qipan.kernel.ledger.errors import Refused
from qipan.kernel.ledger.models import Delivery, DeliveryState, Event, Subscription

#: After so long without one success a self-served address is no longer tried.
GIVEN_UP_AFTER = datetime.timedelta(days=3)
MOST = 10

_open: dict[str, None] = {}


def open_to_owners(*names: str) -> None:
    """Let businesses follow events of these names about themselves; what no room names, no business is sent."""
    _open.update(dict.fromkeys(names))


def open_names() -> list[str]:
    """The events that a business may follow."""
    return list(_open)


def add_webhook(
    subject_id: int,
    client: uuids.UUID,
    *,
    title: str,
    url: str,
    names: Iterable[str],
    actor: Actor,
    uuid: uuids.UUID | None = None,
) -> tuple[Subscription, str]:
    """Set a webhook up for a client of a business; returns it with its secret, which is shown once.

    The same `uuid` again gives the same webhook without its secret; the caller has the client locked.

    Refuses events that are not open to businesses, no event, and addresses that lead inside.
    """
    code = f"client-{(uuid or uuids.uuid4()).hex[:24]}"
    known = Subscription.objects.filter(code=code, client=client).first() if uuid else None
    if known is not None:
        return known, ""
    wanted = list(dict.fromkeys(names))
    if not wanted:
        raise Refused(_("请至少选择一种事件。"), field="names")
    if strange := [name for name in wanted if name not in _open]:
        raise Refused(_("不能订阅这种事件：%(name)s") % {"name": strange[0][:60]}, field="names")
    outbound.way_to(url)
    if Subscription.objects.filter(client=client, active=True).count() >= MOST:
        raise Refused(_("一个系统最多设 %(most)d 个推送地址。") % {"most": MOST}, code="state")
    secret = "whsec_" + secrets.token_urlsafe(32)
    row = Subscription(
        code=code,
        title=title.strip()[:100] or url[:100],
        pattern="*",
        names=wanted,
        url=url,
        secret=secret,
        subject_id=subject_id,
        client=client,
    )
    return save_subscription(row, actor=actor), secret


@transaction.atomic
def end_webhook(subscription: Subscription, *, actor: Actor, cause: str = "OWNER") -> Subscription:
    """Stop sending to an address at once; what waited is not sent any more."""
    row = Subscription.objects.select_for_update().get(pk=subscription.pk)
    if row.active:
        row.active = False
        row.save(update_fields=["active"])
        append(
            events.ENDED, row, actor, key=row.code, data={"code": row.code, "cause": cause},
            subject_id=row.subject_id,
        )  # fmt: skip
    return row


@transaction.atomic
def test_webhook(subscription: Subscription, *, actor: Actor) -> Delivery:
    """Send a test event to one address, in its turn; it shows among the deliveries like any other."""
    event = append(
        events.TESTED, subscription, actor, key=subscription.code, data={"code": subscription.code},
        subject_id=subscription.subject_id,
    )  # fmt: skip
    return _deliver(subscription, event)


def _deliver(subscription: Subscription, event: Event) -> Delivery:
    made, _new = Delivery.objects.get_or_create(
        event=event,
        receiver=f"subscription:{subscription.code}",
        defaults={
            "subscription": subscription,
            "url": subscription.url,
            "record_kind": event.record_kind,
            "record_id": event.record_id,
            "next_at": timezone.now(),
        },
    )
    return made


def give_up(delivery: Delivery) -> bool:
    """Stop a self-served address that has failed for too long; True when it did. Its owner is told by the event."""
    row = delivery.subscription
    if row is None or row.subject_id is None or not row.active:
        return False
    since = timezone.now() - GIVEN_UP_AFTER
    if delivery.event.at > since:
        return False
    done = Delivery.objects.filter(subscription=row, state=DeliveryState.DONE, done_at__gte=since)
    if done.exists():
        return False
    end_webhook(row, actor=Actor.system(), cause="FAILED")
    return True


def deliveries_of(subscription: Subscription, limit: int = 50) -> list[Delivery]:
    """The newest deliveries of an address with their events."""
    return list(
        Delivery.objects.filter(subscription=subscription).select_related("event").order_by("-pk")[:limit]
    )
