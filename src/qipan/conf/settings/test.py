"""Settings of the test suite: everything real, only faster hashing and plain static files."""

import os

from qipan.conf import environment as env

# Processes that run tests side by side (gw0, gw1 …) have a folder and a database server each: `qipan.cli.test`.
if (worker := env.text("PYTEST_XDIST_WORKER")) and env.home().name == "test":
    os.environ["QIPAN_HOME"] = str(env.home() / worker)
    os.environ["DATABASE_URL"] = env.text("QIPAN_TEST_DATABASES").split()[int(worker.removeprefix("gw"))]

from qipan.conf.settings.base import *  # noqa: F403
from qipan.conf.settings.base import STORAGES

SECRET_KEY = "test-only"  # noqa: S105
ALLOWED_HOSTS = ["*"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES = STORAGES | {"staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}
QIPAN_DEMO = True
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = True
