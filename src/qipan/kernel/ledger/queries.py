"""What screens read of the ledger."""

import datetime
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Count, Min, Q, QuerySet
from django.utils.functional import Promise

from qipan.conf.composed import Composed, Hole
from qipan.kernel.ledger import dispatch, registry
from qipan.kernel.ledger.models import Delivery, DeliveryState, Event, Subscription


def timeline(record_kind: str, record_id: int) -> QuerySet[Event]:
    """A record's events, oldest first."""
    return Event.objects.filter(record_kind=record_kind, record_id=record_id).order_by("id")


def timeline_of(record: models.Model) -> QuerySet[Event]:
    """A record's events, oldest first."""
    return timeline(record._meta.label_lower, record.pk)


def of_records(records: Mapping[str, Iterable[int]], limit: int = 500) -> list[Event]:
    """The events of several records together, oldest first."""
    values = {kind: list(ids) for kind, ids in records.items()}
    return _of_kinds(tuple(sorted(values)), limit).all(**values)


@lru_cache(64)
def _of_kinds(kinds: tuple[str, ...], limit: int) -> Composed:
    condition = Q(pk__in=())
    for kind in kinds:
        ids = Hole(kind, ArrayField(models.BigIntegerField()))
        condition |= Q(record_kind=kind, record_id__among=ids)
    return Composed(lambda _hole: Event.objects.filter(condition).order_by("id")[:limit])


def title_of(name: str) -> str | Promise:
    """The title of an event type for people."""
    try:
        return registry.get(name).title
    except registry.UnknownEvent:
        return name


@dataclass(frozen=True)
class ReceiverState:
    """How it stands with one receiver: events that wait, that keep failing, that arrived; `oldest` not arrived."""

    code: str
    title: str
    url: str
    active: bool
    waiting: int
    stuck: int
    done: int
    oldest: datetime.datetime | None


def receivers() -> list[ReceiverState]:
    """Every subscription and reaction with the state of its deliveries, by code."""
    counted: dict[str, Any] = {
        row["receiver"]: row
        for row in Delivery.objects.values("receiver").annotate(
            waiting=Count("pk", filter=Q(state=DeliveryState.WAITING)),
            stuck=Count("pk", filter=Q(state=DeliveryState.STUCK)),
            done=Count("pk", filter=Q(state=DeliveryState.DONE)),
            oldest=Min("event__at", filter=~Q(state=DeliveryState.DONE)),
        )
    }
    known: dict[str, tuple[str, str, bool]] = {code: (code, "", True) for code in dispatch.reactions()}
    for subscription in Subscription.objects.all():
        known[f"subscription:{subscription.code}"] = (
            subscription.title,
            subscription.url,
            subscription.active,
        )
    found = []
    for code in sorted({*known, *counted}):
        title, url, active = known.get(code, (code, "", False))
        row = counted.get(code, {})
        found.append(
            ReceiverState(
                code,
                title,
                url,
                active,
                row.get("waiting", 0),
                row.get("stuck", 0),
                row.get("done", 0),
                row.get("oldest"),
            )
        )
    return found


def stuck() -> QuerySet[Delivery]:
    """Deliveries that keep failing, oldest first."""
    rows: QuerySet[Delivery] = dispatch.stuck()
    return rows
