"""The account library tells by signals what happened; the ledger hears it here. Nothing else hangs on them."""

import logging
from typing import Any

from allauth.account.authentication import get_authentication_records
from allauth.account.internal.flows.login import record_authentication
from allauth.account.signals import user_logged_in
from allauth.mfa import signals as factor_signals
from allauth.mfa.models import Authenticator
from axes.signals import user_locked_out
from django.contrib.auth.signals import user_logged_out, user_login_failed
from django.dispatch import receiver
from django.http import HttpRequest

from qipan.kernel.accounts import events
from qipan.kernel.accounts.actions import note
from qipan.kernel.accounts.models import User
from qipan.kernel.accounts.queries import user_by_login
from qipan.kernel.ledger.actor import Actor
from qipan.ui.signin import session_life
from qipan.ui.watching import say


def _self(user: User) -> Actor:
    return Actor(user.kind, user.pk)  # type: ignore[arg-type]


@receiver(user_logged_in)
def _signed_in(request: HttpRequest, user: User, **_rest: Any) -> None:
    methods = [record.get("type") or record["method"] for record in get_authentication_records(request, user)]
    note(events.SIGNED_IN, user, _self(user), methods=methods)


@receiver(user_locked_out)
def _locked_out(request: HttpRequest, username: str, **_rest: Any) -> None:
    typed = request.POST.get("login", "") or username
    user = user_by_login(typed) if typed else None
    if user is not None:
        note(events.LOCKED_OUT, user, Actor.system())


@receiver(user_login_failed)
def _not_signed_in(credentials: dict[str, Any], request: HttpRequest | None = None, **_rest: Any) -> None:
    """Into the security log: whose account was tried. A name that nobody has may be a password in the wrong field."""
    if request is not None:
        tried = user_by_login(str(credentials.get("username") or ""))
        say("signin.failed", request, method="password", account=tried.pk if tried else 0)


@receiver(factor_signals.authentication_failed)
def _wrong_factor(request: HttpRequest, user: User, authenticator: Authenticator, **_rest: Any) -> None:
    say("signin.failed", request, method=authenticator.type, account=user.pk)


@receiver(factor_signals.authenticator_used)
def _factor_used(
    request: HttpRequest,
    user: User,
    authenticator: Authenticator,
    reauthenticated: bool = False,
    **_rest: Any,
) -> None:
    if reauthenticated:
        session_life.renew(request)
        say("signin.again", request, logging.INFO, method=authenticator.type, account=user.pk)


@receiver(user_logged_out)
def _signed_out(request: HttpRequest | None = None, user: User | None = None, **_rest: Any) -> None:
    if request is not None and user is not None:
        say("signout", request, logging.INFO, account=user.pk)


@receiver(factor_signals.authenticator_added)
def _factor_added(request: HttpRequest, user: User, authenticator: Authenticator, **_rest: Any) -> None:
    if authenticator.type != Authenticator.Type.RECOVERY_CODES:
        record_authentication(request, user, method="mfa", type=authenticator.type, id=authenticator.pk)
        session_life.renew(request)
    note(events.SECOND_FACTOR_ADDED, user, _self(user), type=authenticator.type)


@receiver(factor_signals.authenticator_removed)
def _factor_removed(user: User, authenticator: Authenticator, **_rest: Any) -> None:
    note(events.SECOND_FACTOR_REMOVED, user, _self(user), type=authenticator.type)


@receiver(factor_signals.authenticator_reset)
def _codes_renewed(user: User, authenticator: Authenticator, **_rest: Any) -> None:
    note(events.SECOND_FACTOR_ADDED, user, _self(user), type=authenticator.type)
