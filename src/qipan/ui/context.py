"""What every page's frame needs."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import get_language, gettext

from qipan.conf import messages
from qipan.kernel.ledger import feed
from qipan.ui import acting
from qipan.ui.navigation import menu


def feed_url(request: HttpRequest) -> str:
    """The address of the live feed as this page's browser reaches it."""
    if settings.QIPAN_FEED_URL.startswith(":"):
        host = request.get_host().rpartition(":")[0] or request.get_host()
        return f"{request.scheme}://{host}{settings.QIPAN_FEED_URL}"
    return str(settings.QIPAN_FEED_URL)


def script_words() -> dict[str, str]:
    """The texts of the scripts in the language of the page; none in Chinese, the language of their source."""
    if (get_language() or "").startswith("zh"):
        return {}
    return {text: gettext(text) for text in messages.script_texts()}


def shell(request: HttpRequest) -> dict[str, Any]:
    """The reader, the menus (made only when a frame draws them) and whether this is a demo."""
    if not hasattr(request, "reader"):
        return {"is_demo": settings.QIPAN_DEMO, "script_words": script_words}
    return {
        "reader": request.reader,
        "is_demo": settings.QIPAN_DEMO,
        "script_words": script_words,
        "feed_url": lambda: feed_url(request),
        "feed_ticket": lambda: feed.ticket([], request.reader),  # type: ignore[attr-defined]
        "acting": lambda: acting.switcher(request),
        "frame": lambda: (
            "ui/desk.html" if request.reader.kind == "staff" and request.reader.powers else "ui/base.html"
        ),  # type: ignore[attr-defined]
        "public_menu": lambda: menu("public", request),
        "desk_menu": lambda: menu("desk", request),
        "phone_menu": lambda: menu("phone", request),
    }
