"""The hall of services (办事大厅): find an item, and its guide (办事指南): conditions, materials, limits, results, course."""

from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from qipan.domains.licensing import handling
from qipan.domains.licensing.handover import agencies
from qipan.kernel.flow import queries, registry
from qipan.kernel.flow.declaration import Flow
from qipan.kernel.forms import queries as forms
from qipan.kernel.items import hall
from qipan.kernel.items import queries as items
from qipan.kernel.items.hall import SPEEDS, Wish
from qipan.kernel.items.models import Channel, Item, Line, Matter
from qipan.kernel.law import terms
from qipan.ui.access import public

ICONS = {
    "REGISTRATION": "building-store",
    "CREDIT": "flag",
    "FOOD": "soup",
    "DRUG": "pill",
    "DEVICE": "stethoscope",
    "COSMETIC": "droplet",
    "EQUIPMENT": "elevator",
    "METROLOGY": "scale",
    "TESTING": "flask",
    "PRODUCT": "package",
    "STANDARD": "ruler-measure",
    "IP": "trademark",
    "ADVERTISING": "speakerphone",
    "TRADE": "shopping-cart",
    "CONSUMER": "heart-handshake",
    "SEAL": "rubber-stamp",
    "INFORMATION": "archive",
    "JOINT": "sitemap",
}
#: Terms that only run where officers look on site.
ON_SITE = (".site_check", ".rectify")


def _wish(request: HttpRequest) -> Wish:
    asked = request.GET
    page = asked.get("page", "1")
    return Wish(
        text=asked.get("q", "").replace("\x00", "").strip()[:100],
        line=asked.get("line", "") if asked.get("line") in Line.values else "",
        kind=asked.get("kind", "") if asked.get("kind") in Matter.values else "",
        channel=asked.get("channel", "") if asked.get("channel") in Channel.values else "",
        speed=asked.get("speed", "") if asked.get("speed") in SPEEDS else "",
        page=int(page) if page.isdecimal() and len(page) < 5 else 1,
    )


def _query(wish: Wish, **changes: Any) -> str:
    """The address of a wish, with something changed; from its first page on."""
    wished = replace(wish, page=1, **changes) if "page" not in changes else replace(wish, **changes)
    parts = {
        "q": wished.text,
        "line": wished.line,
        "kind": wished.kind,
        "channel": wished.channel,
        "speed": wished.speed,
        "page": wished.page if wished.page > 1 else "",
    }
    return urlencode({name: value for name, value in parts.items() if value})


@public
def item_list(request: HttpRequest) -> HttpResponse:
    """Find an item; without a wish, the lines to choose from."""
    wish = _wish(request)
    found = hall.look(wish)
    speeds = {"": _("全部"), "mobile": _("掌上办"), "instant": _("即刻办"), "auto": _("秒办")}
    page = min(max(wish.page, 1), found.pages)
    context = {
        "wish": wish,
        "items": found.rows,
        "total": found.total,
        "lines": [
            {
                "code": code,
                "title": title,
                "icon": ICONS.get(code, "license"),
                "count": found.lines[code],
                "query": _query(wish, line=code),
                "current": wish.line == code,
            }
            for code, title in Line.choices
            if found.lines[code]
        ],
        "every_line": {"query": _query(wish, line=""), "count": sum(found.lines.values())},
        "kinds": [(code, title, found.kinds[code]) for code, title in Matter.choices if found.kinds[code]],
        "channels": Channel.choices,
        "speeds": [
            {
                "title": title,
                "count": found.speeds[code],
                "query": _query(wish, speed=code),
                "current": wish.speed == code,
            }
            for code, title in speeds.items()
        ],
        "line_title": Line(wish.line).label if wish.line else "",
        "older": _query(wish, page=page + 1) if page < found.pages else "",
        "newer": _query(wish, page=page - 1) or "page=1" if page > 1 else "",
        "page": page,
        "pages": found.pages,
    }
    return render(request, "portal/items.html", context)


@public
def item_page(request: HttpRequest, code: str) -> HttpResponse:
    """The guide of one item."""
    item = items.item(code)
    if item is None:
        raise Http404
    flow = registry.get(item.flow) if item.flow else None
    kind = items.licence_kind(item.licence) if item.licence else None
    context = {
        "item": item,
        "kind": kind,
        "channels": [str(Channel(each).label) for each in item.channels if each in Channel.values],
        "agency": agencies.title_of(item.agency) if item.agency else "",
        "conditions": [one if isinstance(one, dict) else {"text": one} for one in item.conditions],
        "materials": items.materials_of(item),
        "results": handling.ends_in(item) if item.handler == "licensing" else [],
        "asked": _asked(item),
        "limits": _limits(item, flow),
        "beside": hall.beside(item),
        "diagram": queries.diagram(flow) if flow else None,
    }
    return render(request, "portal/item.html", context)


def _asked(item: Item) -> list[tuple[str, list[str]]]:
    """What the form asks, section by section; what the registry knows, it does not ask."""
    form = forms.asked(item)
    sections = []
    for section in form.sections:
        titles = [
            field.title
            for field in section.fields
            if field.kind not in {"file", "bool"}
            and not field.element.startswith(("subject.", "grant.number"))
        ]
        if titles:
            sections.append((section.title, titles))
    return sections


def _limits(item: Item, flow: Flow | None) -> list[Any]:
    """The terms of law that run on an application, each with its article; the item's own limit stands beside."""
    rules = dict.fromkeys(rule for state in (flow.states if flow else ()) for rule in state.clock_rules)
    return [
        terms.rule(rule)
        for rule in rules
        if terms.exists(rule) and rule != "Matter.decide" and (item.checklist or not rule.endswith(ON_SITE))
    ]
