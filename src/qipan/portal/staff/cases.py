"""Cases, as officials find and handle them."""

import uuid as uuids
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from qipan.kernel.flow import queries, registry
from qipan.kernel.flow.models import Case, Part
from qipan.kernel.flow.queries import CaseFilters
from qipan.kernel.orgs.reader import Reader
from qipan.portal import casepage, turns
from qipan.portal.staff.decisions import of_case
from qipan.ui.access import staff
from qipan.ui.sent import whole

PAGE = 20


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
        before=whole(before),
        limit=PAGE + 1,
    )
    context = {
        "text": text,
        "flow_code": chosen,
        "flows": list({flow.code: flow for flow in registry.all_flows()}.values()),
        "cases": [
            {"case": case, "state": case.state_title, "tone": turns.tone(case)} for case in found[:PAGE]
        ],
        "older": f"q={text}&flow={chosen}&before={found[PAGE - 1].pk}" if len(found) > PAGE else "",
    }
    return render(request, "portal/desk_cases.html", context)


def _around(case: Case, reader: Reader) -> dict[str, Any]:
    """What staff see beside a case: its orders and the people in them, and whether a table decided something."""
    orders = queries.orders_of(case, reader)
    return {
        "orders": orders,
        "handlers": [
            str(part.user)
            for order in orders
            if order.active
            for part in order.participants.all()
            if part.active and part.part != Part.SIGNER
        ],
        "decided": bool(of_case(case)),
    }


@staff()
def desk_case(request: HttpRequest, uuid: uuids.UUID) -> HttpResponse:
    """One case, for those who handle it."""
    reader = request.reader  # type: ignore[attr-defined]
    case = queries.case_for(reader, uuid)
    if case is None:
        raise Http404
    context = casepage.context(case, reader, "desk_step") | _around(case, reader)
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
    context |= _around(case, reader) | {"refusals": [refused], "posted": request.POST}
    return render(request, "portal/desk_case.html", context, status=409)
