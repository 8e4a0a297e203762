"""The offer as its holder sees it, and the figures for those who direct."""

import uuid as uuids
from typing import Any

from django.contrib import messages
from django.db.models import Count, Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from qipan.domains.licensing.models import Application
from qipan.domains.licensing.offers import actions
from qipan.domains.licensing.offers.models import OfferState, RenewalOffer
from qipan.kernel.accounts.models import User
from qipan.kernel.items import queries as items
from qipan.kernel.ledger.clock import today
from qipan.kernel.ledger.errors import Refused
from qipan.kernel.orgs.roles import Role
from qipan.ui.access import business, staff


@business
def renewal_offer(request: HttpRequest, uuid: uuids.UUID) -> HttpResponse:
    """What is offered, what confirming declares, and the one button; a refusal keeps what was typed."""
    reader = request.reader  # type: ignore[attr-defined]
    offer = (
        RenewalOffer.objects.visible_to(reader)
        .select_related("grant__premises", "subject", "case")
        .filter(uuid=uuid)
        .first()
    )
    if offer is None:
        raise Http404
    refused, field = "", ""
    if request.method == "POST":
        try:
            if request.POST.get("act") == "decline":
                actions.decline(offer, reader)
                messages.success(request, _("已记下，本次有效期内不再提示。"))
                return redirect("my_cases")
            if request.POST.get("declared") != "on":
                raise Refused(_("请先确认声明。"), field="declared")
            case = actions.confirm(
                offer,
                reader,
                contact_name=request.POST.get("contact_name", ""),
                contact_phone=request.POST.get("contact_phone", ""),
                key=request.POST.get("key", ""),
            )
            messages.success(request, _("已提交延续申请。"))
            return redirect("my_case", uuid=case.uuid)
        except Refused as problem:
            refused, field = str(problem), problem.field
            offer.refresh_from_db()
    context: dict[str, Any] = {
        "offer": offer,
        "item": items.item(offer.item_code),
        "row": Application.objects.get(pk=offer.case_id),
        "open": offer.state == OfferState.OFFERED and today() <= offer.until,
        "contact": {**_contact(request.user), **request.POST.dict()},
        "key": request.POST.get("key") or uuids.uuid4().hex,
        "refused": refused,
        "field": field,
    }
    return render(request, "licensing/offer.html", context, status=422 if refused else 200)


def _contact(user: Any) -> dict[str, str]:
    """Who confirms is whom we reach, unless another is named."""
    person = User.objects.select_related("person").get(pk=user.pk).person
    if person is None or person.forgotten_at:
        return {}
    clear = person.clear(["name", "phone"])
    return {"contact_name": clear["name"], "contact_phone": clear["phone"]}


@staff(Role.LIC_DECIDER, Role.LIC_REVIEWER, Role.OFFICE_HEAD, Role.BUREAU_LEADER)
def renewal_offers(request: HttpRequest) -> HttpResponse:
    """How many renewals were offered, confirmed, declined and lapsed, by item."""
    reader = request.reader  # type: ignore[attr-defined]
    counted = {state.lower(): Count("pk", filter=Q(state=state)) for state in OfferState.values}
    rows = (
        RenewalOffer.objects.visible_to(reader)
        .values("item_code")
        .annotate(total=Count("pk"), **counted)
        .order_by("-total", "item_code")
    )
    lines = []
    for row in rows:
        item = items.item(row["item_code"])
        ended = row["taken"] + row["declined"] + row["lapsed"]
        share = round(100 * row["taken"] / ended) if ended else None
        lines.append({**row, "item": item.name if item else row["item_code"], "share": share})
    total = {name: sum(row[name] for row in lines) for name in ("total", *counted)}
    return render(request, "licensing/offers.html", {"lines": lines, "total": total})
