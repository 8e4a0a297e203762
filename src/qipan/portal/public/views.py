"""One's own cases, licences and notices; documents; the public page of a business."""

import uuid as uuids
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from qipan.kernel.accounts import letters
from qipan.kernel.documents import queries as documents
from qipan.kernel.documents.models import Document
from qipan.kernel.flow import queries as flow
from qipan.kernel.ledger.errors import Refused
from qipan.kernel.orgs.models import Unit
from qipan.kernel.publication import queries as publication
from qipan.kernel.subjects import queries as subjects
from qipan.kernel.subjects.actions import in_force_marks
from qipan.portal import casepage
from qipan.portal.public.limiting import for_strangers
from qipan.ui.access import business, public, signed_in

PAGE = 20


@business
def my_cases(request: HttpRequest) -> HttpResponse:
    """One's own cases and licences."""
    reader = request.reader  # type: ignore[attr-defined]
    before = request.GET.get("before", "")
    found = flow.search_cases(reader, before=int(before) if before.isdigit() else None, limit=PAGE + 1)
    rows = [{"case": case, "state": case.state_title, "tone": casepage.tone(case)} for case in found[:PAGE]]
    context = {
        "cases": rows,
        "older": f"before={found[PAGE - 1].pk}" if len(found) > PAGE else "",
        "grants": [_with_file(grant) for grant in subjects.own_grants(reader)[:50]],
    }
    return render(request, "portal/my_cases.html", context)


@signed_in
def notices(request: HttpRequest) -> HttpResponse:
    """What one was told about one's own affairs."""
    if request.method == "POST":
        letters.mark_read(request.user.pk)
        return redirect("notices")
    found = letters.notices_of(request.user.pk, limit=100)
    return render(
        request, "portal/notices.html", {"notices": found, "new": letters.unread_notices(request.user.pk)}
    )


def _with_file(grant: Any) -> Any:
    document = Document.objects.filter(pk=grant.document_id).first() if grant.document_id else None
    grant.file = reverse("document_file", args=[document.uuid]) if document else ""
    return grant


@signed_in
def my_case(request: HttpRequest, uuid: uuids.UUID) -> HttpResponse:
    """One's own case."""
    reader = request.reader  # type: ignore[attr-defined]
    case = flow.case_for(reader, uuid)
    if case is None:
        raise Http404
    if reader.kind == "staff":
        return redirect("desk_case", uuid=uuid)
    return render(request, "portal/my_case.html", casepage.context(case, reader, "my_step"))


@business
def my_step(request: HttpRequest, uuid: uuids.UUID, code: str) -> HttpResponse:
    """The applicant takes a step."""
    reader = request.reader  # type: ignore[attr-defined]
    case = flow.case_for(reader, uuid)
    if case is None or request.method != "POST":
        raise Http404
    done, refused = casepage.take(request, case, code)
    if done:
        return redirect(
            "my_cases" if code == "discard" else "my_case", *([] if code == "discard" else [uuid])
        )
    context = casepage.context(case, reader, "my_step", failed=code, reason=request.POST.get("reason", ""))
    return render(request, "portal/my_case.html", {**context, "refusals": [refused]}, status=409)


@signed_in
def document_file(request: HttpRequest, uuid: uuids.UUID) -> HttpResponse:
    """A finished document, to those who may see it."""
    reader = request.reader  # type: ignore[attr-defined]
    row = Document.objects.visible_to(reader).select_related("template").filter(uuid=uuid).first()
    if row is None:
        raise Http404
    try:
        content = documents.file_of(row)
    except Refused as refused:
        return render(
            request, "portal/notice.html", {"title": _("文书还不能下载"), "text": str(refused)}, status=409
        )
    response = HttpResponse(content, content_type="application/pdf")
    kept = "attachment" if request.GET.get("download") else "inline"
    response["Content-Disposition"] = f'{kept}; filename="{row.code}.pdf"'
    response["Cache-Control"] = "private, no-store"
    return response


@public
@for_strangers()
def businesses(request: HttpRequest) -> HttpResponse:
    """Look up a business."""
    text = request.GET.get("q", "").strip()[:100]
    found = subjects.find(text, limit=PAGE + 1) if text else []
    hits = [
        {
            "pk": subject.pk,
            "name": subject.name,
            "code": subjects.uscc_of(subject),
            "address": subject.domicile,
            "status": subject.get_status_display(),
            "active": subject.status == "ACTIVE",
        }
        for subject in found[:PAGE]
    ]
    return render(request, "portal/businesses.html", {"text": text, "hits": hits, "more": len(found) > PAGE})


@public
def business_page(request: HttpRequest, pk: int) -> HttpResponse:
    """What is public of a business."""
    subject = subjects.subject(pk)
    if subject is None:
        raise Http404
    context = {
        "subject": subject,
        "identifiers": subject.identifiers.all(),
        "marks": in_force_marks(subject),
        "grants": subjects.grants_of(subject)[:50],
        "publications": publication.public_of(subject, limit=50),
        "records": subject.external_records.all()[:20],
        "unit": Unit.objects.filter(path=subject.org_path).first(),
    }
    return render(request, "portal/business.html", context)
