"""By what way a request may come, and whether its answer may be kept."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from qipan.ui.interface import problems

INTERFACE = "/api/v1/"


class TransportMiddleware:
    """Refuses TRACE, and programs that come without TLS; forbids keeping what was answered to somebody known.

    A page is led from HTTP to HTTPS (`SECURE_SSL_REDIRECT`). A program that was told the wrong address is refused
    instead: led on, it would send its token in clear for ever and nobody would notice.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.method == "TRACE":
            return HttpResponse(status=405, content_type="text/plain; charset=utf-8")
        by_program = request.path.startswith(INTERFACE) or "HTTP_AUTHORIZATION" in request.META
        if by_program and settings.SECURE_SSL_REDIRECT and not request.is_secure():
            return problems.problem(
                "forbidden", _("接口只接受 HTTPS。请改用 https:// 地址，并撤销这个令牌。")
            )
        answer = self.get_response(request)
        if "Cache-Control" not in answer.headers and (
            "HTTP_AUTHORIZATION" in request.META or settings.SESSION_COOKIE_NAME in request.COOKIES
        ):
            answer["Cache-Control"] = "private, no-store"
        return answer
