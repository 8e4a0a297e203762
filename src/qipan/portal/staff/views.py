"""The pages of officials."""

import uuid as uuids
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from qipan.domains.licensing.ex_officio import OURS
from qipan.domains.licensing.rescission.steps import STANDING
from qipan.domains.licensing.rescission.views import FINDERS
from qipan.kernel.flow import actions as flow
from qipan.kernel.flow import queries, registry
from qipan.kernel.flow.models import OrderState, WorkOrder
from qipan.kernel.flow.queries import CaseFilters, InboxFilters
from qipan.kernel.flow.queries.orders import remaining
from qipan.kernel.ledger import feed
from qipan.kernel.ledger import queries as ledger
from qipan.kernel.ledger.errors import Refused
from qipan.kernel.orgs import queries as orgs
from qipan.kernel.orgs.roles import Role
from qipan.kernel.publication import queries as publication
from qipan.kernel.subjects import queries as subjects
from qipan.kernel.subjects.actions import in_force_marks
from qipan.portal import casepage
from qipan.ui import cases
from qipan.ui.access import staff

PAGE = 20
BOXES = {
    "todo": _("待办"),
    "mine": _("我承办的"),
    "unclaimed": _("待认领"),
    "supervised": _("督办"),
    "done": _("已办"),
}


def _inbox(request: HttpRequest) -> dict[str, Any]:
    reader = request.reader  # type: ignore[attr-defined]
    which = request.GET.get("which", "todo")
    which = which if which in BOXES else "todo"
    text = request.GET.get("q", "").strip()[:60]
    filters = InboxFilters(box=which, text=text)  # type: ignore[arg-type]
    page = queries.inbox(reader, filters, after=request.GET.get("after", ""), limit=PAGE)
    counts = queries.inbox_counts(reader, InboxFilters())
    lines = [
        {
            "order": row.order,
            "remaining": row.remaining,
            "subject": row.order.subject,
            "number": row.order.case.number if row.order.case_id else "",
            "assignee": "、".join(row.people),
            "claimable": row.order.state == OrderState.OPEN and not row.mine,
            "urged": bool(getattr(row.order, "urged_at", None)),
        }
        for row in page.rows
    ]
    views = [
        {"code": code, "title": title, "count": _count(counts.get(code))}
        for code, title in BOXES.items()
        if code in counts or code == "done"
    ]
    paths = reader.paths()
    return {
        "which": which,
        "text": text,
        "lines": lines,
        "views": views,
        "older": f"which={which}&q={text}&after={page.after}" if page.after else "",
        "channels": " ".join(f"office:{path}" for path in paths),
        "feed_ticket": feed.ticket([f"office:{path}*" for path in paths], reader),
    }


def _count(count: Any) -> str:
    if count is None:
        return ""
    return f"{count.number}+" if count.more else str(count.number)


@staff()
def inbox(request: HttpRequest) -> HttpResponse:
    """The one inbox, at the desk."""
    return render(request, "portal/inbox.html", _inbox(request))


@staff()
def phone_home(request: HttpRequest) -> HttpResponse:
    """The one inbox, on the phone."""
    return render(request, "portal/phone_home.html", _inbox(request))


def _order(request: HttpRequest, uuid: uuids.UUID) -> WorkOrder:
    order = queries.order_for(request.reader, uuid)  # type: ignore[attr-defined]
    if order is None:
        raise Http404
    return order


