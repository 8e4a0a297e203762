"""What the pages read of the guard."""

import datetime
from dataclasses import dataclass

from qipan.domains.licensing.guarding.models import GuardFinding, GuardRun, Outcome
from qipan.kernel.orgs.reader import Reader

MOST_DAYS = 60


@dataclass(frozen=True)
class Night:
    """A day's figures over the districts that the reader may see, and how many differences still wait."""

    day: datetime.date
    checked: int
    unequal: int
    changed: int
    waiting: int
    finished_at: datetime.datetime


def nights(reader: Reader) -> list[Night]:
    """The newest days."""
    runs = list(GuardRun.objects.visible_to(reader).order_by("-day", "org_path")[: MOST_DAYS * 12])
    open_ones = GuardFinding.objects.visible_to(reader).filter(outcome=Outcome.OPEN)
    waiting: dict[datetime.date, int] = {}
    for day in open_ones.values_list("run__day", flat=True):
        waiting[day] = waiting.get(day, 0) + 1
    found: dict[datetime.date, list[GuardRun]] = {}
    for run in runs:
        found.setdefault(run.day, []).append(run)
    return [
        Night(
            day,
            sum(run.checked for run in rows),
            sum(run.unequal for run in rows),
            sum(run.changed for run in rows),
            waiting.get(day, 0),
            max(run.finished_at for run in rows),
        )
        for day, rows in list(found.items())[:MOST_DAYS]
    ]


def runs_of(reader: Reader, day: datetime.date) -> list[GuardRun]:
    """A day's figures by district."""
    return list(GuardRun.objects.visible_to(reader).filter(day=day).order_by("org_path"))


def findings_of(reader: Reader, day: datetime.date) -> list[GuardFinding]:
    """A day's differences, those that wait first."""
    rows = GuardFinding.objects.visible_to(reader).filter(run__day=day)
    rows = rows.select_related("application__case__subject", "order", "rescission__case")
    return sorted(rows.order_by("pk"), key=lambda one: one.outcome != Outcome.OPEN)


def finding_for(reader: Reader, uuid: object) -> GuardFinding | None:
    """One difference, by its work order."""
    rows = GuardFinding.objects.visible_to(reader).filter(uuid=uuid)
    return rows.select_related(
        "run", "application__case__subject", "application__result_grant", "order", "rescission__case"
    ).first()
