"""What every page's frame needs."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest

from qipan.ui.navigation import menu


def feed_url(request: HttpRequest) -> str:
    """The address of the live feed as this page's browser reaches it."""
    if settings.QIPAN_FEED_URL.startswith(":"):
        host = request.get_host().rpartition(":")[0] or request.get_host()
        return f"{request.scheme}://{host}{settings.QIPAN_FEED_URL}"
    return str(settings.QIPAN_FEED_URL)


def shell(request: HttpRequest) -> dict[str, Any]:
    """The reader, the menus (made only when a frame draws them) and whether this is a demo."""
    if not hasattr(request, "reader"):
        return {"is_demo": settings.QIPAN_DEMO}
    return {
        "reader": request.reader,
        "is_demo": settings.QIPAN_DEMO,
        "feed_url": lambda: feed_url(request),
        "frame": lambda: (
            "ui/desk.html" if request.reader.kind == "staff" and request.reader.powers else "ui/base.html"
        ),  # type: ignore[attr-defined]
        "public_menu": lambda: menu("public", request),
        "desk_menu": lambda: menu("desk", request),
        "phone_menu": lambda: menu("phone", request),
    }
