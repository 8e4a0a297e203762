"""Sign-in by user name, phone or e-mail, which all stand for one account."""

from typing import Any

from django.conf import settings
from django.contrib.auth.backends import ModelBackend
from django.db.models import BigIntegerField
from django.http import HttpRequest

from qipan.conf.composed import Composed
from qipan.kernel.accounts.models import User
from qipan.kernel.accounts.queries import user_by_login
from qipan.kernel.accounts.vault import sealing

_BY_ID = Composed(lambda hole: User.objects.filter(pk=hole("user", BigIntegerField())))


class LoginBackend(ModelBackend):
    """Checks name and password; takes as long for a name that nobody has as for a wrong password."""

    def authenticate(
        self,
        request: HttpRequest | None,
        username: str | None = None,
        password: str | None = None,
        **kwargs: Any,
    ) -> User | None:
        if not username or password is None:
            return None
        user = user_by_login(username)
        if user is None:
            User().set_password(password)
            return None
        return user if user.check_password(password) and self.user_can_authenticate(user) else None

    def get_user(self, user_id: Any) -> User | None:
        """The user of a session, unless the account was closed meanwhile."""
        user = _BY_ID.first(user=user_id)
        return user if user is not None and self.user_can_authenticate(user) else None

    def user_can_authenticate(self, user: Any) -> bool:
        """Open accounts only; a demo account's password is known to everybody, so it opens nothing but a demo."""
        return super().user_can_authenticate(user) and (settings.QIPAN_DEMO or not user.is_demo)


def attempt_name(request: HttpRequest | None, credentials: dict[str, Any] | None = None) -> str:
    """Under what name failed sign-ins are counted: the user name, but never a phone or e-mail in clear."""
    if credentials:
        name = credentials.get("username")
    else:
        name = request.POST.get("login") if request is not None else ""
    text = str(name or "").strip()[:150]
    for field in ("email", "phone"):
        if ("@" in text) if field == "email" else sum(sign.isdigit() for sign in text) >= 7:
            return f"#{sealing.blind_index(field, text)[:40]}"
    return text
