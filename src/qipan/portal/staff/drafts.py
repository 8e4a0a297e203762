"""Drafts of catalogue rows: started from a version or from pasted YAML, compared, tried, released by a second person."""

import datetime
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from qipan.kernel.flow.models import Case
from qipan.kernel.law.drafting import actions, exporting, kinds, queries
from qipan.kernel.law.drafting.models import Draft, Trial
from qipan.kernel.ledger.clock import today
from qipan.kernel.ledger.errors import Refused
from qipan.kernel.orgs import queries as orgs
from qipan.kernel.orgs.reader import Reader
from qipan.kernel.orgs.roles import Role
from qipan.portal.staff import changes, form_designer, row_designer, table_designer
from qipan.ui.access import staff
from qipan.ui.sent import whole

MOST_BYTES = 2_000_000
HOW_MANY = (100, 500, 2000, 5000)
#: Kinds with a designer of their own; the others' properties are typed one by one.
EDITORS: dict[str, Any] = {"forms": form_designer, "decision_tables": table_designer}
#: Kinds of records whose number is that of a case.
OF_CASES = {"flow.case", "licensing.application"}


def day_of(text: str) -> datetime.date:
    """A day that was typed in. Raises Refused."""
    try:
        return datetime.date.fromisoformat(text.strip())
    except ValueError:
        raise Refused(_("请填写生效日期，例如 2027-01-01。"), field="valid_from") from None


@staff(Role.CATALOGUE_EDITOR, Role.CATALOGUE_RELEASER)
def draft_list(request: HttpRequest) -> HttpResponse:
    """The drafts of one's units; an editor starts new ones from a catalogue file that is pasted or sent."""
    reader = request.reader  # type: ignore[attr-defined]
    text, errors = request.POST.get("text", ""), {}
    if request.method == "POST":
        try:
            name, text = _sent(request, text)
            made = actions.begin_rows(text, reader=reader, file_name=name)
            messages.success(request, _("已保存 %(count)d 份草稿，等待另一人发布。") % {"count": len(made)})
            return redirect("draft", pk=made[0].pk) if len(made) == 1 else redirect("drafts")
        except Refused as refused:
            errors = {"text": str(refused)}
    context = {
        "drafts": queries.drafts(reader),
        "kinds": {one.name: one.title for one in kinds.all_draftable()},
        "may_draft": bool(reader.paths(Role.CATALOGUE_EDITOR)),
        "text": text,
        "errors": errors,
    }
    return render(request, "portal/drafts.html", context, status=422 if errors else 200)


def _sent(request: HttpRequest, text: str) -> tuple[str, str]:
    """The name and the text of what was sent. Raises Refused."""
    file = request.FILES.get("file")
    if file is None:
        if not text.strip():
            raise Refused(_("请粘贴内容，或者选择一个 YAML 文件。"), field="text")
        return "", text
    if file.size > MOST_BYTES:
        raise Refused(_("内容超过 2 MB，请分几次提交。"), field="text")
    try:
        return file.name or "", file.read().decode("utf-8")
    except UnicodeDecodeError:
        raise Refused(_("文件不是 UTF-8 编码的文本，请另存为 UTF-8 再上传。"), field="text") from None


@staff(Role.CATALOGUE_EDITOR)
def begin(request: HttpRequest, kind: str, code: str) -> HttpResponse:
    """Start a draft of the next version of a row, or of a new row that begins like it."""
    if request.method != "POST":
        raise Http404
    _known(kind)
    back = changes.page_of(kind, code)
    try:
        day = day_of(request.POST.get("valid_from", ""))
        new, body = request.POST.get("new_code", "").strip(), None
        if new:
            body = _sample(kind, code, request.POST.get("version", ""))
        draft = actions.begin(kind, new or code, day, reader=request.reader, body=body)  # type: ignore[attr-defined]
    except Refused as refused:
        messages.error(request, str(refused))
        known = refused.details.get("draft")
        if known and queries.draft(known, request.reader) is not None:  # type: ignore[attr-defined]
            return redirect("draft", pk=known)
        return redirect(back)
    messages.success(request, _("草稿已建立，改动即时保存。"))
    return redirect("draft", pk=draft.pk)


def _sample(kind: str, code: str, version: str) -> kinds.Row:
    """The content of a version, for a new row that begins like it."""
    found = next((one for one in queries.versions(kind, code) if one.valid_from.isoformat() == version), None)
    if found is None:
        raise Http404
    return kinds.draftable(kind).body(found)


