"""What one types in to sign in, to register, and to keep an account safe."""

import datetime
from collections.abc import Callable
from typing import Any

from allauth.account.adapter import get_adapter as account_adapter
from allauth.account.forms import ChangePasswordForm as LibraryChangePasswordForm
from allauth.account.forms import LoginForm
from allauth.account.forms import ReauthenticateForm as LibraryReauthenticateForm
from allauth.mfa.adapter import get_adapter as factor_adapter
from allauth.mfa.base.forms import AuthenticateForm
from allauth.mfa.base.forms import ReauthenticateForm as LibraryCodeAgainForm
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.forms import ActivateTOTPForm
from django import forms
from django.utils.translation import gettext_lazy as _

from qipan.kernel.accounts import factors, limits
from qipan.kernel.accounts.backends import attempt_name
from qipan.kernel.accounts.models import UserKind
from qipan.kernel.ledger.clock import now
from qipan.kernel.ledger.errors import Refused
from qipan.ui.signin.address import client_address

CODE_ATTRIBUTES = {
    "autocomplete": "one-time-code",
    "inputmode": "numeric",
    "autofocus": True,
    "spellcheck": "false",
    "placeholder": "",
    "maxlength": "20",
}


def _dress(form: forms.Form) -> None:
    for name, field in form.fields.items():
        widget = field.widget
        if isinstance(widget, forms.CheckboxInput | forms.CheckboxSelectMultiple | forms.RadioSelect):
            widget.attrs["class"] = "form-check-input"
        elif not widget.is_hidden:
            widget.attrs["class"] = "form-select" if isinstance(widget, forms.Select) else "form-control"
        widget.attrs.pop("placeholder", None)
        if form.is_bound and name in form.errors:
            widget.attrs["aria-invalid"] = "true"
            widget.attrs["class"] += " is-invalid"


class SignInForm(LoginForm):
    """Name (or phone, or e-mail) and password; rate-limited by address and by account."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["login"].label = _("用户名、手机号码或电子邮箱")
        self.fields["login"].widget.attrs["autofocus"] = True
        self.fields["password"].label = _("密码")
        self.fields["password"].help_text = ""
        _dress(self)

    def clean(self) -> dict[str, Any]:
        """Refuse in the same words whatever was wrong, and before looking when there were too many tries."""
        name = attempt_name(None, {"username": self.cleaned_data.get("login", "")})
        if not limits.take(
            f"signin:ip:{client_address(self.request)}", limits.SIGN_IN_ADDRESS
        ) or not limits.take(f"signin:name:{name}", limits.SIGN_IN_ACCOUNT):
            raise account_adapter().validation_error("too_many_login_attempts")
        cleaned = super().clean()
        limits.give_back(f"signin:name:{name}", limits.SIGN_IN_ACCOUNT)
        limits.give_back(f"signin:ip:{client_address(self.request)}", limits.SIGN_IN_ADDRESS)
        return cleaned


class _PasswordAgain:
    """Who sits at an open session that is not theirs has few tries at its owner's password."""

    user: Any

    def _once_more(self, check: Callable[[], str]) -> str:
        key = f"again:{self.user.pk}"
        if not limits.take(key, limits.PASSWORD_AGAIN):
            raise account_adapter().validation_error("too_many_login_attempts")
        right = check()
        limits.give_back(key, limits.PASSWORD_AGAIN)
        return right


class ReauthenticateForm(_PasswordAgain, LibraryReauthenticateForm):
    """The password again, before a sensitive act."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["password"].label = _("密码")
        self.fields["password"].widget.attrs["autofocus"] = True
        _dress(self)

    def clean_password(self) -> str:
        return self._once_more(super().clean_password)


class _CodeMixin:
    """A six-digit code or a recovery code, good for one use; five wrong ones close the door for a while."""

    user: Any
    fields: dict[str, forms.Field]
    cleaned_data: dict[str, Any]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["code"].label = _("动态口令或备用码")
        self.fields["code"].widget.attrs.update(CODE_ATTRIBUTES)
        _dress(self)  # type: ignore[arg-type]

    def clean_code(self) -> str:
        key = f"factor:{self.user.pk}"
        if not limits.take(key, limits.SECOND_FACTOR):
            raise account_adapter().validation_error("too_many_login_attempts")
        code = self.cleaned_data["code"]
        factor = factors.use_code(self.user, code)
        if factor is None:
            first = Authenticator.objects.filter(user=self.user).order_by("-type").first()
            if first is not None:
                self._emit_authentication_failed(first)  # type: ignore[attr-defined]
            raise factor_adapter().validation_error("incorrect_code")
        limits.give_back(key, limits.SECOND_FACTOR)
        self.authenticator = factor
        return code


class CodeForm(_CodeMixin, AuthenticateForm):
    """The second step of signing in."""


class CodeAgainForm(_CodeMixin, LibraryCodeAgainForm):
    """The second factor again, before a sensitive act."""


class SetUpCodeForm(ActivateTOTPForm):
    """The first code of a new authenticator, which proves that the secret arrived."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["code"].label = _("验证器上显示的 6 位动态口令")
        self.fields["code"].widget.attrs.update(CODE_ATTRIBUTES)
        _dress(self)

    def clean_code(self) -> str:
        key = f"factor:{self.user.pk}"
        if not limits.take(key, limits.SECOND_FACTOR):
            raise account_adapter().validation_error("too_many_login_attempts")
        if factors.accepted_step(self.secret, self.cleaned_data["code"]) is None:
            raise factor_adapter().validation_error("incorrect_code")
        limits.give_back(key, limits.SECOND_FACTOR)
        return self.cleaned_data["code"]


