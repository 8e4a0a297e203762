"""The one inbox, at the desk and on the phone: boxes, lights, filters, search, pages, claiming several at once."""

import uuid as uuids
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.utils.translation import ngettext

from qipan.kernel.flow import actions as flow
from qipan.kernel.flow import permissions, queries, registry
from qipan.kernel.flow.models import OrderState
from qipan.kernel.flow.queries import InboxFilters
from qipan.kernel.ledger import feed
from qipan.kernel.ledger.errors import Refused
from qipan.kernel.orgs import queries as orgs
from qipan.kernel.orgs.models import Unit
from qipan.kernel.orgs.reader import Reader
from qipan.kernel.orgs.roles import Role
from qipan.ui.access import staff

PAGE = 20
MOST_AT_ONCE = 50
BOXES = {
    "todo": lazy("待办"),
    "mine": lazy("我承办的"),
    "unclaimed": lazy("待认领"),
    "countersign": lazy("待我会签"),
    "returned": lazy("退回"),
    "supervised": lazy("督办"),
    "unit": lazy("全机构"),
    "done": lazy("已办"),
}
#: Orders of which several can be worked in one go, and whose they are.
LIKE = {
    "licensing.accept": Role.LIC_RECEIVER,
    "licensing.review": Role.LIC_REVIEWER,
    "licensing.decide": Role.LIC_DECIDER,
}
ALWAYS = {"todo", "mine", "unclaimed", "done"}
LIGHTS = {
    "overdue": lazy("已超期"),
    "red": lazy("今日到期"),
    "yellow": lazy("三日内到期"),
    "green": lazy("期限充足"),
}


def directs(reader: Reader) -> bool:
    """Whether the reader directs a unit: such a one sees everybody's orders and may choose among them."""
    return bool(reader.paths(*permissions.DISPATCHERS))


def kinds() -> dict[str, str]:
    """The kinds of work orders that the flows open, with their names."""
    found: dict[str, str] = {}
    for declared in registry.all_flows():
        for transition in declared.transitions:
            for order in transition.opens:
                found.setdefault(order.kind, str(order.title))
    return found


def _units(reader: Reader) -> list[Unit]:
    """The units one level below those that the reader directs."""
    paths = reader.paths(*permissions.DISPATCHERS)
    return list(Unit.objects.filter(parent__path__in=paths).order_by("path")) if paths else []


def _chosen(request: HttpRequest, reader: Reader) -> tuple[InboxFilters, dict[str, str]]:
    """What is asked for, and the same as the words of the address; what makes no sense is left out."""
    given = request.GET
    known, units = kinds(), {unit.path for unit in _units(reader)}
    words = {
        "which": given.get("which", "todo"),
        "light": given.get("light", ""),
        "kind": given.get("kind", ""),
        "unit": given.get("unit", ""),
        "person": given.get("person", ""),
        "q": given.get("q", "").strip()[:60],
    }
    allowed = {"which": BOXES, "light": LIGHTS, "kind": known, "unit": units}
    for name, values in allowed.items():
        if words[name] not in values:
            words[name] = "todo" if name == "which" else ""
    if not (words["person"].isdecimal() and len(words["person"]) < 12 and directs(reader)):
        words["person"] = ""
    filters = InboxFilters(
        box=words["which"],  # type: ignore[arg-type]
        kinds=(words["kind"],) if words["kind"] else (),
        org_path=words["unit"],
        light=words["light"],
        text=words["q"],
        assignee_id=int(words["person"]) if words["person"] else None,
    )
    return filters, {name: value for name, value in words.items() if value}


