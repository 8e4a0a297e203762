"""Registration, finding back in, the safety page, tokens, and what one is told when locked out."""

from typing import Any

from allauth.account.internal.decorators import login_stage_required
from allauth.account.views import LoginView
from allauth.mfa.adapter import get_adapter as factor_adapter
from allauth.mfa.base.views import AuthenticateView
from allauth.mfa.models import Authenticator
from allauth.mfa.stages import AuthenticateStage
from allauth.mfa.webauthn.views import RemoveWebAuthnView
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST

from qipan.kernel.accounts import actions, factors, letters, limits
from qipan.kernel.accounts.models import ApiToken, Letter, User, UserKind
from qipan.kernel.ledger.errors import Refused
from qipan.ui.signin import forms, hooks, second_factor
from qipan.ui.signin.adapters import passkeys_possible
from qipan.ui.signin.address import client_address

PENDING = "accounts_pending"
TOO_MANY = gettext_lazy("操作过于频繁，请稍后再试。")


class SignInView(LoginView):
    """The sign-in page; in the demo it offers the demo accounts, one press fills the form."""

    def get_form_kwargs(self) -> dict[str, Any]:
        kwargs = super().get_form_kwargs()
        self.picked = next(
            (each for each in hooks.demo_accounts() if each.username == self.request.GET.get("demo")), None
        )
        if self.picked:
            kwargs["initial"] = {"login": self.picked.username, "password": self.picked.password}
        return kwargs

    def get_form(self, form_class: Any = None) -> Any:
        form = super().get_form(form_class)
        if self.picked:
            form.fields["password"].widget.render_value = True
        return form

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        groups: dict[str, list[hooks.DemoAccount]] = {}
        for account in hooks.demo_accounts():
            groups.setdefault(account.group, []).append(account)
        next_page = self.request.GET.get("next", "")
        if not url_has_allowed_host_and_scheme(next_page, {self.request.get_host()}):
            next_page = ""
        return context | {
            "demo_groups": groups,
            "picked": self.picked,
            "next_page": next_page,
            "passkeys_possible": passkeys_possible(),
        }


