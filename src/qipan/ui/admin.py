"""Django's own administration, for system staff only, behind our sign-in and second factor."""

from typing import Any

from django.contrib.admin import AdminSite
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from qipan.kernel.orgs.roles import ADMINISTRATORS


class SystemAdminSite(AdminSite):
    """The administration site: open to the three administrators of the installation (their posts are at the top unit,
    because the site shows every district), what each may do there the model pages say."""

    site_header = _("棋盘系统管理")
    site_title = _("棋盘系统管理")
    index_title = _("系统管理")

    def has_permission(self, request: HttpRequest) -> bool:
        """Whether the reader holds an administrator's role; a session without second factor holds none."""
        return bool(request.reader.over_all(*ADMINISTRATORS))  # type: ignore[attr-defined]

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Our own sign-in page; there is no second door."""
        if request.user.is_authenticated:
            raise PermissionDenied
        return redirect_to_login(request.GET.get("next", "/admin/"))
