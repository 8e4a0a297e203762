"""The one inbox: work orders of one's own and of one's offices, with limits and lights."""

from __future__ import annotations

import base64
import datetime
import json
import uuid as uuids
from dataclasses import dataclass, replace
from typing import Any, Literal

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import BigIntegerField, Prefetch, Q

from qipan.conf.composed import Composed
from qipan.kernel.flow import permissions
from qipan.kernel.flow.models import ACTIVE, Case, OrderState, Part, Participant, Recusal, WorkOrder
from qipan.kernel.flow.models.orders import Opinion, due_order
from qipan.kernel.law import terms
from qipan.kernel.ledger.clock import now, today
from qipan.kernel.orgs.reader import Reader
from qipan.kernel.orgs.scopes import NOTHING, ScopedQuerySet

MOST_COUNTED = 1000
Box = Literal["todo", "mine", "unclaimed", "countersign", "returned", "supervised", "unit", "done"]
LIGHTS = ("overdue", "red", "yellow", "green")
BOXES: tuple[Box, ...] = ("todo", "mine", "unclaimed", "countersign", "returned", "supervised")


@dataclass(frozen=True)
class InboxFilters:
    """What an inbox is narrowed to.

    `box`: todo (mine and what my units have not claimed), mine, unclaimed, countersign (my opinion is asked),
    returned (to me), supervised (urged and not done), unit (all of the units I direct), done. `light`: overdue, red
    (due today), yellow (within three days), green. `assignee_id`: who leads the work.
    """

    box: Box = "todo"
    kinds: tuple[str, ...] = ()
    org_path: str = ""
    light: str = ""
    text: str = ""
    subject_id: int | None = None
    assignee_id: int | None = None


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


@dataclass(frozen=True)
class Count:
    """A count that stops at MOST_COUNTED: `more` says that there are more."""

    number: int
    more: bool

    def __str__(self) -> str:
        return f"{self.number}+" if self.more else str(self.number)


_AT_WORK = Composed(
    lambda hole: Participant.objects.filter(
        user_id=hole("user", BigIntegerField()), active=True, order__state__in=ACTIVE
    )
    .exclude(part=Part.SIGNER)
    .values_list("order_id", flat=True)
)
_BARRED = Composed(
    lambda hole: Recusal.objects.filter(
        user_id=hole("user", BigIntegerField()), lifted_at__isnull=True
    ).values_list("subject_id", "case_id")
)


def _mine(reader: Reader) -> Q:
    """What the reader leads or works along, or stands in for: looked up first and named by id, so that the rest of the
    box can still be found by the index of the unit."""
    known = sorted(set(_AT_WORK.all(user=reader.user_id or 0)))
    condition = Q(pk__in=known) if known else NOTHING
    for power in reader.powers:
        if power.lent_by is not None:
            condition |= Q(assignee_id=power.lent_by, role=power.role, org_path__startswith=power.org_path)
    return condition


def _unclaimed(reader: Reader) -> Q:
    """Orders that miss people, for the reader's roles, without those from which the reader is recused."""
    condition = NOTHING
    for power in reader.powers:
        over = Q(org_path__startswith=power.org_path, role=power.role)
        condition |= over & Q(line__in=("", power.line)) if power.line else over
    condition &= Q(state=OrderState.OPEN) & (Q(assignee__isnull=True) | Q(needs__gt=1))
    barred = _BARRED.all(user=reader.user_id or 0)
    subjects, cases = (
        {subject for subject, _case in barred if subject},
        {case for _subject, case in barred if case},
    )
    if subjects:
        condition &= Q(subject__isnull=True) | ~Q(subject_id__in=subjects)
    if cases:
        condition &= Q(case__isnull=True) | ~Q(case_id__in=cases)
    return condition


def _directed(reader: Reader) -> Q:
    condition = NOTHING
    for power in reader.powers:
        if power.role in permissions.DISPATCHERS:
            over = Q(org_path__startswith=power.org_path)
            condition |= over & Q(line__in=("", power.line)) if power.line else over
    return condition


@dataclass(frozen=True)
class Arms:
    """The two conditions that most boxes are made of: found out once for everything that a page asks."""

    mine: Q
    unclaimed: Q

    @classmethod
    def of(cls, reader: Reader) -> Arms:
        return cls(_mine(reader), _unclaimed(reader))


def _box(reader: Reader, box: Box, arms: Arms) -> Q:
    working = Q(state__in=(OrderState.OPEN, OrderState.CLAIMED, OrderState.SUSPENDED))
    if box == "mine":
        return arms.mine & working
    if box == "unclaimed":
        return arms.unclaimed
    if box == "countersign":
        waiting = Participant.objects.filter(
            user_id=reader.user_id or 0, active=True, part=Part.SIGNER, opinion=Opinion.WAITING
        )
        return Q(pk__in=waiting.values("order"), state__in=ACTIVE)
    if box == "returned":
        return Q(state=OrderState.RETURNED) & (Q(issued_by=reader.user_id) | _directed(reader))
    if box == "supervised":
        return Q(urged__gt=0, state__in=ACTIVE) & (arms.mine | _directed(reader) | arms.unclaimed)
    if box == "unit":
        return _directed(reader) & Q(state__in=ACTIVE)
    if box == "done":
        parts = Participant.objects.filter(user_id=reader.user_id or 0, active=True).exclude(part=Part.SIGNER)
        return Q(pk__in=parts.values("order"), state__in=(OrderState.DONE, OrderState.CANCELLED))
    return (arms.mine & working) | arms.unclaimed


