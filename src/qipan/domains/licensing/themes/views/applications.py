"""Applying for a theme, as the applicant sees it: begun with the situation, one form, handed in once."""

import uuid as uuids
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from qipan.domains.licensing.asking import words_of
from qipan.domains.licensing.filling import Filled, Filling
from qipan.domains.licensing.themes import applying, asking, forming, measuring, planning
from qipan.domains.licensing.themes.drafting import ThemeDraft
from qipan.domains.licensing.themes.merging import Known, Merged
from qipan.domains.licensing.themes.models import ThemeCase
from qipan.domains.licensing.themes.views.guides import questions, theme_or_404, typed
from qipan.kernel.flow import queries as flow
from qipan.kernel.forms.validation import Result
from qipan.kernel.items import queries as items
from qipan.kernel.law.saying import said
from qipan.kernel.ledger.errors import Refused
from qipan.kernel.orgs.reader import Reader
from qipan.ui.access import business
from qipan.ui.sent import form_key


@business
def start(request: HttpRequest, code: str) -> HttpResponse:
    """Begin with a situation: for which business, then the form. An unfinished situation is asked again."""
    theme = theme_or_404(code)
    reader: Reader = request.reader  # type: ignore[attr-defined]
    result = asking.answered(theme, typed(theme, request.GET))
    parts = asking.chosen(theme, result.cleaned)
    if result.errors or not parts:
        empty = "" if result.errors else _("按照您的情况，没有需要办理的事项。")
        return _again(request, theme, result, empty)
    founding = forming.founding(parts)
    owned = [] if founding else applying.subjects_for(reader, parts)
    refusals: list[str] = []
    if request.method == "POST":
        choice = request.POST.get("choice", "")
        subject = next((one for one in owned if str(one.pk) == choice), None)
        try:
            row = applying.start(
                code,
                result.cleaned,
                uuid=form_key(request.POST.get("uuid", "")),
                reader=reader,
                subject=subject,
            )
            return redirect("theme_form", uuid=row.case.uuid)
        except Refused as refused:
            refusals = [str(refused)]
    context = {
        "theme": theme,
        "plan": planning.plan(theme, result.cleaned),
        "founding": founding,
        "owned": owned,
        "refusals": refusals,
        "uuid": uuids.uuid4(),
        "query": request.GET.urlencode(),
    }
    return render(request, "licensing/themes/start.html", context, status=422 if refusals else 200)


def _again(request: HttpRequest, theme: Any, result: Any, empty: str) -> HttpResponse:
    context = {
        "theme": theme,
        "questions": questions(theme, result.cleaned, result.errors, typed(theme, request.GET)),
        "plan": planning.plan(theme, result.cleaned),
        "errors": result.errors,
        "unanswered": bool(result.errors),
        "empty": empty,
        "usual": False,
    }
    return render(request, "licensing/themes/guide.html", context, status=422)


class ThemeFilling(Filling):
    """The one form of a theme."""

    template, page_name, draft_name = "licensing/themes/form.html", "theme_form", "theme_draft"
    row: ThemeCase
    draft: ThemeDraft

    def load(self) -> None:
        """The theme's application, where the reader may see it."""
        case = flow.case_for(self.reader, self.uuid)
        row = ThemeCase.objects.filter(pk=case.pk).first() if case is not None else None
        if case is None or row is None:
            raise Http404
        row.case = case
        self.row, self.draft = row, ThemeDraft(row, self.reader)

    def is_open(self) -> bool:
        """A draft, before the reader who may fill it in."""
        return self.row.case.state == "DRAFT" and applying.may_fill_in(self.row, self.reader)

    def save(self, filled: Filled, seen: int | None) -> Result:
        """Keep the answers."""
        return applying.save(self.row, filled.answers, self.reader, seen=seen, version=filled.version)

    def submit(self, key: str) -> None:
        """Hand the whole in."""
        applying.submit(self.row, self.reader, key=key)

    def context(self) -> dict[str, Any]:
        """What is not asked and why, the items, and what the one form spares."""
        row, merged = self.row, self.draft.merged
        theme = forming.theme_of(row)
        lacking = items.items_by_code(part.item for part in forming.parts_of(row)[1])
        return {
            "theme": theme,
            "known": [_known(one, merged, theme) for one in merged.known],
            "savings": measuring.savings(merged, len(asking.asked(theme, row.situation))),
            "items": [one.item for one in merged.nodes],
            "lacking": [one.name for one in lacking.values()],
            "submit": _("一次提交"),
        }


@business
def form(request: HttpRequest, uuid: uuids.UUID) -> HttpResponse:
    """The one form: fill in, save as a draft, hand in once."""
    return ThemeFilling(request, uuid).answer()


@business
def draft(request: HttpRequest, uuid: uuids.UUID) -> JsonResponse:
    """The draft of the one form saves itself."""
    return ThemeFilling(request, uuid).save_itself()


def _known(one: Known, merged: Merged, theme: Any) -> dict[str, str]:
    """One thing that is not asked, with its value and where that comes from, in words."""
    sources = {
        "LIBRARY": _("登记信息"),
        "LICENCE": _("电子证照"),
        "SITUATION": _("您刚才的回答"),
        "PART": _("由“%(item)s”产生") % {"item": said(merged.node(one.part).item.name)} if one.part else "",
    }
    field = next((each for each in theme.questions if each.code == one.question), None)
    words = said(words_of(field, one.value)) if one.value not in ("", None) else "—"
    return {"title": one.title, "value": words, "source": sources.get(one.place, "")}
