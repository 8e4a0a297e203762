"""Settings that every way of running shares. Only `qipan.conf.environment` reads the environment."""

from pathlib import Path

from csp.constants import NONE, SELF
from django.utils.translation import gettext_lazy as _

from qipan.conf import environment as env
from qipan.conf import pooling, static_files
from qipan.conf.settings.signin import *  # noqa: F403

PACKAGE = Path(__file__).resolve().parents[2]
ROOT = env.ROOT
HOME = env.home()

SECRET_KEY = env.text("QIPAN_SECRET_KEY")
DEBUG = False
ALLOWED_HOSTS = [host for host in env.text("QIPAN_HOSTS", "127.0.0.1,localhost").split(",") if host]

INSTALLED_APPS = [
    "qipan.ui.admin_app.SystemAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django_htmx",
    "csp",
    "rules",
    "pgtrigger",
    "pghistory",
    "procrastinate.contrib.django",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "axes",
    "qipan.kernel.jobs",
    "qipan.kernel.ledger",
    "qipan.kernel.accounts",
    "qipan.kernel.orgs",
    "qipan.kernel.law",
    "qipan.kernel.items",
    "qipan.kernel.forms",
    "qipan.kernel.subjects",
    "qipan.kernel.decisions",
    "qipan.kernel.evidence",
    "qipan.kernel.documents",
    "qipan.kernel.flow",
    "qipan.kernel.publication",
    "qipan.ui",
    "qipan.domains.licensing",
    "qipan.domains.inspection",
    "qipan.domains.seals",
    "qipan.adapters.agencies",
    "qipan.adapters.govstack",
    "qipan.city",
    "qipan.portal",
]

MIDDLEWARE = [
    "qipan.ui.interface.timing.TimingMiddleware",
    "qipan.ui.middleware.WallMiddleware",
    "qipan.ui.watching.WatchMiddleware",
    "qipan.ui.transport.TransportMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "qipan.ui.signin.session_life.SessionLifeMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "csp.middleware.CSPMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "qipan.ui.interface.problems.ProblemMiddleware",
    "qipan.ui.middleware.SizeMiddleware",
    "qipan.ui.middleware.ReaderMiddleware",
    "qipan.ui.middleware.UnwritableMiddleware",
    "qipan.ui.middleware.FirstStepsMiddleware",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "qipan.portal.urls"
CSRF_FAILURE_VIEW = "qipan.portal.errors.csrf_failed"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [PACKAGE / "ui" / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "qipan.ui.context.shell",
            ],
        },
    }
]
WSGI_APPLICATION = "qipan.portal.wsgi.application"

DATABASES = {"default": env.database(env.text("DATABASE_URL", "postgresql://qipan@127.0.0.1/qipan"))}
DATABASES["default"]["ATOMIC_REQUESTS"] = False
# Services: threads share so many connections, a dead one is replaced unseen, and none waits for a new sign-in.
if most := env.number("QIPAN_DB_POOL", 0):
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
    pool = {"min_size": 1, "max_size": most, "timeout": 10, "connection_class": pooling.Connection}
    DATABASES["default"]["OPTIONS"] = {**DATABASES["default"]["OPTIONS"], "pool": pool}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_USER_MODEL = "accounts.User"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "qipan.kernel.accounts.passwords.GuessablePasswordValidator"},
    {"NAME": "qipan.kernel.accounts.passwords.LeakedPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]

LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", _("简体中文")), ("en", "English")]
LOCALE_PATHS = [PACKAGE / "locale", PACKAGE / "locale" / "catalogue"]
USE_I18N = True
TIME_ZONE = "Asia/Shanghai"
USE_TZ = True

STATIC_URL = "/static/"
STATIC_ROOT = HOME / "static"
STATICFILES_DIRS = [("", str(ROOT / "frontend" / "static-build"))]
WHITENOISE_ADD_HEADERS_FUNCTION = static_files.add_headers
WHITENOISE_ALLOW_ALL_ORIGINS = False
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}