class ChangePasswordForm(_PasswordAgain, LibraryChangePasswordForm):
    """The old password and the new one twice."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, label in (
            ("oldpassword", _("当前密码")),
            ("password1", _("新密码")),
            ("password2", _("再次输入新密码")),
        ):
            self.fields[name].label = label
            self.fields[name].help_text = ""
        self.fields["password1"].help_text = _("至少 10 位，不能全是数字，也不能是常见密码。")
        _dress(self)

    def clean_oldpassword(self) -> str:
        return self._once_more(super().clean_oldpassword)


class RefusingForm(forms.Form):
    """A form whose action may refuse: the refusal stands at the field that it names."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _dress(self)

    def refused(self, refusal: Refused) -> None:
        """Show a refusal at its field, or above the form."""
        self.add_error(refusal.field if refusal.field in self.fields else None, str(refusal.message))
        _dress(self)


class RegisterForm(RefusingForm):
    """Registering a personal account or one that acts for a business."""

    kind = forms.ChoiceField(
        label=_("账户类型"),
        choices=[
            (UserKind.BUSINESS.value, _("经营者（为企业、个体工商户办事）")),
            (UserKind.PUBLIC.value, _("个人")),
        ],
        widget=forms.RadioSelect,
        initial=UserKind.BUSINESS.value,
    )
    name = forms.CharField(label=_("姓名"), max_length=60, widget=forms.TextInput({"autocomplete": "name"}))
    contact = forms.CharField(
        label=_("手机号码或电子邮箱"),
        max_length=120,
        widget=forms.TextInput({"autocomplete": "tel"}),
        help_text=_("用来登录和接收验证码。"),
    )
    password = forms.CharField(
        label=_("密码"),
        strip=False,
        widget=forms.PasswordInput({"autocomplete": "new-password"}),
        help_text=_("至少 10 位，不能全是数字，也不能是常见密码。"),
    )
    agree = forms.BooleanField(
        label=_("我同意平台为办理业务处理我填写的个人信息；我可以随时查询、更正和删除。"),
        error_messages={"required": _("须同意后才能注册。")},
    )


class SentCodeForm(RefusingForm):
    """The code that was sent."""

    code = forms.CharField(label=_("验证码"), max_length=12, widget=forms.TextInput(CODE_ATTRIBUTES))


class ResetRequestForm(RefusingForm):
    """Where to send a code to somebody who forgot the password."""

    contact = forms.CharField(
        label=_("注册时的手机号码或电子邮箱"),
        max_length=120,
        widget=forms.TextInput({"autocomplete": "username"}),
    )


class ResetForm(SentCodeForm):
    """The code that was sent and the new password."""

    password = forms.CharField(
        label=_("新密码"),
        strip=False,
        widget=forms.PasswordInput({"autocomplete": "new-password"}),
        help_text=_("至少 10 位，不能全是数字，也不能是常见密码。"),
    )


class TokenForm(RefusingForm):
    """A new token for a program."""

    name = forms.CharField(label=_("用途"), max_length=60, help_text=_("例如：区政务平台对接。"))
    scopes = forms.CharField(
        label=_("范围"), max_length=200, help_text=_("接口文档中写明的范围，用空格分开，例如 cases.read。")
    )
    days = forms.TypedChoiceField(
        label=_("有效期"),
        coerce=int,
        choices=[(30, _("30 天")), (90, _("90 天")), (365, _("365 天"))],
        initial=90,
    )

    def expires_at(self) -> datetime.datetime:
        """The end of the chosen span, from now."""
        return now() + datetime.timedelta(days=self.cleaned_data["days"])

    def scope_list(self) -> list[str]:
        """The scopes, one by one."""
        return self.cleaned_data["scopes"].replace(",", " ").split()
