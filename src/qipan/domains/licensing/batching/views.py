"""Batch work: what is alike, side by side, one step for all, and what came of each."""

import logging
import uuid as uuids
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from qipan.domains.licensing.batching import likes
from qipan.domains.licensing.models import Application
from qipan.kernel.flow import actions as flow
from qipan.kernel.flow import registry
from qipan.kernel.flow.models import Batch, EntryState, WorkOrder
from qipan.kernel.items import queries as items
from qipan.kernel.ledger import feed
from qipan.kernel.ledger.errors import Refused
from qipan.kernel.orgs.roles import Role
from qipan.ui import cases
from qipan.ui.access import staff
from qipan.ui.sent import form_key, identifier, whole

log = logging.getLogger(__name__)
#: So many are done before the answer; the rest is the queued worker's, and the page follows.
AT_ONCE = 20
LICENSING = (Role.LIC_RECEIVER, Role.LIC_REVIEWER, Role.LIC_DECIDER)


@staff(*LICENSING)
def batch(request: HttpRequest) -> HttpResponse:
    """Like applications: the groups, one group side by side, or (posted) the orders that were ticked in the inbox."""
    reader = request.reader  # type: ignore[attr-defined]
    if request.method == "POST":
        orders = [text for text in request.POST.getlist("order") if identifier(text)][: likes.MOST_SHOWN]
        found = WorkOrder.objects.visible_to(reader).filter(uuid__in=orders, case__isnull=False)
        rows = likes.chosen(reader, list(found.order_by("due_on", "pk").values_list("case_id", flat=True)))
        left = len(orders) - len(rows)
        return _beside(request, rows, left=left)
    item, state = request.GET.get("item", ""), request.GET.get("state", "")
    if item and state in likes.TURNS:
        return _beside(request, likes.members(reader, item, state))
    return render(request, "licensing/batch_groups.html", {"groups": likes.groups(reader)})


def _beside(
    request: HttpRequest, rows: list[Application], *, left: int = 0, refused: str = "", status: int = 200
) -> HttpResponse:
    reader = request.reader  # type: ignore[attr-defined]
    item = items.item(rows[0].item_code) if rows else None
    panel = cases.panel_of(rows[0].case.flow_code) if rows else None
    ticked = request.POST.getlist("case")
    context: dict[str, Any] = {
        "item": item,
        "state": rows[0].case.state_title if rows else "",
        "beside": likes.beside(rows),
        "steps": [
            {
                "offer": offer,
                "template": f"licensing/batch_{offer.code}.html"
                if panel and offer.code in panel.steps
                else "",
                "open": request.POST.get("step") == offer.code,
            }
            for offer in likes.steps(rows, reader)
        ],
        "uuid": request.POST.get("uuid") or uuids.uuid4(),
        "ticked": ticked,
        "left": left,
        "refused": refused,
        "posted": request.POST,
    }
    return render(request, "licensing/batch_beside.html", context, status=status)


@staff(*LICENSING)
def take_batch(request: HttpRequest) -> HttpResponse:
    """Take one step for the ticked applications; a refusal of the whole keeps what was ticked and typed."""
    reader = request.reader  # type: ignore[attr-defined]
    if request.method != "POST":
        raise Http404
    seen = {
        str(uuid): version
        for uuid, version in map(_ticked, request.POST.getlist("case"))
        if uuid is not None and version is not None
    }
    step = request.POST.get("step", "")
    rows = list(
        Application.objects.visible_to(reader)
        .select_related("case__subject", "grant__premises", "premises")
        .filter(case__uuid__in=seen)
        .order_by("case__due_on", "pk")
    )
    panel = cases.panel_of(rows[0].case.flow_code) if rows else None
    form = panel.steps.get(step) if panel else None
    try:
        if step not in likes.STEPS:
            raise Refused(_("请选择要办理的操作。"))
        data = form.parse(request.POST) if form else {}
        if form and not any(data.values()):
            raise Refused(_("请先填写要写给每一件的内容。"))
        made = flow.begin_batch(
            [(row.case, seen[str(row.case.uuid)]) for row in rows],
            step,
            reader,
            uuid=form_key(request.POST.get("uuid", "")),
            data=data,
            reason=request.POST.get("reason", ""),
        )
    except Refused as refused:
        shown = [str(pk) for pk in request.POST.getlist("shown")]
        all_rows = likes.chosen(reader, [pk for pk in map(whole, shown) if pk is not None])
        return _beside(request, all_rows or rows, refused=str(refused), status=409)
    if made.entries.count() <= AT_ONCE:
        try:
            flow.work_off_batch(made)
        except Exception:  # what failed waits for the queued job; the page shows what is done
            log.exception("batch %s was not done at once", made.pk)
    return redirect("batch_result", uuid=made.uuid)


@staff(*LICENSING)
def batch_result(request: HttpRequest, uuid: uuids.UUID) -> HttpResponse:
    """What came of a batch, case by case; it follows by itself while work goes on."""
    reader = request.reader  # type: ignore[attr-defined]
    found = Batch.objects.visible_to(reader).filter(uuid=uuid).first()
    if found is None:
        raise Http404
    entries = list(found.entries.select_related("case__subject").order_by("pk"))
    by_state = {state: [one for one in entries if one.state == state] for state in EntryState.values}
    context = {
        "batch": found,
        "title": registry.get(found.flow_code).transition(found.transition).title,
        "total": len(entries),
        "done": by_state[EntryState.DONE],
        "refused": by_state[EntryState.REFUSED],
        "waiting": by_state[EntryState.WAITING],
        "worked": len(entries) - len(by_state[EntryState.WAITING]),
        "feed_ticket": feed.ticket([f"batch:{found.pk}"], reader),
    }
    return render(request, "licensing/batch_result.html", context)


def _ticked(text: str) -> tuple[uuids.UUID | None, int | None]:
    """A ticked case and the version that was looked at: `uuid:version`."""
    uuid, _sign, version = text.partition(":")
    return identifier(uuid), whole(version)
