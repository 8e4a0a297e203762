"""The holder's licences on the phone (证照包): looked at, shown, called by whom and with whose leave."""

from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _

from qipan.domains.licensing.elicences import calling, face, queries, showing
from qipan.domains.licensing.elicences.models import Consent
from qipan.kernel.accounts import limits
from qipan.kernel.documents.models import Document
from qipan.kernel.documents.storage import qr_svg
from qipan.kernel.ledger.errors import Refused
from qipan.kernel.orgs.reader import Reader
from qipan.kernel.subjects import queries as subjects
from qipan.kernel.subjects.models import Grant
from qipan.kernel.subjects.standing import standing
from qipan.ui.access import business, public
from qipan.ui.sent import day, whole
from qipan.ui.signin.address import client_address

SHOWN = "licence_showing"
PAGE = 30


@business
def wallet(request: HttpRequest) -> HttpResponse:
    """Every licence of every business that one acts for, those in force first."""
    reader = request.reader  # type: ignore[attr-defined]
    groups: dict[str, list[dict[str, Any]]] = {}
    held = [{"grant": grant, "standing": standing(grant)} for grant in _held_by(reader)[:500]]
    for row in sorted(held, key=lambda one: (not one["standing"].good, -one["grant"].pk)):
        groups.setdefault(row["grant"].subject.name, []).append(row)
    context = {"groups": sorted(groups.items()), "owns": bool(showing.holders(reader))}
    return render(request, "licensing/elicences/wallet.html", context)


def _held_by(reader: Reader) -> QuerySet[Grant]:
    rows = Grant.objects.filter(subject_id__in=showing.holders(reader))
    return rows.select_related("subject__legal_rep", "premises").order_by("-pk")


def own_licence(request: HttpRequest, pk: int) -> Grant:
    """A licence of a business that the reader acts for."""
    reader = request.reader  # type: ignore[attr-defined]
    grant: Grant | None = _held_by(reader).filter(pk=pk).first()
    if grant is None:
        raise Http404
    return grant


@business
def licence(request: HttpRequest, pk: int) -> HttpResponse:
    """One licence: its face, its file, how it stands."""
    return page(request, own_licence(request, pk))


def page(request: HttpRequest, grant: Grant, refused: Refused | None = None) -> HttpResponse:
    """The page of a licence, with what was refused on it."""
    file = Document.objects.filter(pk=grant.document_id).first() if grant.document_id else None
    context = {
        "grant": grant,
        "standing": standing(grant),
        "code": subjects.uscc_of(grant.subject),
        "lines": face.lines_of(grant, masked=False),
        "file": reverse("document_file", args=[file.uuid]) if file and file.digest else "",
        "refused": str(refused) if refused else "",
        "calls": list(queries.calls_of_mine(request.reader, grant=grant)[:8]),  # type: ignore[attr-defined]
        "sights": queries.sights_of(grant),
        "represents": grant.subject_id in request.reader.subject_ids,  # type: ignore[attr-defined]
        "consents": queries.consents_of(grant, request.reader),  # type: ignore[attr-defined]
        "rights": queries.rights_for(grant.kind),
        "posted": request.POST,
        "field": refused.field if refused else "",
    }
    return render(request, "licensing/elicences/licence.html", context, status=409 if refused else 200)


@business
def show(request: HttpRequest, pk: int) -> HttpResponse:
    """Show the licence: the code fills the page and is renewed until the page is left."""
    grant = own_licence(request, pk)
    reader = request.reader  # type: ignore[attr-defined]
    if request.method == "POST":
        try:
            request.session[SHOWN] = [grant.pk, showing.begin(grant, reader)]
        except Refused as refused:
            return page(request, grant, refused)
        return redirect("licence_show", pk=pk)
    if _shown(request, grant) is None:
        return redirect("my_licence", pk=pk)
    context = {"grant": grant, "renew": showing.RENEW, **_code(request, grant)}
    return render(request, "licensing/elicences/show.html", context)


