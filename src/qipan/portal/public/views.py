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
from qipan.kernel.flow.queries import CaseFilters
from qipan.kernel.ledger.errors import Refused
from qipan.kernel.orgs.models import Unit
from qipan.kernel.publication import queries as publication
from qipan.kernel.subjects import queries as subjects
from qipan.kernel.subjects.actions import in_force_marks
from qipan.portal import casepage, turns
from qipan.portal.public.limiting import for_strangers
from qipan.portal.public.matters import matters
from qipan.ui import acting, cases
from qipan.ui.access import business, public, signed_in
from qipan.ui.sent import whole

PAGE = 20
NOTICES = 100


@business
def my_cases(request: HttpRequest) -> HttpResponse:
    """One's own matters (of one business or of all): what waits, what ends soon, every case, the licences."""
    reader = request.reader  # type: ignore[attr-defined]
    before = whole(request.GET.get("before", ""))
    subject = acting.chosen(request)
    found = flow.search_cases(reader, filters=CaseFilters(subject_id=subject), before=before, limit=PAGE + 1)
    rows = [
        {
            "case": case,
            "state": case.state_title,
            "tone": turns.tone(case),
            "owner": turns.owner_words(case),
            "edit": casepage.edit_address(case, reader),
        }
        for case in found[:PAGE]
    ]
    held = subjects.own_grants(reader)
    context = {
        "cases": rows,
        "older": f"before={found[PAGE - 1].pk}" if len(found) > PAGE else "",
        "grants": _with_files(list((held.filter(subject_id=subject) if subject else held)[:50])),
        "mine": matters(reader, subject) if before is None else None,
        "agent": bool(reader.mandates),
    }
    return render(request, "portal/my_cases.html", context)


@signed_in
def notices(request: HttpRequest) -> HttpResponse:
    """What one was told about one's own affairs, of one business or of all."""
    user, subject = request.user.pk, acting.chosen(request)
    if request.method == "POST":
        letters.mark_read(user, last=whole(request.POST.get("last", "")), subject_id=subject)
        return redirect("notices")
    only, before = request.GET.get("new") == "1", whole(request.GET.get("before", ""))
    found = letters.notices_of(user, NOTICES + 1, subject_id=subject, unread=only, before=before)
    shown = found[:NOTICES]
    names = {one.pk: one.name for one in subjects.named(one.subject_id for one in shown if one.subject_id)}
    for one in shown:
        one.business = names.get(one.subject_id or 0, "")  # type: ignore[attr-defined]
    context = {
        "notices": shown,
        "only": only,
        "last": shown[0].pk if shown else 0,
        "new": any(one.read_at is None for one in shown),
        "older": f"before={shown[-1].pk}{'&new=1' if only else ''}" if len(found) > NOTICES else "",
    }
    return render(request, "portal/notices.html", context)


@signed_in
def notice(request: HttpRequest, number: int) -> HttpResponse:
    """Open a message: it is read, and leads to what it is about."""
    found = letters.open_notice(request.user.pk, number)
    if found is None:
        raise Http404
    return redirect(found.link if found.link.startswith("/") else "notices")


@signed_in
def unread(request: HttpRequest) -> HttpResponse:
    """The number beside the menu's entry of messages, fetched again when it changed."""
    return render(request, "ui/components/unread.html", {"unread": letters.unread_notices(request.user.pk)})


def _with_files(grants: list[Any]) -> list[Any]:
    numbers = Document.objects.filter(pk__in=[grant.document_id for grant in grants if grant.document_id])
    uuids_of = dict(numbers.values_list("pk", "uuid"))
    for grant in grants:
        uuid = uuids_of.get(grant.document_id)
        grant.file = reverse("document_file", args=[uuid]) if uuid else ""
    return grants


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
        if why := cases.held(row.record_kind, row.record_id, reader):
            raise Refused(why, code="state")
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