def _order_context(request: HttpRequest, order: WorkOrder) -> dict[str, Any]:
    reader = request.reader  # type: ignore[attr-defined]
    parts = list(order.participants.filter(active=True).select_related("user"))
    mine = any(part.user_id == reader.user_id for part in parts)
    live = order.state in {OrderState.OPEN, OrderState.CLAIMED}
    page = cases.work_page(order.kind)
    holds = reader.may(Role(order.role), order.org_path, order.line)
    leads = any(reader.may(role, order.org_path) for role in (Role.OFFICE_HEAD, Role.BUREAU_LEADER))
    colleagues = [
        {"pk": person.user_id, "name": str(person.user)}
        for person in orgs.holders(Role(order.role), order.org_path, order.line)
        if person.user_id != reader.user_id
    ]
    acts = []
    if mine and live:
        acts.append({"code": "transfer", "title": _("转办"), "people": colleagues, "text": _("转办理由")})
        acts.append({"code": "return", "title": _("退回"), "people": [], "text": _("退回理由")})
        if not order.case_id and not page:
            acts.append({"code": "finish", "title": _("办结"), "people": [], "text": _("办理结果")})
    if leads and live:
        acts.append({"code": "urge", "title": _("督办"), "people": [], "text": _("督办要求")})
        if not parts:
            acts.append({"code": "assign", "title": _("指派"), "people": colleagues, "text": ""})
    rows = ledger.of_records({"flow.workorder": [order.pk]})
    names = orgs.labels(row.actor_id for row in rows if row.actor_id)
    return {
        "order": order,
        "subject": order.subject,
        "address": order.case.premises.address if order.case_id and order.case.premises_id else "",
        "unit": orgs.unit_at(order.org_path),
        "role": Role(order.role).label,
        "officers": [str(part.user) for part in parts],
        "remaining": remaining(order),
        "events": [
            casepage.Line(
                str(ledger.title_of(row.name)), row.at, names.get(row.actor_id or 0, "系统"), row.reason
            )
            for row in rows
        ],
        "work_href": reverse(page, args=[order.uuid])
        if page and mine and order.state == OrderState.CLAIMED
        else "",
        "may_claim": order.state == OrderState.OPEN and holds and not mine,
        "still_needed": max(order.needs - len(parts), 0),
        "acts": acts,
        "back": reverse("phone_home"),
    }


@staff()
def order_page(request: HttpRequest, uuid: uuids.UUID) -> HttpResponse:
    """One work order, at the desk."""
    order = _order(request, uuid)
    return render(request, "portal/order.html", _order_context(request, order))


@staff()
def phone_order(request: HttpRequest, uuid: uuids.UUID) -> HttpResponse:
    """One work order, on the phone."""
    order = _order(request, uuid)
    return render(request, "portal/phone_order.html", _order_context(request, order))


@staff()
def order_act(request: HttpRequest, uuid: uuids.UUID, code: str) -> HttpResponse:
    """Claim, join, hand on, return, urge, assign; afterwards back to where one was."""
    if request.method != "POST":
        raise Http404
    order = _order(request, uuid)
    reader = request.reader  # type: ignore[attr-defined]
    text, person = request.POST.get("text", ""), request.POST.get("user", "")
    to = int(person) if person.isdigit() else 0
    actor = (
        reader.actor(Role(order.role), order.org_path)
        if reader.may(Role(order.role), order.org_path)
        else reader.actor(None, order.org_path)
    )
    try:
        if code == "claim":
            flow.claim(order, actor=actor)
            messages.success(request, _("已签收，请按期办理。"))
        elif code == "transfer":
            flow.transfer(order, to_user=to, reason=text, actor=actor)
            messages.success(request, _("已转办。"))
        elif code == "return":
            flow.return_order(order, reason=text, actor=actor)
            messages.success(request, _("已退回。"))
        elif code == "finish":
            flow.finish(order, actor=actor, result=text)
            messages.success(request, _("已办结。"))
        elif code == "urge":
            flow.urge(order, text, actor=_leader(reader, order))
            messages.success(request, _("已督办。"))
        elif code == "assign":
            flow.assign(order, [to], actor=_leader(reader, order))
            messages.success(request, _("已指派。"))
        else:
            raise Http404
    except Refused as refused:
        messages.error(request, str(refused))
    back = request.POST.get("next", "")
    if back.startswith("/m/") or "/m/" in request.headers.get("Referer", ""):
        return redirect("phone_order", uuid=uuid)
    return redirect("order", uuid=uuid)


