"""One's own matters in short, and for which business one looks at them."""

import datetime
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.http import url_has_allowed_host_and_scheme

from qipan.domains.licensing.models import Application, Kind
from qipan.domains.licensing.offers.models import OfferState, RenewalOffer
from qipan.kernel.accounts import letters
from qipan.kernel.flow import queries as flow
from qipan.kernel.flow.queries import CaseFilters
from qipan.kernel.items import queries as items
from qipan.kernel.ledger.clock import today
from qipan.kernel.orgs.reader import Reader
from qipan.kernel.subjects import queries as subjects
from qipan.portal import turns
from qipan.ui import acting
from qipan.ui.access import business
from qipan.ui.sent import whole

SOON = datetime.timedelta(days=120)


def matters(reader: Reader, subject_id: int | None = None) -> dict[str, Any] | None:
    """What waits for the reader (of a business, or of all), what is offered, under way and ends soon; None for staff."""
    if reader.user_id is None or reader.kind == "staff":
        return None
    narrowed = {"subject_id": subject_id} if subject_id else {}
    offered = RenewalOffer.objects.visible_to(reader).filter(state=OfferState.OFFERED, **narrowed)
    offers = list(offered.select_related("grant", "subject").order_by("until")[:4])
    known = {offer.case_id for offer in offers}
    rows = flow.waiting_for_applicant(reader).filter(**narrowed).exclude(pk__in=known)
    waiting = list(rows[:8])
    known |= {case.pk for case in waiting}
    found = flow.search_cases(reader, filters=CaseFilters(subject_id=subject_id), limit=6)
    last = [case for case in found if case.pk not in known][:4]
    day = today()
    ending = subjects.own_grants(reader).filter(state="VALID", valid_to__range=(day, day + SOON), **narrowed)
    begun = Application.objects.filter(
        case__subject_id__in=reader.subject_ids, kind=Kind.RENEW, case__closed_at__isnull=True
    )
    ending = ending.exclude(pk__in=[offer.grant_id for offer in offers]).exclude(
        pk__in=list(begun.exclude(grant=None).values_list("grant_id", flat=True))
    )
    return {
        "offers": offers,
        "waiting": [{"case": case, "state": case.state_title} for case in waiting],
        "last": [{"case": case, "state": case.state_title, "tone": turns.tone(case)} for case in last],
        "ending": [
            {"grant": grant, "renew": items.following(grant.kind, "RENEW", grant.data)}
            for grant in ending.order_by("valid_to")[:4]
        ],
        "unread": letters.unread_notices(reader.user_id, subject_id),
    }


@business
def choose_business(request: HttpRequest) -> HttpResponse:
    """Narrow the lists to one business, or to none."""
    if request.method != "POST":
        raise Http404
    number = request.POST.get("subject", "")
    acting.choose(request, whole(number))
    back = request.POST.get("next", "")
    safe = url_has_allowed_host_and_scheme(back, {request.get_host()}, require_https=request.is_secure())
    return redirect(back if safe else "my_cases")
