"""What every request carries: the reader; and what a session must do before anything else."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from allauth.mfa.models import Authenticator
from django.core.exceptions import RequestDataTooBig, SuspiciousOperation
from django.db import DataError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.functional import SimpleLazyObject

from qipan.conf import wall
from qipan.kernel.orgs.queries import reader_of
from qipan.kernel.orgs.reader import Reader
from qipan.ui.signin import second_factor

#: A batch of papers to be sealed (100 MB) with the form around it.
MOST_BYTES = 110 * 1024 * 1024
FIRST_STEPS = frozenset(
    {
        "account_logout",
        "account_reauthenticate",
        "account_change_password",
        "mfa_reauthenticate",
        "mfa_reauthenticate_webauthn",
        "mfa_activate_totp",
        "mfa_add_webauthn",
        "mfa_view_recovery_codes",
        "mfa_download_recovery_codes",
        "second_factor_needed",
        "set_language",
    }
)
"""Pages that a session may open before it has shown a second factor or changed a passing password."""


class WallMiddleware:
    """The database's second wall stands around every request: shut until the reader is known, and again afterwards."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        with wall.standing(wall.SHUT):
            return self.get_response(request)


class SizeMiddleware:
    """Refuses a request that announces more than any page takes, before a byte of it is read or laid on the disk."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        length = request.META.get("CONTENT_LENGTH") or "0"
        if length.isdecimal() and int(length) > MOST_BYTES:
            raise RequestDataTooBig
        return self.get_response(request)


class ReaderMiddleware:
    """Puts `request.reader` (lazily) on every request; a session that owes a second factor reads as one without powers.

    Once the reader is known the wall stands around the reader's own.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.reader = SimpleLazyObject(lambda: self._known(request))  # type: ignore[attr-defined]
        return self.get_response(request)

    @classmethod
    def _known(cls, request: HttpRequest) -> Reader:
        reader = cls._reader(request)
        wall.stand(reader.wall())
        return reader

    @staticmethod
    def _reader(request: HttpRequest) -> Reader:
        if second_factor.is_owed(request):
            return Reader(kind="staff", user_id=request.user.pk)
        return reader_of(request.user)


class UnwritableMiddleware:
    """Answers 400 where text with a NUL character reached the database, which keeps none; people cannot type it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> None:
        if isinstance(error, DataError) and any(sign in str(error) for sign in ("NUL", "u0000")):
            raise SuspiciousOperation("a NUL character in what was sent") from error


class FirstStepsMiddleware:
    """Leads staff without a second factor to setting one up, and users with a passing password to changing it.

    Pages are redirected; anything that is not a page of a browser gets 403 in words.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> HttpResponse | None:
        match = request.resolver_match
        if not request.user.is_authenticated or (match and match.url_name in FIRST_STEPS):
            return None
        if second_factor.is_owed(request):
            return self._lead(request, self._factor_page(request))
        if request.user.must_change_password:
            return self._lead(request, "account_change_password")
        return None

    @staticmethod
    def _factor_page(request: HttpRequest) -> str:
        has_one = Authenticator.objects.filter(user=request.user).exclude(
            type=Authenticator.Type.RECOVERY_CODES
        )
        return "mfa_reauthenticate" if has_one.exists() else "second_factor_needed"

    @staticmethod
    def _lead(request: HttpRequest, page: str) -> HttpResponse:
        address = reverse(page)
        browsing = "text/html" in request.headers.get("Accept", "text/html")
        if not browsing or request.headers.get("HX-Request") or request.path.startswith("/api/v1/"):
            return HttpResponse(status=403, headers={"HX-Redirect": address})
        query = urlencode({"next": request.get_full_path()}) if request.method == "GET" else ""
        return HttpResponseRedirect(f"{address}?{query}" if query else address)
