"""The security log: what was refused and who failed to sign in, one line each, for those who watch the installation.

What succeeds stands in the ledger; what fails stands here, because a stranger must not be able to fill the ledger.
A line names the account by its number and the address, never a password, a code, a token or a name that was typed.
"""

import json
import logging
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse

from qipan.ui.signin.address import client_address

log = logging.getLogger("qipan.security")
REFUSED = {
    401: logging.WARNING,
    403: logging.WARNING,
    429: logging.WARNING,
    400: logging.INFO,
    413: logging.INFO,
}
"""What is told of anybody; 404 only of those with an account, for whom it can mean that a record is not theirs."""


def say(event: str, request: HttpRequest, level: int = logging.WARNING, **facts: Any) -> None:
    """Write a line: the event, the facts, who asked and from where."""
    told = {**facts, "user": _account(request), "address": client_address(request)}
    words = (
        f"{name}={json.dumps(value, ensure_ascii=False)}" for name, value in told.items() if value is not None
    )
    log.log(level, "%s %s", event, " ".join(words))


def _account(request: HttpRequest) -> int | None:
    user = getattr(request, "user", None)
    with suppress(DatabaseError):
        return user.pk if user is not None and user.is_authenticated else None
    return None


def _is_known(request: HttpRequest) -> bool:
    """Whether the request came with a session that is signed in, or with a token."""
    if "HTTP_AUTHORIZATION" in request.META:
        return True
    return settings.SESSION_COOKIE_NAME in request.COOKIES and SESSION_KEY in getattr(request, "session", ())


class WatchMiddleware:
    """Tells of every request that was refused: without the query, which may hold what somebody typed."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        answer = self.get_response(request)
        level = REFUSED.get(answer.status_code)
        if level is None and answer.status_code == 404 and _is_known(request):
            level = logging.INFO
        if level is not None:
            say(
                "refused", request, level, status=answer.status_code, method=request.method, path=request.path
            )
        return answer
