"""Items: find one, and its guide (办事指南): conditions, materials, limits with their articles, and how it goes on."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render

from qipan.kernel.flow import queries, registry
from qipan.kernel.items import queries as items
from qipan.kernel.items.models import Item
from qipan.kernel.law import terms
from qipan.ui.access import public

LIMITS = ("FBL23.correct", "FBL23.decide", "FBL23.site_check", "FBL23.issue")


@public
def item_list(request: HttpRequest) -> HttpResponse:
    """Find an item."""
    text = request.GET.get("q", "")[:100]
    return render(request, "portal/items.html", {"items": items.items_for_public(text), "text": text})


@public
def item_page(request: HttpRequest, code: str) -> HttpResponse:
    """The guide of one item."""
    item = items.item(code)
    if item is None:
        raise Http404
    flow = registry.get(item.flow) if item.flow else None
    context = {
        "item": item,
        "conditions": [one if isinstance(one, dict) else {"text": one} for one in item.conditions],
        "materials": items.materials_of(item),
        "limits": _limits(item),
        "diagram": queries.diagram(flow) if flow else None,
    }
    return render(request, "portal/item.html", context)


def _limits(item: Item) -> list[Any]:
    """The terms of law that run on an application, each with its article."""
    codes = [code for code in LIMITS if item.checklist or code != "FBL23.site_check"]
    return [terms.rule(code) for code in codes if terms.exists(code)]
