"""How long a session lives: so long unused, and so long in any case."""

import logging
from collections.abc import Callable
from typing import Any

from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.auth import SESSION_KEY, logout
from django.contrib.auth.signals import user_logged_in
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse

from qipan.kernel.ledger.clock import now
from qipan.ui.watching import say

BEGUN, SEEN = "session_begun", "session_seen"
NOTED_EVERY = 300
"""Seconds between two notes of use: a session is not written at every page."""


@receiver(user_logged_in)
def _begins(request: HttpRequest, **_rest: Any) -> None:
    request.session[BEGUN] = request.session[SEEN] = int(now().timestamp())


def renew(request: HttpRequest) -> None:
    """Give a session another key, after its owner proved who they are; what its key opened before is closed."""
    before = request.session.session_key
    request.session.cycle_key()
    UserSession.objects.filter(session_key=before).update(session_key=request.session.session_key)


class SessionLifeMiddleware:
    """Signs out a session that was not used for `QIPAN_SESSION_IDLE`, or began `QIPAN_SESSION_LIFE` ago."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        session = request.session
        if SESSION_KEY in session:
            moment = int(now().timestamp())
            begun, seen = session.setdefault(BEGUN, moment), session.setdefault(SEEN, moment)
            if moment - begun >= settings.QIPAN_SESSION_LIFE.total_seconds():
                self._end(request, "life")
            elif moment - seen >= settings.QIPAN_SESSION_IDLE.total_seconds():
                self._end(request, "idle")
            elif moment - seen >= NOTED_EVERY:
                session[SEEN] = moment
        return self.get_response(request)

    @staticmethod
    def _end(request: HttpRequest, why: str) -> None:
        say("session.ended", request, logging.INFO, why=why)
        logout(request)