@business
def code(request: HttpRequest, pk: int) -> HttpResponse:
    """The code anew, for the page that shows it."""
    grant = own_licence(request, pk)
    if _shown(request, grant) is None or not standing(grant).good:
        return render(request, "licensing/elicences/shown_no_more.html", {"grant": grant})
    if not limits.take(f"licence:code:{request.reader.user_id}", showing.CODES):  # type: ignore[attr-defined]
        return HttpResponse(_("亮证过于频繁，请过一分钟再试。"), status=429)
    context = {"grant": grant, "renew": showing.RENEW, **_code(request, grant)}
    return render(request, "licensing/elicences/code.html", context)


def _shown(request: HttpRequest, grant: Grant) -> str | None:
    pk, number = request.session.get(SHOWN, (None, ""))
    return str(number) if pk == grant.pk else None


def _code(request: HttpRequest, grant: Grant) -> dict[str, Any]:
    address = reverse("licence_scan", args=[showing.code_of(grant, _shown(request, grant) or "")])
    return {
        "qr": mark_safe(qr_svg(request.build_absolute_uri(address))),  # noqa: S308  # our own drawing of our own address
        "address": address,
    }


@public
def scanned(request: HttpRequest, code: str) -> HttpResponse:
    """What whoever scanned a shown code sees: whether the licence holds now, and its face with people masked."""
    reader = request.reader  # type: ignore[attr-defined]
    who = f"user:{reader.user_id}" if reader.user_id else f"ip:{client_address(request)}"
    if not limits.take(f"licence:scan:{who}", limits.VERIFY):
        context = {"title": _("扫码过于频繁"), "text": _("请过一分钟再扫。")}
        return render(request, "portal/notice.html", context, status=429)
    found = showing.scan(code, reader)
    if found.standing is None or found.outcome != "SHOWN":
        status = 404 if found.outcome == "FORGED" else 410
        return render(request, "licensing/elicences/scan_refused.html", {"scan": found}, status=status)
    grant = found.standing.grant
    context = {
        "scan": found,
        "standing": found.standing,
        "grant": grant,
        "code": subjects.uscc_of(grant.subject),
        "lines": face.lines_of(grant),
        "for_staff": reader.kind == "staff" and subjects.subject(grant.subject_id, reader) is not None,
    }
    answer = render(request, "licensing/elicences/scanned.html", context)
    answer["Cache-Control"] = "no-store"
    return answer


@business
def calls(request: HttpRequest) -> HttpResponse:
    """Who called one's licences, when and for what; refused calls too."""
    before = request.GET.get("before", "")
    found = list(
        queries.calls_of_mine(request.reader, before=whole(before))[: PAGE + 1]  # type: ignore[attr-defined]
    )
    context = {
        "calls": found[:PAGE],
        "older": f"before={found[PAGE - 1].pk}" if len(found) > PAGE else "",
    }
    return render(request, "licensing/elicences/calls.html", context)


@business
def consent(request: HttpRequest, pk: int) -> HttpResponse:
    """Let a system call a licence, or take that back."""
    grant = own_licence(request, pk)
    reader = request.reader  # type: ignore[attr-defined]
    if request.method != "POST":
        return redirect("my_licence", pk=pk)
    try:
        if request.POST.get("end"):
            ended = whole(request.POST["end"])
            row = Consent.objects.visible_to(reader).filter(pk=ended, grant=grant).first()
            if row is None:
                raise Http404
            calling.withdraw_consent(row, reader)
            messages.success(request, _("授权已撤回，对方从现在起不能再调用。"))
        else:
            chosen = request.POST.get("right", "")
            right = queries.rights_for(grant.kind).filter(pk=whole(chosen)).first()
            if right is None:
                raise Refused(_("请选择授权给谁、办什么事。"), field="right")
            calling.give_consent(grant, right, reader, until=day(request.POST.get("until", ""), "until"))
            messages.success(request, _("已授权，每次调用您都能在这里看到。"))
    except Refused as refused:
        return page(request, grant, refused)
    return redirect("my_licence", pk=pk)
