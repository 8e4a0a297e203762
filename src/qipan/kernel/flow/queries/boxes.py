"""The boxes of the inbox as conditions, composed once for everybody who holds the same powers.

What differs between two readers of the same powers, and between two days, is a `Hole` that each run fills.
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import BigIntegerField, DateField, Q

from qipan.conf.composed import Composed, Hole, bound
from qipan.kernel.flow import permissions
from qipan.kernel.flow.models import ACTIVE, OrderState, Part, Participant, Recusal, WorkOrder
from qipan.kernel.flow.models.orders import Opinion
from qipan.kernel.ledger.clock import today
from qipan.kernel.orgs.reader import Power, Reader
from qipan.kernel.orgs.scopes import NOTHING, ScopedQuerySet

Box = Literal["todo", "mine", "unclaimed", "countersign", "returned", "supervised", "unit", "done"]
LIGHTS = ("overdue", "red", "yellow", "green")
BOXES: tuple[Box, ...] = ("todo", "mine", "unclaimed", "countersign", "returned", "supervised")
MOST_COUNTED = 1000
MANY_SHAPES = 2048

USER = Hole("user", BigIntegerField())
DAY, SOON = Hole("day", DateField()), Hole("soon", DateField())
MINE, SUBJECTS, CASES = (
    Hole(name, ArrayField(BigIntegerField())) for name in ("mine", "barred_subjects", "barred_cases")
)


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
class Count:
    """A count that stops at MOST_COUNTED: `more` says that there are more."""

    number: int
    more: bool

    def __str__(self) -> str:
        return f"{self.number}+" if self.more else str(self.number)


@dataclass(frozen=True)
class Shape:
    """What the statements of an inbox are composed for: the powers, and which of the lists by id have anything in them."""

    powers: tuple[Power, ...]
    mine: bool
    subjects: bool
    cases: bool


@dataclass(frozen=True)
class Arms:
    """What most boxes are made of, found out once for everything that a page asks: `values` are those of the holes.

    `mine` is what the reader leads or works along: looked up first and named by id, so that the rest of a box can still
    be found by the index of the unit.
    """

    shape: Shape
    values: dict[str, Any]

    @classmethod
    def of(cls, reader: Reader) -> Arms:
        user = reader.user_id or 0
        mine = sorted(set(_AT_WORK.all(user=user)))
        barred = _BARRED.all(user=user)
        subjects = sorted({subject for subject, _case in barred if subject})
        cases = sorted({case for _subject, case in barred if case})
        day = today()
        values = {
            "user": user,
            "mine": mine,
            "barred_subjects": subjects,
            "barred_cases": cases,
            "day": day,
            "soon": day + datetime.timedelta(days=3),
        }
        return cls(Shape(reader.powers, bool(mine), bool(subjects), bool(cases)), values)


_AT_WORK = Composed(
    lambda hole: (
        Participant.objects.filter(
            user_id=hole("user", BigIntegerField()), active=True, order__state__in=ACTIVE
        )
        .exclude(part=Part.SIGNER)
        .values_list("order_id", flat=True)
    )
)
_BARRED = Composed(
    lambda hole: Recusal.objects.filter(
        user_id=hole("user", BigIntegerField()), lifted_at__isnull=True
    ).values_list("subject_id", "case_id")
)


def _mine(shape: Shape) -> Q:
    """What the reader leads or works along, or stands in for."""
    condition = Q(pk__among=MINE) if shape.mine else NOTHING
    for power in shape.powers:
        if power.lent_by is not None:
            condition |= Q(assignee_id=power.lent_by, role=power.role, org_path__startswith=power.org_path)
    return condition


def _unclaimed(shape: Shape) -> Q:
    """Orders that miss people, for the reader's roles, without those from which the reader is recused."""
    condition = NOTHING
    for (path, line), roles in permissions.by_place(shape.powers).items():
        condition |= permissions.over(path, line) & Q(role__in=roles)
    condition &= Q(state=OrderState.OPEN) & (Q(assignee__isnull=True) | Q(needs__gt=1))
    if shape.subjects:
        condition &= Q(subject__isnull=True) | ~Q(subject_id__among=SUBJECTS)
    if shape.cases:
        condition &= Q(case__isnull=True) | ~Q(case_id__among=CASES)
    return condition


