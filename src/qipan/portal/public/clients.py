"""The systems of one's business that call the open interface: keys, webhooks, and what was delivered."""

import uuid as uuids
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from qipan.kernel.accounts.models import ApiToken
from qipan.kernel.ledger import actions as ledger
from qipan.kernel.ledger import queries as events
from qipan.kernel.ledger import webhooks
from qipan.kernel.ledger.clock import now
from qipan.kernel.ledger.errors import Refused
from qipan.kernel.ledger.models import Delivery, DeliveryState, Subscription
from qipan.kernel.orgs.reader import Reader
from qipan.kernel.subjects import actions
from qipan.kernel.subjects.clients import CLIENT_SCOPES
from qipan.kernel.subjects.models import ApiClient
from qipan.portal.public.mandates import chosen_of, represented
from qipan.ui.access import business, reauthenticated
from qipan.ui.interface.scopes import SCOPES
from qipan.ui.sent import identifier, whole

MOST = 10**6
AGAIN = lazy("这个表单已经提交过：密钥只显示一次，没有再发放。没有记下的，请重新发放。")


@business
def my_clients(request: HttpRequest) -> HttpResponse:
    """The systems of the businesses that one represents; register another."""
    reader: Reader = request.reader  # type: ignore[attr-defined]
    owned = represented(reader)
    refused: Refused | None = None
    if request.method == "POST":
        post = request.POST
        try:
            made = actions.register_client(
                chosen_of(owned, post),
                reader,
                name=post.get("name", ""),
                scopes=post.getlist("scopes"),
                per_minute=whole(post.get("per_minute", "300"), MOST) or 0,
                uuid=identifier(post.get("uuid", "")),
            )
            return redirect("my_client", uuid=made.uuid)
        except Refused as refusal:
            refused = refusal
    rows = ApiClient.objects.visible_to(reader).filter(subject__in=owned)
    context = {
        "clients": rows.select_related("subject"),
        "owned": owned,
        "scopes": [(scope, SCOPES[scope]) for scope in CLIENT_SCOPES],
        "posted": request.POST,
        "uuid": identifier(request.POST.get("uuid", "")) or uuids.uuid4(),
        "chosen": request.POST.getlist("scopes") if request.method == "POST" else list(CLIENT_SCOPES),
        "refusals": [{"text": str(refused), "field": refused.field}] if refused else [],
    }
    return render(request, "portal/clients.html", context, status=422 if refused else 200)


@business
@reauthenticated
def my_client(request: HttpRequest, uuid: uuids.UUID) -> HttpResponse:
    """One system: its keys, where events are sent, and every delivery; secrets are shown once."""
    reader: Reader = request.reader  # type: ignore[attr-defined]
    owned = represented(reader)
    row = ApiClient.objects.filter(uuid=uuid, subject__in=owned).select_related("subject", "user").first()
    if row is None:
        raise Http404
    refused: Refused | None = None
    shown: dict[str, str] = {}
    if request.method == "POST":
        try:
            shown = _act(request.POST, row, reader)
            row.refresh_from_db()
            if not any(shown.values()):
                messages.success(request, AGAIN if shown else _("已办理。"))
                return redirect("my_client", uuid=uuid)
        except Refused as refusal:
            refused = refusal
    hooks = list(Subscription.objects.filter(client=row.uuid).order_by("-active", "-pk"))
    context = {
        "client": row,
        "keys": ApiToken.objects.filter(user=row.user).order_by("-pk")[:20],
        "now": now(),
        "shown": shown,
        "hooks": [
            {"row": hook, "deliveries": [_line(one) for one in webhooks.deliveries_of(hook, 20)]}
            for hook in hooks
        ],
        "form_key": uuids.uuid4(),
        "names": [(name, events.title_of(name)) for name in webhooks.open_names()],
        "posted": request.POST,
        "chosen": request.POST.getlist("names"),
        "refusals": [{"text": str(refused), "field": refused.field}] if refused else [],
    }
    return render(request, "portal/client.html", context, status=422 if refused else 200)


def _line(row: Delivery) -> dict[str, Any]:
    done = row.state == DeliveryState.DONE
    return {
        "row": row,
        "title": events.title_of(row.event.name),
        "tone": "state-done" if done else "state-bad" if row.attempts else "state-wait",
        "next": None if done else row.next_at,
        "error": "" if done else row.error.splitlines()[0][:160] if row.error else "",
    }


def _act(post: QueryDict, row: ApiClient, reader: Reader) -> dict[str, str]:
    """Do what was asked; gives what is shown once: {"key": …} or {"secret": …}, empty where the form came twice."""
    act, number = post.get("act", ""), whole(post.get("number", "")) or 0
    asked_as = identifier(post.get("uuid", ""))
    if act == "key":
        overlap = whole(post.get("overlap", "24"), MOST)
        return {
            "key": actions.issue_key(
                row, reader, overlap_hours=MOST if overlap is None else overlap, uuid=asked_as
            )[1]
        }
    if act == "webhook":
        made = actions.add_webhook(
            row,
            reader,
            title=post.get("title", ""),
            url=post.get("url", ""),
            names=post.getlist("names"),
            uuid=asked_as,
        )
        return {"secret": made[1]}
    if act == "end_key":
        actions.end_key(row, reader, number)
    elif act == "end":
        actions.end_client(row, reader)
    elif act == "end_webhook":
        webhooks.end_webhook(actions.webhook_of(row, reader, number), actor=reader.actor())
    elif act == "test":
        webhooks.test_webhook(actions.webhook_of(row, reader, number), actor=reader.actor())
    elif act == "resend":
        ledger.resend(actions.delivery_of(row, reader, number), actor=reader.actor(), again=True)
    else:
        raise Http404
    return {}
