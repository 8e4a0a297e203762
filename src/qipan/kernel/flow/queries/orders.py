"""The one inbox: work orders of one's own and of one's offices, with limits and lights."""

from __future__ import annotations

import base64
import datetime
import json
import uuid as uuids
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from django.db.models import BigIntegerField, DateField, Prefetch, Q

from qipan.conf.composed import Composed, Hole
from qipan.kernel.flow.models import ACTIVE, Case, OrderState, Part, Participant, WorkOrder
from qipan.kernel.flow.models.orders import due_order
from qipan.kernel.flow.queries import boxes
from qipan.kernel.flow.queries.boxes import Arms, Count, InboxFilters
from qipan.kernel.flow.queries.cases import case_for
from qipan.kernel.law import terms
from qipan.kernel.ledger.clock import now
from qipan.kernel.orgs.reader import Reader

AFTER_DAY, AFTER_ID = Hole("after_day", DateField()), Hole("after_id", BigIntegerField())


@dataclass(frozen=True)
class InboxRow:
    """A work order as a list shows it."""

    order: WorkOrder
    people: tuple[str, ...]
    still_needed: int
    remaining: Any
    mine: bool


@dataclass(frozen=True)
class Page:
    """One page of an inbox; `after` fetches the next one, "" at the end."""

    rows: tuple[InboxRow, ...]
    after: str


@lru_cache(boxes.MANY_SHAPES)
def _listing(shape: boxes.Shape, filters: InboxFilters, limit: int, further: bool) -> Composed:
    """A page of a box: the rows with their cases, and who works on them."""
    working = Participant.objects.filter(active=True).exclude(part=Part.SIGNER).select_related("user")
    rows = (
        boxes.rows(shape, filters)
        .select_related("case", "subject", "assignee")
        .defer("subject__grams")
        .prefetch_related(Prefetch("participants", queryset=working, to_attr="working"))
    )
    if filters.box == "done":
        rows = rows.order_by("-id")
        rows = rows.filter(pk__lt=AFTER_ID) if further else rows
    else:
        rows = rows.annotate(sort_on=due_order()).order_by("sort_on", "id")
        if further:
            rows = rows.filter(Q(sort_on__gt=AFTER_DAY) | Q(sort_on=AFTER_DAY, pk__gt=AFTER_ID))
    return Composed(lambda _hole: rows[:limit])


def inbox(
    reader: Reader,
    filters: InboxFilters | None = None,
    *,
    after: str = "",
    limit: int = 50,
    arms: Arms | None = None,
) -> Page:
    """A page of the reader's inbox, nearest limit first (newest first in the box of what is done).

    Four queries whatever the length: what is mine, recusals, the rows with their cases, who works on them. A cursor that cannot be
    read begins anew.
    """
    wanted = filters or InboxFilters()
    if reader.kind != "staff" or reader.user_id is None:
        return Page((), "")
    arms = arms or Arms.of(reader)
    day, number = _read(after) or (None, None)
    compose = _listing.__wrapped__ if wanted.text else _listing
    asked = compose(arms.shape, wanted, limit + 1, number is not None)
    found = asked.all(**arms.values, after_day=day, after_id=number)
    page = tuple(_row(order, reader) for order in found[:limit])
    return Page(page, _cursor(found[limit - 1]) if len(found) > limit else "")


def _row(order: Any, reader: Reader) -> InboxRow:
    people = [part.user for part in order.working]
    return InboxRow(
        order=order,
        people=tuple(str(user) for user in people),
        still_needed=max(order.needs - len({user.pk for user in people}), 0)
        if order.state == OrderState.OPEN
        else 0,
        remaining=remaining(order),
        mine=any(user.pk == reader.user_id for user in people),
    )


def remaining(order: WorkOrder) -> terms.Remaining | None:
    """The time left of an order with its light; None without a limit."""
    return terms.remaining(order.due_on, now(), done=not order.active)


def _cursor(order: Any) -> str:
    day = getattr(order, "sort_on", None)
    text = json.dumps([day.isoformat() if day else "", order.pk])
    return base64.urlsafe_b64encode(text.encode()).decode()


def _read(after: str) -> tuple[datetime.date | None, int] | None:
    try:
        day, number = json.loads(base64.urlsafe_b64decode(after.encode()))
        read = (datetime.date.fromisoformat(day) if day else None), int(number)
        return read if abs(read[1]) < 2**63 else None
    except (ValueError, TypeError, OverflowError):
        return None


def inbox_counts(
    reader: Reader, filters: InboxFilters | None = None, *, arms: Arms | None = None
) -> dict[str, Count]:
    """How many lie in each box, never counting beyond 1000; and under "overdue" those past their limit in todo."""
    wanted = filters or InboxFilters()
    named = {str(box): replace(wanted, box=box) for box in boxes.BOXES}
    named["overdue"] = replace(wanted, box="todo", light="overdue")
    return boxes.counted(reader, arms or Arms.of(reader), named)


def light_counts(
    reader: Reader, filters: InboxFilters | None = None, *, arms: Arms | None = None
) -> dict[str, Count]:
    """How many of a box stand at each light, whichever light the box is narrowed to; never counting beyond 1000."""
    wanted = filters or InboxFilters()
    named = {light: replace(wanted, light=light) for light in boxes.LIGHTS}
    return boxes.counted(reader, arms or Arms.of(reader), named)


def people_at_work(reader: Reader, limit: int = 200) -> list[int]:
    """The user ids of those who lead an order in hand in the units that the reader directs."""
    rows = WorkOrder.objects.filter(boxes.directed(reader.powers), state__in=ACTIVE, assignee__isnull=False)
    return sorted(rows.order_by().values_list("assignee_id", flat=True).distinct()[:limit])


def order_for(reader: Reader, uuid: uuids.UUID | str) -> WorkOrder | None:
    """The work order with this uuid, if the reader may see it."""
    return (
        WorkOrder.objects.visible_to(reader)
        .select_related("case", "subject", "assignee")
        .defer("subject__grams")
        .filter(uuid=uuid)
        .first()
    )


def orders_of(case: Case, reader: Reader) -> list[WorkOrder]:
    """The work orders of a case that the reader may see (who sees the case sees its orders), oldest first."""
    if case_for(reader, case.uuid) is None:
        return []
    return _OF_CASE.all(case=case.pk)


_OF_CASE = Composed(
    lambda hole: (
        WorkOrder.objects.filter(case_id=hole("case", BigIntegerField()))
        .select_related("assignee")
        .prefetch_related("participants__user", "urges")
        .order_by("id")
    )
)


def tree(order: WorkOrder, reader: Reader) -> list[tuple[int, WorkOrder]]:
    """An order and everything below it as (depth, order), in the order of the tree; one query a level.

    Whoever sees an order sees what hangs below it; an order the reader may not see gives an empty list.
    """
    if not WorkOrder.objects.visible_to(reader).filter(pk=order.pk).exists():
        return []
    children: dict[int, list[WorkOrder]] = {}
    level = [order]
    while level:
        below = list(WorkOrder.objects.select_related("assignee").filter(parent__in=level).order_by("id"))
        for each in below:
            children.setdefault(each.parent_id or 0, []).append(each)
        level = below
    found: list[tuple[int, WorkOrder]] = []
    todo = [(0, order)]
    while todo:
        depth, each = todo.pop()
        found.append((depth, each))
        todo += [(depth + 1, child) for child in reversed(children.get(each.pk, []))]
    return found
