"""How the account library is bent to this house: no self-made accounts, our messages, sealed factor secrets."""

import base64
import ipaddress
import time
from typing import Any

from allauth.account import app_settings as account_settings
from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.authentication import get_authentication_records
from allauth.core import context
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from django.contrib.auth.base_user import AbstractBaseUser
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.shortcuts import resolve_url
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qipan.kernel.accounts import actions
from qipan.kernel.accounts.models import UserKind
from qipan.kernel.accounts.vault.keys import master
from qipan.kernel.ledger.actor import Actor
from qipan.kernel.ledger.errors import Refused
from qipan.ui.signin import session_life
from qipan.ui.signin.address import client_address

FACTOR_CONTEXT = b"second factor"


class AccountAdapter(DefaultAccountAdapter):
    """Accounts: opened by our own actions only; every sentence a user reads is ours."""

    error_messages = DefaultAccountAdapter.error_messages | {
        "username_password_mismatch": gettext_lazy("用户名或密码不正确。"),
        "email_password_mismatch": gettext_lazy("用户名或密码不正确。"),
        "phone_password_mismatch": gettext_lazy("用户名或密码不正确。"),
        "incorrect_password": gettext_lazy("密码不正确。"),
        "enter_current_password": gettext_lazy("请输入当前密码。"),
        "too_many_login_attempts": gettext_lazy("尝试次数过多，请稍后再试。"),
        "rate_limited": gettext_lazy("操作过于频繁，请稍后再试。"),
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Never by the library: registration is `accounts.actions.register`."""
        return False

    def get_client_ip(self, request: HttpRequest) -> str:
        return client_address(request)

    def get_login_redirect_url(self, request: HttpRequest) -> str:
        """Staff to their desk, everybody else to the public pages."""
        return "/desk/" if getattr(request.user, "kind", "") == UserKind.STAFF else resolve_url("/")

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        return reverse("account_security")

    def is_reauthentication_required(self, *, app: str, **kwargs: Any) -> bool:
        """Not within ten minutes of any proof of who one is: signing in counts as much as proving it again."""
        records = get_authentication_records(context.request, context.request.user)
        latest = max((record["at"] for record in records), default=0)
        return time.time() - latest >= account_settings.REAUTHENTICATION_TIMEOUT

    def reauthenticate(self, user: Any, password: str) -> bool:
        """Whether the password is right; a session that was proven again gets another key."""
        right: bool = super().reauthenticate(user, password)
        if right:
            session_life.renew(context.request)
        return right

    def clean_password(self, password: str, user: Any = None) -> str:
        """What our action will ask of the password, told at the field."""
        try:
            actions.check_password(password, user)
        except Refused as refusal:
            raise ValidationError(str(refusal.message)) from None
        return password

    def set_password(self, user: Any, password: str) -> None:
        """Through our action, so that the ledger knows."""
        actions.set_password(user, password, actor=Actor(user.kind, user.pk))

    def add_message(self, *args: Any, **kwargs: Any) -> None:
        """Only what a form could not say: that one is signed in or out, the page shows."""
        if kwargs.get("message"):
            super().add_message(*args, **kwargs)


class FactorAdapter(DefaultMFAAdapter):
    """Second factors: secrets sealed by the vault's master key, no way to do without one for staff."""

    error_messages = DefaultMFAAdapter.error_messages | {
        "incorrect_code": gettext_lazy("验证码不正确、已使用或已过期，请输入最新的验证码。"),
        "cannot_delete_authenticator": gettext_lazy(
            "工作人员账户必须保留至少一种两步验证方式；请先添加另一种，再移除这一种。"
        ),
        "cannot_generate_recovery_codes": gettext_lazy("请先设置两步验证，再生成备用码。"),
    }

    def encrypt(self, text: str) -> str:
        return base64.b64encode(master().wrap(text.encode(), FACTOR_CONTEXT)).decode()

    def decrypt(self, encrypted_text: str) -> str:
        return master().unwrap(base64.b64decode(encrypted_text), FACTOR_CONTEXT).decode()

    def get_totp_issuer(self) -> str:
        return _("棋盘")

    def _get_site_name(self) -> str:
        return _("棋盘")

    def get_totp_label(self, user: AbstractBaseUser) -> str:
        return str(user.get_username())

    def generate_authenticator_name(self, user: AbstractBaseUser, type: Authenticator.Type) -> str:
        count = Authenticator.objects.filter(user_id=user.pk, type=type).count()
        return _("通行密钥 %(number)d") % {"number": count + 1}

    def can_delete_authenticator(self, authenticator: Authenticator) -> bool:
        """Staff keep at least one; everybody else may remove all."""
        if authenticator.user.kind != UserKind.STAFF:
            return True
        others = Authenticator.objects.filter(user_id=authenticator.user_id).exclude(pk=authenticator.pk)
        return others.exclude(type=Authenticator.Type.RECOVERY_CODES).exists()


def passkeys_possible() -> bool:
    """Whether browsers allow passkeys here: they need a host name (localhost will do), not an address of digits."""
    host = context.request.get_host().rsplit(":", 1)[0].strip("[]")
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return True
    return False
