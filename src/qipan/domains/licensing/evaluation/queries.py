"""What is read of ratings: one's own, a head's, the figures, and what everybody may know."""

import datetime
import uuid as uuids
from dataclasses import dataclass
from typing import Any

from django.db.models import Avg, Count, Q, QuerySet

from qipan.conf import wall
from qipan.domains.licensing.evaluation.models import BAD, HEADS, Evaluation, FollowUp, Level
from qipan.domains.licensing.models import Application
from qipan.kernel.documents.models import Document, DocumentState
from qipan.kernel.items import queries as items
from qipan.kernel.ledger.clock import now
from qipan.kernel.orgs import queries as orgs
from qipan.kernel.orgs.models import Level as UnitLevel
from qipan.kernel.orgs.models import Unit
from qipan.kernel.orgs.reader import Reader

DAYS = 365
#: The papers that go to the applicant alone.
PAPERS = [
    f"licensing.{name}"
    for name in (
        "acceptance",
        "decision",
        "refusal",
        "termination",
        "not_accepted",
        "matter_acceptance",
        "matter_decision",
        "matter_refusal",
        "matter_result",
        "matter_receipt",
        "matter_termination",
        "matter_not_accepted",
        "registration_notice",
        "handover_receipt",
        "filing_cancelled",
    )
]
#: Where so few have rated, a figure would tell of one of them.
FEWEST = 3


def application_for(reader: Reader, uuid: uuids.UUID) -> Application | None:
    """The ended application of one's own; staff rate nothing."""
    if reader.kind == "staff" or reader.user_id is None:
        return None
    rows = Application.objects.visible_to(reader).select_related("case__subject")
    return rows.filter(case__uuid=uuid).first()


@wall.lifted()  # who holds the paper may know that much of its case, with or without an account
def application_by_code(code: str) -> Application | None:
    """The application that a paper with this verification code belongs to: what a visitor at a counter holds.

    Not by a certificate: it hangs on a wall, where everybody reads its code.
    """
    paper = Document.objects.filter(
        code=code.strip().upper(),
        record_kind="flow.case",
        state=DocumentState.ISSUED,
        template__code__in=PAPERS,
    ).first()
    if paper is None:
        return None
    return Application.objects.select_related("case__subject").filter(pk=paper.record_id).first()


@wall.lifted()  # the limit stands on an order of the house
def follow_ups_of(row: Evaluation) -> list[FollowUp]:
    """What followed a rating, for who gave it."""
    return list(row.follow_ups.select_related("order"))


def evaluation_of(row: Application) -> Evaluation | None:
    """What was said of an application."""
    return Evaluation.objects.filter(case_id=row.pk).first()


def follow_up_for(reader: Reader, order: uuids.UUID) -> FollowUp | None:
    """The follow-up behind a work order, to a head who may see the rating."""
    rows = FollowUp.objects.select_related("evaluation__case__subject", "order", "contact_order")
    rows = rows.filter(Q(order__uuid=order) | Q(contact_order__uuid=order))
    return rows.filter(evaluation__in=Evaluation.objects.visible_to(reader)).first()


def recent(reader: Reader, *, bad_only: bool = False, limit: int = 50) -> list[Evaluation]:
    """The newest ratings that a head may see, without who gave them."""
    rows = Evaluation.objects.visible_to(reader).order_by("-id")
    return list(
        (rows.filter(level__in=BAD) if bad_only else rows).prefetch_related("follow_ups__order")[:limit]
    )


@dataclass(frozen=True)
class Figures:
    """Ratings of a unit or an item: how many of each level (5 to 1), the mean, the share that was at least 基本满意."""

    title: str
    count: int
    levels: tuple[int, ...]
    mean: float | None
    satisfied: float | None
    bad: int
    replied: int
    resolved: int


def _figures(title: str, row: dict[str, Any]) -> Figures:
    levels = tuple(row[f"level{level}"] for level in (5, 4, 3, 2, 1))
    count = row["count"]
    good = sum(levels[:3])
    return Figures(
        title,
        count,
        levels,
        round(row["mean"], 2) if count else None,
        round(100 * good / count, 1) if count else None,
        levels[3] + levels[4],
        row["replied"],
        row["resolved"],
    )


SUMS: dict[str, Any] = {
    "count": Count("pk", distinct=True),
    "mean": Avg("level"),
    **{f"level{level}": Count("pk", filter=Q(level=level), distinct=True) for level in Level.values},
    "replied": Count("pk", filter=Q(follow_ups__replied_at__isnull=False), distinct=True),
    "resolved": Count("pk", filter=Q(follow_ups__resolved=True), distinct=True),
}


def _since(rows: QuerySet[Evaluation]) -> QuerySet[Evaluation]:
    return rows.filter(at__gte=now() - datetime.timedelta(days=DAYS))


def _by_unit(rows: QuerySet[Evaluation], fewest: int, reader: Reader | None = None) -> list[Figures]:
    found = []
    units = Unit.objects.filter(level__in=[UnitLevel.CITY, UnitLevel.DISTRICT]).order_by("path")
    for unit in units:
        if reader is not None and not any(reader.may(role, unit.path) for role in HEADS):
            continue
        here = rows.filter(org_path__startswith=unit.path)
        sums = here.order_by().aggregate(**SUMS)
        if sums["count"] >= fewest:
            found.append(_figures(unit.short_name, sums))
    return found


def _by_item(rows: QuerySet[Evaluation], fewest: int) -> list[Figures]:
    grouped = list(rows.order_by().values("item_code").annotate(**SUMS).order_by("-count", "item_code")[:100])
    known = items.items_by_code(row["item_code"] for row in grouped)
    return [
        _figures(known[row["item_code"]].name if row["item_code"] in known else row["item_code"], row)
        for row in grouped
        if row["count"] >= fewest
    ]


def figures(reader: Reader) -> dict[str, list[Figures]]:
    """The last year's figures of the reader's own units, by bureau and by item."""
    rows = _since(Evaluation.objects.visible_to(reader))
    return {"units": _by_unit(rows, 1, reader), "items": _by_item(rows, 1)}


def public_figures() -> dict[str, list[Figures]]:
    """What is published: counts of the last year, of bureaus and items with at least FEWEST ratings."""
    rows = _since(Evaluation.objects.all())
    return {"units": _by_unit(rows, FEWEST), "items": _by_item(rows, FEWEST)}


def unit_title(path: str) -> str:
    """The name of the unit that was rated."""
    return orgs.unit_at(path).name
