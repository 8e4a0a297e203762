"""The web application."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "qipan.conf.settings.production")
application = get_wsgi_application()

from django.urls import get_resolver  # noqa: E402

from qipan.conf import memory, wall  # noqa: E402

get_resolver().url_patterns  # noqa: B018  (the first request finds every page imported)
wall.serve()
memory.settle()
