"""Views with a fault each, as somebody could write them on a bad day, beside the product's own addresses."""

import uuid as uuids
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.urls import path

from qipan.kernel.documents.models import Document
from qipan.kernel.evidence.models import Evidence
from qipan.kernel.flow import actions as flow
from qipan.kernel.flow.models import Case, WorkOrder
from qipan.kernel.ledger.actor import Actor
from qipan.kernel.publication.models import Publication
from qipan.portal import urls as real
from qipan.ui.access import public, staff
from tests.security.addresses import DISTRICT, OWN, PUBLIC, Entry, of


def undeclared(request: HttpRequest) -> HttpResponse:
    """Says nowhere who may open it."""
    return HttpResponse(", ".join(Case.objects.values_list("title", flat=True)))


@staff()
def unfiltered(request: HttpRequest, uuid: uuids.UUID) -> HttpResponse:
    """Finds by uuid alone."""
    return HttpResponse(Case.objects.get(uuid=uuid).state)


@staff()
def unfiltered_list(request: HttpRequest) -> HttpResponse:
    """Lists what there is."""
    return HttpResponse("".join(f"<li>{order.title}" for order in WorkOrder.objects.all()))


@staff()
def export(request: HttpRequest) -> StreamingHttpResponse:
    """A file of everything, line by line."""
    return StreamingHttpResponse(
        (f"{row.number},{row.org_path}\n".encode() for row in Case.objects.all()), content_type="text/csv"
    )


@staff()
def names(request: HttpRequest) -> HttpResponse:
    """An empty page that gives a file's name away in a header."""
    found = Evidence.objects.exclude(name="").first()
    return HttpResponse(headers={"X-Last": str(found.uuid if found else "")})


@staff()
def counts(request: HttpRequest) -> HttpResponse:
    """A page of the own unit with the businesses of all."""
    return HttpResponse(", ".join(case.subject.name for case in Case.objects.select_related("subject")))


@public
def early(request: HttpRequest) -> HttpResponse:
    """Shows what is not published yet."""
    return HttpResponse(", ".join(Publication.objects.values_list("title", flat=True)))


@staff()
def writes(request: HttpRequest, uuid: uuids.UUID) -> HttpResponse:
    """Refuses after it has written."""
    order = WorkOrder.objects.get(uuid=uuid)
    flow.create_order(order.kind, "追加", order.role, order.org_path, actor=Actor.system())
    raise Http404


@staff()
def changes(request: HttpRequest) -> HttpResponse:
    """Changes rows of everybody and says nothing."""
    Document.objects.update(revoked_reason="x")
    return HttpResponse("done")


@staff()
def right(request: HttpRequest, uuid: uuids.UUID) -> HttpResponse:
    """Does it as it should."""
    found = Case.objects.visible_to(request.reader).filter(uuid=uuid).first()  # type: ignore[attr-defined]
    if found is None:
        raise Http404
    return HttpResponse(found.title)


FAULTS: dict[str, tuple[Entry, str, str]] = {
    "planted/undeclared/": (of(DISTRICT), "GET", "tells"),
    "planted/cases/<uuid:uuid>/": (of(DISTRICT, uuid="case"), "GET", "opened"),
    "planted/orders/": (of(DISTRICT), "GET", "tells 暗河"),
    "planted/export/": (of(DISTRICT), "GET", "tells"),
    "planted/names/": (of(DISTRICT), "GET", "tells"),
    "planted/counts/": (of(DISTRICT), "GET", "tells 明月"),
    "planted/early/": (of(PUBLIC), "GET", "tells 暗河"),
    "planted/writes/<uuid:uuid>/": (of(DISTRICT, uuid="order"), "POST", "writes to flow_workorder"),
    "planted/changes/": (of(OWN), "POST", "changes their rows of documents_document"),
    "planted/right/<uuid:uuid>/": (of(DISTRICT, uuid="case"), "GET", ""),
}
"""Each address with what is declared of it for the trial, the method, and what the prober must say (nothing: sound)."""

VIEWS: list[Any] = [
    undeclared,
    unfiltered,
    unfiltered_list,
    export,
    names,
    counts,
    early,
    writes,
    changes,
    right,
]
urlpatterns = [
    *(path(pattern, view) for pattern, view in zip(FAULTS, VIEWS, strict=True)),
    *real.urlpatterns,
]
