"""Papers that several businesses seal one after another."""

import uuid as uuids
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from qipan.domains.seals import actions, permissions, queries
from qipan.domains.seals.actions.cosigning import seal_for
from qipan.domains.seals.models import Round
from qipan.domains.seals.views import reading
from qipan.kernel.documents import storage, using
from qipan.kernel.documents.models import BUSINESS_KINDS
from qipan.kernel.ledger.errors import Refused
from qipan.kernel.subjects import queries as subjects
from qipan.ui.access import business, reauthenticated
from qipan.ui.refusals import told
from qipan.ui.sent import form_key

OFFERED = 4


@business
def rounds(request: HttpRequest) -> HttpResponse:
    """One's papers."""
    reader = request.reader  # type: ignore[attr-defined]
    found = []
    for row in queries.rounds(reader):
        waiting = _waiting(row)
        found.append(
            {
                "round": row,
                "waiting": waiting,
                "mine": waiting is not None and waiting.subject_id in reader.subject_ids,
            }
        )
    return render(request, "seals/rounds.html", {"rounds": found, "owns": bool(reader.subject_ids)})


def _waiting(row: Round) -> Any:
    """Whose turn it is."""
    if row.state != "OPEN":
        return None
    return next(
        (turn for turn in sorted(row.turns.all(), key=lambda turn: turn.place) if turn.use_id is None), None
    )


@business
def open_round(request: HttpRequest) -> HttpResponse:
    """Send a paper round: the parties in their order."""
    reader, post = request.reader, request.POST  # type: ignore[attr-defined]
    owned = list(subjects.own_subjects(reader))
    refused: Refused | None = None
    if request.method == "POST":
        try:
            subject = next((one for one in owned if str(one.pk) == post.get("subject")), None)
            if subject is None:
                raise Refused(_("请选择主体。"), field="subject")
            title, content = reading.uploaded(request)
            pages = using.must_fit(content)
            row = actions.open_round(
                uuid=form_key(post.get("uuid", "")),
                reader=reader,
                subject=subject,
                title=post.get("title", "").strip() or title,
                purpose=post.get("purpose", ""),
                content=content,
                parties=_parties(post, pages),
            )
            messages.success(request, _("已发起会签，第一方已收到通知。"))
            return redirect("seal_round", uuid=row.uuid)
        except Refused as error:
            refused = error
    context = {
        "owned": owned,
        "parties": [_typed(post, number, owned) for number in range(1, OFFERED + 1)],
        "kinds": [(kind.value, kind.label) for kind in BUSINESS_KINDS],
        "purposes": reading.purposes(),
        "spots": [(one["value"], one["label"]) for row in reading.grid() for one in row],
        "posted": post,
        "chosen_purpose": post.get("purpose") or "CONTRACT",
        "uuid": post.get("uuid") or uuids.uuid4(),
        "refusals": told(refused),
    }
    return render(request, "seals/round_open.html", context, status=422 if refused else 200)


def _parties(post: Any, pages: int) -> list[actions.Party]:
    found = []
    for number in range(1, OFFERED + 1):
        code = post.get(f"party-{number}-code", "").strip()
        if code:
            place = reading.place_of(post, pages, f"party-{number}-")
            found.append(actions.Party(code, post.get(f"party-{number}-kind", ""), place))
    return found


def _typed(post: Any, number: int, owned: list[Any]) -> dict[str, Any]:
    mine = subjects.uscc_of(owned[0]) if owned and number == 1 and not post else ""
    return {
        "number": number,
        "code": post.get(f"party-{number}-code", mine),
        "kind": post.get(f"party-{number}-kind", "CONTRACT"),
        "page": post.get(f"party-{number}-page", ""),
        "spot": post.get(
            f"party-{number}-spot",
            f"5-{0 if number % 2 else 3}" if number < 3 else f"6-{0 if number % 2 else 3}",
        ),
    }


def _mine(request: HttpRequest, uuid: uuids.UUID) -> Round:
    row = queries.round_of_mine(request.reader, uuid)  # type: ignore[attr-defined]
    if row is None:
        raise Http404
    return row


@business
@reauthenticated
def round_page(request: HttpRequest, uuid: uuids.UUID) -> HttpResponse:
    """How far a paper is; seal it when it is one's turn, or end it."""
    reader, row = request.reader, _mine(request, uuid)  # type: ignore[attr-defined]
    refused: Refused | None = None
    if request.method == "POST":
        try:
            if request.POST.get("act") == "stop":
                actions.stop_round(row, reader, request.POST.get("reason", ""))
                messages.success(request, _("会签已终止。"))
            else:
                wanted = request.POST.get("turn", "")
                turn = next((one for one in row.turns.all() if str(one.place) == wanted), None)
                if turn is None:
                    raise Refused(_("请刷新页面后再盖章。"), code="stale")
                actions.take_turn(turn, reader)
                messages.success(request, _("已盖章。"))
            return redirect("seal_round", uuid=uuid)
        except Refused as error:
            refused = error
            row = _mine(request, uuid)
    waiting = _waiting(row)
    mine = waiting is not None and waiting.subject_id in reader.subject_ids
    seal = seal_for(waiting.subject_id, waiting.kind) if waiting and mine else None
    context = {
        "round": row,
        "turns": sorted(row.turns.all(), key=lambda turn: turn.place),
        "waiting": waiting,
        "seal": seal if seal and permissions.may_use(reader, seal, row.purpose) else None,
        "mine": mine,
        "stops": row.state == "OPEN" and (mine or row.subject_id in reader.subject_ids),
        "purpose": row.get_purpose_display(),
        "refusals": told(refused),
    }
    return render(request, "seals/round.html", context, status=409 if refused else 200)


@business
def round_file(request: HttpRequest, uuid: uuids.UUID) -> HttpResponse:
    """The paper as it stands, with the seals so far."""
    row = _mine(request, uuid)
    try:
        return reading.pdf(storage.get(row.digest), f"{row.uuid}.pdf")
    except Refused as refused:
        return render(
            request, "portal/notice.html", {"title": _("文件不能下载"), "text": str(refused)}, status=409
        )
