"""The page of one work order, at the desk and on the phone, and the operations on it."""

import uuid as uuids
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from qipan.kernel.flow import permissions, queries
from qipan.kernel.flow.models import OrderState, WorkOrder
from qipan.kernel.flow.queries.orders import remaining
from qipan.kernel.law import terms
from qipan.kernel.ledger import feed
from qipan.kernel.ledger import queries as ledger
from qipan.kernel.ledger.actor import Actor
from qipan.kernel.ledger.errors import Refused
from qipan.kernel.orgs import queries as orgs
from qipan.kernel.orgs.reader import Reader
from qipan.kernel.orgs.roles import Role
from qipan.portal import casepage
from qipan.portal.staff.order_acts import ACTS, BY_CODE, Act
from qipan.portal.staff.order_view import OrderView
from qipan.ui import cases
from qipan.ui.access import staff

CHOSEN = frozenset({"person", "people", "signers", "signer", "unit", "urge", "order"})
"""Kinds of field whose values are chosen from what the order's own view offers."""


def _order(request: HttpRequest, uuid: uuids.UUID) -> WorkOrder:
    order = queries.order_for(request.reader, uuid)  # type: ignore[attr-defined]
    if order is None:
        raise Http404
    return order


def _offer(act: Act, view: OrderView, failed: str, posted: QueryDict | None) -> dict[str, Any]:
    chosen = posted if act.code == failed and posted is not None else QueryDict()
    return {
        "act": act,
        "open": act.code == failed,
        "fields": [
            {
                "field": field,
                "id": f"{act.code}-{field.name}",
                "options": list(field.options) or view.options(field.kind),
                "value": chosen.get(field.name, ""),
                "values": chosen.getlist(field.name),
            }
            for field in act.fields
        ],
    }


def _context(
    request: HttpRequest, order: WorkOrder, *, failed: str = "", posted: QueryDict | None = None
) -> dict[str, Any]:
    reader: Reader = request.reader  # type: ignore[attr-defined]
    view = OrderView(order, reader)
    page = cases.work_page(order.kind)
    rows = ledger.of_records({"flow.workorder": [order.pk]})
    known = [order.issued_by, *(note.by for note in view.urges), *(note.replied_by for note in view.urges)]
    names = orgs.labels([row.actor_id for row in rows if row.actor_id] + [pk for pk in known if pk])
    working = view.mine and order.state == OrderState.CLAIMED
    rule = terms.rule(order.due_rule) if order.due_rule and terms.exists(order.due_rule) else None
    clock = order.clock
    if rule is None and clock is not None and terms.exists(clock.rule_code):
        rule = terms.rule(clock.rule_code)
    return {
        "order": order,
        "view": view,
        "subject": order.subject,
        "address": order.case.premises.address if order.case and order.case.premises_id else "",
        "unit": orgs.unit_at(order.org_path),
        "role": Role(order.role).label,
        "remaining": remaining(order),
        "limit_rule": rule,
        "issuer": names.get(order.issued_by or 0, ""),
        "urges": [
            {"note": note, "by": names.get(note.by or 0, ""), "replier": names.get(note.replied_by or 0, "")}
            for note in view.urges
        ],
        "events": [
            casepage.Line(
                str(ledger.title_of(row.name)), row.at, names.get(row.actor_id or 0, _("系统")), row.reason
            )
            for row in rows
        ],
        "work_href": reverse(page, args=[order.uuid]) if page and working else "",
        "case_href": reverse("desk_case", args=[order.case.uuid])
        if order.case and working and not page
        else "",
        "still_needed": view.still_needed if order.state == OrderState.OPEN else 0,
        "offers": [_offer(act, view, failed, posted) for act in ACTS if act.offered(view)],
        "below": view.below,
        "back": reverse("phone_home"),
        "feed_ticket": feed.ticket([f"office:{order.org_path}", f"user:{reader.user_id}"], reader),
        "channels": f"office:{order.org_path} user:{reader.user_id}",
    }


@staff()
def order_page(request: HttpRequest, uuid: uuids.UUID) -> HttpResponse:
    """One work order, at the desk."""
    return render(request, "portal/order.html", _context(request, _order(request, uuid)))


@staff()
def phone_order(request: HttpRequest, uuid: uuids.UUID) -> HttpResponse:
    """One work order, on the phone."""
    return render(request, "portal/phone_order.html", _context(request, _order(request, uuid)))


@staff()
def order_act(request: HttpRequest, uuid: uuids.UUID, code: str) -> HttpResponse:
    """Do one thing with an order. A refusal keeps what was typed and says why; afterwards back to where one was."""
    order, act = _order(request, uuid), BY_CODE.get(code)
    if request.method != "POST" or act is None:
        raise Http404
    reader: Reader = request.reader  # type: ignore[attr-defined]
    on_phone = request.POST.get("at") == "phone"
    view = OrderView(order, reader)
    try:
        _must_be_offered(act, view, request.POST)
        act.do(view, request.POST, _actor(reader, order, leading=act.leading))
    except Refused as refused:
        order = _order(request, uuid)
        context = _context(request, order, failed=code, posted=request.POST)
        context["refusals"] = [{"text": str(refused), "field": ""}]
        template = "portal/phone_order.html" if on_phone else "portal/order.html"
        return render(request, template, context, status=409)
    messages.success(request, str(act.said))
    if queries.order_for(reader, uuid) is None:  # handed to where the reader does not see it
        return redirect("phone_home" if on_phone else "desk")
    return redirect("phone_order" if on_phone else "order", uuid=uuid)


def _must_be_offered(act: Act, view: OrderView, posted: QueryDict) -> None:
    """People, units and orders are chosen among those that the page offers, whatever a browser sends."""
    for field in act.fields:
        if field.kind in CHOSEN and (sent := [value for value in posted.getlist(field.name) if value]):
            offered = {str(value) for value, _title in view.options(field.kind)}
            if not offered.issuperset(sent):
                raise Refused(
                    _("所选的人员、机构或者工单不在可选范围内，请刷新页面后重新选择。"), field=field.name
                )


def _actor(reader: Reader, order: WorkOrder, *, leading: bool) -> Actor:
    """The reader in the post that lets one act, so that the ledger names the right one."""
    own = (Role(order.role),)
    for role in (*permissions.DISPATCHERS, *own) if leading else (*own, *permissions.DISPATCHERS):
        if reader.may(role, order.org_path):
            return reader.actor(role, order.org_path)
    return reader.actor(None, order.org_path)