def _known(kind: str) -> kinds.Draftable:
    try:
        return kinds.draftable(kind)
    except LookupError:
        raise Http404 from None


@staff()
def row_file(request: HttpRequest, kind: str, code: str) -> HttpResponse:
    """A version of a row as a catalogue file that `./qipan load catalogues` takes again."""
    offered = _known(kind)
    rows = queries.versions(kind, code)
    wanted = request.GET.get("version", "")
    chosen = [one for one in rows if wanted in ("", "all", one.valid_from.isoformat())]
    if not chosen:
        raise Http404
    chosen = chosen if wanted == "all" else chosen[:1]
    text = exporting.file_of(kind, [offered.written(one) for one in reversed(chosen)])
    return HttpResponse(
        text,
        content_type="application/yaml; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{kind}-{code}.yaml"'},
    )


@staff(Role.CATALOGUE_EDITOR, Role.CATALOGUE_RELEASER)
def draft_page(request: HttpRequest, pk: int) -> HttpResponse:
    """A draft beside what it replaces: changed, tried, released (by another person) or put aside."""
    reader = request.reader  # type: ignore[attr-defined]
    draft = queries.draft(pk, reader)
    if draft is None:
        raise Http404
    told: dict[str, Any] = {}
    if request.method == "POST" and request.POST.get("act") == "preview":
        told = _previewed(request, draft)
    elif request.method == "POST":
        try:
            gone = _done(request, draft, reader)
            if gone is not None:
                return gone
        except Refused as refused:
            told = _refused(request, refused)
        draft = queries.draft(pk, reader)
        assert draft is not None
    context = _context(draft, reader, told)
    editor = EDITORS.get(draft.kind, row_designer)
    if context["is_open"]:
        context |= {
            "editor": editor.TEMPLATE,
            "editor_told": told.get("editor", ""),
            "designer": editor.context(draft, told.get("body", draft.body), request, told),
        }
    wrong = told.get("refusal") or told.get("editor") or told.get("errors")
    return render(request, "portal/draft.html", context, status=422 if wrong else 200)


def _refused(request: HttpRequest, refused: Refused) -> dict[str, Any]:
    """What the page says of a refusal: at the designer's own place where it is one of its steps."""
    sent = request.POST
    if sent.get("act") == "design" and refused.code != "stale":
        told: dict[str, Any] = {"typed": sent, "place": refused.details.get("place")}
        if sent.get("step") == "field" and refused.field and refused.field != "text":
            return told | {"errors": {refused.field: str(refused)}}
        if sent.get("step") == "row" and (name := _property(refused)):
            return told | {"errors": {name: str(refused)}}
        return told | {"editor": str(refused)}
    told = {"refusal": str(refused), "field": refused.field, "text": sent.get("text")}
    return told | ({"typed": sent} if sent.get("act") == "design" else {})


def _property(refused: Refused) -> str:
    """The property of a row that a refusal speaks of."""
    place = refused.details.get("place") or [refused.field]
    return str(place[0]) if place and place[0] not in ("text", "") else ""


def _previewed(request: HttpRequest, draft: Draft) -> dict[str, Any]:
    """The draft with what is being typed, not kept; what is wrong with it so far is told at its place."""
    editor = EDITORS.get(draft.kind, row_designer)
    told: dict[str, Any] = {"typed": request.POST}
    try:
        body, _where = editor.changed(draft.body, request.POST, draft.kind)
        actions.checked(draft.kind, draft.code, draft.valid_from, body)
    except Refused as refused:
        name = refused.field if refused.field not in ("", "text") else "title"
        return told | {"errors": {name: str(refused)}}
    return told | {"body": body}


