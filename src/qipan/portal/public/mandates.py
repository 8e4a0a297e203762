"""Powers of attorney on one's own pages: whom one's businesses authorise, and for whom one acts."""

import datetime
import uuid as uuids
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from qipan.kernel.documents.models import Document, DocumentState
from qipan.kernel.items import queries as items
from qipan.kernel.law.saying import said
from qipan.kernel.ledger.clock import today
from qipan.kernel.ledger.errors import Refused
from qipan.kernel.orgs.reader import Reader
from qipan.kernel.subjects import actions, mandates
from qipan.kernel.subjects import queries as subjects
from qipan.kernel.subjects.models import Act, Mandate, MandateState, Subject
from qipan.ui.access import business
from qipan.ui.sent import day, identifier

LINES = 4
MOST = 100


@business
def my_mandates(request: HttpRequest) -> HttpResponse:
    """Both sides: given by one's businesses, held by oneself."""
    reader: Reader = request.reader  # type: ignore[attr-defined]
    rows = list(
        Mandate.objects.visible_to(reader)
        .select_related("subject", "agent", "granted_by")
        .order_by("-id")[:MOST]
    )
    holding = set(mandates.standing().filter(pk__in=[row.pk for row in rows]).values_list("pk", flat=True))
    files = _files(rows)
    known = items.items_by_code({code for row in rows for code in row.items})
    own = {subject.pk for subject in represented(reader)}
    lines = [_line(row, reader, own, row.pk in holding, files.get(row.pk, ""), known) for row in rows]
    context = {
        "held": [line for line in lines if line["mine"]],
        "given": [line for line in lines if not line["mine"]],
        "may_give": bool(own),
        "refusals": [],
    }
    return render(request, "portal/mandates.html", context)


def _line(
    row: Mandate, reader: Reader, own: set[int], holds: bool, file: str, known: dict[str, Any]
) -> dict[str, Any]:
    running = row.state == MandateState.HELD
    state = str(row.get_state_display())
    if running and not holds:
        state = (
            _("尚未开始")
            if row.valid_from > today()
            else _("已到期")
            if row.valid_to < today()
            else _("已失效")
        )
    mine = row.agent_id == reader.user_id
    may_end = row.state in {MandateState.OFFERED, MandateState.HELD} and row.valid_to >= today()
    return {
        "row": row,
        "mine": mine,
        "state": state,
        "tone": "state-done" if holds else "state-wait" if row.state == MandateState.OFFERED else "",
        "acts": [str(Act(act).label) for act in row.acts],
        "items": [said(known[code].name) if code in known else code for code in row.items],
        "answerable": mine and row.state == MandateState.OFFERED,
        "endable": may_end
        and (row.state == MandateState.HELD or not mine)
        and (mine or row.subject_id in own),
        "file": file,
    }


def _files(rows: list[Mandate]) -> dict[int, str]:
    found = Document.objects.filter(
        record_kind="subjects.mandate", record_id__in=[row.pk for row in rows], state=DocumentState.ISSUED
    )
    return {document.record_id: reverse("document_file", args=[document.uuid]) for document in found}


def represented(reader: Reader) -> list[Subject]:
    """The businesses of which the reader is the legal representative today."""
    wanted = mandates.legal_representatives(reader.user_id or 0, today()).values_list("subject_id", flat=True)
    return list(subjects.own_subjects(reader).filter(pk__in=list(wanted)))


def chosen_of(owned: list[Subject], post: QueryDict) -> Subject:
    """The business that a form names among those that one represents. Refuses any other."""
    for subject in owned:
        if str(subject.pk) == post.get("subject"):
            return subject
    raise Refused(_("请选择由您担任法定代表人的主体。"), field="subject")


@business
def new_mandate(request: HttpRequest) -> HttpResponse:
    """Authorise somebody to act for one's business."""
    reader: Reader = request.reader  # type: ignore[attr-defined]
    owned = represented(reader)
    refused: Refused | None = None
    if request.method == "POST":
        post = request.POST
        try:
            actions.authorise(
                chosen_of(owned, post),
                reader,
                login=post.get("login", ""),
                acts=post.getlist("acts"),
                items_named=[text.split()[0] for text in _named(request)],
                valid_from=day(post.get("valid_from", ""), "valid_from"),
                valid_to=day(post.get("valid_to", ""), "valid_to"),
                uuid=identifier(post.get("uuid", "")),
            )
            messages.success(request, _("委托已发出，代理人确认后生效。"))
            return redirect("my_mandates")
        except Refused as refusal:
            refused = refusal
    context = {
        "owned": owned,
        "acts": Act.choices,
        "chosen": request.POST.getlist("acts") if request.method == "POST" else [Act.FILL, Act.SUBMIT],
        "posted": request.POST,
        "named": _lines(request),
        "choices": items.items_for_public() if owned else [],
        "uuid": request.POST.get("uuid") or uuids.uuid4(),
        "first": today(),
        "until": today() + datetime.timedelta(days=90),
        "latest": today() + datetime.timedelta(days=366),
        "refusals": [{"text": str(refused), "field": refused.field}] if refused else [],
    }
    return render(request, "portal/mandate_new.html", context, status=422 if refused else 200)


def _named(request: HttpRequest) -> list[str]:
    if request.POST.get("which") != "some":
        return []
    named = [text.strip() for text in request.POST.getlist("items") if text.strip()]
    if not named:
        raise Refused(_("请填写要委托的事项，或者选择全部事项。"), field="items")
    return named


def _lines(request: HttpRequest) -> list[str]:
    typed = request.POST.getlist("items") or [request.GET.get("item", "")]
    return [*typed, *[""] * LINES][: max(LINES, len(typed))]


@business
def mandate_act(request: HttpRequest, uuid: uuids.UUID) -> HttpResponse:
    """Take it on, decline it, end it."""
    reader: Reader = request.reader  # type: ignore[attr-defined]
    row = Mandate.objects.visible_to(reader).filter(uuid=uuid).first()
    if row is None or request.method != "POST":
        raise Http404
    act = request.POST.get("act", "")
    try:
        if act in {"accept", "decline"}:
            actions.answer_mandate(row, reader, accepts=act == "accept")
        elif act == "end":
            actions.end_mandate(row, reader, reason=request.POST.get("reason", ""))
        else:
            raise Http404
        messages.success(request, _("已办理。"))
    except Refused as refused:
        messages.error(request, str(refused))
    return redirect("my_mandates")
