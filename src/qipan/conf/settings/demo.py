"""Settings of the demo: the production ones, on this machine only, with a key made at first start."""

from qipan.conf import environment as env
from qipan.conf.settings.base import *  # noqa: F403

SECRET_KEY = env.text("QIPAN_SECRET_KEY", "demo-only-never-in-production")
QIPAN_DEMO = True
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = True
