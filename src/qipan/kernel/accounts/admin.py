"""Accounts for system staff: who signs in, with which tokens; people only by what is not personal."""

from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from qipan.kernel.accounts import actions
from qipan.kernel.accounts.models import ApiToken, Letter, Person, User
from qipan.kernel.ledger.admin import AUDITOR, SYSTEM_ADMIN, Kept

SECURITY_ADMIN = "security_admin"


@admin.register(User)
class UserAdmin(Kept):
    readers = (SYSTEM_ADMIN, SECURITY_ADMIN, AUDITOR)
    list_display = ("username", "label", "kind", "is_active", "must_change_password", "last_login", "is_demo")
    list_filter = ("kind", "is_active", "is_demo")
    search_fields = ("username", "label")
    fields = (
        "username", "label", "kind", "is_active", "must_change_password", "last_login", "date_joined",
        "is_demo",
    )  # fmt: skip
    actions = ("end_sessions",)

    def has_end_permission(self, request: HttpRequest) -> bool:
        """The security administrator's."""
        return bool(request.reader.over_all(SECURITY_ADMIN))  # type: ignore[attr-defined]

    @admin.action(description=_("立即退出全部登录"), permissions=["end"])
    def end_sessions(self, request: HttpRequest, queryset: Any) -> None:
        """Sign the chosen users out everywhere, at once."""
        actor = request.reader.actor(SECURITY_ADMIN)  # type: ignore[attr-defined]
        count = sum(actions.end_sessions(user, actor=actor) for user in queryset)
        messages.success(request, ngettext("%d 处登录已退出。", "%d 处登录已退出。", count) % count)


@admin.register(Person)
class PersonAdmin(Kept):
    """The vault: that there is somebody, never who."""

    readers = (AUDITOR,)
    list_display = ("uuid", "created_at", "forgotten_at", "is_demo")
    list_filter = ("is_demo",)
    fields = list_display


@admin.register(ApiToken)
class ApiTokenAdmin(Kept):
    readers = (SECURITY_ADMIN, AUDITOR)
    list_display = ("user", "name", "scopes", "created_at", "expires_at", "revoked_at", "last_used_on")
    list_select_related = ("user",)
    search_fields = ("user__username", "name")
    fields = list_display
    actions = ("end",)

    def has_end_permission(self, request: HttpRequest) -> bool:
        """The security administrator's; the auditor only reads."""
        return bool(request.reader.over_all(SECURITY_ADMIN))  # type: ignore[attr-defined]

    @admin.action(description=_("立即撤销"), permissions=["end"])
    def end(self, request: HttpRequest, queryset: Any) -> None:
        """End the chosen tokens at once."""
        rows = list(queryset.filter(revoked_at__isnull=True))
        for row in rows:
            actions.revoke_token(row, actor=request.reader.actor(SECURITY_ADMIN))  # type: ignore[attr-defined]
        messages.success(request, ngettext("%d 个令牌已撤销。", "%d 个令牌已撤销。", len(rows)) % len(rows))


@admin.register(Letter)
class LetterAdmin(Kept):
    """Messages: whether they went out, not what they say or to whom."""

    readers = (SYSTEM_ADMIN,)
    list_display = ("id", "channel", "kind", "at", "sent_at")
    list_filter = ("channel", "kind")
    fields = ("channel", "kind", "at", "sent_at")
