"""Where a request comes from."""

from django.conf import settings
from django.http import HttpRequest

UNKNOWN = "0.0.0.0"  # noqa: S104 (a socket file has no address)


def client_address(request: HttpRequest) -> str:
    """The client's address: the peer's, or behind N trusted proxies the Nth entry from the right of X-Forwarded-For.

    What a client writes into that header itself stands further left and is never believed.
    """
    peer = request.META.get("REMOTE_ADDR") or UNKNOWN
    count = settings.QIPAN_TRUSTED_PROXIES
    if count <= 0:
        return peer
    hops = [hop.strip() for hop in request.headers.get("X-Forwarded-For", "").split(",") if hop.strip()]
    return hops[-count] if len(hops) >= count else peer
