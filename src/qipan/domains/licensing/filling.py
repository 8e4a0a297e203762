"""Filling in an application: the form, the draft that saves itself, and what happened meanwhile."""

import datetime
import uuid as uuids
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from qipan.domains.licensing import actions, drafting, origins
from qipan.domains.licensing.asking import form_of
from qipan.domains.licensing.elicences import calling, offering
from qipan.domains.licensing.elicences.models import Offering
from qipan.domains.licensing.models import Application
from qipan.kernel.forms import queries as forms
from qipan.kernel.items import queries as items
from qipan.kernel.ledger.errors import Refused
from qipan.kernel.orgs import queries as orgs
from qipan.kernel.orgs.reader import Reader
from qipan.ui import declared
from qipan.ui.access import business

OPEN = {"DRAFT", "CORRECTION"}


def _own(request: HttpRequest, uuid: uuids.UUID) -> Application:
    reader = request.reader  # type: ignore[attr-defined]
    row = (
        Application.objects.visible_to(reader)
        .select_related("case__subject", "grant", "premises", "contact", "manager")
        .filter(case__uuid=uuid)
        .first()
    )
    if row is None:
        raise Http404
    return row


class Filled:
    """What a page sent: the answers by the version of the form that the page showed, and what it had seen."""

    def __init__(self, request: HttpRequest, row: Application) -> None:
        post = request.POST
        self.version = _day(post.get("form_version", ""))
        self.form = drafting.filled_in_by(row, self.version) or form_of(row)
        self.answers = declared.typed(post, self.form, row.known)
        revision = post.get("revision", "")
        self.seen = int(revision) if revision.isdecimal() and len(revision) < 9 else None
        #: Fields that two people filled in, by what the second chose: `mine`, `theirs`, or nothing yet.
        self.chosen = {code: post.get(f"choose.{code}", "") for code in post.getlist("clash")}

    def settle(self, row: Application) -> list[str]:
        """Take what another person saved where that was chosen; the fields where nothing was chosen yet."""
        theirs = {**row.answers, **drafting.people_of(row)}
        for code, choice in self.chosen.items():
            if choice == "theirs":
                self.answers[code] = theirs.get(code)
        return [code for code, choice in self.chosen.items() if choice not in {"mine", "theirs"}]


def _day(text: str) -> datetime.date | None:
    try:
        return datetime.date.fromisoformat(text)
    except ValueError:
        return None


@business
def apply_form(request: HttpRequest, uuid: uuids.UUID) -> HttpResponse:
    """Fill in, save as a draft, hand in. What was typed stays, whatever happens."""
    row = _own(request, uuid)
    reader = request.reader  # type: ignore[attr-defined]
    if row.case.state not in OPEN or not actions.may_fill_in(row, reader):
        return redirect("my_case", uuid=row.case.uuid)
    if request.method != "POST":
        return _page(request, row)
    filled, act = Filled(request, row), request.POST.get("act", "")
    if act.startswith(("add:", "remove:")):
        return _page(request, row, typed=_rows_changed(filled, act))
    undecided = filled.settle(row)
    errors: dict[str, str] = {}
    general: list[str] = []
    try:
        found = _clashes(row, filled, undecided)
        if found:
            return _page(request, row, typed=filled.answers, clashes=found)
        news = drafting.news(row, filled.version)
        result = actions.save(row, filled.answers, reader, seen=row.revision, version=filled.version)
        errors = result.errors
        row = _own(request, uuid)
        if news:
            return _page(request, row, news=news, errors=errors)
        if act == "save" and not errors:
            messages.success(request, _("草稿已保存，可以随时回来继续。"))
            return redirect("apply_form", uuid=uuid)
        if not errors:
            actions.submit(row, reader, key=request.POST.get("key", ""))
            return redirect("my_case", uuid=row.case.uuid)
    except Refused as refused:
        errors, general = told_of(refused)
        row = _own(request, uuid)  # as it is kept, not as the refused act left it in memory
    return _page(request, row, typed=filled.answers, errors=errors, general=general)


