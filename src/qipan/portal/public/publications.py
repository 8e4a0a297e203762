"""What is published: listed by kind, searched, page by page, and as open data."""

from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render

from qipan.kernel.publication import queries as publication
from qipan.portal.public.limiting import for_strangers
from qipan.ui.access import public

PAGE = 20


@public
@for_strangers()
def publications(request: HttpRequest) -> HttpResponse:
    """Everything that is published, newest first."""
    text = request.GET.get("q", "").strip()[:100]
    kinds = publication.open_kinds()
    kind = request.GET.get("kind", "")
    kind = kind if kind in {row.code for row in kinds} else ""
    before = request.GET.get("before", "")
    cursor = int(before) if before.isdecimal() and len(before) < 18 else None
    rows, following = publication.search_public(text, kind, before=cursor, limit=PAGE)
    words = "&".join(f"{name}={value}" for name, value in (("q", text), ("kind", kind)) if value)
    context = {
        "publications": rows,
        "text": text,
        "kind": kind,
        "kinds": kinds,
        "open_kind": kind or (kinds[0].code if kinds else ""),
        "older": f"{words}&before={following}" if following else "",
        "newer": words or "kind=" if cursor else "",
    }
    return render(request, "portal/publications.html", context)


@public
@for_strangers()
def open_data(request: HttpRequest, form: str) -> HttpResponse:
    """What is published, as a file."""
    if form not in {"csv", "jsonl"}:
        raise Http404
    kind = request.GET.get("kind", "licence.grant")
    if kind not in {row.code for row in publication.open_kinds()}:
        raise Http404
    media = {"csv": "text/csv", "jsonl": "application/x-ndjson"}[form]
    lines = publication.export(kind, form)  # type: ignore[arg-type]
    response = StreamingHttpResponse(
        (line.encode() for line in lines), content_type=f"{media}; charset=utf-8"
    )
    response["Content-Disposition"] = f'attachment; filename="{kind}.{form}"'
    return response
