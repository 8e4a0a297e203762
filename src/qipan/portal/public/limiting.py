"""How often a stranger may search: by address, shared by every process; those with an account are known and unbounded."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse

from qipan.kernel.accounts import limits
from qipan.portal import errors
from qipan.ui.signin.address import client_address

View = Callable[..., HttpResponse]


def for_strangers(name: str = "page", rate: limits.Rate = limits.PAGE_ADDRESS) -> Callable[[View], View]:
    """Answers 429 when an address without an account asks too often. Stands below the declaration of access."""

    def limit(view: View) -> View:
        @wraps(view)
        def limited(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            stranger = request.reader.user_id is None  # type: ignore[attr-defined]
            if stranger and not limits.take(f"{name}:ip:{client_address(request)}", rate):
                answer = errors.page(request, 429)
                answer["Retry-After"] = str(max(1, round(rate.seconds / rate.burst)))
                return answer
            return view(request, *args, **kwargs)

        return limited

    return limit