@business
def apply_draft(request: HttpRequest, uuid: uuids.UUID) -> JsonResponse:
    """Keeps what is filled in so far: {"saved": "10:32", "revision": 3, "errors": {…}}.

    409 where another person saved meanwhile or a new version of the form holds; the page then shows both.
    """
    row = _own(request, uuid)
    if request.method != "POST":
        raise Http404
    reader = request.reader  # type: ignore[attr-defined]
    filled = Filled(request, row)
    if drafting.news(row, filled.version):
        text = _("表单有了新的版本，请点“保存草稿”查看变化；您填写的内容没有丢失。")
        return JsonResponse({"error": text, "stale": True}, status=409)
    try:
        filled.settle(row)
        result = actions.save(row, filled.answers, reader, seen=filled.seen, version=filled.version)
    except Refused as refused:
        stale = refused.code == "stale"
        text = (
            _("%(who)s刚才保存过这份草稿，请点“保存草稿”核对。") % {"who": _who(row)}
            if stale
            else str(refused)
        )
        return JsonResponse({"error": text, "stale": stale}, status=409 if stale else 422)
    row.refresh_from_db()
    at = timezone.localtime(row.saved_at or timezone.now())
    errors = declared.placed(filled.form, result.errors)
    return JsonResponse({"saved": at.strftime("%H:%M"), "revision": row.revision, "errors": errors})


def _clashes(row: Application, filled: Filled, undecided: list[str]) -> list[drafting.Clash]:
    """The fields between which the second of two people still has to choose."""
    if filled.seen is None:
        return []
    if filled.seen != row.revision:
        return drafting.clashes(row, filled.answers, filled.seen)
    return [one for one in drafting.clashes(row, filled.answers, -1) if one.code in undecided]


def _rows_changed(filled: Filled, act: str) -> dict[str, Any]:
    """The answers with an empty row more, or a row less: for browsers without scripts."""
    verb, _sign, rest = act.partition(":")
    code, _sign, number = rest.partition(":")
    rows = filled.answers.get(code)
    if isinstance(rows, list):
        if verb == "add":
            filled.answers[code] = [*rows, {}]
        elif number.isdecimal():
            filled.answers[code] = [row for place, row in enumerate(rows) if place != int(number)]
    return filled.answers


def _page(
    request: HttpRequest,
    row: Application,
    *,
    typed: dict[str, Any] | None = None,
    errors: dict[str, str] | None = None,
    general: list[str] | None = None,
    clashes: list[drafting.Clash] | None = None,
    news: list[Any] | None = None,
) -> HttpResponse:
    reader = request.reader  # type: ignore[attr-defined]
    form = form_of(row)
    told = declared.placed(form, errors or {})
    fresh = typed is None and not news
    if news is None:
        news = drafting.news(row, row.form_version)
    own = drafting.people_of(row)
    kept, _beside = drafting.carry_over(row, row.answers, row.form_version)
    values = {**kept, **own, **(typed or {})}
    context = {
        "row": row,
        "item": items.item(row.item_code),
        "form": form,
        "sections": declared.sections(
            form,
            values,
            told,
            known=row.known,
            files=lambda code, tokens: files_of(tokens, row.answers.get(code) or [], reader),
            sources=origins.of_account(row, own) if not row.revision else {},
        ),
        "known": origins.of_known(row, form),
        "supplied": calling.supplied(row),
        "offers": offering.used(row, Offering.LINKED, Offering.PAPER),
        "declaration": forms.as_json(form, row.known),
        "errors": told,
        "general": general or [],
        "clashes": clashes or [],
        "other": _who(row) if clashes else "",
        "news": news,
        "news_seen": not fresh,
        "key": uuids.uuid4().hex,
        "saved_at": row.saved_at,
        "keep_uploads": f"apply-{row.case.uuid}",
    }
    status = 409 if clashes or (news and not fresh) else 422 if told or general else 200
    return render(request, "licensing/form.html", context, status=status)


def _who(row: Application) -> str:
    names = orgs.labels([row.saved_by] if row.saved_by else [])
    return names.get(row.saved_by or 0, "") or _("另一位经办人")


def told_of(refused: Refused) -> tuple[dict[str, str], list[str]]:
    """A refusal as messages at their fields, and those that belong to no field."""
    fields, general = {}, []
    rows = refused.details.get("refusals") or [{"message": str(refused), "field": refused.field}]
    for row in rows:
        if row.get("field"):
            fields[str(row["field"])] = str(row["message"])
        else:
            general.append(str(row["message"]))
    return fields, general


def files_of(tokens: list[str], kept: list[str], reader: Reader) -> list[dict[str, str]]:
    """The names of the files that the application has or that the reader uploaded; of others not even the name."""
    from qipan.kernel.evidence.actions import _by_token

    found = []
    for token in tokens:
        try:
            file = _by_token(token)
        except Refused:
            continue
        if token in kept or (reader.user_id is not None and file.stored_by == reader.user_id):
            found.append({"name": file.name, "uuid": str(token)})
    return found
