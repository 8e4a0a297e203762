"""Writes about interface tokens."""

import datetime
import hashlib
import secrets
import uuid as uuids
from collections.abc import Iterable

from django.db import transaction
from django.utils.translation import gettext as _

from qipan.kernel.accounts import events
from qipan.kernel.accounts.models import ApiToken, User
from qipan.kernel.ledger.actions import append
from qipan.kernel.ledger.actor import Actor
from qipan.kernel.ledger.clock import now
from qipan.kernel.ledger.errors import Refused

TOKEN_DAYS_MOST = 366


def token_digest(token: str) -> str:
    """What is stored of a token: it has 256 random bits, so a plain SHA-256 cannot be guessed back."""
    return hashlib.sha256(token.encode()).hexdigest()


@transaction.atomic
def issue_token(
    user: User,
    name: str,
    scopes: Iterable[str],
    *,
    expires_at: datetime.datetime,
    actor: Actor,
    per_minute: int | None = None,
    asked_as: uuids.UUID | None = None,
) -> tuple[ApiToken, str]:
    """Make a token for programs; returns the row and the token itself, which is not kept.

    `per_minute` is a rate of its own, for a system's key. `asked_as` is the number of the form that asked for it.

    Refuses no scope, no name, a past end or one more than a year away, and a closed account.
    """
    wanted = sorted(set(scopes))
    if not name.strip():
        raise Refused(_("请填写令牌的用途。"), field="name")
    if not wanted:
        raise Refused(_("请至少选择一个范围。"), field="scopes")
    if not now() < expires_at <= now() + datetime.timedelta(days=TOKEN_DAYS_MOST):
        raise Refused(_("到期时间须在今后一年之内。"), field="expires_at")
    if not User.objects.filter(pk=user.pk, is_active=True).exists():
        raise Refused(_("账户已停用。"), code="state")
    token = "qp_" + secrets.token_urlsafe(32)
    row = ApiToken.objects.create(
        user=user,
        name=name.strip(),
        digest=token_digest(token),
        scopes=wanted,
        expires_at=expires_at,
        per_minute=per_minute,
        asked_as=asked_as,
    )
    append(events.TOKEN_ISSUED, row, actor, data={"scopes": wanted, "purpose": row.name})
    return row, token


@transaction.atomic
def shorten_tokens(user: User, until: datetime.datetime, *, actor: Actor) -> int:
    """Let every token of an account end at `until` at the latest; returns how many ended later."""
    rows = ApiToken.objects.select_for_update().filter(
        user=user, revoked_at__isnull=True, expires_at__gt=until
    )
    found = list(rows.order_by("pk"))
    for row in found:
        row.expires_at = until
        row.save(update_fields=["expires_at"])
        append(events.TOKEN_SHORTENED, row, actor, data={"expires": until.isoformat()})
    return len(found)


@transaction.atomic
def revoke_token(token: ApiToken, *, actor: Actor) -> None:
    """End a token at once; a second call changes nothing."""
    if ApiToken.objects.filter(pk=token.pk, revoked_at__isnull=True).update(revoked_at=now()):
        append(events.TOKEN_REVOKED, token, actor)
