"""The reviewer's small pages: a draft opinion, a look at the letter before it goes, the materials page by page."""

import base64
import uuid as uuids
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from qipan.domains.licensing import countersigning
from qipan.domains.licensing.models import STAFF, Application
from qipan.domains.licensing.reviewing import conditions, correcting, letter
from qipan.kernel.evidence import actions as evidence
from qipan.kernel.evidence import pages
from qipan.kernel.evidence import queries as files
from qipan.kernel.ledger.errors import Refused
from qipan.kernel.orgs.roles import Role
from qipan.ui.access import staff


def _row(request: HttpRequest, uuid: uuids.UUID) -> Application:
    """The application, to staff who may see it."""
    row = (
        Application.objects.visible_to(request.reader)  # type: ignore[attr-defined]
        .select_related("case__subject", "grant__premises", "premises")
        .filter(case__uuid=uuid)
        .first()
    )
    if row is None:
        raise Http404
    return row


@staff(*STAFF)
def draft_opinion(request: HttpRequest, uuid: uuids.UUID) -> HttpResponse:
    """The field of the opinion with a draft made of the conditions that are ticked; nothing is kept."""
    row = _row(request, uuid)
    if request.method != "POST":
        raise Http404
    text = conditions.drafted(row, conditions.parse(request.POST))
    return render(request, "licensing/opinion_field.html", {"opinion": text, "case": row.case})


@staff(*STAFF)
def preview_letter(request: HttpRequest, uuid: uuids.UUID) -> HttpResponse:
    """The letter of a correction with the points that are picked, as it would look; nothing is kept."""
    row = _row(request, uuid)
    if request.method != "POST":
        raise Http404
    points = correcting.points(request.POST)
    context: dict[str, Any] = {"points": points, "refused": "", "sheets": []}
    if points:
        try:
            sheets = letter.pictures(row, points)
            context["sheets"] = [f"data:image/png;base64,{base64.b64encode(one).decode()}" for one in sheets]
        except Refused as refused:
            context["refused"] = str(refused)
    return render(request, "licensing/letter_preview.html", context)


@staff(*STAFF)
def material(request: HttpRequest, uuid: uuids.UUID, file: uuids.UUID) -> HttpResponse:
    """A file of an application, page by page; the next page of the last is the first of the next file."""
    row = _row(request, uuid)
    held = files.of(row.case)
    place = next((number for number, one in enumerate(held) if one.uuid == file), None)
    if place is None:
        raise Http404
    wanted = request.GET.get("page", "1")
    number = int(wanted) if wanted.isdecimal() and len(wanted) < 4 else 1
    refused, shown = "", pages.Page(b"", "", 0)
    try:
        shown = pages.page(held[place], number)
    except Refused as problem:
        refused = str(problem)
    if number == 1:
        evidence.note_opened(held[place], request.reader.actor())  # type: ignore[attr-defined]
    before, after = (held[place - 1] if place else None), (held[place + 1] if place + 1 < len(held) else None)
    context = {
        "case": row.case,
        "file": held[place],
        "place": place + 1,
        "count": len(held),
        "page": number,
        "pages": shown.pages,
        "shown": bool(shown.content),
        "refused": refused,
        "previous": (held[place], number - 1) if number > 1 else (before, 1) if before else None,
        "next": (held[place], number + 1) if number < shown.pages else (after, 1) if after else None,
    }
    part = bool(request.headers.get("HX-Request"))
    template = "licensing/material.html" if part else "licensing/material_page.html"
    return render(request, template, context)


@staff(Role.LIC_DECIDER)
def ask_countersign(request: HttpRequest, uuid: uuids.UUID) -> HttpResponse:
    """Send the decision of an application to be countersigned; what is refused is told on the case page."""
    row = _row(request, uuid)
    if request.method != "POST":
        raise Http404
    people = [int(text) for text in request.POST.getlist("people") if text.isdecimal() and len(text) < 12]
    try:
        countersigning.ask(row, people, request.reader)  # type: ignore[attr-defined]
        messages.success(request, _("已送会签。"))
    except Refused as refused:
        messages.error(request, str(refused))
    return redirect("desk_case", uuid=uuid)
