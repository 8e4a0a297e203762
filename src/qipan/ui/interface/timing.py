"""How long the server worked on a call, told to the program that made it."""

import time
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse


class TimingMiddleware:
    """Adds `Server-Timing: app;dur=…` (milliseconds) to the answers of the open interface, and what is left of the rate."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not request.path.startswith("/api/v1/"):
            return self.get_response(request)
        begun = time.perf_counter()
        answer = self.get_response(request)
        answer["Server-Timing"] = f"app;dur={(time.perf_counter() - begun) * 1000:.1f}"
        allowance = getattr(request, "allowance", None)
        for name, value in (allowance.headers() if allowance is not None else {}).items():
            answer[name] = value
        return answer
