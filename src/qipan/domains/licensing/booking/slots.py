"""Which times can be offered: working days from tomorrow to the limit, at which two fit officers are free."""

import datetime
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Q
from django.utils import timezone

from qipan.domains.licensing.booking.models import BookedOfficer
from qipan.kernel.flow.models import ACTIVE, Case, Part, Recusal, WorkOrder
from qipan.kernel.law import calendar
from qipan.kernel.ledger.clock import today
from qipan.kernel.orgs import queries as orgs
from qipan.kernel.orgs.roles import Role

#: When visits begin: two in the morning, two in the afternoon, each with its way there.
TIMES = (datetime.time(9, 0), datetime.time(10, 30), datetime.time(14, 30), datetime.time(16, 0))
OFFICERS = 2
#: The work order of the site check.
ORDER = "licensing.check"
#: So many days ahead at most, where no limit runs.
AHEAD = 15


@dataclass(frozen=True)
class Slot:
    """A time that can be had, with the officers who would come."""

    starts_at: datetime.datetime
    officers: tuple[int, ...]

    @property
    def key(self) -> str:
        """What a form sends for it."""
        return timezone.localtime(self.starts_at).strftime("%Y-%m-%dT%H:%M")


def order_of(case: Case) -> WorkOrder | None:
    """The open order of the site check."""
    return WorkOrder.objects.filter(case=case, kind=ORDER, state__in=ACTIVE).order_by("-pk").first()


def orders_of(cases: Iterable[int]) -> dict[int, WorkOrder]:
    """The open orders of the site checks of several cases, by case."""
    rows = WorkOrder.objects.filter(case_id__in=list(cases), kind=ORDER, state__in=ACTIVE).order_by("pk")
    return {order.case_id: order for order in rows if order.case_id is not None}


def last_day(case: Case, order: WorkOrder) -> datetime.date | None:
    """The last day for the visit: the nearer of the order's limit and of every limit that runs on the case."""
    days = [day for day in (order.due_on, case.due_on) if day is not None]
    return min(days, default=None)


def slots(case: Case, *, but: int | None = None) -> list[Slot]:
    """The times that can be booked, soonest first; `but` is the appointment that would be moved (its time is free).

    Who holds the order already comes; the rest are present holders of the inspectors' role with a valid certificate,
    neither absent that day nor recused, those with the fewest visits that day first.
    """
    order = order_of(case)
    if order is None:
        return []
    first = today() + datetime.timedelta(days=1)
    last = last_day(case, order) or first + datetime.timedelta(days=AHEAD)
    days = [
        day
        for day in (first + datetime.timedelta(days=step) for step in range((last - first).days + 1))
        if calendar.current().is_working_day(day)
    ]
    if not days:
        return []
    fixed = list(
        order.participants.filter(active=True).exclude(part=Part.SIGNER).values_list("user_id", flat=True)
    )
    busy, visits = _taken(days, but)
    barred = _barred(case)
    found = []
    for day in days:
        present = _present(order, day, barred)
        for time in TIMES:
            moment = timezone.make_aware(datetime.datetime.combine(day, time))
            if any(user not in present or user in busy[moment] for user in fixed[:OFFICERS]):
                continue
            free = sorted(
                (user for user in present if user not in busy[moment] and user not in fixed),
                key=lambda user: (visits[(user, day)], user),
            )
            officers = [*fixed[:OFFICERS], *free][:OFFICERS]
            if len(officers) == OFFICERS:
                found.append(Slot(moment, tuple(officers)))
    return found


def _barred(case: Case) -> set[int]:
    rows = Recusal.objects.filter(Q(case=case) | Q(subject_id=case.subject_id or 0), lifted_at__isnull=True)
    return set(rows.values_list("user_id", flat=True))


def _present(order: WorkOrder, day: datetime.date, barred: set[int]) -> list[int]:
    """The holders of the inspectors' role over the order's unit who are there that day, certified, not recused."""
    return [
        one.user_id
        for one in orgs.holders(Role.INSPECTOR, order.org_path, order.line, on=day)
        if one.user_id not in barred and orgs.is_certified(one, day, order.line)
    ]


def can_come(case: Case, order: WorkOrder, users: Iterable[int], moment: datetime.datetime, but: int) -> bool:
    """Whether all these officers are there at a time and free, the appointment `but` left aside."""
    day = timezone.localtime(moment).date()
    busy, _visits = _taken([day], but)
    there = set(_present(order, day, _barred(case))) - busy[timezone.localtime(moment)]
    return there.issuperset(users)


def _taken(
    days: list[datetime.date], but: int | None
) -> tuple[dict[datetime.datetime, set[int]], dict[tuple[int, datetime.date], int]]:
    """Who is booked at which time, and how many visits each has on each day."""
    start = timezone.make_aware(datetime.datetime.combine(days[0], datetime.time.min))
    end = timezone.make_aware(datetime.datetime.combine(days[-1], datetime.time.max))
    rows = BookedOfficer.objects.filter(active=True, starts_at__range=(start, end)).exclude(
        booking_id=but or 0
    )
    busy: dict[datetime.datetime, set[int]] = defaultdict(set)
    visits: dict[tuple[int, datetime.date], int] = defaultdict(int)
    for user, moment in rows.values_list("user_id", "starts_at"):
        busy[timezone.localtime(moment)].add(user)
        visits[(user, timezone.localtime(moment).date())] += 1
    return busy, visits
