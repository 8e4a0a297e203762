"""The façade alone at the root of an address, as the specification has it; else it stands below /govstack/."""

import os
from collections.abc import Callable, Iterable
from typing import Any

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "qipan.conf.settings.production")
product = get_wsgi_application()

from qipan.conf import wall  # noqa: E402

wall.serve()


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Every path is one of the façade's."""
    return product({**environ, "PATH_INFO": "/govstack" + environ.get("PATH_INFO", "/")}, start_response)
