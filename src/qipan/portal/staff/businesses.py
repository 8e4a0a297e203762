"""Businesses, as officials see those of their own units."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render

from qipan.domains.licensing.rescission.steps import STANDING
from qipan.domains.licensing.rescission.views import FINDERS
from qipan.kernel.flow import queries
from qipan.kernel.flow.queries import CaseFilters
from qipan.kernel.items import queries as items
from qipan.kernel.items.models import Nature
from qipan.kernel.orgs import queries as orgs
from qipan.kernel.orgs.roles import Role
from qipan.kernel.publication import queries as publication
from qipan.kernel.subjects import queries as subjects
from qipan.kernel.subjects.actions import in_force_marks
from qipan.portal import turns
from qipan.ui.access import staff


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
    ours = items.licence_codes(Nature.LICENCE, Nature.FILING)
    context = {
        "subject": subject,
        "rescindable": [
            grant
            for grant in grants
            if grant.kind in ours
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
        "cases": [{"case": case, "state": case.state_title, "tone": turns.tone(case)} for case in found],
    }
    return render(request, "portal/desk_business.html", context)
