"""Events reach their receivers: reactions of other rooms and subscribed systems, at least once, in order per record.

The plan (one row a receiver) is written in the event's own transaction; the effect of a reaction and its done-mark share
one transaction. A receiver that is down holds back only its own later events of the same record.
"""

import datetime
import functools
import hashlib
import hmac
import json
import logging
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

import httpx
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import connection, models, transaction
from django.db.models.expressions import RawSQL
from django.utils import timezone
from django.utils.translation import override
from psycopg.types.json import Jsonb

from qipan.conf.composed import Composed, Hole
from qipan.kernel.ledger import outbound
from qipan.kernel.ledger.errors import Refused
from qipan.kernel.ledger.models import Delivery, DeliveryState, Event, Subscription, Touch

log = logging.getLogger(__name__)
Handler = Callable[[Event], None]
#: After so many failures a delivery counts as stuck: still tried, ever more seldom, and shown to people.
STUCK_AFTER = 8
LONGEST_PAUSE = 3600


@dataclass(frozen=True)
class Reaction:
    """What another room does when an event of one of these patterns has happened."""

    code: str
    patterns: tuple[str, ...]
    handler: Handler
    when: Callable[[Event], bool] | None = None

    def hears(self, event: Event) -> bool:
        """Whether the event is for it."""
        return any(
            pattern == event.name or ("*" in pattern and fnmatchcase(event.name, pattern))
            for pattern in self.patterns
        ) and (self.when is None or self.when(event))


_reactions: dict[str, Reaction] = {}


def subscribe(
    *patterns: str, handler: Handler, code: str, when: Callable[[Event], bool] | None = None
) -> None:
    """Let `handler(event)` run after each event whose name fits a pattern (`licensing.*`); `code` names it for good.

    `when` looks at what the event itself says, before it is written: others are not even noted for delivery.
    """
    _reactions[code] = Reaction(code, patterns, handler, when)


def reactions() -> list[str]:
    """The codes of the subscribed reactions."""
    return sorted(_reactions)


def _hearing(event: Event) -> list[str]:
    """The codes of the reactions to an event."""
    return [reaction.code for reaction in _reactions.values() if reaction.hears(event)]


#: The event and one delivery a receiver (reactions by their codes, subscriptions by pattern and path) in one statement.
ENTER = """
WITH entered AS (
    INSERT INTO ledger_event (uuid, at, name, record_kind, record_id, record_key, subject_id, org_path, actor_kind,
                              actor_id, post, data, reason, digest)
    VALUES (%(uuid)s, %(at)s, %(name)s, %(record_kind)s, %(record_id)s, %(record_key)s, %(subject_id)s, %(org_path)s,
            %(actor_kind)s, %(actor_id)s, %(post)s, %(json)s, %(reason)s, %(digest)s)
    RETURNING id
), told AS (
    INSERT INTO ledger_delivery (event_id, receiver, subscription_id, url, record_kind, record_id, state, attempts,
                                 next_at, error)
    SELECT entered.id, receiver.code, receiver.subscription_id, receiver.url, %(record_kind)s, %(record_id)s,
           'WAITING', 0, %(next_at)s, ''
    FROM entered, (
        SELECT unnest(%(reactions)s::text[]) AS code, NULL::bigint AS subscription_id, '' AS url
        UNION ALL
        SELECT 'subscription:' || code, id, url FROM ledger_subscription
        WHERE active AND starts_with(%(org_path)s, org_path)
          AND (subject_id IS NULL OR subject_id = %(subject_id)s) AND (cardinality(names) = 0 OR %(name)s = ANY (names))
          AND %(name)s LIKE replace(replace(replace(replace(pattern, '\\', '\\\\'), '_', '\\_'), '%%', '\\%%'), '*', '%%')
    ) AS receiver
)
SELECT id FROM entered
"""


def enter(event: Event) -> None:
    """Write an event and note who is to hear of it, in the present transaction; `event.pk` is known then."""
    values = {field.attname: getattr(event, field.attname) for field in event._meta.local_concrete_fields}
    values["json"] = Jsonb(event.data)
    values["next_at"] = timezone.now()
    values["reactions"] = _hearing(event)
    with connection.cursor() as cursor:
        cursor.execute(ENTER, values)
        event.pk = cursor.fetchone()[0]
    event._state.adding, event._state.db = False, connection.alias


#: The oldest deliveries that are due and whose record's earlier events have arrived, locked.
NEXT = """
SELECT d.id FROM ledger_delivery d
WHERE d.state <> 'DONE' AND d.next_at <= %s AND {kind}
  AND NOT EXISTS (SELECT 1 FROM ledger_delivery e WHERE e.receiver = d.receiver AND e.record_kind = d.record_kind
                  AND e.record_id = d.record_id AND e.state <> 'DONE' AND e.id < d.id)
ORDER BY d.id LIMIT %s FOR UPDATE OF d SKIP LOCKED
"""
SENDABLE = "d.subscription_id IN (SELECT s.id FROM ledger_subscription s WHERE s.active) AND d.subscription_id <> ALL(%s)"