def _done(request: HttpRequest, draft: Draft, reader: Reader) -> HttpResponse | None:
    """Do what was asked; an answer where the page is left. Raises Refused."""
    act, sent = request.POST.get("act", ""), request.POST
    if act == "release":
        version = actions.release(draft.pk, reader=reader)
        messages.success(
            request,
            _("已发布，自 %(day)s 起生效。") % {"day": version.valid_from.isoformat()},  # type: ignore[attr-defined]
        )
        return redirect(changes.page_of(draft.kind, draft.code))
    if act == "withdraw":
        actions.withdraw(draft.pk, reader=reader, reason=sent.get("reason", ""))
        messages.success(request, _("草稿已撤回。"))
        return redirect("drafts")
    if act == "trial":
        actions.ask_trial(draft.pk, reader=reader, most=whole(sent.get("most", "")) or 0)
    elif act == "rebase":
        _draft, conflicts = actions.rebase(draft.pk, reader=reader)
        text = _("已经以新版为底。")
        if conflicts:
            text += _("两边都改过、保留草稿写法的有：%(places)s。") % {"places": "；".join(conflicts)}
        messages.success(request, text)
    elif act == "date":
        day = day_of(sent.get("valid_from", ""))
        actions.change(draft.pk, draft.body, reader=reader, act=act, valid_from=day, revision=_revision(sent))
    elif act == "design":
        body, where = EDITORS.get(draft.kind, row_designer).changed(draft.body, sent, draft.kind)
        actions.change(draft.pk, body, reader=reader, act=sent.get("step", "")[:30], revision=_revision(sent))
        return redirect(reverse("draft", args=[draft.pk]) + where)
    elif act == "yaml":
        body = _typed(sent.get("text", ""), draft)
        actions.change(draft.pk, body, reader=reader, act=act, revision=_revision(sent))
    else:
        raise Refused(_("没有这一步。"))
    return redirect("draft", pk=draft.pk)


def _revision(sent: Any) -> int | None:
    return whole(sent.get("revision", ""))


def _typed(text: str, draft: Draft) -> dict[str, Any]:
    """The body that was typed as YAML. Raises Refused."""
    rows = exporting.rows_of(text)
    kind, row = rows[0]
    day = row["valid_from"]
    if len(rows) != 1 or (kind, row["code"], day) != (draft.kind, draft.code, draft.valid_from.isoformat()):
        raise Refused(
            _("这里只改 %(code)s 自 %(day)s 起的一条；类型、代码和日期保持不变。")
            % {"code": draft.code, "day": draft.valid_from},
            field="text",
        )
    return kinds.without_key(row)


def _context(draft: Draft, reader: Reader, told: dict[str, Any]) -> dict[str, Any]:
    offered = kinds.draftable(draft.kind)
    people = orgs.labels([pk for pk in (*draft.editors, draft.closed_by) if pk])
    is_open = draft.state == Draft.State.OPEN
    trial = queries.trial_of(draft)
    row = {"code": draft.code, "valid_from": draft.valid_from.isoformat(), **draft.body}
    found = queries.problems(draft) if is_open else []
    return {
        "draft": draft,
        "kind": offered,
        "page": changes.page_of(draft.kind, draft.code),
        "is_open": is_open,
        "editors": "、".join(people.get(pk, "") for pk in draft.editors),
        "closer": people.get(draft.closed_by or 0, ""),
        "own": reader.user_id in draft.editors,
        "may_release": is_open and queries.may_release(reader),
        "may_edit": is_open and reader.may(Role.CATALOGUE_EDITOR, draft.org_path),
        "problems": found,
        "before": queries.version_before(draft.kind, draft.code, draft.valid_from),
        "after": queries.version_after(draft.kind, draft.code, draft.valid_from),
        "changes": changes.drawn(draft.kind, queries.changes_of(draft)) if is_open else [],
        "meanwhile": changes.drawn(draft.kind, queries.changes_meanwhile(draft)) if is_open else [],
        "has_trial": kinds.runner(draft.kind) is not None,
        "trial": trial,
        "trial_lines": _lines(trial, reader) if trial else None,
        "how_many": HOW_MANY,
        "yaml": told.get("text") or exporting.file_of(draft.kind, [row]),
        "earliest": today().isoformat(),
        "told": told,
    }


def _lines(trial: Trial, reader: Reader) -> dict[str, Any]:
    """The records that something changes for, as far as the reader may see them; the number of the others."""
    numbers = [one["record_id"] for one in trial.lines if one["record_kind"] in OF_CASES]
    cases = {one.pk: one for one in Case.objects.visible_to(reader).filter(pk__in=numbers)}
    seen = [
        {"case": cases[one["record_id"]], "effects": one["effects"]}
        for one in trial.lines
        if one["record_kind"] in OF_CASES and one["record_id"] in cases
    ]
    return {"seen": seen, "hidden": len(trial.lines) - len(seen), "more": trial.affected - len(trial.lines)}
