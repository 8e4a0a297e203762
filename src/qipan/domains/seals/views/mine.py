"""A business's own seals: asked for, activated, lent to others, stopped."""

import uuid as uuids
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from qipan.domains.seals import actions, permissions, queries
from qipan.domains.seals.models import Ask, Authorisation, SealApplication
from qipan.domains.seals.views import lending, reading
from qipan.kernel.accounts import letters
from qipan.kernel.accounts.models import Letter
from qipan.kernel.documents.models import BUSINESS_KINDS, Seal, SealState
from qipan.kernel.ledger.errors import Refused
from qipan.kernel.orgs import queries as orgs
from qipan.kernel.subjects import queries as subjects
from qipan.ui.access import business, reauthenticated
from qipan.ui.refusals import told
from qipan.ui.sent import form_key, whole

LETTER = "seal_letter"


@business
def my_seals(request: HttpRequest) -> HttpResponse:
    """The seals of one's businesses, and those that one may use."""
    reader = request.reader  # type: ignore[attr-defined]
    seals = queries.my_seals(reader)
    names = {subject.pk: subject.name for subject in subjects.own_subjects(reader)}
    waiting = (
        SealApplication.objects.visible_to(reader).filter(case__closed_at__isnull=True).select_related("case")
    )
    context = {
        "seals": [
            {
                "seal": seal,
                "owner": names.get(seal.subject_id or 0, ""),
                "lent": seal.subject_id not in reader.subject_ids,
                "usable": seal.state == SealState.ACTIVE
                and not seal.expired
                and permissions.may_use(reader, seal),
            }
            for seal in seals
        ],
        "waiting": waiting.order_by("-pk")[:20],
        "owns": bool(names),
        "rounds": [row for row in queries.rounds(reader) if row.state == "OPEN"][:5],
    }
    return render(request, "seals/my_seals.html", context)


@business
def apply(request: HttpRequest) -> HttpResponse:
    """Ask for a seal."""
    reader = request.reader  # type: ignore[attr-defined]
    owned = list(subjects.own_subjects(reader))
    post = request.POST
    refused: Refused | None = None
    if request.method == "POST":
        try:
            subject = next((one for one in owned if str(one.pk) == post.get("subject")), None)
            if subject is None:
                raise Refused(_("请选择主体。"), field="subject")
            old = Seal.objects.filter(seal_id=post.get("replaces") or "", subject_id=subject.pk).first()
            row = actions.apply(
                uuid=form_key(post.get("uuid", "")),
                reader=reader,
                subject=subject,
                kind=old.kind if old else post.get("kind", ""),
                ask=post.get("ask") or Ask.NEW,
                replaces=old,
                note=post.get("note", ""),
            )
            messages.success(request, _("申请已提交，审核后会通知您激活。"))
            return redirect("my_case", uuid=row.case.uuid)
        except Refused as error:
            refused = error
    old = (
        queries.seal_of_mine(reader, request.GET.get("replaces", "")) if request.GET.get("replaces") else None
    )
    context = {
        "owned": owned,
        "kinds": [(kind.value, kind.label) for kind in BUSINESS_KINDS],
        "asks": Ask.choices,
        "replaces": [
            seal
            for seal in queries.my_seals(reader)
            if seal.state in {SealState.ACTIVE, SealState.SUSPENDED, SealState.LOST}
            and seal.subject_id in reader.subject_ids
        ],
        "chosen_old": post.get("replaces") or (old.seal_id if old else ""),
        "chosen_ask": post.get("ask")
        or ((Ask.AGAIN if old.state == SealState.LOST else Ask.RENEW) if old else Ask.NEW),
        "posted": post,
        "uuid": post.get("uuid") or uuids.uuid4(),
        "refusals": told(refused),
    }
    return render(request, "seals/apply.html", context, status=422 if refused else 200)


@business
def correct(request: HttpRequest, uuid: uuids.UUID) -> HttpResponse:
    """Put an application right and hand it in again."""
    reader = request.reader  # type: ignore[attr-defined]
    row = SealApplication.objects.visible_to(reader).select_related("case").filter(case__uuid=uuid).first()
    if row is None:
        raise Http404
    refused: Refused | None = None
    if request.method == "POST":
        try:
            actions.resubmit(row, reader, note=request.POST.get("note", ""), key=request.POST.get("uuid", ""))
            messages.success(request, _("已重新提交。"))
            return redirect("my_case", uuid=uuid)
        except Refused as error:
            refused = error
    if row.case.state != "CORRECTION":
        return redirect("my_case", uuid=uuid)
    context = {
        "application": row,
        "uuid": uuids.uuid4(),
        "note": request.POST.get("note", row.note),
        "refusals": told(refused),
    }
    return render(request, "seals/correct.html", context, status=422 if refused else 200)


