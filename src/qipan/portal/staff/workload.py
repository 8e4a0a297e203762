"""Workload by person and limit (工作量), for those who direct a unit: seen, and evened out by the existing operations."""

import datetime
from typing import Any

from django.contrib import messages
from django.db.models import F
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from qipan.kernel.flow import actions as flow
from qipan.kernel.flow import permissions
from qipan.kernel.flow.models import ACTIVE, OrderState, WorkOrder
from qipan.kernel.flow.queries import workload as loads
from qipan.kernel.flow.queries.orders import remaining
from qipan.kernel.ledger.clock import today
from qipan.kernel.ledger.errors import Refused
from qipan.kernel.orgs import queries as orgs
from qipan.kernel.orgs.models import Absence, Staff, Unit
from qipan.kernel.orgs.reader import Reader
from qipan.portal.staff.inbox import is_uuid, kinds
from qipan.ui.access import staff

MOST_PEOPLE = 400
MOST_ORDERS = 100
#: Absences that begin within so many days are shown too.
AHEAD = 14


def _unit(request: HttpRequest) -> Unit:
    """The unit that is asked for, or the widest that the reader directs."""
    reader: Reader = request.reader  # type: ignore[attr-defined]
    own = sorted(reader.paths(*permissions.DISPATCHERS), key=lambda path: (len(path), path))
    path = request.GET.get("unit", "") or request.POST.get("unit", "") or own[0]
    unit = Unit.objects.select_related("parent").filter(path=path).first()
    if unit is None or not loads.may_see(reader, path):
        raise Http404
    return unit


def _absences(people: list[Staff]) -> dict[int, Absence]:
    """The next or present absence of each."""
    day = today()
    rows = Absence.objects.filter(
        staff__in=[one.pk for one in people], valid_from__lte=day + datetime.timedelta(days=AHEAD)
    ).exclude(valid_to__lt=day)
    return {
        row.staff_id: row for row in rows.filter(valid_to__gte=F("valid_from")).order_by("-valid_from")
    } | {row.staff_id: row for row in rows.filter(valid_to__isnull=True).order_by("-valid_from")}


@staff(*permissions.DISPATCHERS)
def workload(request: HttpRequest) -> HttpResponse:
    """Every person of a unit with what they have in hand, what is late or due, how long things take, who is away."""
    reader: Reader = request.reader  # type: ignore[attr-defined]
    unit = _unit(request)
    found = loads.loads(reader, unit.path)
    rows = Staff.objects.filter(unit__path__startswith=unit.path, user__is_active=True)
    people = list(rows.select_related("user", "unit").order_by("unit__path", "number")[: MOST_PEOPLE + 1])
    many = len(people) > MOST_PEOPLE
    if many:  # of a whole bureau, those who have something
        people = list(
            rows.filter(user_id__in=[pk for pk, load in found.items() if pk and load.open])
            .select_related("user", "unit")
            .order_by("unit__path", "number")[:MOST_PEOPLE]
        )
    away, titles = _absences(people), kinds()
    most = max((load.open for pk, load in found.items() if pk), default=0) or 1
    lines = [_line(one, found, away, titles, most) for one in people]
    lines.sort(key=lambda line: (-line["load"].overdue, -line["load"].open, str(line["person"])))
    unclaimed = found.get(None, loads.Load(None))
    context = {
        "unit": unit,
        "above": unit.parent if unit.parent and loads.may_see(reader, unit.parent.path) else None,
        "below": list(Unit.objects.filter(parent=unit).order_by("path")),
        "lines": lines,
        "many": many,
        "unclaimed": unclaimed,
        "unclaimed_kinds": [(titles.get(kind, kind), number) for kind, number in unclaimed.kinds.items()],
        "total": sum(load.open for load in found.values()),
        "overdue": sum(load.overdue for load in found.values()),
        "back": loads.LOOKED_BACK,
    }
    return render(request, "portal/workload.html", context)


def _line(
    one: Staff,
    found: dict[int | None, loads.Load],
    away: dict[int, Absence],
    titles: dict[str, str],
    most: int,
) -> dict[str, Any]:
    load = found.get(one.user_id, loads.Load(one.user_id))
    absence = away.get(one.pk)
    return {
        "person": one.user,
        "unit": one.unit,
        "load": load,
        "kinds": [(titles.get(kind, kind), number) for kind, number in sorted(load.kinds.items())],
        "share": round(100 * load.open / most),
        "absence": absence,
        "away": absence is not None and absence.valid_from <= today(),
    }


@staff(*permissions.DISPATCHERS)
def workload_of(request: HttpRequest, user_id: int) -> HttpResponse:
    """The open orders of one person (0: what nobody has claimed), to be handed to a colleague; each that cannot says why."""
    reader: Reader = request.reader  # type: ignore[attr-defined]
    unit = _unit(request)
    rows = WorkOrder.objects.visible_to(reader).filter(
        org_path__startswith=unit.path, state__in=ACTIVE, assignee_id=user_id or None
    )
    rows = rows.select_related("case", "subject").defer("subject__grams").order_by("due_on", "pk")
    person = orgs.staff_of(user_id) if user_id else None
    if user_id and (person is None or not (person.unit.path.startswith(unit.path) or rows.exists())):
        raise Http404
    refused: list[str] = []
    if request.method == "POST":
        refused = _hand_over(request, rows, reader)
        if not refused:
            return redirect(f"{reverse('workload')}?unit={unit.path}")
    orders = list(rows[:MOST_ORDERS])
    load = loads.loads(reader, unit.path)
    context = {
        "unit": unit,
        "person": person,
        "user_id": user_id,
        "orders": [{"order": order, "remaining": remaining(order)} for order in orders],
        "colleagues": [
            (one, load.get(one.user_id, loads.Load(one.user_id)).open)
            for one in Staff.objects.filter(orgs.present(), unit__path__startswith=unit.path)
            .exclude(user_id=user_id)
            .select_related("user", "unit")
            .order_by("unit__path", "number")[:MOST_PEOPLE]
        ],
        "refused": refused,
        "posted": request.POST,
        "ticked": request.POST.getlist("order"),
    }
    return render(request, "portal/workload_of.html", context, status=409 if refused else 200)


def _hand_over(request: HttpRequest, rows: Any, reader: Reader) -> list[str]:
    """Assign what is unclaimed or waits to be claimed, transfer what is in hand; gives what was refused, in words."""
    post = request.POST
    to, reason = post.get("person", ""), post.get("reason", "").strip()
    chosen = [text for text in post.getlist("order") if is_uuid(text)][:MOST_ORDERS]
    if not chosen:
        return [_("请先勾选要分派的工单。")]
    if not to.isdecimal() or len(to) > 12:
        return [_("请选择接办的同事。")]
    if not reason:
        return [_("请填写理由。")]
    told, done = [], 0
    for order in rows.filter(uuid__in=chosen):
        actor = reader.actor(None, order.org_path)
        for role in permissions.DISPATCHERS:
            if reader.may(role, order.org_path, order.line):
                actor = reader.actor(role, order.org_path)
                break
        try:
            if order.assignee_id is None or order.state == OrderState.RETURNED:
                flow.assign(order, [int(to)], actor=actor)
            else:
                flow.transfer(order, to_user=int(to), reason=reason, actor=actor)
            done += 1
        except Refused as refused:
            told.append(_("“%(title)s”没有分派：%(why)s") % {"title": order.title, "why": refused})
    if done:
        said = ngettext("已分派 %(count)d 件。", "已分派 %(count)d 件。", done)
        messages.success(request, said % {"count": done})
    return told
