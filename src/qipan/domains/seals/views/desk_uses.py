"""An officer uses the seal of a unit, as the post is authorised to: on one paper, on several; and what was sealed."""

import uuid as uuids

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from qipan.domains.seals import permissions, queries
from qipan.domains.seals.views import papers, reading
from qipan.kernel.documents import using
from qipan.kernel.documents.models import Seal, SealUse
from qipan.kernel.ledger.errors import Refused
from qipan.kernel.orgs.reader import Reader
from qipan.ui.access import reauthenticated, staff

FRAME = "ui/desk.html"


def _usable(request: HttpRequest, number: str) -> Seal:
    seal = Seal.objects.filter(seal_id=number).exclude(unit_path="").first()
    if seal is None or not permissions.may_use(request.reader, seal):  # type: ignore[attr-defined]
        raise Http404
    return seal


@staff()
@reauthenticated
def use(request: HttpRequest, number: str) -> HttpResponse:
    """Seal a paper with the seal of one's unit."""
    seal, refused = _usable(request, number), None
    if request.method == "POST":
        try:
            made = papers.seal_one(request, seal)
            messages.success(request, _("已盖章，可以下载。"))
            return redirect("desk_seal_used", uuid=made.uuid)
        except Refused as error:
            refused = error
    context = papers.form(request, seal, refused, frame=FRAME, picture="desk_seal_picture")
    return render(request, "seals/use.html", context, status=422 if refused else 200)


@staff()
@reauthenticated
def batch(request: HttpRequest, number: str) -> HttpResponse:
    """Seal several papers with the seal of one's unit: all of them, or none."""
    seal, refused = _usable(request, number), None
    if request.method == "POST":
        try:
            return redirect("desk_seal_batched", uuid=papers.seal_several(request, seal))
        except Refused as error:
            refused = error
    context = papers.form(
        request,
        seal,
        refused,
        frame=FRAME,
        picture="desk_seal_picture",
        most=using.MOST_AT_ONCE,
        several=True,
    )
    return render(request, "seals/use.html", context, status=422 if refused else 200)


def _theirs(reader: Reader, seal: Seal) -> bool:
    return permissions.may_use(reader, seal) or permissions.may_manage(reader, seal)


def _own(request: HttpRequest, uuid: uuids.UUID) -> SealUse:
    reader = request.reader  # type: ignore[attr-defined]
    row = queries.use_of_mine(reader, uuid)
    if row is None or not _theirs(reader, row.seal):
        raise Http404
    return row


@staff()
def used(request: HttpRequest, uuid: uuids.UUID) -> HttpResponse:
    """A paper that was sealed: the file to keep, the code with which anyone verifies it."""
    context = papers.sealed(
        _own(request, uuid),
        frame=FRAME,
        seal_url="desk_seal",
        file_url="desk_seal_file",
        structure_url="desk_seal_structure",
    )
    return render(request, "seals/used.html", context)


@staff()
def batched(request: HttpRequest, uuid: uuids.UUID) -> HttpResponse:
    """What was sealed together."""
    reader = request.reader  # type: ignore[attr-defined]
    rows = [row for row in papers.of_batch(reader, uuid) if _theirs(reader, row.seal)]
    if not rows:
        raise Http404
    context = {
        "uses": rows,
        "seal": rows[0].seal,
        "frame": FRAME,
        "seal_url": "desk_seal",
        "used_url": "desk_seal_used",
        "file_url": "desk_seal_file",
    }
    return render(request, "seals/batched.html", context)


@staff()
def file(request: HttpRequest, uuid: uuids.UUID) -> HttpResponse:
    """The sealed PDF."""
    row = _own(request, uuid)
    try:
        return reading.pdf(using.file_of(row), f"{row.code}.pdf")
    except Refused as refused:
        return render(
            request, "portal/notice.html", {"title": _("文件不能下载"), "text": str(refused)}, status=409
        )


@staff()
def structure(request: HttpRequest, uuid: uuids.UUID) -> HttpResponse:
    """The GB/T 38540 signature of the file."""
    row = _own(request, uuid)
    return reading.pdf(using.structure_of(row), f"{row.code}.ses", media="application/octet-stream")
