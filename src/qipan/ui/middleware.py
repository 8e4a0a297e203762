"""What every request carries: the reader."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.utils.functional import SimpleLazyObject

from qipan.kernel.orgs.queries import reader_of


class ReaderMiddleware:
    """Puts `request.reader` (lazily) on every request."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.reader = SimpleLazyObject(lambda: reader_of(request.user))  # type: ignore[attr-defined]
        return self.get_response(request)
