"""What every page's frame needs."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest


def shell(request: HttpRequest) -> dict[str, Any]:
    """The reader, and whether this is a demo."""
    return {"reader": getattr(request, "reader", None), "is_demo": settings.QIPAN_DEMO}
