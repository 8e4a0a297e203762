"""Rating on one's own page or by the code on a paper, the heads' page of follow-ups, and the published counts."""

import uuid as uuids
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from qipan.domains.licensing.evaluation import actions, queries
from qipan.domains.licensing.evaluation.models import (
    HEADS,
    Channel,
    Evaluation,
    Finding,
    FollowUp,
    Level,
    Tag,
)
from qipan.domains.licensing.models import Application
from qipan.kernel.accounts import limits
from qipan.kernel.accounts.queries import masked
from qipan.kernel.law import terms
from qipan.kernel.ledger.actor import Actor
from qipan.kernel.ledger.errors import Refused
from qipan.kernel.orgs.reader import Reader
from qipan.kernel.subjects import mandates
from qipan.ui.access import business, public, staff
from qipan.ui.refusals import told, tried
from qipan.ui.signin.address import client_address

BY_CODE = limits.Rate(30, 600)


@business
def my_evaluation(request: HttpRequest, uuid: uuids.UUID) -> HttpResponse:
    """Rate one's own ended case, add to it, say whether an answer resolved it."""
    reader = request.reader  # type: ignore[attr-defined]
    row = queries.application_for(reader, uuid)
    if row is None or not actions.rateable(row):
        raise Http404
    actor = mandates.acting(reader, "", case=row.pk, subject_id=row.case.subject_id)
    return _rating(request, row, actor, Channel.WEB, reverse("my_case", args=[uuid]))


@public
def rate_by_code(request: HttpRequest, code: str = "") -> HttpResponse:
    """The same without an account, by the verification code on a paper of the case."""
    wanted = code or request.GET.get("code", "")
    if not limits.take(f"rate:ip:{client_address(request)}", BY_CODE):
        return render(request, "licensing/rate_code.html", {"busy": True}, status=429)
    row = queries.application_by_code(wanted) if wanted else None
    if row is None or not actions.rateable(row):
        context = {"wanted": wanted[:40], "unknown": bool(wanted)}
        return render(request, "licensing/rate_code.html", context, status=404 if wanted else 200)
    if not code:
        return redirect("rate", code=wanted.strip().upper())
    return _rating(request, row, Actor("public"), Channel.CODE, "")


def _rating(
    request: HttpRequest, row: Application, actor: Actor, channel: Channel, back: str
) -> HttpResponse:
    known = queries.evaluation_of(row)
    refused: Refused | None = None
    if request.method == "POST":
        try:
            known = _act(request, row, known, actor, channel)
            messages.success(request, _("谢谢，已经记下。"))
            return redirect(request.path)
        except Refused as refusal:
            refused = refusal
    mine = known is not None and (known.rated_by == actor.user_id or known.rated_by is None)
    context = {
        "row": row,
        "back": back,
        "known": known,
        "mine": mine,
        "rule": terms.rule(actions.HANDLE),
        "follow_ups": queries.follow_ups_of(known) if known else [],
        "levels": Level.choices,
        "tags": Tag.choices,
        "posted": request.POST,
        "chosen": request.POST.getlist("tags"),
        "refusals": [{"text": str(refused), "field": refused.field}] if refused else [],
    }
    return render(request, "licensing/rate.html", context, status=422 if refused else 200)


def _act(
    request: HttpRequest, row: Application, known: Evaluation | None, actor: Actor, channel: Channel
) -> Evaluation | None:
    post = request.POST
    act = post.get("act", "")
    if act == "rate":
        level = post.get("level", "")
        return actions.rate(
            row,
            actor,
            level=int(level) if level.isdigit() and len(level) == 1 else 0,
            tags=post.getlist("tags"),
            words=post.get("words", ""),
            channel=channel,
        )
    if known is None or known.rated_by not in {None, actor.user_id}:
        raise Refused(_("只有评价的人可以追加。"), code="forbidden")
    if act == "add":
        return actions.add(known, actor, post.get("words", ""))
    last = known.follow_ups.last()
    if act in {"resolved", "unresolved"} and last is not None:
        actions.answer(last, actor, resolved=act == "resolved", words=post.get("words", ""))
        return known
    raise Http404


@staff(*HEADS)
def evaluations(request: HttpRequest) -> HttpResponse:
    """What was said of one's own units, without who said it; and the figures."""
    reader = request.reader  # type: ignore[attr-defined]
    bad = request.GET.get("bad") == "1"
    rows = [
        {
            "row": row,
            "last": max(row.follow_ups.all(), key=lambda one: one.round, default=None),
            "tags": _tags(row),
        }
        for row in queries.recent(reader, bad_only=bad)
    ]
    return render(
        request, "licensing/evaluations.html", {"rows": rows, "bad": bad, "figures": queries.figures(reader)}
    )


def _tags(row: Evaluation) -> list[str]:
    return [str(Tag(tag).label) for tag in row.tags if tag in Tag.values]


@staff(*HEADS)
def follow_up(request: HttpRequest, uuid: uuids.UUID) -> HttpResponse:
    """The head's page of one bad rating: whom to call, what was found, the answer."""
    reader = request.reader  # type: ignore[attr-defined]
    row = queries.follow_up_for(reader, uuid)
    if row is None:
        raise Http404
    refused = tried(lambda: _followed(row, reader, request.POST)) if request.method == "POST" else None
    if request.method == "POST" and refused is None:
        messages.success(request, _("已办理。"))
        return redirect(request.path)
    case = row.evaluation.case
    application = Application.objects.select_related("contact").filter(pk=case.pk).first()
    context: dict[str, Any] = {
        "row": row,
        "rule": terms.rule(actions.HANDLE),
        "evaluation": row.evaluation,
        "case": case,
        "unit": queries.unit_title(row.evaluation.org_path),
        "tags": _tags(row.evaluation),
        "contact": masked(application.contact) if application and application.contact else None,
        "findings": Finding.choices,
        "earlier": list(row.evaluation.follow_ups.exclude(pk=row.pk)),
        "posted": request.POST,
        "refusals": told(refused),
    }
    return render(request, "licensing/follow_up.html", context, status=422 if refused else 200)


def _followed(row: FollowUp, reader: Reader, post: QueryDict) -> None:
    """What the head did: called, or answered."""
    if post.get("act") == "contact":
        actions.contact(row, reader, post.get("note", ""))
    else:
        actions.reply(
            row,
            reader,
            finding=post.get("finding", ""),
            measures=post.get("measures", ""),
            text=post.get("reply", ""),
        )


@public
def satisfaction(request: HttpRequest) -> HttpResponse:
    """The published counts of the last year."""
    return render(
        request,
        "licensing/satisfaction.html",
        {"figures": queries.public_figures(), "fewest": queries.FEWEST},
    )
