"""Every address of signing in, each with its access; of the account library only what is named here is reachable."""

from allauth.account import views as account
from allauth.mfa.base import views as factors
from allauth.mfa.recovery_codes import views as codes
from allauth.mfa.totp import views as totp
from allauth.mfa.webauthn import views as passkeys
from allauth.usersessions import views as sessions
from django.urls import path

from qipan.ui.access import public, reauthenticated, signed_in
from qipan.ui.signin import views

urlpatterns = [
    path("login/", public(views.SignInView.as_view()), name="account_login"),
    path("logout/", public(account.logout), name="account_logout"),
    path("inactive/", public(account.account_inactive), name="account_inactive"),
    path("register/", public(views.register), name="account_signup"),
    path("register/confirm/", public(views.register_confirm), name="account_register_confirm"),
    path("reauthenticate/", signed_in(account.reauthenticate), name="account_reauthenticate"),
    path("password/change/", signed_in(account.password_change), name="account_change_password"),
    path("password/reset/", public(views.reset_request), name="account_reset_password"),
    path("password/reset/confirm/", public(views.reset_confirm), name="account_reset_confirm"),
    path("security/", signed_in(views.security), name="account_security"),
    path("security/needed/", signed_in(views.second_factor_needed), name="second_factor_needed"),
    path("tokens/", signed_in(reauthenticated(views.tokens)), name="account_tokens"),
    path("tokens/<int:number>/revoke/", signed_in(views.revoke_token), name="account_revoke_token"),
    path("sessions/", signed_in(reauthenticated(sessions.list_usersessions)), name="usersessions_list"),
    path("2fa/", signed_in(views.security), name="mfa_index"),
    path("2fa/authenticate/", public(views.SecondStepView.as_view()), name="mfa_authenticate"),
    path("2fa/reauthenticate/", signed_in(factors.reauthenticate), name="mfa_reauthenticate"),
    path("2fa/totp/activate/", signed_in(totp.activate_totp), name="mfa_activate_totp"),
    path("2fa/totp/deactivate/", signed_in(totp.deactivate_totp), name="mfa_deactivate_totp"),
    path("2fa/recovery-codes/", signed_in(codes.view_recovery_codes), name="mfa_view_recovery_codes"),
    path(
        "2fa/recovery-codes/generate/",
        signed_in(codes.generate_recovery_codes),
        name="mfa_generate_recovery_codes",
    ),
    path(
        "2fa/recovery-codes/download/",
        signed_in(codes.download_recovery_codes),
        name="mfa_download_recovery_codes",
    ),
    path("2fa/passkeys/", signed_in(passkeys.list_webauthn), name="mfa_list_webauthn"),
    path("2fa/passkeys/add/", signed_in(passkeys.add_webauthn), name="mfa_add_webauthn"),
    path("2fa/passkeys/login/", public(passkeys.login_webauthn), name="mfa_login_webauthn"),
    path(
        "2fa/passkeys/reauthenticate/",
        signed_in(passkeys.reauthenticate_webauthn),
        name="mfa_reauthenticate_webauthn",
    ),
    path(
        "2fa/passkeys/<int:pk>/remove/",
        signed_in(views.RemovePasskeyView.as_view()),
        name="mfa_remove_webauthn",
    ),
    path("2fa/passkeys/<int:pk>/edit/", signed_in(passkeys.edit_webauthn), name="mfa_edit_webauthn"),
]
