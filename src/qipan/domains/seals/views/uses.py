"""A business uses its seals: on one PDF, on several; what was sealed, to look at and to keep."""

import uuid as uuids

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from qipan.domains.seals import permissions, queries
from qipan.domains.seals.views import papers, reading
from qipan.kernel.documents import using
from qipan.kernel.documents.models import Seal, SealUse
from qipan.kernel.ledger.errors import Refused
from qipan.ui.access import business, reauthenticated


def _usable(request: HttpRequest, number: str) -> Seal:
    seal = reading.found(queries.seal_of_mine(request.reader, number))  # type: ignore[attr-defined]
    if not permissions.may_use(request.reader, seal):  # type: ignore[attr-defined]
        raise Http404
    return seal


@business
@reauthenticated
def use(request: HttpRequest, number: str) -> HttpResponse:
    """Upload a PDF, choose the place, seal it."""
    seal, refused = _usable(request, number), None
    if request.method == "POST":
        try:
            return redirect("seal_used", uuid=papers.seal_one(request, seal).uuid)
        except Refused as error:
            refused = error
    context = papers.form(request, seal, refused, picture="seal_picture")
    return render(request, "seals/use.html", context, status=422 if refused else 200)


@business
@reauthenticated
def batch(request: HttpRequest, number: str) -> HttpResponse:
    """Seal several PDFs in the same place: all of them, or none."""
    seal, refused = _usable(request, number), None
    if request.method == "POST":
        try:
            return redirect("seal_batched", uuid=papers.seal_several(request, seal))
        except Refused as error:
            refused = error
    context = papers.form(
        request, seal, refused, picture="seal_picture", most=using.MOST_AT_ONCE, several=True
    )
    return render(request, "seals/use.html", context, status=422 if refused else 200)


def _own(request: HttpRequest, uuid: uuids.UUID) -> SealUse:
    use = queries.use_of_mine(request.reader, uuid)  # type: ignore[attr-defined]
    if use is None:
        raise Http404
    return use


@business
def used(request: HttpRequest, uuid: uuids.UUID) -> HttpResponse:
    """What was sealed: the file to keep, the code with which anyone verifies it."""
    context = papers.sealed(
        _own(request, uuid),
        seal_url="my_seal",
        file_url="seal_used_file",
        structure_url="seal_used_structure",
    )
    return render(request, "seals/used.html", context)


@business
def file(request: HttpRequest, uuid: uuids.UUID) -> HttpResponse:
    """The sealed PDF."""
    row = _own(request, uuid)
    try:
        return reading.pdf(using.file_of(row), f"{row.code}.pdf")
    except Refused as refused:
        return render(
            request, "portal/notice.html", {"title": _("文件不能下载"), "text": str(refused)}, status=409
        )


@business
def structure(request: HttpRequest, uuid: uuids.UUID) -> HttpResponse:
    """The GB/T 38540 signature of the file."""
    row = _own(request, uuid)
    return reading.pdf(using.structure_of(row), f"{row.code}.ses", media="application/octet-stream")


@business
def batched(request: HttpRequest, uuid: uuids.UUID) -> HttpResponse:
    """What was sealed together."""
    rows = papers.of_batch(request.reader, uuid)  # type: ignore[attr-defined]
    if not rows:
        raise Http404
    context = {
        "uses": rows,
        "seal": rows[0].seal,
        "seal_url": "my_seal",
        "used_url": "seal_used",
        "file_url": "seal_used_file",
    }
    return render(request, "seals/batched.html", context)
