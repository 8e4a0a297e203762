"""Batches on the desk: looked at first, started, watched, stopped, gone on with; what was not made is listed."""

import uuid as uuids
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from qipan.domains.licensing.elicences import batches
from qipan.domains.licensing.elicences.models import Batch, BatchState, LineState
from qipan.domains.licensing.models import STAFF
from qipan.kernel.items.models import LicenceKind
from qipan.kernel.ledger.errors import Refused
from qipan.kernel.orgs import queries as orgs
from qipan.ui.access import staff
from qipan.ui.sent import form_key

SHOWN = 200


@staff(*batches.MAKERS)
def batch_list(request: HttpRequest) -> HttpResponse:
    """The batches of one's units; a new one is looked at before it is prepared."""
    reader = request.reader  # type: ignore[attr-defined]
    asked = request.POST if request.method == "POST" else request.GET
    paths = list(reader.paths(*batches.MAKERS))
    selection = batches.Selection(
        asked.get("kind", ""),
        asked.get("org_path") or (paths[0] if paths else ""),
        bool(asked.get("missing")),
    )
    refused: Refused | None = None
    looked: batches.Preview | None = None
    if selection.kind:
        try:
            if request.method == "POST":
                batch = batches.prepare(
                    selection,
                    reader,
                    uuid=form_key(asked.get("uuid", "")),
                    reason=asked.get("reason", ""),
                )
                return redirect("licence_batch", uuid=batch.uuid)
            looked = batches.preview(selection, reader)
        except Refused as error:
            refused = error
            looked = None
    newest = list(Batch.objects.visible_to(reader).order_by("-pk")[:30])
    progress = batches.progress_of(newest)
    kinds = {row.code: row.title for row in LicenceKind.objects.exclude(template="").order_by("valid_from")}
    context: dict[str, Any] = {
        "batches": [
            {"batch": batch, "kind": kinds.get(batch.kind, batch.kind), "progress": progress[batch.pk]}
            for batch in newest
        ],
        "kinds": sorted(kinds.items(), key=lambda each: each[1]),
        "units": [unit for path in paths for unit in orgs.units_below(path)],
        "selection": selection,
        "kind_title": kinds.get(selection.kind, selection.kind),
        "preview": looked,
        "uuid": uuids.uuid4(),
        "reason": asked.get("reason", ""),
        "refused": str(refused) if refused else "",
        "field": refused.field if refused else "",
    }
    return render(request, "licensing/elicences/batches.html", context, status=422 if refused else 200)


def _of_mine(request: HttpRequest, uuid: uuids.UUID) -> Batch:
    batch: Batch | None = Batch.objects.visible_to(request.reader).filter(uuid=uuid).first()  # type: ignore[attr-defined]
    if batch is None:
        raise Http404
    return batch


@staff(*STAFF)
def batch(request: HttpRequest, uuid: uuids.UUID) -> HttpResponse:
    """How far a batch is; started, stopped, gone on with."""
    row, reader = _of_mine(request, uuid), request.reader  # type: ignore[attr-defined]
    refused = ""
    if request.method == "POST":
        act = request.POST.get("act")
        try:
            if act == "stop":
                batches.stop(row, reader)
                messages.success(request, _("已停止。做完的保留，其余的等您继续。"))
            else:
                batches.start(row, reader)
            return redirect("licence_batch", uuid=uuid)
        except Refused as error:
            refused = str(error)
    kind = LicenceKind.objects.filter(code=row.kind).order_by("-valid_from").first()
    context = {
        "batch": row,
        "kind": kind.title if kind else row.kind,
        "unit": orgs.unit_at(row.org_path),
        "maker": orgs.labels([row.made_by]).get(row.made_by, ""),
        "progress": batches.progress(row),
        "running": row.state == BatchState.RUNNING,
        "may_make": batches.may_make(reader, row.org_path),
        "refusals": row.lines.filter(state=LineState.REFUSED).select_related("grant").order_by("pk")[:SHOWN],
        "refused": refused,
    }
    return render(request, "licensing/elicences/batch.html", context, status=409 if refused else 200)


@staff(*STAFF)
def batch_manifest(request: HttpRequest, uuid: uuids.UUID) -> StreamingHttpResponse:
    """The manifest as a table: number and SHA-256 of each file, the lines whose digest the ledger holds."""
    row = _of_mine(request, uuid)
    lines = (f"{number},{digest}\n" for number, digest in batches.manifest(row))
    answer = StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{row.uuid}.csv"'
    return answer
