"""Settings of sign-in: the account library, the second factor, lock-out, and the messages' mail host."""

import datetime

from qipan.conf import environment as env

AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "rules.permissions.ObjectPermissionBackend",
    "qipan.kernel.accounts.backends.LoginBackend",
]
LOGIN_URL = "/accounts/login/"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "/"

ACCOUNT_ADAPTER = "qipan.ui.signin.adapters.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_PREVENT_ENUMERATION = "strict"
ACCOUNT_REAUTHENTICATION_TIMEOUT = 600
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = False
# The library counts in a cache of one process; ours count in PostgreSQL for all of them (accounts.limits, axes).
ACCOUNT_RATE_LIMITS = False
ACCOUNT_FORMS = {
    "login": "qipan.ui.signin.forms.SignInForm",
    "change_password": "qipan.ui.signin.forms.ChangePasswordForm",
    "reauthenticate": "qipan.ui.signin.forms.ReauthenticateForm",
}

MFA_ADAPTER = "qipan.ui.signin.adapters.FactorAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_WEBAUTHN_USER_VERIFICATION = "required"
MFA_RECOVERY_CODES_SHOW_ONCE = True
MFA_TOTP_TOLERANCE = 1
MFA_RATE_LIMITS = False
MFA_FORMS = {
    "authenticate": "qipan.ui.signin.forms.CodeForm",
    "reauthenticate": "qipan.ui.signin.forms.CodeAgainForm",
    "activate_totp": "qipan.ui.signin.forms.SetUpCodeForm",
}

AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = datetime.timedelta(minutes=15)
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_RESET_ON_SUCCESS = True
AXES_USERNAME_CALLABLE = "qipan.kernel.accounts.backends.attempt_name"
AXES_CLIENT_IP_CALLABLE = "qipan.ui.signin.address.client_address"
AXES_LOCKOUT_CALLABLE = "qipan.ui.signin.views.locked_out"
AXES_ENABLE_ADMIN = False
AXES_VERBOSE = False
QIPAN_TRUSTED_PROXIES = env.number("QIPAN_TRUSTED_PROXIES", 0)

# A session ends when it was not used for so long, and in any case so long after signing in.
QIPAN_SESSION_IDLE = datetime.timedelta(minutes=env.number("QIPAN_SESSION_MINUTES", 60))
QIPAN_SESSION_LIFE = datetime.timedelta(hours=8)
# A sorted file of SHA-1 digests of leaked passwords; empty: none.
QIPAN_LEAKED_PASSWORDS = env.text("QIPAN_LEAKED_PASSWORDS")
QIPAN_VAULT_KEY = env.text("QIPAN_VAULT_KEY")
EMAIL_HOST = env.text("QIPAN_EMAIL_HOST")
EMAIL_PORT = env.number("QIPAN_EMAIL_PORT", 465)
EMAIL_HOST_USER = env.text("QIPAN_EMAIL_USER")
EMAIL_HOST_PASSWORD = env.text("QIPAN_EMAIL_PASSWORD")
EMAIL_USE_SSL = env.flag("QIPAN_EMAIL_SSL", True)
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = env.text("QIPAN_EMAIL_FROM", "noreply@localhost")