def _next(kind: str, *values: Hole) -> RawSQL:
    return RawSQL(NEXT.format(kind=kind), (Hole("now", models.DateTimeField()), *values))  # noqa: S611


_FOR_REACTIONS = Composed(
    lambda hole: (
        Delivery.objects.select_related("event")
        .filter(pk__in=_next("d.subscription_id IS NULL", hole("count", models.IntegerField())))
        .order_by("pk")
    )
)
_FOR_SENDING = Composed(
    lambda hole: Delivery.objects.select_related("event", "subscription").filter(
        pk__in=_next(
            SENDABLE, hole("down", ArrayField(models.BigIntegerField())), hole("count", models.IntegerField())
        )
    )
)
#: So many reactions share a transaction while none of them fails.
TOGETHER = 16


def deliver_waiting(limit: int = 200, *, quiet: bool = True) -> int:
    """One round of everything: the live feed, the reactions, the subscriptions; returns how many were delivered.

    `quiet` keeps a failing handler's error with its delivery (and tries again later) instead of raising it.
    """
    tell_feed()
    return react_waiting(limit, quiet=quiet) + send_waiting(limit)


def react_waiting(limit: int = 200, *, quiet: bool = True) -> int:
    """Let the reactions that are due run; returns how many ran.

    Several share a transaction; when one of them fails, all of it is taken back and they run one by one, so that a
    failing one holds back nothing but its own.
    """
    done, together = 0, TOGETHER
    while done < limit:
        ran = _react(min(together, limit - done), quiet)
        if ran is None:
            together = 1
        elif not ran:
            break
        else:
            done += ran
    return done


def send_waiting(limit: int = 200) -> int:
    """Send what is due to the subscribed systems; returns how many arrived.

    A receiver that fails once is left alone for the rest of the round, so that it does not hold up the others.
    """
    down: set[int] = set()
    sent = tried = 0
    while tried < limit:
        arrived = _send_once(down)
        if arrived is None:
            break
        tried += 1
        sent += arrived
    return sent


def _react(count: int, quiet: bool) -> int | None:
    """Let so many reactions run in one transaction, each with its mark; None when one of several failed."""
    failed: tuple[Delivery, str] | None = None
    delivery: Delivery | None = None
    try:
        with transaction.atomic():
            due = _FOR_REACTIONS.all(now=timezone.now(), count=count)
            for delivery in due:
                reaction = _reactions.get(delivery.receiver)
                if reaction is not None:
                    with override(settings.LANGUAGE_CODE):
                        reaction.handler(delivery.event)
            _mark_done(due)
        return len(due)
    except Exception as error:
        if delivery is None or (not quiet and len(due) == 1):
            raise
        if len(due) > 1:
            return None
        log.exception("reaction %s failed on event %s", delivery.receiver, delivery.event_id)
        failed = (delivery, repr(error))
    _postpone(failed[0].pk, failed[1], failed[0].attempts)
    return 1


DONE = "UPDATE ledger_delivery SET state = 'DONE', done_at = %s, attempts = attempts + 1, error = '', code = NULL WHERE id = ANY (%s)"


def _mark_done(deliveries: list[Delivery]) -> None:
    if deliveries:
        with connection.cursor() as cursor:
            cursor.execute(DONE, [timezone.now(), [each.pk for each in deliveries]])


def _done(delivery: Delivery, code: int | None = None) -> None:
    Delivery.objects.filter(pk=delivery.pk).update(
        state=DeliveryState.DONE, done_at=timezone.now(), attempts=delivery.attempts + 1, error="", code=code
    )


def _postpone(pk: int, error: str, attempts: int, code: int | None = None) -> None:
    """Try a delivery again later; not where another process did something with it meanwhile."""
    pause = min(LONGEST_PAUSE, 2**attempts)
    Delivery.objects.filter(pk=pk, attempts=attempts).exclude(state=DeliveryState.DONE).update(
        attempts=attempts + 1,
        next_at=timezone.now() + datetime.timedelta(seconds=pause),
        error=error[:2000],
        code=code,
        state=DeliveryState.STUCK if attempts + 1 >= STUCK_AFTER else DeliveryState.WAITING,
    )


