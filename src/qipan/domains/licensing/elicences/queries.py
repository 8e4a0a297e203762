"""What pages read of calls and consents, scoped to the reader."""

import datetime
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from qipan.domains.licensing.elicences import events
from qipan.domains.licensing.elicences.models import Basis, Call, CallingSystem, CallRight, Consent
from qipan.kernel.items import queries as items
from qipan.kernel.ledger.clock import today
from qipan.kernel.ledger.queries import timeline_of
from qipan.kernel.orgs.reader import Reader
from qipan.kernel.subjects.models import Grant


def calls_of_mine(reader: Reader, *, grant: Grant | None = None, before: int | None = None) -> QuerySet[Call]:
    """The calls of the licences of one's businesses, newest first; of one licence where it is given."""
    rows = Call.objects.filter(subject_id__in=reader.subject_ids).select_related("grant")
    if grant is not None:
        rows = rows.filter(grant=grant)
    return (rows.filter(pk__lt=before) if before is not None else rows).order_by("-pk")


def calls_of_case(case_id: int) -> list[Call]:
    """What an application took from registers instead of asking for it."""
    return list(Call.objects.filter(case_id=case_id, given=True).select_related("grant").order_by("pk"))


def calls_of_system(system: CallingSystem) -> QuerySet[Call]:
    """The calls of a system, newest first."""
    return Call.objects.filter(system=system).select_related("grant__subject").order_by("-pk")


def calls_seen(system: CallingSystem, reader: Reader) -> QuerySet[Call]:
    """The calls of a system that concern licences of the reader's units, newest first."""
    rows = Call.objects.visible_to(reader).filter(system=system)
    return rows.select_related("grant__subject").order_by("-pk")


def consents_of(grant: Grant, reader: Reader) -> QuerySet[Consent]:
    """The consents to call a licence that are in force."""
    rows = Consent.objects.visible_to(reader).filter(grant=grant, ended_at__isnull=True)
    return rows.filter(valid_to__gte=today()).select_related("right__system").order_by("-pk")


def rights_for(kind: str) -> QuerySet[CallRight]:
    """What systems may call a kind for with the holder's leave."""
    rows = CallRight.objects.filter(
        ended_at__isnull=True, system__active=True, law="", kinds__contains=[kind]
    )
    return rows.select_related("system").order_by("system__name", "item_name")


@dataclass(frozen=True)
class Sight:
    """One showing or scan of a licence."""

    at: datetime.datetime
    title: str


def sights_of(grant: Grant, limit: int = 10) -> list[Sight]:
    """When a licence was shown and scanned, newest first."""
    words = {
        ("licensing.licence.shown", ""): _("亮证"),
        ("licensing.licence.scanned", "SHOWN"): _("被扫码查验"),
        ("licensing.licence.scanned", "LATE"): _("有人扫了过期的亮证码（截图或者转发），没有给出结果"),
    }
    rows = timeline_of(grant).filter(name__in=[events.SHOWN.name, events.SCANNED.name]).order_by("-id")
    found = []
    for row in rows[:limit]:
        text = words[row.name, row.data.get("outcome", "")]
        found.append(Sight(row.at, _("被执法人员扫码查验") if row.data.get("staff") else text))
    return found


@dataclass(frozen=True)
class Figures:
    """How often licences were called in a month, and what that saved applicants."""

    month: datetime.date
    rows: list[dict[str, Any]]
    saved: int
    applications: int
    by_systems: int
    refused: int
    kinds: list[dict[str, Any]]


def _month(start: datetime.date) -> Q:
    after = (start.replace(day=28) + datetime.timedelta(days=4)).replace(day=1)
    begin, end = (
        timezone.make_aware(datetime.datetime.combine(day, datetime.time())) for day in (start, after)
    )
    return Q(at__gte=begin, at__lt=end)


def figures(reader: Reader, month: datetime.date) -> Figures:
    """The calls of a month in the reader's units: per item and kind, and in all."""
    rows = Call.objects.visible_to(reader).filter(_month(month.replace(day=1)))
    given = rows.filter(given=True)
    grouped = list(
        given.values("item_code", "item_name", "kind", "material", "basis")
        .annotate(count=Count("pk"))
        .order_by("-count", "item_code")
    )
    titles = _titles(row["kind"] for row in grouped)
    table = [
        {
            **row,
            "kind_title": titles.get(row["kind"]) or row["material"],
            "basis_title": str(Basis(row["basis"]).label),
        }
        for row in grouped
    ]
    kinds: dict[str, int] = {}
    for row in table:
        kinds[row["kind_title"]] = kinds.get(row["kind_title"], 0) + row["count"]
    saved = sum(row["count"] for row in table if row["basis"] == Basis.APPLICATION)
    return Figures(
        month=month.replace(day=1),
        rows=table[:300],
        saved=saved,
        applications=given.filter(basis=Basis.APPLICATION).values("case_id").distinct().count(),
        by_systems=sum(row["count"] for row in table) - saved,
        refused=rows.filter(given=False).count(),
        kinds=[
            {"title": title, "count": count}
            for title, count in sorted(kinds.items(), key=lambda each: -each[1])
        ],
    )


def _titles(codes: Iterable[str]) -> dict[str, str]:
    found = {code: items.licence_kind(code) for code in set(codes) if code}
    return {code: kind.title for code, kind in found.items() if kind is not None}
