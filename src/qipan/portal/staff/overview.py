"""What the wall shows, counted from the cases that the reader may see: today, open, overdue, by unit, by state, by day."""

import datetime
from dataclasses import dataclass
from typing import Any

from django.db.models import Avg, CharField, Count, DurationField, ExpressionWrapper, F, Func, Q, Value
from django.db.models.functions import TruncDate
from django.utils import timezone

from qipan.kernel.flow import queries, registry
from qipan.kernel.flow.queries import CaseFilters
from qipan.kernel.ledger import queries as ledger
from qipan.kernel.ledger.clock import today
from qipan.kernel.ledger.models import Event
from qipan.kernel.orgs.models import Unit
from qipan.kernel.orgs.reader import Reader

#: The courses of what people apply for, whoever decides it.
APPLYING = ("licensing.application", "licensing.matter", "licensing.handover")
DAYS = 14
TOLD = ("licensing.", "inspection.")
QUIET = ("licensing.application.saved", "licensing.check.noted", "inspection.record.noted")


@dataclass(frozen=True)
class Figures:
    """The counts of one unit, or of all."""

    opened: int = 0
    by_rule: int = 0
    closed: int = 0
    open: int = 0
    overdue: int = 0


@dataclass(frozen=True)
class Row:
    """One unit below with its counts; `share` is its open work against the busiest, in per cent."""

    unit: Unit
    figures: Figures
    share: int
    drills: bool


@dataclass(frozen=True)
class Told:
    """One thing that happened, without anything personal: what, where, on which case number, when."""

    title: str
    unit: str
    number: str
    at: datetime.datetime


def _midnight() -> datetime.datetime:
    return timezone.make_aware(datetime.datetime.combine(today(), datetime.time.min))


def _live(reader: Reader, path: str) -> Any:
    """Cases that are open or moved today; drafts are nobody's but their writer's."""
    start = _midnight()
    rows = queries.cases_visible(reader, CaseFilters(org_path=path)).filter(private=False).order_by()
    return rows.filter(Q(closed_at__isnull=True) | Q(closed_at__gte=start) | Q(opened_at__gte=start))


def _counts() -> dict[str, Any]:
    start, day = _midnight(), today()
    return {
        "opened": Count("pk", filter=Q(flow_code__in=APPLYING, opened_at__gte=start)),
        "by_rule": Count("pk", filter=Q(application__mode="AUTO", application__decided_at__gte=start)),
        "closed": Count("pk", filter=Q(closed_at__gte=start)),
        "open": Count("pk", filter=Q(closed_at__isnull=True)),
        "overdue": Count("pk", filter=Q(closed_at__isnull=True, due_on__lt=day)),
    }


def total(reader: Reader, path: str) -> Figures:
    """The counts of everything below a path."""
    return Figures(**_live(reader, path).aggregate(**_counts()))


def by_unit(reader: Reader, path: str) -> list[Row]:
    """The counts of each unit one level below a path, in the order of the tree; of the unit itself where none is."""
    below = list(Unit.objects.filter(parent__path=path).order_by("path"))
    place = len(path.strip("/").split("/")) + 1
    key = Func(F("org_path"), Value("/"), Value(place), function="split_part", output_field=CharField())
    found = {
        row.pop("key"): Figures(**row)
        for row in _live(reader, path).annotate(key=key).values("key").annotate(**_counts())
    }
    most = max([figures.open for figures in found.values()], default=0) or 1
    drills = set(Unit.objects.filter(parent__in=below).values_list("parent_id", flat=True))
    rows = []
    for unit in below:
        figures = found.get(unit.path.strip("/").split("/")[-1], Figures())
        rows.append(Row(unit, figures, round(100 * figures.open / most), unit.pk in drills))
    return rows


def by_state(reader: Reader, path: str) -> list[tuple[str, int, int]]:
    """Today's applications and those still open, by where they stand: (title, number, per cent of the most).

    States of one code are one, whichever course a case takes.
    """
    rows = _live(reader, path).filter(flow_code__in=APPLYING).values("state").annotate(number=Count("pk"))
    counted = {row["state"]: row["number"] for row in rows}
    most = max(counted.values(), default=0) or 1
    titles: dict[str, str] = {}
    for code in APPLYING:
        for state in registry.get(code).states:
            titles.setdefault(state.code, str(state.title))
    return [
        (title, counted[code], round(100 * counted[code] / most))
        for code, title in titles.items()
        if counted.get(code)
    ]


def by_day(reader: Reader, path: str) -> list[dict[str, Any]]:
    """Applications of the last two weeks: day, number, height in per cent, whether it is today."""
    first = today() - datetime.timedelta(days=DAYS - 1)
    rows = queries.cases_visible(reader, CaseFilters(org_path=path, opened_from=first))
    counted = dict(
        rows.filter(private=False, flow_code__in=APPLYING)
        .order_by()
        .annotate(day=TruncDate("opened_at"))
        .values_list("day")
        .annotate(number=Count("pk"))
    )
    most = max(counted.values(), default=0) or 1
    days = [first + datetime.timedelta(days=place) for place in range(DAYS)]
    return [
        {
            "day": day,
            "number": counted.get(day, 0),
            "height": round(100 * counted.get(day, 0) / most),
            "top": 100 - round(100 * counted.get(day, 0) / most),
            "x": place * 10,
            "now": day == today(),
        }
        for place, day in enumerate(days)
    ]


def seconds_by_rule(reader: Reader, path: str) -> float | None:
    """How long today's decisions by rule took from submission on, on average, in seconds; None without one."""
    spent = ExpressionWrapper(
        F("application__decided_at") - F("application__submitted_at"), output_field=DurationField()
    )
    rows = _live(reader, path).filter(application__mode="AUTO", application__decided_at__gte=_midnight())
    mean = rows.aggregate(mean=Avg(spent))["mean"]
    return mean.total_seconds() if mean is not None else None


def told(reader: Reader, path: str, limit: int = 14) -> list[Told]:
    """What happened last below a path that the reader oversees; no person and no business is named."""
    if not any(path.startswith(own) for own in reader.paths()):
        return []
    condition = Q(pk__in=())
    for start in TOLD:
        condition |= Q(name__startswith=start)
    rows = Event.objects.filter(condition, org_path__startswith=path).exclude(name__in=QUIET)
    found = list(rows.order_by("-id")[:limit])
    names = dict(
        Unit.objects.filter(path__in={row.org_path for row in found}).values_list("path", "short_name")
    )
    return [
        Told(str(ledger.title_of(row.name)), names.get(row.org_path, ""), row.record_key, row.at)
        for row in found
    ]