def _mine(request: HttpRequest, number: str) -> Seal:
    return reading.found(queries.seal_of_mine(request.reader, number))  # type: ignore[attr-defined]


@business
def my_seal(request: HttpRequest, number: str) -> HttpResponse:
    """One seal: how it stands, who may use it, its last uses."""
    return _page(request, _mine(request, number), None)


def _page(request: HttpRequest, seal: Seal, refused: Refused | None) -> HttpResponse:
    reader = request.reader  # type: ignore[attr-defined]
    before = request.GET.get("before", "")
    found = list(queries.uses_of(seal, before=whole(before))[:21])
    owner = seal.subject_id in reader.subject_ids
    if not owner:  # who was lent it sees what they did with it themselves
        found = [use for use in found if use.user_id == reader.user_id]
    lent = (
        Authorisation.objects.filter(seal=seal, ended_at__isnull=True).select_related("user") if owner else []
    )
    names = orgs.labels(use.user_id for use in found if use.user_id)
    context: dict[str, Any] = {
        "seal": seal,
        "subject": subjects.subject(seal.subject_id or 0),
        "usable": seal.state == SealState.ACTIVE and not seal.expired and permissions.may_use(reader, seal),
        "manages": permissions.may_manage(reader, seal),
        "activates": seal.state == SealState.ISSUED
        and permissions.is_legal_representative(reader, seal.subject_id),
        "moves": reading.offered(seal, reader),
        "uses": [{"use": use, "who": names.get(use.user_id or 0, "")} for use in found[:20]],
        "older": f"before={found[19].pk}" if len(found) > 20 else "",
        "authorisations": lent,
        "history": reading.history(seal) if owner else [],
        "purposes": reading.purposes(),
        "posted": request.POST,
        "refusals": told(refused),
    }
    return render(request, "seals/my_seal.html", context, status=409 if refused else 200)


@business
def picture(request: HttpRequest, number: str) -> HttpResponse:
    """What the seal looks like."""
    return reading.png(_mine(request, number))


@business
@reauthenticated
def activate(request: HttpRequest, number: str) -> HttpResponse:
    """Take a seal into use: password or passkey, and the code sent to the phone."""
    reader, seal = request.reader, _mine(request, number)  # type: ignore[attr-defined]
    refused: Refused | None = None
    if request.method == "POST":
        try:
            if request.POST.get("act") == "code":
                letter = actions.send_code(seal, reader)
                request.session[LETTER] = letter.pk
                messages.success(request, _("验证码已发出，10 分钟内有效。"))
                return redirect("seal_activate", number=number)
            actions.activate(seal, reader, request.POST.get("code", ""))
            request.session.pop(LETTER, None)
            messages.success(request, _("印章已激活，可以使用了。"))
            return redirect("my_seal", number=number)
        except Refused as error:
            refused = error
    if not permissions.is_legal_representative(reader, seal.subject_id) or seal.state != SealState.ISSUED:
        if refused is None:
            raise Http404
        return _page(request, seal, refused)
    context = {
        "seal": seal,
        "refusals": told(refused),
        "sent": LETTER in request.session,
        "letter": _letter(request),
    }
    return render(request, "seals/activate.html", context, status=422 if refused else 200)


def _letter(request: HttpRequest) -> str:
    """In the demo no gateway carries messages, so the page shows the one that would have been sent."""
    if not settings.QIPAN_DEMO or LETTER not in request.session:
        return ""
    person = getattr(request.user, "person_id", None)
    letter = (
        Letter.objects.select_related("person").filter(pk=request.session[LETTER], person_id=person).first()
    )
    return letters.text_of(letter) if letter else ""


@business
@reauthenticated
def move(request: HttpRequest, number: str) -> HttpResponse:
    """Suspend, resume, report lost, revoke."""
    return lending.move(request, _mine(request, number), _page, "my_seal")


@business
@reauthenticated
def authorise(request: HttpRequest, number: str) -> HttpResponse:
    """Let somebody use the seal, or take that back."""
    return lending.lend(request, _mine(request, number), _page, "my_seal", _("已授权，对方会收到通知。"))
