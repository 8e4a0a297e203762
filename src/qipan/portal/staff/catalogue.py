"""The catalogues as officials read them: items, forms, materials … in force and to come, what uses what, new versions."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy

from qipan.kernel.forms.declaration import FormRow
from qipan.kernel.law.drafting import exporting, kinds, queries
from qipan.kernel.law.drafting.models import Draft
from qipan.kernel.ledger.clock import today
from qipan.kernel.orgs.roles import Role
from qipan.portal.staff import changes
from qipan.ui.access import staff

#: What the list of a kind shows beside name and code.
COLUMNS = {
    "items": ("line", "kind", "form", "table"),
    "materials": ("supplied_by",),
    "licence_kinds": ("nature", "years"),
}
HINTS = {
    "items": gettext_lazy("事项写明办理什么、依据、材料、期限，用哪张表单和决策表。"),
    "forms": gettext_lazy("表单写明问什么；多个事项可以共用一张表单。"),
}


def _kind(name: str) -> kinds.Draftable:
    try:
        return kinds.draftable(name)
    except LookupError:
        raise Http404 from None


@staff()
def row_list(request: HttpRequest, kind: str) -> HttpResponse:
    """Every row of a kind in force, those to come, and the drafts of one's units."""
    offered = _kind(kind)
    reader = request.reader  # type: ignore[attr-defined]
    text = request.GET.get("q", "").strip()[:60]
    rows = [one for one in queries.in_force(kind) if text.lower() in f"{one} {one.code}".lower()]
    context = {
        "kind": offered,
        "hint": HINTS.get(kind, ""),
        "text": text,
        "columns": [offered.labels[name] for name in COLUMNS.get(kind, ())],
        "rows": [_line(kind, one) for one in rows],
        "to_come": [_line(kind, one) for one in queries.to_come(kind)],
        "drafts": queries.drafts(reader, kind),
        "others": [
            {"title": one.title, "href": changes.list_of(one.name), "current": one.name == kind}
            for one in kinds.all_draftable()
        ],
        "may_draft": bool(reader.paths(Role.CATALOGUE_EDITOR)),
    }
    return render(request, "portal/catalogue.html", context)


def _line(kind: str, row: Any) -> dict[str, Any]:
    said = []
    for name in COLUMNS.get(kind, ()):
        shown = getattr(row, f"get_{name}_display", None)
        text = shown() if shown else changes.words(getattr(row, name))
        said.append({"title": kinds.draftable(kind).labels[name], "text": text})
    return {"row": row, "href": changes.page_of(kind, row.code), "says": said}


@staff()
def row_page(request: HttpRequest, kind: str, code: str) -> HttpResponse:
    """One row: what it says, what it uses and is used by, its versions; an editor starts the next one from here."""
    offered = _kind(kind)
    reader = request.reader  # type: ignore[attr-defined]
    known = queries.versions(kind, code)
    wanted = request.GET.get("version", "")
    chosen = next((one for one in known if one.valid_from.isoformat() == wanted), None) if wanted else None
    if chosen is None and not wanted and known:
        chosen = next((one for one in known if one.valid_from <= today()), known[0])
    if chosen is None:
        raise Http404
    body = offered.body(chosen)
    context = {
        "kind": offered,
        "list": changes.list_of(kind),
        "version": chosen,
        "versions": known,
        "in_force": chosen.valid_from <= today(),
        "facts": _facts(offered, body),
        "form": drawn_form(offered.written(chosen)) if kind == "forms" else None,
        "uses": [_use(one) for one in offered.uses(chosen)],
        "used_by": [_use(one) for one in offered.used_by(code)],
        "yaml": exporting.as_yaml(body),
        **begin_context(kind, code, reader),
    }
    return render(request, "portal/catalogue_row.html", context)


def begin_context(kind: str, code: str, reader: Any) -> dict[str, Any]:
    """What the part of a page needs that starts a new version of a row."""
    return {
        "row_kind": kind,
        "code": code,
        "drafts": Draft.objects.visible_to(reader).open().filter(kind=kind, code=code).order_by("valid_from"),
        "may_draft": bool(reader.paths(Role.CATALOGUE_EDITOR)),
        "earliest": today().isoformat(),
    }


def _facts(offered: kinds.Draftable, body: kinds.Row) -> list[tuple[Any, str]]:
    """What a row says of itself, part by part where it has parts."""
    first, *_parts = offered.parts(body, None)
    said = [(offered.labels.get(name, name), changes.words(value)) for name, value in first.says.items()]
    if offered.name in {"forms", "decision_tables"}:
        return said
    return said + [(changes.PARTS.get(one.key.partition(":")[0], ""), changes.summary(one)) for one in _parts]


def _use(one: kinds.Use) -> dict[str, Any]:
    return {
        "title": one.title,
        "code": one.code,
        "kind": kinds.draftable(one.kind).title,
        "href": changes.page_of(one.kind, one.code),
    }


def drawn_form(row: kinds.Row) -> list[dict[str, Any]]:
    """A form's sections with their fields, as the form's own renderer takes them, all empty."""
    form = FormRow.model_validate(row)
    return [
        {
            "title": section.title,
            "help": section.help,
            "repeats": section.repeat is not None,
            "fields": [{"field": field, "value": "", "error": "", "files": []} for field in section.fields],
        }
        for section in form.sections
    ]
