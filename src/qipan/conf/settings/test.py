"""Settings of the test suite: everything real, only faster hashing and plain static files."""

from qipan.conf.settings.base import *  # noqa: F403
from qipan.conf.settings.base import STORAGES

SECRET_KEY = "test-only"  # noqa: S105
ALLOWED_HOSTS = ["*"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES = STORAGES | {"staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}
QIPAN_DEMO = True
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = True
