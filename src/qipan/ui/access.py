"""Every view says who may open it; a view that does not is refused, and a test finds it."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any

from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse

from qipan.kernel.orgs.roles import Role

View = Callable[..., HttpResponse]


@dataclass(frozen=True)
class Access:
    """Who may open an address: `public`, `signed_in`, `business`, or `staff` with one of the roles (any when empty)."""

    kind: str
    roles: tuple[Role, ...] = ()


def _guard(access: Access, view: View) -> View:
    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        reader = request.reader  # type: ignore[attr-defined]
        if access.kind != "public":
            if reader.user_id is None:
                return redirect_to_login(request.get_full_path())
            if access.kind == "staff" and (reader.kind != "staff" or not reader.paths(*access.roles)):
                raise PermissionDenied
            if access.kind == "business" and reader.kind == "staff":
                raise PermissionDenied
        return view(request, *args, **kwargs)

    guarded.access = access  # type: ignore[attr-defined]
    return guarded


def public(view: View) -> View:
    """Anyone, signed in or not."""
    return _guard(Access("public"), view)


def signed_in(view: View) -> View:
    """Anyone with an account."""
    return _guard(Access("signed_in"), view)


def business(view: View) -> View:
    """Businesses and members of the public with an account, not staff."""
    return _guard(Access("business"), view)


def staff(*roles: Role) -> Callable[[View], View]:
    """Staff who hold one of the roles anywhere (any role when none is named); rows are scoped by the query."""
    return lambda view: _guard(Access("staff", roles), view)