def _light(light: str) -> Q:
    day = today()
    soon = day + datetime.timedelta(days=3)
    conditions = {
        "overdue": Q(due_on__lt=day),
        "red": Q(due_on=day),
        "yellow": Q(due_on__gt=day, due_on__lte=soon),
        "green": Q(due_on__gt=soon) | Q(due_on__isnull=True),
    }
    return conditions.get(light, Q())


def _rows(reader: Reader, filters: InboxFilters, arms: Arms | None = None) -> ScopedQuerySet:
    if reader.kind != "staff" or reader.user_id is None:
        return WorkOrder.objects.none()
    rows = WorkOrder.objects.filter(_box(reader, filters.box, arms or Arms.of(reader))).filter(
        _light(filters.light)
    )
    if filters.kinds:
        rows = rows.filter(kind__in=filters.kinds)
    if filters.org_path:
        rows = rows.filter(org_path__startswith=filters.org_path)
    if filters.subject_id is not None:
        rows = rows.filter(subject_id=filters.subject_id)
    if filters.assignee_id is not None:
        rows = rows.filter(assignee_id=filters.assignee_id)
    if filters.text.strip():
        words = filters.text.strip()
        rows = rows.filter(Q(title__contains=words) | Q(case__number__startswith=words))
    return rows


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
    working = Participant.objects.filter(active=True).exclude(part=Part.SIGNER).select_related("user")
    rows = (
        _rows(reader, wanted, arms)
        .select_related("case", "subject", "assignee")
        .defer("subject__grams")
        .prefetch_related(Prefetch("participants", queryset=working, to_attr="working"))
    )
    if wanted.box == "done":
        rows = rows.order_by("-id")
        last = _read(after)
        rows = rows.filter(pk__lt=last[1]) if last else rows
    else:
        rows = rows.annotate(sort_on=due_order()).order_by("sort_on", "id")
        last = _read(after)
        if last:
            rows = rows.filter(Q(sort_on__gt=last[0]) | Q(sort_on=last[0], pk__gt=last[1]))
    found = list(rows[: limit + 1])
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
        return (datetime.date.fromisoformat(day) if day else None), int(number)
    except (ValueError, TypeError):
        return None


def inbox_counts(
    reader: Reader, filters: InboxFilters | None = None, *, arms: Arms | None = None
) -> dict[str, Count]:
    """How many lie in each box, never counting beyond 1000; and under "overdue" those past their limit in todo."""
    wanted, arms = filters or InboxFilters(), arms or Arms.of(reader)
    rows = {str(box): _rows(reader, replace(wanted, box=box), arms) for box in BOXES}
    rows["overdue"] = _rows(reader, replace(wanted, box="todo", light="overdue"), arms)
    return _counted(rows)


def light_counts(
    reader: Reader, filters: InboxFilters | None = None, *, arms: Arms | None = None
) -> dict[str, Count]:
    """How many of a box stand at each light, whichever light the box is narrowed to; never counting beyond 1000."""
    wanted, arms = filters or InboxFilters(), arms or Arms.of(reader)
    return _counted({light: _rows(reader, replace(wanted, light=light), arms) for light in LIGHTS})


def people_at_work(reader: Reader, limit: int = 200) -> list[int]:
    """The user ids of those who lead an order in hand in the units that the reader directs."""
    rows = WorkOrder.objects.filter(_directed(reader), state__in=ACTIVE, assignee__isnull=False)
    return sorted(rows.order_by().values_list("assignee_id", flat=True).distinct()[:limit])


def _counted(named: dict[str, ScopedQuerySet]) -> dict[str, Count]:
    """Each set counted up to the cap, all in one statement."""
    parts: list[str] = []
    values: list[Any] = []
    for name, rows in named.items():
        try:
            text, its = rows.order_by().values("pk")[: MOST_COUNTED + 1].query.sql_with_params()
        except EmptyResultSet:
            continue
        parts.append(f"SELECT %s AS name, count(*) FROM ({text}) counted")  # noqa: S608  (the ORM's text)
        values += [name, *its]
    numbers: dict[str, int] = {}
    if parts:
        with connection.cursor() as cursor:
            cursor.execute(" UNION ALL ".join(parts), values)
            numbers = dict(cursor.fetchall())
    found = {name: numbers.get(name, 0) for name in named}
    return {name: Count(min(number, MOST_COUNTED), number > MOST_COUNTED) for name, number in found.items()}


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
    if not Case.objects.visible_to(reader).filter(pk=case.pk).exists():
        return []
    return list(
        case.orders.select_related("assignee").prefetch_related("participants__user", "urges").order_by("id")
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
