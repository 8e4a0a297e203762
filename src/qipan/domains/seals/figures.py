"""What the registers of seals and of their uses add up to in the reader's units: exact, and quick in a city of any size.

Seals are counted by the database as they change; uses of days that are over are summed up once, and the rest is counted.
"""

import datetime
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Q, Sum
from django.db.models.functions import TruncMonth
from django.utils import timezone

from qipan.domains.seals.models import STAFF, UseMonth, UseTally
from qipan.kernel.documents.models import AGENCY_KINDS, Seal, SealCount, SealKind, SealState, SealUse
from qipan.kernel.ledger.clock import now, today
from qipan.kernel.orgs.models import Unit
from qipan.kernel.orgs.reader import Reader
from qipan.kernel.orgs.scopes import within

MONTHS = 12


@dataclass(frozen=True)
class Counts:
    """How many seals there are by kind and state, and how often they were used."""

    seals: int
    active: int
    by_kind: list[tuple[str, int]]
    by_state: list[tuple[str, int]]
    expiring: int
    uses: int
    uses_today: int


@dataclass(frozen=True)
class Line:
    """Uses of one month or unit, in both scenes: government (政务) and business (商务)."""

    title: str
    government: int
    business: int

    @property
    def total(self) -> int:
        """Both together."""
        return self.government + self.business


@dataclass(frozen=True)
class Figures:
    """How often seals were used: all in all, by month (the latest first), by unit, by kind."""

    total: Line
    months: list[Line]
    units: list[Line]
    kinds: list[tuple[str, int]]


def counted_until() -> datetime.date:
    """The first day whose uses are not summed up yet."""
    last = UseTally.objects.order_by("-day").values_list("day", flat=True).first()
    return last + datetime.timedelta(days=1) if last else datetime.date(2000, 1, 1)


def start_of(day: datetime.date) -> datetime.datetime:
    """Midnight before a day."""
    return timezone.make_aware(datetime.datetime.combine(day, datetime.time()))


def count_uses(reader: Reader) -> tuple[int, int]:
    """(all uses, today's) in the reader's units: sums of the months that are over, and the rest one by one."""
    where = within(reader, *STAFF)
    open_from = start_of(counted_until())
    rest = SealUse.objects.filter(where, at__gte=open_from).aggregate(
        all=Count("pk"), today=Count("pk", filter=Q(at__gte=start_of(today())))
    )
    summed = UseMonth.objects.filter(where).aggregate(uses=Sum("uses"))["uses"] or 0
    return summed + rest["all"], rest["today"]


def counts(reader: Reader) -> Counts:
    """What stands in the reader's units."""
    where = within(reader, *STAFF)
    kinds: Counter[str] = Counter()
    states: Counter[str] = Counter()
    rows = SealCount.objects.filter(where).values_list("kind", "state").annotate(many=Sum("seals")).order_by()
    for kind, state, many in rows:
        kinds[kind] += many
        states[state] += many
    soon = now() + datetime.timedelta(days=90)
    # The state stands in the statement itself: a plan kept for any state could not use the index of those in use.
    in_use = Seal.objects.extra(where=["documents_seal.state = 'ACTIVE'"])
    expiring = in_use.filter(where, valid_to__lt=soon).count()
    all_uses, todays = count_uses(reader)
    return Counts(
        sum(states.values()),
        states[SealState.ACTIVE],
        [(str(SealKind(kind).label), kinds[kind]) for kind in SealKind.values if kinds[kind]],
        [(str(SealState(state).label), states[state]) for state in SealState.values if states[state]],
        expiring,
        all_uses,
        todays,
    )


def of_uses(reader: Reader) -> Figures:
    """How often seals were used in the reader's units, by month, unit, scene and kind."""
    where = within(reader, *STAFF)
    summed = UseMonth.objects.filter(where)
    rest = SealUse.objects.filter(where, at__gte=start_of(counted_until())).annotate(month=TruncMonth("at"))
    by_month = [
        *summed.values_list("month", "kind").annotate(many=Sum("uses")).order_by(),
        *rest.values_list("month", "kind").annotate(many=Count("pk")).order_by(),
    ]
    by_unit = [
        *summed.values_list("org_path", "kind").annotate(many=Sum("uses")).order_by(),
        *rest.values_list("org_path", "kind").annotate(many=Count("pk")).order_by(),
    ]
    kinds: Counter[str] = Counter()
    for _month, kind, many in by_month:
        kinds[kind] += many
    months = _lines(by_month, lambda month: f"{month:%Y-%m}")
    below = _below(reader)
    units = _lines(by_unit, below)
    names = dict(Unit.objects.filter(path__in=units).values_list("path", "name"))
    return Figures(
        Line(
            "", sum(one.government for one in months.values()), sum(one.business for one in months.values())
        ),
        [months[key] for key in sorted(months, reverse=True)[:MONTHS]],
        [Line(names.get(path, path), units[path].government, units[path].business) for path in sorted(units)],
        [(str(SealKind(kind).label), kinds[kind]) for kind in SealKind.values if kinds[kind]],
    )


def _lines(rows: Iterable[tuple[Any, str, int]], key: Callable[[Any], str]) -> dict[str, Line]:
    government: Counter[str] = Counter()
    business: Counter[str] = Counter()
    for what, kind, many in rows:
        (government if kind in AGENCY_KINDS else business)[key(what)] += many
    return {each: Line(each, government[each], business[each]) for each in {*government, *business}}


def _below(reader: Reader) -> Callable[[str], str]:
    """The unit next below the reader's own in which a path lies; the own one where it is its own."""
    mine = sorted(reader.paths(*STAFF), key=len, reverse=True)

    def of(path: str) -> str:
        own = next((one for one in mine if path.startswith(one)), "")
        head, _slash, _rest = path[len(own) :].partition("/")
        return f"{own}{head}/" if head else own

    return of