def directed(powers: tuple[Power, ...]) -> Q:
    """The orders of the units that the holder of the powers directs."""
    condition = NOTHING
    for (path, line), roles in permissions.by_place(powers).items():
        if any(role in permissions.DISPATCHERS for role in roles):
            condition |= permissions.over(path, line)
    return condition


def _box(shape: Shape, box: Box) -> Q:
    working = Q(state__in=(OrderState.OPEN, OrderState.CLAIMED, OrderState.SUSPENDED))
    if box == "mine":
        return _mine(shape) & working
    if box == "unclaimed":
        return _unclaimed(shape)
    if box == "countersign":
        waiting = Participant.objects.filter(
            user_id=USER, active=True, part=Part.SIGNER, opinion=Opinion.WAITING
        )
        return Q(pk__in=waiting.values("order"), state__in=ACTIVE)
    if box == "returned":
        return Q(state=OrderState.RETURNED) & (Q(issued_by=USER) | directed(shape.powers))
    if box == "supervised":
        whose = _mine(shape) | directed(shape.powers) | _unclaimed(shape)
        return Q(urged__gt=0, state__in=ACTIVE) & whose
    if box == "unit":
        return directed(shape.powers) & Q(state__in=ACTIVE)
    if box == "done":
        parts = Participant.objects.filter(user_id=USER, active=True).exclude(part=Part.SIGNER)
        return Q(pk__in=parts.values("order"), state__in=(OrderState.DONE, OrderState.CANCELLED))
    return (_mine(shape) & working) | _unclaimed(shape)


def _light(light: str) -> Q:
    conditions = {
        "overdue": Q(due_on__lt=DAY),
        "red": Q(due_on=DAY),
        "yellow": Q(due_on__gt=DAY, due_on__lte=SOON),
        "green": Q(due_on__gt=SOON) | Q(due_on__isnull=True),
    }
    return conditions.get(light, Q())


def rows(shape: Shape, filters: InboxFilters) -> ScopedQuerySet:
    """The orders of a box, with holes."""
    found = WorkOrder.objects.filter(_box(shape, filters.box)).filter(_light(filters.light))
    if filters.kinds:
        found = found.filter(kind__in=filters.kinds)
    if filters.org_path:
        found = found.filter(org_path__startswith=filters.org_path)
    if filters.subject_id is not None:
        found = found.filter(subject_id=filters.subject_id)
    if filters.assignee_id is not None:
        found = found.filter(assignee_id=filters.assignee_id)
    if filters.text.strip():
        words = filters.text.strip()
        found = found.filter(Q(title__contains=words) | Q(case__number__startswith=words))
    return found


@lru_cache(MANY_SHAPES)
def _counting(
    shape: Shape, named: tuple[tuple[str, InboxFilters], ...], most: int
) -> tuple[str, tuple[Any, ...]]:
    """One statement that counts each set, up to one more than `most`; no text where none can have rows."""
    parts: list[str] = []
    values: list[Any] = []
    for name, filters in named:
        asked = rows(shape, filters).order_by().values("pk")[: most + 1]
        try:
            text, its = asked.query.sql_with_params()
        except EmptyResultSet:
            continue
        parts.append(f"SELECT %s::text AS name, count(*) FROM ({text}) counted")  # noqa: S608  (the ORM's text)
        values += [name, *its]
    return " UNION ALL ".join(parts), tuple(values)


def counted(reader: Reader, arms: Arms, named: dict[str, InboxFilters]) -> dict[str, Count]:
    """How many lie in each set, never counting beyond MOST_COUNTED."""
    numbers: dict[str, int] = {}
    if reader.kind == "staff" and reader.user_id is not None:
        compose = _counting.__wrapped__ if any(each.text for each in named.values()) else _counting
        text, values = compose(arms.shape, tuple(named.items()), MOST_COUNTED)
        if text:
            with connection.cursor() as cursor:
                cursor.execute(text, bound(values, arms.values, connection))
                numbers = dict(cursor.fetchall())
    found = {name: numbers.get(name, 0) for name in named}
    return {name: Count(min(number, MOST_COUNTED), number > MOST_COUNTED) for name, number in found.items()}
