"""Writes about those who sign in: accounts, passwords, second factors."""

import secrets
from typing import Any

from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.auth import password_validation
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from qipan.kernel.accounts import events
from qipan.kernel.accounts.models import ApiToken, Person, User, UserKind
from qipan.kernel.ledger.actions import append
from qipan.kernel.ledger.actor import Actor
from qipan.kernel.ledger.clock import now
from qipan.kernel.ledger.errors import Refused


def check_password(password: str, user: User | None = None) -> None:
    """Refuse a password that the rules of the installation do not take; the message lists every reason.

    A passing password is not taken as the user's own that is to replace it.
    """
    try:
        password_validation.validate_password(password, user)
    except ValidationError as error:
        raise Refused(" ".join(error.messages), field="password") from None
    if user is not None and user.must_change_password and user.check_password(password):
        raise Refused(_("新密码不能与管理员给的临时密码相同。"), field="password")


@transaction.atomic
def create_user(
    username: str,
    password: str | None,
    kind: str,
    label: str,
    person: Person | None = None,
    *,
    actor: Actor,
    must_change_password: bool = False,
    is_demo: bool = False,
) -> User:
    """Open an account. `password` None makes one that cannot sign in by password until it is reset.

    Refuses a taken or empty name and a weak password (demo accounts excepted).
    """
    username = username.strip()
    if not username:
        raise Refused(_("请填写用户名。"), field="username")
    if kind not in UserKind.values:
        raise Refused(_("账户类型不正确。"), field="kind")
    user = User(
        username=username,
        kind=kind,
        label=label.strip(),
        person=person,
        must_change_password=must_change_password,
        is_demo=is_demo,
    )
    if password is not None and not is_demo:
        check_password(password, user)
    user.set_password(password)
    try:
        with transaction.atomic():
            user.save(force_insert=True)
    except IntegrityError:
        raise Refused(_("该用户名已被使用，请换一个。"), code="conflict", field="username") from None
    append(events.USER_CREATED, user, actor, data={"kind": kind})
    return user


@transaction.atomic
def deactivate(user: User, *, actor: Actor, reason: str) -> User:
    """Close an account: it cannot sign in, its sessions and tokens end at once."""
    if not reason.strip():
        raise Refused(_("请说明停用理由。"), field="reason")
    user = User.objects.select_for_update().get(pk=user.pk)
    if not user.is_active:
        return user
    user.is_active = False
    user.save(update_fields=["is_active"])
    ApiToken.objects.filter(user=user, revoked_at__isnull=True).update(revoked_at=now())
    drop_sessions(user)
    append(events.USER_DEACTIVATED, user, actor, reason=reason)
    return user


def drop_sessions(user: User) -> int:
    """End every session of a user within an act that has its own event; the number that ended."""
    rows = list(UserSession.objects.filter(user=user))
    for row in rows:
        row.end()
    return len(rows)


@transaction.atomic
def end_sessions(user: User, *, actor: Actor, reason: str = "") -> int:
    """Sign a user out everywhere at once, for one whose device was lost; the number of sessions that ended."""
    ended = drop_sessions(user)
    if ended:
        append(events.SESSIONS_ENDED, user, actor, data={"count": ended}, reason=reason)
    return ended


@transaction.atomic
def reactivate(user: User, *, actor: Actor, reason: str) -> User:
    """Open a closed account again; refuses one whose person was forgotten."""
    if not reason.strip():
        raise Refused(_("请说明恢复理由。"), field="reason")
    user = User.objects.select_for_update(of=("self",)).select_related("person").get(pk=user.pk)
    if user.person and user.person.forgotten_at:
        raise Refused(_("该账户的个人信息已删除，不能恢复。"), code="state")
    if not user.is_active:
        user.is_active = True
        user.save(update_fields=["is_active"])
        append(events.USER_REACTIVATED, user, actor, reason=reason)
    return user


@transaction.atomic
def set_password(user: User, password: str, *, actor: Actor, by: str = "self") -> None:
    """Give a user a new password of the user's own choice; every other session ends with the old one."""
    check_password(password, user)
    user.set_password(password)
    user.must_change_password = False
    user.save(update_fields=["password", "must_change_password"])
    event = events.PASSWORD_CHANGED if by == "self" else events.PASSWORD_RESET
    append(event, user, actor, data=None if by == "self" else {"by": by})


@transaction.atomic
def reset_password(user: User, *, actor: Actor, reason: str) -> str:
    """Give a user a passing password, shown once to the administrator; it must be changed at the next sign-in."""
    if not reason.strip():
        raise Refused(_("请说明重置理由。"), field="reason")
    password = secrets.token_urlsafe(12)
    user.set_password(password)
    user.must_change_password = True
    user.save(update_fields=["password", "must_change_password"])
    append(events.PASSWORD_RESET, user, actor, data={"by": "admin"}, reason=reason)
    return password


@transaction.atomic
def reset_second_factor(user: User, *, actor: Actor, reason: str) -> None:
    """Remove every second factor of a user who lost them; the next sign-in leads to setting one up."""
    if not reason.strip():
        raise Refused(_("请说明重置理由。"), field="reason")
    Authenticator.objects.filter(user=user).delete()
    append(events.SECOND_FACTOR_RESET, user, actor, reason=reason)


def note(event_type: Any, user: User, actor: Actor, **data: Any) -> None:
    """Write an event about a user's own account (sign-in, lock-out, second factor) in a transaction of its own."""
    with transaction.atomic():
        append(event_type, user, actor, data=data)


@transaction.atomic
def give_known_factor(user: User, secret: str, *, actor: Actor) -> None:
    """Give a demo account the TOTP secret (base32) that the demo shows; raises ValueError anywhere else."""
    if not settings.QIPAN_DEMO or not user.is_demo:
        raise ValueError("a known second factor is for demo accounts only")
    Authenticator.objects.filter(user=user).delete()
    TOTP.activate(user, secret)
    append(events.SECOND_FACTOR_ADDED, user, actor, data={"type": "totp"})
