"""The desk's pages of the guard: the nights, one night, and one difference."""

import datetime
import uuid as uuids

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from qipan.domains.licensing.guarding import actions, queries
from qipan.domains.licensing.models import STAFF, Ground
from qipan.domains.licensing.rescission.steps import STANDING
from qipan.kernel.decisions.models import Decision
from qipan.kernel.items import queries as items
from qipan.kernel.law import terms
from qipan.kernel.orgs import queries as orgs
from qipan.kernel.orgs.roles import Role
from qipan.ui.access import staff
from qipan.ui.refusals import told, tried


@staff(*STAFF)
def nights(request: HttpRequest) -> HttpResponse:
    """The days that were worked out again, with their figures."""
    reader = request.reader  # type: ignore[attr-defined]
    return render(request, "licensing/guard.html", {"nights": queries.nights(reader)})


@staff(*STAFF)
def night(request: HttpRequest, day: str) -> HttpResponse:
    """One day: figures by district, each difference in words with what became of it."""
    reader = request.reader  # type: ignore[attr-defined]
    try:
        wanted = datetime.date.fromisoformat(day)
    except ValueError:
        raise Http404 from None
    runs = queries.runs_of(reader, wanted)
    if not runs:
        raise Http404
    context = {
        "day": wanted,
        "runs": [{"run": run, "unit": orgs.district_of(run.org_path)} for run in runs],
        "findings": [
            {"row": row, "item": items.item(row.application.item_code)}
            for row in queries.findings_of(reader, wanted)
        ],
    }
    return render(request, "licensing/guard_night.html", context)


@staff(*STAFF)
def difference(request: HttpRequest, uuid: uuids.UUID) -> HttpResponse:
    """One difference: what changed, why it would not be granted, and what the decider makes of it."""
    reader = request.reader  # type: ignore[attr-defined]
    row = queries.finding_for(reader, uuid)
    if row is None:
        raise Http404
    post = request.POST
    rescinds = post.get("act") == "rescind"

    def act() -> None:
        if rescinds:
            actions.begin_rescission(row, reader, ground=post.get("ground", ""), text=post.get("finding", ""))
        else:
            actions.keep(row, reader, note=post.get("note", ""))

    refused = tried(act) if request.method == "POST" else None
    if request.method == "POST" and refused is None:
        messages.success(request, _("已登记，转入核实。") if rescinds else _("已办理。"))
        return redirect("guard_difference", uuid=uuid)
    grant = row.application.result_grant
    context = {
        "row": row,
        "rule": terms.rule(actions.DUE),
        "item": items.item(row.application.item_code),
        "table": Decision.objects.select_related("table").get(pk=row.decision_id).table,
        "grant": grant,
        "rescindable": grant is not None and grant.state in STANDING,
        "may": reader.may(Role.LIC_DECIDER, row.org_path),
        "grounds": Ground.choices,
        "posted": post,
        "suggested": post.get("finding") or "；".join(str(one) for one in row.reasons),
        "refusals": told(refused),
        "closer": orgs.labels([row.closed_by]).get(row.closed_by, "") if row.closed_by else "",
    }
    return render(request, "licensing/guard_difference.html", context, status=422 if refused else 200)
