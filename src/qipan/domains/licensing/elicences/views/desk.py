"""The officials' side: how often licences were called instead of asked for, and who may call them."""

import datetime

from django.contrib import messages
from django.db.models import Prefetch
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _

from qipan.domains.licensing.elicences import callers as entitling
from qipan.domains.licensing.elicences import queries
from qipan.domains.licensing.elicences.batches import MAKERS
from qipan.domains.licensing.elicences.models import CallingSystem, CallRight
from qipan.domains.licensing.models import STAFF
from qipan.kernel.items.models import LicenceKind
from qipan.kernel.ledger.clock import today
from qipan.kernel.ledger.errors import Refused
from qipan.kernel.orgs.roles import Role
from qipan.ui.access import staff
from qipan.ui.sent import whole

YEARS = range(2000, 2200)
KEEPERS = (Role.SYSTEM_ADMIN, Role.BUREAU_LEADER)


@staff(*STAFF)
def figures(request: HttpRequest) -> HttpResponse:
    """Calls of a month by item and kind, and the materials that nobody had to hand in."""
    wished = request.GET.get("month", "")
    try:
        month = datetime.date.fromisoformat(f"{wished[:7]}-01") if wished else today().replace(day=1)
    except ValueError:
        month = today().replace(day=1)
    if month.year not in YEARS:
        month = today().replace(day=1)
    found = queries.figures(request.reader, month)  # type: ignore[attr-defined]
    before = (found.month - datetime.timedelta(days=1)).replace(day=1)
    after = (found.month.replace(day=28) + datetime.timedelta(days=4)).replace(day=1)
    context = {
        "figures": found,
        "before": before.strftime("%Y-%m"),
        "after": after.strftime("%Y-%m") if after <= today() else "",
        "makes": bool(request.reader.paths(*MAKERS)),  # type: ignore[attr-defined]
        "keeps": bool(request.reader.paths(*KEEPERS)),  # type: ignore[attr-defined]
    }
    return render(request, "licensing/elicences/figures.html", context)


@staff(*KEEPERS)
def callers(request: HttpRequest) -> HttpResponse:
    """The systems that may call, and the form by which one is registered."""
    reader = request.reader  # type: ignore[attr-defined]
    refused: Refused | None = None
    if request.method == "POST":
        post = request.POST
        limit = post.get("a_minute", "60")
        try:
            row = entitling.register(
                reader,
                login=post.get("login", ""),
                name=post.get("name", ""),
                a_minute=int(limit) if limit.isdecimal() and len(limit) < 6 else 0,
            )
            messages.success(request, _("已登记。它还不能调用任何证照，请登记调用事项。"))
            return redirect("licence_caller", pk=row.pk)
        except Refused as error:
            refused = error
    context = {
        "systems": CallingSystem.objects.prefetch_related(
            Prefetch("rights", CallRight.objects.filter(ended_at__isnull=True), to_attr="standing")
        ).order_by("name"),
        "may_register": entitling.may_register(reader),
        "refused": str(refused) if refused else "",
        "field": refused.field if refused else "",
        "posted": request.POST,
    }
    return render(request, "licensing/elicences/callers.html", context, status=422 if refused else 200)


@staff(*KEEPERS)
def caller(request: HttpRequest, pk: int) -> HttpResponse:
    """One system: what it may call, its last calls; entitled, ended, switched."""
    reader = request.reader  # type: ignore[attr-defined]
    system = get_object_or_404(CallingSystem, pk=pk)
    refused: Refused | None = None
    post = request.POST
    if request.method == "POST":
        try:
            if post.get("act") == "switch":
                entitling.switch(system, reader, active=not system.active, reason=post.get("reason", ""))
            elif post.get("act") == "end":
                right = get_object_or_404(system.rights, pk=whole(post.get("right", "")))
                entitling.end(right, reader, post.get("reason", ""))
            else:
                entitling.entitle(
                    system,
                    reader,
                    item_code=post.get("item_code", ""),
                    item_name=post.get("item_name", ""),
                    purpose=post.get("purpose", ""),
                    kinds=post.getlist("kinds"),
                    law=post.get("law", ""),
                )
            messages.success(request, _("已办理。"))
            return redirect("licence_caller", pk=pk)
        except Refused as error:
            refused = error
    kinds = {row.code: row.title for row in LicenceKind.objects.order_by("code", "valid_from")}
    context = {
        "system": system,
        "rights": [
            {"right": right, "kinds": [kinds.get(code, code) for code in right.kinds]}
            for right in system.rights.order_by("ended_at", "item_code")
        ],
        "calls": queries.calls_seen(system, reader)[:20],
        "kinds": sorted(kinds.items(), key=lambda each: each[1]),
        "may_entitle": entitling.may_entitle(reader),
        "may_register": entitling.may_register(reader),
        "refused": str(refused) if refused else "",
        "field": refused.field if refused else "",
        "posted": post,
        "posted_kinds": post.getlist("kinds"),
    }
    return render(request, "licensing/elicences/caller.html", context, status=422 if refused else 200)
