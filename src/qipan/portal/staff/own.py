"""One's own page (我的): posts, roles, certificate, delegation and absence; and for everybody security and language."""

import datetime
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from qipan.kernel.ledger.clock import today
from qipan.kernel.ledger.errors import Refused
from qipan.kernel.orgs import actions, queries
from qipan.kernel.orgs.models import Absence, Delegation, Staff
from qipan.kernel.orgs.reader import Reader
from qipan.kernel.orgs.roles import ADMINISTRATORS, Role
from qipan.ui.access import signed_in, staff


@signed_in
def own(request: HttpRequest) -> HttpResponse:
    """What I am here: posts and powers for staff, and the way to security, devices and language for everybody."""
    return render(request, "portal/own.html", _context(request))


def _context(request: HttpRequest, failed: str = "") -> dict[str, Any]:
    reader: Reader = request.reader  # type: ignore[attr-defined]
    me = queries.staff_of(reader.user_id) if reader.kind == "staff" and reader.user_id else None
    base = {"base": "ui/desk.html" if me else "ui/base.html", "failed": failed, "posted": request.POST}
    if me is None:
        return base
    lent = {power.lent_by for power in reader.powers if power.lent_by}
    names = queries.labels(lent)
    day = today()
    return base | {
        "me": me,
        "certified": queries.is_certified(me),
        "appointments": me.appointments.select_related("post__unit").order_by("-valid_from"),
        "today": day,
        "powers": [
            {
                "role": Role(power.role).label,
                "unit": queries.unit_at(power.org_path),
                "line": power.line,
                "lent_by": names.get(power.lent_by or 0, ""),
            }
            for power in reader.powers
        ],
        "given": me.delegations_given.select_related("taker__user")
        .filter(valid_to__gte=day)
        .order_by("-valid_from"),
        "taken": me.delegations_taken.select_related("giver__user")
        .filter(valid_to__gte=day)
        .order_by("-valid_from"),
        "absences": me.absences.order_by("-valid_from")[:20],
        "colleagues": _colleagues(me, reader),
        "lendable": [
            (role, Role(role).label)
            for role in sorted(queries.roles_within(me, day, day))
            if Role(role) not in ADMINISTRATORS
        ],
        "chosen_roles": request.POST.getlist("roles"),
    }


def _colleagues(me: Staff, reader: Reader) -> list[Staff]:
    """Who could stand in: the present staff of one's own unit and of those beside and below it; nobody for those without
    a power, who have nothing to be stood in for."""
    if not reader.powers:
        return []
    above = "/".join(me.unit.path.strip("/").split("/")[:2]) + "/"
    rows = Staff.objects.filter(queries.present(), unit__path__startswith=above).exclude(pk=me.pk)
    return list(rows.select_related("user", "unit").order_by("unit__path", "number")[:300])


def _me(request: HttpRequest) -> Staff:
    reader: Reader = request.reader  # type: ignore[attr-defined]
    me = queries.staff_of(reader.user_id or 0)
    if me is None or request.method != "POST":
        raise Http404
    return me


def _day(post: QueryDict, name: str, *, required: bool = True) -> datetime.date | None:
    text = post.get(name, "").strip()
    if not text and not required:
        return None
    try:
        return datetime.date.fromisoformat(text)
    except ValueError:
        raise Refused(_("请填写日期，写作 2026-01-31 的样子。"), field=name) from None


def _colleague(me: Staff, reader: Reader, text: str) -> Staff | None:
    return next((each for each in _colleagues(me, reader) if str(each.pk) == text), None)


def _refused(request: HttpRequest, which: str, refused: Refused) -> HttpResponse:
    context = _context(request, which)
    context["refusals"] = [{"text": str(refused), "field": ""}]
    return render(request, "portal/own.html", context, status=409)


@staff()
def delegate(request: HttpRequest) -> HttpResponse:
    """Lend one's roles to a colleague for a time."""
    me, reader = _me(request), request.reader  # type: ignore[attr-defined]
    try:
        taker = _colleague(me, reader, request.POST.get("taker", ""))
        if taker is None:
            raise Refused(_("请选择受托人。"), field="taker")
        start, end = _day(request.POST, "valid_from"), _day(request.POST, "valid_to")
        if start is None or end is None:
            raise Refused(_("请填写起止日期。"), field="valid_from")
        roles = [role for role in request.POST.getlist("roles") if role in Role.values]
        actions.delegate(
            me, taker, roles, start, end, request.POST.get("reason", "")[:200], actor=reader.actor()
        )
    except Refused as refused:
        return _refused(request, "delegate", refused)
    messages.success(request, _("委托已登记，到期自动收回。"))
    return redirect("own")


@staff()
def revoke(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a delegation back, or give back one that was taken."""
    me, reader = _me(request), request.reader  # type: ignore[attr-defined]
    row = (
        Delegation.objects.filter(pk=pk).filter(giver=me).first()
        or Delegation.objects.filter(pk=pk, taker=me).first()
    )
    if row is None:
        raise Http404
    reason = _("委托人收回") if row.giver_id == me.pk else _("受托人退回")
    actions.revoke_delegation(row, actor=reader.actor(), reason=reason)
    messages.success(request, _("委托已结束。"))
    return redirect("own")


@staff()
def absence(request: HttpRequest) -> HttpResponse:
    """Declare one's own absence, with a substitute if there is one."""
    me, reader = _me(request), request.reader  # type: ignore[attr-defined]
    try:
        start = _day(request.POST, "valid_from")
        if start is None:
            raise Refused(_("请填写起止日期。"), field="valid_from")
        substitute = _colleague(me, reader, request.POST.get("substitute", ""))
        actions.declare_absence(
            me,
            start,
            _day(request.POST, "valid_to", required=False),
            request.POST.get("reason", "")[:200],
            substitute=substitute,
            actor=reader.actor(),
        )
    except Refused as refused:
        return _refused(request, "absence", refused)
    messages.success(request, _("缺勤已登记，期间不再派给您新的工单。"))
    return redirect("own")


@staff()
def end_absence(request: HttpRequest, pk: int) -> HttpResponse:
    """Come back earlier: the absence ends yesterday."""
    me, reader = _me(request), request.reader  # type: ignore[attr-defined]
    row = Absence.objects.filter(pk=pk, staff=me).first()
    if row is None:
        raise Http404
    actions.end_absence(row, today() - datetime.timedelta(days=1), actor=reader.actor())
    messages.success(request, _("已销假。"))
    return redirect("own")
