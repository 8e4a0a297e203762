"""The hall of themes and the guide of each, for everybody: what a situation needs, in which order, and what it spares."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.utils.translation import gettext as _

from qipan.domains.licensing.themes import asking, measuring, planning, queries
from qipan.domains.licensing.themes.declaration import Question, ThemeRow
from qipan.kernel.items import queries as items
from qipan.kernel.law import terms
from qipan.kernel.law.saying import said
from qipan.ui.access import public, staff


def group_titles() -> dict[str, str]:
    """The groups of themes in words."""
    return {
        "FOOD": _("食品经营和生产"),
        "HEALTH": _("医药健康"),
        "CULTURE": _("文旅、体育和教育"),
        "TRADE": _("商贸和服务"),
        "BUSINESS": _("企业全周期"),
    }


def typed(theme: ThemeRow, posted: QueryDict) -> dict[str, Any]:
    """The situation as it was typed in."""
    return {
        question.code: posted.getlist(question.code)
        if question.kind == "multi"
        else posted.get(question.code, "")
        for question in theme.questions
        if question.code in posted
    }


def theme_or_404(code: str) -> ThemeRow:
    """The theme of an address."""
    found = queries.theme(code)
    if found is None:
        raise Http404
    return found


@public
def hall(request: HttpRequest) -> HttpResponse:
    """The themes, found by words."""
    words = request.GET.get("q", "").replace("\x00", "").strip()[:60]
    every, found = queries.themes(), queries.find(words)
    groups = [
        {
            "title": title,
            "themes": [
                {"theme": theme, "count": len(asking.chosen(theme, theme.usual))}
                for theme in found
                if theme.group == code
            ],
        }
        for code, title in group_titles().items()
    ]
    context = {
        "words": words,
        "groups": [one for one in groups if one["themes"]],
        "total": len(found),
        "every": len(every),
    }
    return render(request, "licensing/themes/hall.html", context)


@public
def guide(request: HttpRequest, code: str) -> HttpResponse:
    """The guide of one theme; answers to its questions change it at once."""
    theme = theme_or_404(code)
    given = typed(theme, request.GET)
    usual = "asked" not in request.GET
    result = asking.answered(theme, theme.usual if usual else given, draft=True)
    situation = result.cleaned
    shown = planning.plan(theme, situation)
    context = {
        "theme": theme,
        "usual": usual,
        "unanswered": bool(asking.answered(theme, theme.usual if usual else given).errors),
        "questions": questions(theme, {} if usual else situation, result.errors, given),
        "plan": shown,
        "joint": terms.rule("Licence42.joint"),
        "group": group_titles()[theme.group],
    }
    return render(request, "licensing/themes/guide.html", context)


def questions(
    theme: ThemeRow, situation: dict[str, Any], errors: dict[str, str], given: dict[str, Any]
) -> list[dict[str, Any]]:
    """The questions of a situation with what each answer adds and drops, in words; a wrong answer as it was `given`."""
    found = items.items_by_code(part.item for part in theme.parts)
    names = {part.code: said(found[part.item].name) for part in theme.parts if part.item in found}
    return [
        {
            "field": question,
            "value": (given if question.code in errors else situation).get(question.code, ""),
            "error": errors.get(question.code, ""),
            "options": [
                {
                    "code": effect.code,
                    "title": effect.title,
                    "current": effect.current,
                    "adds": [names[one] for one in effect.adds if one in names],
                    "drops": [names[one] for one in effect.drops if one in names],
                }
                for effect in _effects(theme, situation, question)
            ],
        }
        for question in asking.asked(theme, situation)
    ]


def _effects(theme: ThemeRow, situation: dict[str, Any], question: Question) -> list[asking.Effect]:
    return [] if question.kind == "number" else asking.effects(theme, situation, question)


@staff()
def table(request: HttpRequest) -> HttpResponse:
    """All themes with what each spares, computed from the declarations, and what was spared in the reader's units."""
    rows: list[dict[str, Any]] = []
    done = measuring.done(request.reader)  # type: ignore[attr-defined]
    for theme in queries.themes():
        shown = planning.plan(theme, asking.answered(theme, theme.usual).cleaned)
        row = {"theme": theme, "plan": shown, "savings": shown.savings}
        rows.append({**row, "done": done.get(theme.code, measuring.Done())})
    total = {
        name: sum(getattr(row["savings"], name) for row in rows)
        for name in (
            "parts",
            "fields_apart",
            "fields_merged",
            "questions",
            "fields_saved",
            "materials_apart",
            "materials_merged",
            "materials_saved",
        )
    }
    in_all = {
        name: sum(getattr(row["done"], name) for row in rows) for name in ("cases", "fields", "materials")
    }
    return render(request, "licensing/themes/table.html", {"rows": rows, "total": total, "in_all": in_all})