@method_decorator(
    login_stage_required(stage=AuthenticateStage.key, redirect_urlname="account_login"), name="dispatch"
)
class SecondStepView(AuthenticateView):
    """The second step of signing in; the demo shows a demo account's present code."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        user = self.stage.login.user
        types = set(Authenticator.objects.filter(user=user).values_list("type", flat=True))
        return context | {
            "demo_code": factors.usable_code(user) if settings.QIPAN_DEMO else None,
            "is_demo_account": settings.QIPAN_DEMO and user.is_demo,
            "has_codes": bool(types - {Authenticator.Type.WEBAUTHN}),
            "has_passkey": Authenticator.Type.WEBAUTHN in types and passkeys_possible(),
        }


class RemovePasskeyView(RemoveWebAuthnView):
    """Removing a passkey; a member of staff keeps the last factor."""

    def form_valid(self, form: Any) -> HttpResponse:
        adapter = factor_adapter()
        if not adapter.can_delete_authenticator(self.get_object()):
            messages.error(self.request, adapter.error_messages["cannot_delete_authenticator"])
            return HttpResponseRedirect(self.get_success_url())
        return super().form_valid(form)


@never_cache
def second_factor_needed(request: HttpRequest) -> HttpResponse:
    """What a member of staff without a second factor sees first: why, and which kinds there are."""
    if not second_factor.is_owed(request):
        return redirect("account_security")
    return render(request, "account/second_factor_needed.html", {"passkeys_possible": passkeys_possible()})


def _limited(request: HttpRequest, what: str, rate: limits.Rate) -> bool:
    return not limits.take(f"{what}:ip:{client_address(request)}", rate)


def _remember(request: HttpRequest, user: User | None, letter: Letter | None, purpose: str) -> None:
    request.session[PENDING] = {
        "user": user.pk if user else None,
        "letter": letter.pk if letter else None,
        "purpose": purpose,
    }


def _pending(request: HttpRequest, purpose: str) -> dict[str, Any] | None:
    pending = request.session.get(PENDING)
    return pending if pending and pending["purpose"] == purpose else None


def _shown_letter(pending: dict[str, Any]) -> str:
    """In the demo no gateway carries messages, so the page shows the one that would have been sent."""
    if not settings.QIPAN_DEMO or not pending["letter"]:
        return ""
    letter = Letter.objects.select_related("person").filter(pk=pending["letter"]).first()
    return letters.text_of(letter) if letter else ""


@never_cache
@sensitive_post_parameters("password")
def register(request: HttpRequest) -> HttpResponse:
    """Registering an account for oneself or to act for a business."""
    if request.user.is_authenticated:
        return redirect("account_security")
    form = forms.RegisterForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        values = form.cleaned_data
        try:
            if _limited(request, "register", limits.REGISTER):
                raise Refused(TOO_MANY)
            user, letter = actions.register(
                kind=values["kind"],
                name=values["name"],
                contact=values["contact"],
                password=values["password"],
            )
        except Refused as refusal:
            form.refused(refusal)
        else:
            _remember(request, user, letter, "register")
            return redirect("account_register_confirm")
    return render(request, "account/register.html", {"form": form}, status=422 if form.errors else 200)


@never_cache
def register_confirm(request: HttpRequest) -> HttpResponse:
    """Typing the code that was sent, which wakes the account."""
    pending = _pending(request, "register")
    if pending is None:
        return redirect("account_signup")
    form = forms.SentCodeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            if _limited(request, "code", limits.SIGN_IN_ADDRESS):
                raise Refused(TOO_MANY)
            user = User.objects.filter(pk=pending["user"] or 0).first()
            if user is None:
                raise actions.wrong_code()
            actions.confirm_registration(user, form.cleaned_data["code"])
        except Refused as refusal:
            form.refused(refusal)
        else:
            request.session.pop(PENDING, None)
            return render(request, "account/register_done.html", {"username": user.username})
    context = {"form": form, "letter": _shown_letter(pending)}
    return render(request, "account/register_confirm.html", context, status=422 if form.errors else 200)


@never_cache
def reset_request(request: HttpRequest) -> HttpResponse:
    """Asking for a code because the password is forgotten; the answer is the same for known and unknown."""
    form = forms.ResetRequestForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            if _limited(request, "reset", limits.RESET):
                raise Refused(TOO_MANY)
            user, letter = actions.request_reset(form.cleaned_data["contact"])
        except Refused as refusal:
            form.refused(refusal)
        else:
            _remember(request, user, letter, "reset")
            return redirect("account_reset_confirm")
    return render(request, "account/password_reset.html", {"form": form}, status=422 if form.errors else 200)


@never_cache
@sensitive_post_parameters("password")
def reset_confirm(request: HttpRequest) -> HttpResponse:
    """Typing the code that was sent, and a new password."""
    pending = _pending(request, "reset")
    if pending is None:
        return redirect("account_reset_password")
    form = forms.ResetForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            if _limited(request, "code", limits.SIGN_IN_ADDRESS):
                raise Refused(TOO_MANY)
            user = User.objects.filter(pk=pending["user"] or 0, is_active=True).first()
            if user is None:
                actions.check_password(form.cleaned_data["password"])
                raise actions.wrong_code()
            actions.confirm_reset(user, form.cleaned_data["code"], form.cleaned_data["password"])
        except Refused as refusal:
            form.refused(refusal)
        else:
            request.session.pop(PENDING, None)
            return render(request, "account/password_reset_done.html")
    context = {"form": form, "letter": _shown_letter(pending)}
    return render(request, "account/password_reset_confirm.html", context, status=422 if form.errors else 200)


def security(request: HttpRequest) -> HttpResponse:
    """One's own account: password, second factors, sessions, tokens."""
    found = Authenticator.objects.filter(user=request.user)
    by_type: dict[str, list[Authenticator]] = {}
    for factor in found:
        by_type.setdefault(factor.type, []).append(factor)
    codes = by_type.get(Authenticator.Type.RECOVERY_CODES)
    return render(
        request,
        "account/security.html",
        {
            "totp": (by_type.get(Authenticator.Type.TOTP) or [None])[0],
            "passkeys": by_type.get(Authenticator.Type.WEBAUTHN, []),
            "codes_left": len(codes[0].wrap().get_unused_codes()) if codes else 0,
            "has_codes": bool(codes),
            "must_have_factor": request.user.kind == UserKind.STAFF,  # type: ignore[union-attr]
            "passkeys_possible": passkeys_possible(),
            "session_count": UserSession.objects.filter(user=request.user).count(),
            "token_count": ApiToken.objects.filter(user=request.user, revoked_at__isnull=True).count(),
        },
    )


@never_cache
def tokens(request: HttpRequest) -> HttpResponse:
    """One's own interface tokens: list, and make a new one, which is shown once."""
    form = forms.TokenForm(request.POST or None)
    secret = ""
    if request.method == "POST" and form.is_valid():
        reader = request.reader  # type: ignore[attr-defined]
        try:
            _row, secret = actions.issue_token(
                request.user,
                form.cleaned_data["name"],
                form.scope_list(),
                expires_at=form.expires_at(),
                actor=reader.actor(),
            )
            form = forms.TokenForm()
        except Refused as refusal:
            form.refused(refusal)
    rows = ApiToken.objects.filter(user=request.user).order_by("-id")
    context = {"form": form, "tokens": rows, "secret": secret}
    return render(request, "account/tokens.html", context, status=422 if form.errors else 200)


@require_POST
def revoke_token(request: HttpRequest, number: int) -> HttpResponse:
    """Ending one of one's own tokens."""
    token = get_object_or_404(ApiToken, pk=number, user=request.user)
    actions.revoke_token(token, actor=request.reader.actor())  # type: ignore[attr-defined]
    return HttpResponseRedirect(reverse("account_tokens"))


def locked_out(
    request: HttpRequest, response: HttpResponse | None = None, credentials: Any = None
) -> HttpResponse:
    """What one sees after too many wrong tries: for how long, and what to do meanwhile."""
    minutes = int(settings.AXES_COOLOFF_TIME.total_seconds() // 60)
    text = _("登录失败次数过多，已暂停登录 %(minutes)d 分钟。") % {"minutes": minutes}
    if "text/html" not in request.headers.get("Accept", "text/html"):
        return JsonResponse({"detail": text}, status=429)
    return render(request, "account/locked_out.html", {"minutes": minutes}, status=429)
