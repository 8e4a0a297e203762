"""A seal lent and taken back, by whoever may: what the business's page and the unit's have in common."""

import datetime
from collections.abc import Callable

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from qipan.domains.seals import actions
from qipan.domains.seals.models import Authorisation
from qipan.kernel.documents.models import Seal
from qipan.kernel.ledger.errors import Refused
from qipan.ui.sent import whole

Page = Callable[[HttpRequest, Seal, Refused | None], HttpResponse]


def lend(request: HttpRequest, seal: Seal, page: Page, back: str, done: str) -> HttpResponse:
    """Authorise as the form says (`login` in a business, `role` in a unit), or end the authorisation that `end` names.

    `page` shows the seal with a refusal, `back` names the address of its page, `done` is what is told afterwards.
    """
    reader, post = request.reader, request.POST  # type: ignore[attr-defined]
    if request.method != "POST":
        return redirect(back, number=seal.seal_id)
    try:
        if post.get("end"):
            row = Authorisation.objects.filter(pk=whole(post["end"]), seal=seal).first()
            if row is None:
                raise Http404
            actions.end_authorisation(row, reader)
            done = _("授权已收回。")
        else:
            actions.authorise(
                seal,
                reader,
                login=post.get("login", ""),
                role=post.get("role", ""),
                purposes=post.getlist("purposes"),
                until=_day_of(post.get("until", "")),
            )
    except Refused as refused:
        return page(request, seal, refused)
    messages.success(request, done)
    return redirect(back, number=seal.seal_id)


def move(request: HttpRequest, seal: Seal, page: Page, back: str) -> HttpResponse:
    """Suspend, resume, report lost, revoke."""
    if request.method != "POST":
        return redirect(back, number=seal.seal_id)
    post = request.POST
    try:
        moved = actions.move(seal, post.get("move", ""), request.reader, post.get("reason", ""))  # type: ignore[attr-defined]
    except Refused as refused:
        return page(request, seal, refused)
    messages.success(request, _("已办理，印章现为“%(state)s”。") % {"state": moved.get_state_display()})
    return redirect(back, number=seal.seal_id)


def _day_of(text: str) -> datetime.date | None:
    """A day of a form; none where nothing was filled in."""
    if not text:
        return None
    try:
        return datetime.date.fromisoformat(text)
    except ValueError:
        raise Refused(_("日期不能识别，请按 2026-12-31 的样子填写。"), field="until") from None
