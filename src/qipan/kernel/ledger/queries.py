"""What screens read of the ledger."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.db import models
from django.db.models import Q, QuerySet
from django.utils.functional import Promise

from qipan.kernel.ledger import dispatch, registry
from qipan.kernel.ledger.models import Event


def timeline(record_kind: str, record_id: int) -> QuerySet[Event]:
    """A record's events, oldest first."""
    return Event.objects.filter(record_kind=record_kind, record_id=record_id).order_by("id")


def timeline_of(record: models.Model) -> QuerySet[Event]:
    """A record's events, oldest first."""
    return timeline(record._meta.label_lower, record.pk)


def of_records(records: Mapping[str, Iterable[int]], limit: int = 500) -> list[Event]:
    """The events of several records together, oldest first."""
    condition = Q(pk__in=())
    for kind, ids in records.items():
        condition |= Q(record_kind=kind, record_id__in=list(ids))
    return list(Event.objects.filter(condition).order_by("id")[:limit])


def title_of(name: str) -> str | Promise:
    """The title of an event type for people."""
    try:
        return registry.get(name).title
    except registry.UnknownEvent:
        return name


def stuck() -> Any:
    """Deliveries that keep failing."""
    return dispatch.stuck()