def _leader(reader: Any, order: WorkOrder) -> Any:
    for role in (Role.OFFICE_HEAD, Role.BUREAU_LEADER):
        if reader.may(role, order.org_path):
            return reader.actor(role, order.org_path)
    return reader.actor(None, order.org_path)


@staff()
def desk_cases(request: HttpRequest) -> HttpResponse:
    """Search cases."""
    reader = request.reader  # type: ignore[attr-defined]
    text, chosen = request.GET.get("q", "").strip()[:60], request.GET.get("flow", "")
    before = request.GET.get("before", "")
    found = queries.search_cases(
        reader,
        text,
        CaseFilters(flow=chosen),
        before=int(before) if before.isdigit() else None,
        limit=PAGE + 1,
    )
    context = {
        "text": text,
        "flow_code": chosen,
        "flows": list({flow.code: flow for flow in registry.all_flows()}.values()),
        "cases": [
            {"case": case, "state": case.state_title, "tone": casepage.tone(case)} for case in found[:PAGE]
        ],
        "older": f"q={text}&flow={chosen}&before={found[PAGE - 1].pk}" if len(found) > PAGE else "",
    }
    return render(request, "portal/desk_cases.html", context)


@staff()
def desk_case(request: HttpRequest, uuid: uuids.UUID) -> HttpResponse:
    """One case, for those who handle it."""
    reader = request.reader  # type: ignore[attr-defined]
    case = queries.case_for(reader, uuid)
    if case is None:
        raise Http404
    context = casepage.context(case, reader, "desk_step")
    context["orders"] = queries.orders_of(case, reader)
    return render(request, "portal/desk_case.html", context)


@staff()
def desk_step(request: HttpRequest, uuid: uuids.UUID, code: str) -> HttpResponse:
    """An official takes a step; a refusal keeps what was typed."""
    reader = request.reader  # type: ignore[attr-defined]
    case = queries.case_for(reader, uuid)
    if case is None or request.method != "POST":
        raise Http404
    done, refused = casepage.take(request, case, code)
    if done:
        return redirect("desk_case", uuid=uuid)
    case.refresh_from_db()
    context = casepage.context(case, reader, "desk_step", failed=code, reason=request.POST.get("reason", ""))
    context |= {"refusals": [refused], "posted": request.POST, "orders": queries.orders_of(case, reader)}
    return render(request, "portal/desk_case.html", context, status=409)


@staff()
def desk_businesses(request: HttpRequest) -> HttpResponse:
    """The businesses of one's own units."""
    text = request.GET.get("q", "").strip()[:60]
    found = subjects.find(text, request.reader, limit=50) if text else []  # type: ignore[attr-defined]
    return render(request, "portal/desk_businesses.html", {"text": text, "subjects": found})


@staff()
def desk_business(request: HttpRequest, pk: int) -> HttpResponse:
    """One business as an official sees it."""
    reader = request.reader  # type: ignore[attr-defined]
    subject = subjects.subject(pk, reader)
    if subject is None:
        raise Http404
    found = queries.cases_visible(reader, CaseFilters(subject_id=pk)).select_related("subject")[:20]
    grants = list(subjects.grants_of(subject)[:50])
    context = {
        "subject": subject,
        "rescindable": [
            grant
            for grant in grants
            if grant.kind in OURS
            and grant.state in STANDING
            and any(reader.may(role, grant.org_path) for role in FINDERS)
        ],
        "identifiers": subject.identifiers.all(),
        "marks": in_force_marks(subject),
        "grants": grants,
        "publications": publication.public_of(subject, limit=20),
        "records": subject.external_records.all()[:30],
        "unit": orgs.unit_at(subject.org_path),
        "may_inspect": any(
            reader.may(role, subject.org_path) for role in (Role.OFFICE_HEAD, Role.BUREAU_LEADER)
        ),
        "cases": [{"case": case, "state": case.state_title, "tone": casepage.tone(case)} for case in found],
    }
    return render(request, "portal/desk_business.html", context)