def context(request: HttpRequest) -> dict[str, Any]:
    """Everything the inbox shows."""
    reader: Reader = request.reader  # type: ignore[attr-defined]
    filters, words = _chosen(request, reader)
    arms = queries.Arms.of(reader)
    page = queries.inbox(reader, filters, after=request.GET.get("after", ""), limit=PAGE, arms=arms)
    counts = queries.inbox_counts(reader, arms=arms)
    lights = queries.light_counts(reader, filters, arms=arms) if filters.box != "done" else {}
    paths = reader.paths()
    batches = bool(reader.paths(*LIKE.values()))
    narrowed = {name: value for name, value in words.items() if name not in {"which"}}
    return {
        "which": filters.box,
        "words": words,
        "narrowed": bool(narrowed),
        "lines": [
            {
                "row": row,
                "order": row.order,
                "remaining": row.remaining,
                "subject": row.order.subject,
                "number": row.order.number,
                "assignee": _("、").join(row.people),
                "claimable": _claimable(row, reader),
                "still_needed": row.still_needed,
                "like": batches and row.order.kind in LIKE and row.order.active,
            }
            for row in page.rows
        ],
        "batches": batches,
        "inspects": bool(reader.paths(Role.INSPECTOR)),
        "boxes": [
            {"code": code, "title": title, "count": counts.get(code, ""), "href": f"?which={code}"}
            for code, title in BOXES.items()
            if code in ALWAYS
            or (code == "unit" and directs(reader))
            or (code in counts and (counts[code].number or code == filters.box))
        ],
        "lights": [
            {
                "code": code,
                "title": title,
                "count": lights[code],
                "href": "?" + urlencode({**words, "light": "" if filters.light == code else code}),
                "current": filters.light == code,
            }
            for code, title in LIGHTS.items()
            if code in lights and (lights[code].number or filters.light == code)
        ],
        "kinds": kinds(),
        "units": _units(reader),
        "people": orgs.labels(queries.people_at_work(reader)) if directs(reader) else {},
        "older": urlencode({**words, "after": page.after}) if page.after else "",
        "first": urlencode(words) if request.GET.get("after") else "",
        "channels": " ".join([*(f"office:{path}" for path in paths), f"user:{reader.user_id}"]),
        "feed_ticket": feed.ticket(
            [*(f"office:{path}*" for path in paths), f"user:{reader.user_id}"], reader
        ),
    }


def _claimable(row: Any, reader: Reader) -> bool:
    order = row.order
    return (
        order.state == OrderState.OPEN
        and not row.mine
        and bool(row.still_needed)
        and reader.may(Role(order.role), order.org_path, order.line)
    )


@staff()
def inbox(request: HttpRequest) -> HttpResponse:
    """The one inbox, at the desk."""
    return render(request, "portal/inbox.html", context(request))


@staff()
def phone_home(request: HttpRequest) -> HttpResponse:
    """The one inbox, on the phone."""
    return render(request, "portal/phone_home.html", context(request))


@staff()
def claim_several(request: HttpRequest) -> HttpResponse:
    """Claim the ticked orders; each that cannot be had is told with its reason, the others are claimed all the same."""
    if request.method != "POST":
        raise Http404
    reader: Reader = request.reader  # type: ignore[attr-defined]
    chosen = [text for text in request.POST.getlist("order") if is_uuid(text)][:MOST_AT_ONCE]
    claimed = 0
    for uuid in dict.fromkeys(chosen):
        order = queries.order_for(reader, uuid)
        if order is None:
            continue
        try:
            flow.claim(order, actor=reader.actor(Role(order.role), order.org_path))
            claimed += 1
        except Refused as refused:
            messages.error(
                request, _("“%(title)s”没有认领：%(why)s") % {"title": order.title, "why": refused}
            )
    if claimed:
        told = ngettext("已认领 %(count)d 件，请按期办理。", "已认领 %(count)d 件，请按期办理。", claimed)
        messages.success(request, told % {"count": claimed})
    elif not chosen:
        messages.error(request, _("请先勾选要认领的工单。"))
    return redirect("desk")


def is_uuid(text: str) -> bool:
    """Whether a text is one."""
    try:
        uuids.UUID(text)
    except ValueError:
        return False
    return True