# An operator's own 仿宋 and 小标宋 come first; a font for rare characters that the system has comes last.
QIPAN_FONTS = env.folders("QIPAN_FONTS")
QIPAN_RARE_FONTS = env.folders(
    "QIPAN_RARE_FONTS", "/usr/share/fonts/truetype/hanazono:/usr/share/fonts/opentype/hanazono"
)
# A folder with the certificates and keys of a licensed authority for seals; empty: one of our own making.
QIPAN_SEAL_CA = env.text("QIPAN_SEAL_CA")
# Where the keys of seals are made: encrypted files, or a hardware module through PKCS#11; those in SM2 may stay in files.
QIPAN_SEAL_KEYS = env.text("QIPAN_SEAL_KEYS", "file")
QIPAN_SEAL_SM2_KEYS = env.text("QIPAN_SEAL_SM2_KEYS")
QIPAN_PKCS11_MODULE = env.text("QIPAN_PKCS11_MODULE")
QIPAN_PKCS11_TOKEN = env.text("QIPAN_PKCS11_TOKEN")
QIPAN_PKCS11_PIN_FILE = env.text("QIPAN_PKCS11_PIN_FILE")
QIPAN_PKCS11_SM2_MECHANISM = env.text("QIPAN_PKCS11_SM2_MECHANISM")

SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
# Where people reach this installation: what QR codes lead to and events name as their source.
QIPAN_BASE_URL = env.text("QIPAN_BASE_URL").rstrip("/")
# The live feed is a process of its own: behind a proxy at this address; `:8001/feed` is the page's host at that port.
QIPAN_FEED_URL = env.text("QIPAN_FEED_URL", "/feed")
#: Self-served webhooks may lead to this machine and inside networks, and go without TLS.
QIPAN_WEBHOOK_PRIVATE = env.flag("QIPAN_WEBHOOK_PRIVATE", False)
# The folder of the ledger's seals outside the database, best on another disk or machine; empty: in HOME.
QIPAN_SEALS = env.text("QIPAN_SEALS")
# An S3-compatible service for evidence, https://host/bucket; empty: a folder in HOME.
QIPAN_EVIDENCE_URL = env.text("QIPAN_EVIDENCE_URL")
QIPAN_EVIDENCE_KEY = env.text("QIPAN_EVIDENCE_KEY")
QIPAN_EVIDENCE_SECRET = env.text("QIPAN_EVIDENCE_SECRET")
QIPAN_EVIDENCE_REGION = env.text("QIPAN_EVIDENCE_REGION", "us-east-1")
# A virus scanner (clamd) that is asked before a file is taken in: /path/of/socket or host:port; empty: none.
QIPAN_SCANNER = env.text("QIPAN_SCANNER")
# The file that names the clients of the GovStack façade and their tokens (`adapters.govstack.clients`); empty: off.
QIPAN_GOVSTACK_CLIENTS = env.text("QIPAN_GOVSTACK_CLIENTS")
SESSION_ENGINE = "django.contrib.sessions.backends.db"
SESSION_SERIALIZER = "django.contrib.sessions.serializers.JSONSerializer"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = 8 * 3600
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Lax"
LANGUAGE_COOKIE_HTTPONLY = True
LANGUAGE_COOKIE_SAMESITE = "Lax"
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:", "blob:"],
        "font-src": [SELF],
        "connect-src": [SELF, *env.sources(QIPAN_FEED_URL)],
        "object-src": [NONE],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
        "form-action": [SELF],
    }
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 6 * 1024 * 1024

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"()": "qipan.conf.logs.LineFormatter"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "loggers": {"psycopg.pool": {"level": "ERROR"}},  # it warns at every try while the database restarts
    "root": {"handlers": ["console"], "level": env.text("QIPAN_LOG_LEVEL", "INFO")},
}
