"""Applying for a theme, as the applicant sees it: begun with the situation, one form, handed in once."""

import uuid as uuids
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from qipan.domains.licensing.asking import words_of
from qipan.domains.licensing.filling import files_of, told_of
from qipan.domains.licensing.models import FOLLOWING, Kind
from qipan.domains.licensing.themes import applying, asking, measuring, planning
from qipan.domains.licensing.themes.merging import Known, Merged
from qipan.domains.licensing.themes.models import Release, ThemeCase
from qipan.domains.licensing.themes.views.guides import questions, theme_or_404, typed
from qipan.kernel.flow import queries as flow
from qipan.kernel.forms import queries as forms
from qipan.kernel.items import queries as items
from qipan.kernel.ledger.errors import Refused
from qipan.kernel.orgs.reader import Reader
from qipan.kernel.subjects import mandates
from qipan.kernel.subjects.models import Act
from qipan.ui import declared
from qipan.ui.access import business


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
    founding = applying.founding(parts)
    owned = [] if founding else list(mandates.subjects_for(reader, item=""))
    refusals: list[str] = []
    if request.method == "POST":
        choice = request.POST.get("choice", "")
        subject = next((one for one in owned if str(one.pk) == choice), None)
        try:
            row = applying.start(
                code,
                result.cleaned,
                uuid=_uuid(request.POST.get("uuid", "")),
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
        "questions": questions(theme, result.cleaned, result.errors),
        "plan": planning.plan(theme, result.cleaned),
        "errors": result.errors,
        "empty": empty,
        "usual": False,
    }
    return render(request, "licensing/themes/guide.html", context, status=422)


def _uuid(text: str) -> uuids.UUID:
    try:
        return uuids.UUID(text)
    except ValueError:
        return uuids.uuid4()


def _own(request: HttpRequest, uuid: uuids.UUID) -> ThemeCase:
    case = flow.case_for(request.reader, uuid)  # type: ignore[attr-defined]
    row = ThemeCase.objects.filter(pk=case.pk).first() if case is not None else None
    if case is None or row is None:
        raise Http404
    row.case = case
    return row


@business
def form(request: HttpRequest, uuid: uuids.UUID) -> HttpResponse:
    """The one form: fill in, save as a draft, hand in once. What was typed stays, whatever happens."""
    row = _own(request, uuid)
    reader: Reader = request.reader  # type: ignore[attr-defined]
    case = row.case
    may = mandates.may_act(
        reader, Act.FILL, case=case.pk, subject_id=case.subject_id, opened_by=case.opened_by
    )
    if case.state != "DRAFT" or not may:
        return redirect("my_case", uuid=uuid)
    errors: dict[str, str] = {}
    general: list[str] = []
    answers: dict[str, Any] | None = None
    if request.method == "POST":
        answers = declared.typed(request.POST, applying.merged_of(row).form)
        try:
            result = applying.save(
                row,
                answers,
                reader,
                release=request.POST.get("release", ""),
                grants=_grants(request),
                held=request.POST.get("held", ""),
            )
            errors = result.errors
            row = _own(request, uuid)
            if request.POST.get("act") != "submit" and not errors:
                messages.success(request, _("草稿已保存，可以随时回来继续。"))
                return redirect("theme_form", uuid=uuid)
            if not errors:
                applying.submit(row, reader, key=request.POST.get("key", ""))
                return redirect("my_case", uuid=uuid)
        except Refused as refused:
            errors, general = told_of(refused)
            row = _own(request, uuid)
    return _form_page(request, row, reader, errors, general, answers)


def _form_page(
    request: HttpRequest,
    row: ThemeCase,
    reader: Reader,
    errors: dict[str, str],
    general: list[str],
    answers: dict[str, Any] | None,
) -> HttpResponse:
    merged = applying.merged_of(row)
    theme = applying.theme_of(row)
    values = {**row.answers, **_people(row), **(answers or {})}
    errors = declared.placed(merged.form, errors)
    context = {
        "row": row,
        "theme": theme,
        "form": merged.form,
        "sections": declared.sections(
            merged.form,
            values,
            errors,
            files=lambda code, tokens: files_of(tokens, row.answers.get(code) or [], reader),
        ),
        "keep_uploads": f"apply-{row.case.uuid}",
        "known": [_known(one, merged, theme) for one in merged.known],
        "declaration": forms.as_json(merged.form),
        "errors": errors,
        "general": general,
        "key": uuids.uuid4().hex,
        "draft_version": applying.draft_version(row),
        "releases": Release.choices,
        "choices": _choices(row, reader),
        "savings": measuring.savings(merged, len(asking.asked(theme, row.situation))),
        "items": [one.item for one in merged.nodes],
        "lacking": [
            one.name for one in items.items_by_code(p.item for p in applying.parts_of(row)[1]).values()
        ],
    }
    status = 422 if errors or general else 200
    return render(request, "licensing/themes/form.html", context, status=status)


def _grants(request: HttpRequest) -> dict[str, int]:
    return {
        name.removeprefix("grant-"): int(value)
        for name, value in request.POST.items()
        if name.startswith("grant-") and value.isdigit()
    }


def _choices(row: ThemeCase, reader: Reader) -> list[dict[str, Any]]:
    """Where the business holds several licences that an item can be about: which one."""
    subject = row.case.subject
    if subject is None:
        return []
    found = []
    for part in applying.parts_of(row)[0]:
        item = items.item(part.item)
        if item is None or Kind(item.handling) not in FOLLOWING:
            continue
        held = applying.grants_for(item, subject, reader)
        if len(held) > 1:
            found.append(
                {"part": part.code, "item": item, "grants": held, "chosen": row.grants.get(part.code)}
            )
    return found


def _people(row: ThemeCase) -> dict[str, str]:
    """The applicant's own people in clear, to be seen and corrected by the one who typed them."""
    values = {}
    for each in row.people.select_related("person"):
        if not each.person.forgotten_at:
            clear = each.person.clear(["name", "phone"])
            values |= {f"{each.role}_name": clear["name"], f"{each.role}_phone": clear["phone"]}
    return values


def _known(one: Known, merged: Merged, theme: Any) -> dict[str, str]:
    """One thing that is not asked, with its value and where that comes from, in words."""
    sources = {
        "LIBRARY": _("登记信息"),
        "LICENCE": _("电子证照"),
        "SITUATION": _("您刚才的回答"),
        "PART": _("由“%(item)s”产生") % {"item": merged.node(one.part).item.name} if one.part else "",
    }
    field = next((each for each in theme.questions if each.code == one.question), None)
    words = words_of(field, one.value) if one.value not in ("", None) else "—"
    return {"title": one.title, "value": words, "source": sources.get(one.place, "")}
