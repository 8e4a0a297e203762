"""Appointments as both sides see them, and an officer's visits of the day on the phone."""

import datetime
import uuid as uuids
from itertools import groupby
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from qipan.domains.licensing.booking import actions, route, slots
from qipan.domains.licensing.booking.models import Booking, BookingState
from qipan.kernel.flow import queries as flow
from qipan.kernel.flow.models import Case
from qipan.kernel.ledger.clock import today
from qipan.kernel.ledger.errors import Refused
from qipan.kernel.orgs import queries as orgs
from qipan.kernel.orgs.roles import Role
from qipan.ui.access import signed_in, staff


def _case(request: HttpRequest, uuid: uuids.UUID) -> Case:
    reader = request.reader  # type: ignore[attr-defined]
    case = flow.case_for(reader, uuid)
    if case is None or not actions.may_arrange(case, reader):
        raise Http404
    return case


@signed_in
def booking(request: HttpRequest, uuid: uuids.UUID) -> HttpResponse:
    """Choose the time of a site check, or another one; the applicant and the officers have the same page."""
    reader = request.reader  # type: ignore[attr-defined]
    case = _case(request, uuid)
    refused = ""
    if request.method == "POST":
        moment = _moment(request.POST.get("slot", ""))
        try:
            if moment is None:
                raise Refused(_("请选择一个时间。"), field="slot")
            actions.arrange(case, moment, reader)
            messages.success(
                request, _("已预约，届时请在现场等候。") if reader.kind != "staff" else _("已预约。")
            )
            return redirect("booking", uuid=uuid)
        except Refused as problem:
            refused = str(problem)
    known = actions.current(case)
    free = slots.slots(case, but=known.pk if known else None) if not known or actions.movable(known) else []
    order = slots.order_of(case)
    context: dict[str, Any] = {
        "base": "ui/desk.html" if reader.kind == "staff" else "ui/base.html",
        "back": "desk_case" if reader.kind == "staff" else "my_case",
        "case": case,
        "booking": known,
        "people": _people(known),
        "movable": known is None or actions.movable(known),
        "last": slots.last_day(case, order) if order else None,
        "days": [
            (day, list(group))
            for day, group in groupby(free, key=lambda slot: timezone.localtime(slot.starts_at).date())
        ],
        "past": Booking.objects.filter(case=case).exclude(state=BookingState.BOOKED).order_by("-pk"),
        "refused": refused,
        "chosen": request.POST.get("slot", ""),
    }
    return render(request, "licensing/booking.html", context, status=409 if refused else 200)


def _people(known: Booking | None) -> list[str]:
    if known is None:
        return []
    users = list(known.officers.filter(active=True).order_by("pk").values_list("user_id", flat=True))
    names = orgs.labels(users)
    return [names.get(user, "") for user in users]


def _moment(text: str) -> datetime.datetime | None:
    try:
        return timezone.make_aware(datetime.datetime.strptime(text, "%Y-%m-%dT%H:%M"))
    except ValueError:
        return None


@staff(Role.INSPECTOR)
def visits(request: HttpRequest) -> HttpResponse:
    """My visits that passed unrecorded, those of today in the order of the way, and those of the next days."""
    reader = request.reader  # type: ignore[attr-defined]
    if request.method == "POST":
        return _missed(request)
    mine = (
        Booking.objects.filter(
            officers__user_id=reader.user_id, officers__active=True, state=BookingState.BOOKED
        )
        .select_related("case__subject", "case__premises")
        .distinct()
        .order_by("starts_at")
    )
    start = timezone.make_aware(datetime.datetime.combine(today(), datetime.time.min))
    over, rows = list(mine.filter(starts_at__lt=start)[:100]), list(mine.filter(starts_at__gte=start)[:100])

    orders = slots.orders_of(one.case_id for one in (*over, *rows))

    def line(one: Booking) -> dict[str, Any]:
        return {
            "booking": one,
            "order": orders.get(one.case_id),
            "begun": one.starts_at <= timezone.now(),
            "over": actions.is_over(one),
        }

    now_ = [one for one in rows if timezone.localtime(one.starts_at).date() == today()]
    by_time = request.GET.get("by") == "time"
    context = {
        "today": [line(one) for one in (*over, *(now_ if by_time else route.ordered(now_)))],
        "by_time": by_time,
        "later": [line(one) for one in rows if one not in now_],
        "day": today(),
    }
    return render(request, "licensing/visits.html", context)


def _missed(request: HttpRequest) -> HttpResponse:
    reader = request.reader  # type: ignore[attr-defined]
    wanted = request.POST.get("booking", "")
    found = Booking.objects.visible_to(reader).filter(uuid=wanted).first() if _is_uuid(wanted) else None
    if found is None:
        raise Http404
    try:
        actions.missed(found, reader, request.POST.get("note", ""))
        messages.success(request, _("已登记申请人未到场，可以重新预约。"))
    except Refused as refused:
        messages.error(request, str(refused))
    return redirect("visits")


def _is_uuid(text: str) -> bool:
    try:
        uuids.UUID(text)
    except ValueError:
        return False
    return True
