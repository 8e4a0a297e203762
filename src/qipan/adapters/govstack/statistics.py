"""How many applications were handled, counted from the cases that the caller may see."""

import datetime
from typing import Any

from django.db.models import Count, Q
from django.http import Http404, QueryDict
from django.utils.translation import gettext as _

from qipan.adapters.govstack import queries
from qipan.adapters.govstack.clients import Caller
from qipan.adapters.govstack.models import Kind
from qipan.conf import wall
from qipan.domains.licensing.models import Application
from qipan.kernel.accounts.models import User
from qipan.kernel.ledger.clock import today
from qipan.kernel.ledger.errors import Refused
from qipan.kernel.orgs.roles import Role

FRAMES = {"day": 1, "week": 7, "month": 31, "year": 366}
"""Days of a timeframe, the last one included."""
APPROVED, REJECTED = ("GRANTED", "ISSUED"), ("REFUSED", "NOT_ACCEPTED")


def counted(caller: Caller, query: QueryDict) -> dict[str, Any]:
    """Applications handed in within the period (both days included) and what became of them.

    `sentBack`: told what to correct, whatever came of it then. `processed`: those with any of the three. Of the caller's
    officer, else of its applicant. Raises Http404 for a registration, operator or role that there is not.
    """
    start, end = _period(query)
    narrowed = Q(submitted_at__isnull=False)
    if start:
        narrowed &= Q(submitted_at__date__gte=start)
    if end:
        narrowed &= Q(submitted_at__date__lte=end)
    narrowed &= _registration(query) & _handled(query)
    approved, rejected = Q(case__state__in=APPROVED), Q(case__state__in=REJECTED)
    back = Q(case__state="CORRECTION") | ~Q(correction=[])
    sums = {"processed": 0, "approved": 0, "sentBack": 0, "rejected": 0}
    for reader in caller.readers[:1]:
        with wall.standing(reader.wall()):
            sums = (
                Application.objects.visible_to(reader)
                .filter(narrowed)
                .aggregate(
                    processed=_count(approved | rejected | back),
                    approved=_count(approved),
                    sentBack=_count(back),
                    rejected=_count(rejected),
                )
            )
    return {**sums, "references": _asked(query)}


def _count(condition: Q) -> Count:
    return Count("pk", filter=condition, distinct=True)


def _period(query: QueryDict) -> tuple[datetime.date | None, datetime.date | None]:
    frame = query.get("timeframe")
    if frame is not None and frame not in FRAMES:
        raise Refused(_("timeframe 只能是 day、week、month 或者 year。"))
    start, end = _day(query, "startDate"), _day(query, "endDate")
    if start and end and start > end:
        raise Refused(_("startDate 不能晚于 endDate。"))
    if frame and not (start and end):
        length = datetime.timedelta(days=FRAMES[frame] - 1)
        if start:
            end = min(start, datetime.date(9000, 1, 1)) + length
        else:
            end = max(end or today(), datetime.date(1000, 1, 1))
            start = end - length
    return start, end


def _day(query: QueryDict, name: str) -> datetime.date | None:
    text = query.get(name)
    if text is None:
        return None
    try:
        return datetime.date.fromisoformat(text)
    except ValueError:
        raise Refused(_("%(name)s 应为日期，例如 2026-01-31。") % {"name": name}) from None


def _registration(query: QueryDict) -> Q:
    if "registrationName" not in query:
        return Q()
    item = queries.item_by_title(query["registrationName"])
    if item is None:
        raise Http404
    return Q(item_code=item.code)


def _handled(query: QueryDict) -> Q:
    """Cases with an order of this operator, in this role."""
    condition: dict[str, Any] = {}
    if "operator" in query:
        condition["case__orders__assignee_id"] = _operator(query["operator"])
    if "role" in query:
        known = queries.alias(Kind.ROLE, query["role"])
        role = known.code if known else query["role"]
        if role not in Role.values:
            raise Http404
        condition["case__orders__role"] = role
    return Q(**condition)


def _operator(external: str) -> int:
    known = queries.user_of(external)
    if known is not None:
        return known
    if not queries.NAME.fullmatch(external):
        raise Http404
    found = list(User.objects.filter(kind="staff", label=external).values_list("pk", flat=True)[:2])
    if len(found) != 1:
        raise Http404
    return int(found[0])


def _asked(query: QueryDict) -> dict[str, Any]:
    names = ("startDate", "endDate", "registrationName", "operator", "role")
    frame = query.get("timeframe")
    return {name: query[name] for name in names if name in query} | {
        f"timeframe{each.capitalize()}": frame == each for each in FRAMES
    }
