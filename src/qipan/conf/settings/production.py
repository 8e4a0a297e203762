"""Settings of a real installation: TLS in front, strict cookies, no default secret."""

from django.core.exceptions import ImproperlyConfigured

from qipan.conf.settings.base import *  # noqa: F403
from qipan.conf.settings.base import SECRET_KEY

QIPAN_DEMO = False
if not SECRET_KEY:
    raise ImproperlyConfigured("QIPAN_SECRET_KEY is not set: give a random text of 50 characters or more.")
SECURE_SSL_REDIRECT = True
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_HSTS_SECONDS = 31536000
SECURE_HSTS_INCLUDE_SUBDOMAINS = True
SECURE_HSTS_PRELOAD = True
SESSION_COOKIE_SECURE = True
CSRF_COOKIE_SECURE = True
LANGUAGE_COOKIE_SECURE = True
# A browser takes these names only from this very host, by TLS, for the whole host: no neighbour can plant one.
SESSION_COOKIE_NAME = "__Host-sessionid"
CSRF_COOKIE_NAME = "__Host-csrftoken"
LANGUAGE_COOKIE_NAME = "__Host-language"