def _send_once(down: set[int]) -> bool | None:
    """Send one event out: whether it arrived, None when nothing is due. A receiver that fails is added to `down`.

    The row is leased before and marked after, so that no lock is held while a peer is slow.
    """
    with transaction.atomic():
        delivery = _FOR_SENDING.first(now=timezone.now(), down=sorted(down), count=1)
        if delivery is None or delivery.subscription is None:
            return None
        lease = timezone.now() + datetime.timedelta(seconds=60)
        Delivery.objects.filter(pk=delivery.pk).update(next_at=lease)
    body = json.dumps(cloud_event(delivery.event), ensure_ascii=False, separators=(",", ":")).encode()
    code = None
    try:
        answer = _post(delivery, delivery.subscription, body)
        code = answer.status_code
        if not answer.is_success:
            raise httpx.HTTPError(f"{answer.status_code} {answer.reason_phrase}: {answer.text[:200]}")
    except (httpx.HTTPError, httpx.InvalidURL, Refused) as error:
        down.add(delivery.subscription.pk)
        _postpone(delivery.pk, str(error) or repr(error), delivery.attempts, code)
        from qipan.kernel.ledger import webhooks

        webhooks.give_up(delivery)
        return False
    _done(delivery, code)
    if delivery.attempts:
        _is_back(delivery.subscription.pk)
    return True


def _post(delivery: Delivery, subscription: Subscription, body: bytes) -> httpx.Response:
    """Send the body once. To a self-served address by the way that does not lead inside. Raises httpx.HTTPError, Refused."""
    own = subscription.subject_id is not None
    way = outbound.way_to(delivery.url) if own else outbound.Way(delivery.url)
    signed = (
        timed_signature(subscription.secret, body)
        if own
        else f"sha256={signature(subscription.secret, body)}"
    )
    with httpx.Client(verify=_trusted(), timeout=10, follow_redirects=False, trust_env=not own) as client:
        # The owner named this address and no other: a redirection is not followed.
        return client.post(
            way.url,
            content=body,
            headers={
                **way.headers,
                "Content-Type": "application/cloudevents+json; charset=UTF-8",
                "Qipan-Signature": signed,
            },
            extensions=way.extensions,
        )


def timed_signature(secret: str, body: bytes, at: int | None = None) -> str:
    """`t=…,v1=…`: HMAC-SHA-256 over "t.body", so that what somebody recorded cannot be sent again later."""
    moment = int(timezone.now().timestamp()) if at is None else at
    return f"t={moment},v1={signature(secret, f'{moment}.'.encode() + body)}"


def _is_back(subscription: int) -> None:
    """A receiver that failed answers again: what it missed does not wait for the end of its own long pauses."""
    missed = Delivery.objects.filter(subscription_id=subscription, attempts__gt=0)
    missed.exclude(state=DeliveryState.DONE).update(next_at=timezone.now())


@functools.cache
def _trusted() -> ssl.SSLContext:
    """The authorities that a receiver's certificate may come from; to read them anew for each event takes longer than
    to send it."""
    return httpx.create_ssl_context()


def signature(secret: str, body: bytes) -> str:
    """HMAC-SHA-256 over the body as it is sent, in hex: what a receiver computes to know that it is ours."""
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def cloud_event(event: Event) -> dict[str, Any]:
    """The event as CloudEvents 1.0 (JSON, structured)."""
    return {
        "specversion": "1.0",
        "id": str(event.uuid),
        "source": settings.QIPAN_BASE_URL or "urn:qipan",
        "type": event.name,
        "subject": f"{event.record_kind}/{event.record_id}",
        "time": event.at.astimezone(datetime.UTC).isoformat().replace("+00:00", "Z"),
        "datacontenttype": "application/json",
        "sequence": str(event.pk),
        "data": {
            "record": event.record_key,
            "org_path": event.org_path,
            "subject_id": event.subject_id,
            "actor": event.actor_kind,
            **event.data,
        },
    }


def tell_feed() -> int:
    """Push every channel that was touched since the last round, in one notification; returns how many."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM ledger_touch WHERE id IN (SELECT id FROM ledger_touch ORDER BY id LIMIT 100 FOR UPDATE SKIP LOCKED)"
            " RETURNING channel"
        )
        channels = sorted({row[0] for row in cursor.fetchall()})
        if channels:
            cursor.execute("SELECT pg_notify('qipan_feed', %s)", [json.dumps(channels)])
    return len(channels)


def stuck() -> Any:
    """Deliveries that keep failing, oldest first."""
    return (
        Delivery.objects.filter(state=DeliveryState.STUCK)
        .select_related("event", "subscription")
        .order_by("pk")
    )


__all__ = [
    "Touch",
    "cloud_event",
    "deliver_waiting",
    "enter",
    "react_waiting",
    "send_waiting",
    "signature",
    "stuck",
    "subscribe",
    "tell_feed",
]
