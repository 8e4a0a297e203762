"""A business lets a system of its own call the open interface: registered, its keys rotated, ended at once."""

import datetime
import secrets
import uuid as uuids
from collections.abc import Iterable

from django.db import transaction
from django.utils.translation import gettext as _

from qipan.kernel.accounts import actions as accounts
from qipan.kernel.accounts.models import ApiToken, UserKind
from qipan.kernel.ledger import webhooks
from qipan.kernel.ledger.actions import append
from qipan.kernel.ledger.clock import now
from qipan.kernel.ledger.errors import Refused
from qipan.kernel.ledger.models import Delivery, Subscription
from qipan.kernel.orgs.reader import Reader
from qipan.kernel.subjects import events, mandates
from qipan.kernel.subjects.actions.locking import lock
from qipan.kernel.subjects.clients import CLIENT_SCOPES, SIGN
from qipan.kernel.subjects.models import ApiClient, Subject

MOST_CLIENTS, MOST_PER_MINUTE, MOST_OVERLAP_HOURS = 10, 1200, 168


def _must_own(subject_id: int, reader: Reader) -> None:
    if not mandates.is_legal_representative(reader.user_id, subject_id):
        raise Refused(_("接口客户端由法定代表人（负责人）管理。"), code="forbidden")


@transaction.atomic
def register_client(
    subject: Subject,
    reader: Reader,
    *,
    name: str,
    scopes: Iterable[str],
    per_minute: int = 300,
    uuid: uuids.UUID | None = None,
) -> ApiClient:
    """Register a system of a business; idempotent by `uuid`.

    Refuses others than its legal representative, no name, no or strange scopes.
    """
    _must_own(subject.pk, reader)
    lock(subject)
    known = ApiClient.objects.filter(uuid=uuid, subject=subject).first() if uuid else None
    if known is not None:
        return known
    wanted = sorted(set(scopes))
    if not name.strip():
        raise Refused(_("请填写系统名称。"), field="name")
    if not wanted or set(wanted) - set(CLIENT_SCOPES):
        raise Refused(_("请选择这个系统需要的范围。"), field="scopes")
    if not 1 <= per_minute <= MOST_PER_MINUTE:
        raise Refused(
            _("每分钟调用次数须在 1 到 %(most)d 之间。") % {"most": MOST_PER_MINUTE}, field="per_minute"
        )
    if ApiClient.objects.filter(subject=subject, ended_at__isnull=True).count() >= MOST_CLIENTS:
        raise Refused(_("一个主体最多登记 %(most)d 个系统。") % {"most": MOST_CLIENTS}, code="state")
    user = accounts.create_user(
        f"{SIGN}{secrets.token_hex(8)}", None, UserKind.BUSINESS, name.strip()[:60], actor=reader.actor()
    )
    row = ApiClient.objects.create(
        uuid=uuid or uuids.uuid4(),
        subject=subject,
        user=user,
        name=name.strip()[:60],
        scopes=wanted,
        per_minute=per_minute,
        created_by=reader.user_id,
        created_at=now(),
    )
    append(events.CLIENT_REGISTERED, row, reader.actor(), data={"scopes": wanted, "per_minute": per_minute})
    return row


def _own(client: ApiClient, reader: Reader) -> ApiClient:
    row = (
        ApiClient.objects.select_for_update(of=("self",)).select_related("user", "subject").get(pk=client.pk)
    )
    _must_own(row.subject_id, reader)
    return row


def _running(row: ApiClient) -> ApiClient:
    if row.ended_at is not None:
        raise Refused(_("这个系统已经停用，请重新登记。"), code="state")
    return row


@transaction.atomic
def issue_key(
    client: ApiClient,
    reader: Reader,
    *,
    days: int = 180,
    overlap_hours: int = 24,
    uuid: uuids.UUID | None = None,
) -> tuple[ApiToken, str]:
    """A new key, shown once; those of before go on for the overlap, so that the system changes over without a break.

    The same `uuid` again gives the same key's row, and no key: nobody sees one twice.
    """
    row = _running(_own(client, reader))
    known = ApiToken.objects.filter(user=row.user, asked_as=uuid).first() if uuid else None
    if known is not None:
        return known, ""
    if not 0 <= overlap_hours <= MOST_OVERLAP_HOURS:
        raise Refused(_("新旧密钥并用的时间最长 7 天。"), field="overlap")
    until = now() + datetime.timedelta(hours=overlap_hours)
    accounts.shorten_tokens(row.user, until, actor=reader.actor())
    return accounts.issue_token(
        row.user,
        row.name,
        row.scopes,
        expires_at=now() + datetime.timedelta(days=days),
        actor=reader.actor(),
        per_minute=row.per_minute,
        asked_as=uuid,
    )


@transaction.atomic
def end_key(client: ApiClient, reader: Reader, number: int) -> None:
    """End one key at once."""
    row = _own(client, reader)
    token = ApiToken.objects.filter(user=row.user, pk=number).first()
    if token is None:
        raise Refused(_("没有这个密钥。"), code="not_found")
    accounts.revoke_token(token, actor=reader.actor())


@transaction.atomic
def end_client(client: ApiClient, reader: Reader) -> ApiClient:
    """End a system at once: its keys, its account and what is sent to it."""
    row = _own(client, reader)
    if row.ended_at is not None:
        return row
    row.ended_at = now()
    row.save(update_fields=["ended_at"])
    accounts.deactivate(row.user, actor=reader.actor(), reason=str(_("停用接口客户端")))
    for subscription in Subscription.objects.filter(client=row.uuid, active=True):
        webhooks.end_webhook(subscription, actor=reader.actor())
    append(events.CLIENT_ENDED, row, reader.actor())
    return row


@transaction.atomic
def add_webhook(
    client: ApiClient,
    reader: Reader,
    *,
    title: str,
    url: str,
    names: Iterable[str],
    uuid: uuids.UUID | None = None,
) -> tuple[Subscription, str]:
    """Let events about the business be sent to an address of its system; with the secret, which is shown once.

    The same `uuid` again gives the same address, and no secret.
    """
    row = _running(_own(client, reader))
    return webhooks.add_webhook(
        row.subject_id, row.uuid, title=title, url=url, names=names, actor=reader.actor(), uuid=uuid
    )


def webhook_of(client: ApiClient, reader: Reader, number: int) -> Subscription:
    """One webhook of a client, to its owner."""
    _must_own(client.subject_id, reader)
    found = Subscription.objects.filter(client=client.uuid, pk=number).first()
    if found is None:
        raise Refused(_("没有这个推送地址。"), code="not_found")
    return found


def delivery_of(client: ApiClient, reader: Reader, number: int) -> Delivery:
    """One delivery to a client, to its owner."""
    _must_own(client.subject_id, reader)
    found = Delivery.objects.filter(subscription__client=client.uuid, pk=number).first()
    if found is None:
        raise Refused(_("没有这次推送。"), code="not_found")
    return found
