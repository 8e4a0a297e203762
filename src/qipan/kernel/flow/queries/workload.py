"""Who has how much to do: open orders by person and kind with their limits, and how long what was done took.

For those who direct a unit. One statement for what is open, one for what was done; composed once for each set of powers.
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from django.db.models import Avg, Count, DateField, DateTimeField, DurationField, ExpressionWrapper, F, Q
from django.db.models.functions import Coalesce

from qipan.conf.composed import Composed, Hole
from qipan.kernel.flow.models import ACTIVE, OrderState, WorkOrder
from qipan.kernel.flow.queries import boxes
from qipan.kernel.ledger.clock import now, today
from qipan.kernel.orgs.reader import Power, Reader

#: So many days back counts what was done.
LOOKED_BACK = 30
DAY, SOON = Hole("day", DateField()), Hole("soon", DateField())
SINCE = Hole("since", DateTimeField())


@dataclass
class Load:
    """What one person leads; under None what nobody has claimed. `days` is the mean time from issue to done."""

    user_id: int | None
    open: int = 0
    overdue: int = 0
    today: int = 0
    soon: int = 0
    kinds: dict[str, int] = field(default_factory=dict)
    done: int = 0
    days: float | None = None


@lru_cache(boxes.MANY_SHAPES)
def _open(powers: tuple[Power, ...], path: str) -> Composed:
    rows = WorkOrder.objects.filter(boxes.directed(powers), org_path__startswith=path, state__in=ACTIVE)
    counted = {
        "number": Count("pk"),
        "overdue": Count("pk", filter=Q(due_on__lt=DAY)),
        "today": Count("pk", filter=Q(due_on=DAY)),
        "soon": Count("pk", filter=Q(due_on__gt=DAY, due_on__lte=SOON)),
    }
    return Composed(lambda _hole: rows.order_by().values("assignee_id", "kind").annotate(**counted))


@lru_cache(boxes.MANY_SHAPES)
def _done(powers: tuple[Power, ...], path: str) -> Composed:
    rows = WorkOrder.objects.filter(
        boxes.directed(powers), org_path__startswith=path, state=OrderState.DONE, closed_at__gte=SINCE
    )
    took = ExpressionWrapper(
        F("closed_at") - Coalesce("claimed_at", "issued_at"), output_field=DurationField()
    )
    counted: dict[str, Any] = {"number": Count("pk"), "took": Avg(took)}
    return Composed(
        lambda _hole: rows.filter(assignee__isnull=False).order_by().values("assignee_id").annotate(**counted)
    )


def loads(reader: Reader, path: str) -> dict[int | None, Load]:
    """The load of everybody who leads an order below a path that the reader directs; two statements."""
    powers, day = reader.powers, today()
    found: dict[int | None, Load] = {}
    for row in _open(powers, path).all(day=day, soon=day + datetime.timedelta(days=3)):
        load = found.setdefault(row["assignee_id"], Load(row["assignee_id"]))
        load.open += row["number"]
        load.overdue += row["overdue"]
        load.today += row["today"]
        load.soon += row["soon"]
        load.kinds[row["kind"]] = row["number"]
    since = now() - datetime.timedelta(days=LOOKED_BACK)
    for row in _done(powers, path).all(since=since):
        load = found.setdefault(row["assignee_id"], Load(row["assignee_id"]))
        load.done = row["number"]
        load.days = row["took"].total_seconds() / 86_400 if row["took"] is not None else None
    return found


def may_see(reader: Reader, path: str) -> bool:
    """Whether the reader directs a unit at or above a path."""
    from qipan.kernel.flow.permissions import DISPATCHERS

    return any(path.startswith(own) for own in reader.paths(*DISPATCHERS))
