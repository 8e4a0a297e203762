"""Every view says who may open it; a view that does not is refused, and a test finds it.

@access.staff(Role.INSPECTOR)           # functions and classes of views alike
def inbox(request): …

@router.get("/cases", auth=access.api("cases.read", roles=(Role.INSPECTOR,)))
def cases(request): …                   # django-ninja: session, or `Authorization: Bearer <token>`

@router.get("/verify/{code}", auth=None)
@access.public_operation
def verify(request, code: str): …
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import wraps
from typing import Any, TypeVar

from allauth.account.decorators import reauthentication_required
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils.translation import gettext as _
from django.views import View as ClassView
from django.views.decorators.csrf import csrf_exempt
from ninja.errors import HttpError, Throttled
from ninja.operation import PathView
from ninja.security.base import AuthBase
from ninja.utils import check_csrf

from qipan.conf import wall
from qipan.kernel.accounts import limits
from qipan.kernel.accounts.queries import token_user
from qipan.kernel.orgs.queries import reader_of
from qipan.kernel.orgs.reader import Reader
from qipan.kernel.orgs.roles import Role
from qipan.ui.signin.address import client_address

View = TypeVar("View", bound=Callable[..., Any])

FOREIGN_VIEWS = frozenset(
    {
        "django.views.i18n.set_language",
        "django.views.static.serve",
        "django.contrib.staticfiles.views.serve",
        "ninja.openapi.views.default_home",
    }
)
"""Views of others that are public by nature and cannot carry a declaration."""

GUARDED_NAMESPACES = frozenset({"admin"})
"""Namespaces whose site guards every page itself (`ui.admin.SystemAdminSite.has_permission`)."""


@dataclass(frozen=True)
class Access:
    """Who may open an address: `public`, `signed_in`, `business`, or `staff` with one of the roles (any when empty).

    `api` is an operation of the open interface; `scopes` are what a token needs for it.
    """

    kind: str
    roles: tuple[Role, ...] = ()
    scopes: tuple[str, ...] = ()

    def admits(self, reader: Reader) -> bool:
        """Whether a reader may open it; what is seen there is scoped by the query."""
        if self.kind == "public":
            return True
        if reader.user_id is None:
            return False
        if self.kind == "staff":
            return reader.kind == "staff" and bool(reader.paths(*self.roles))
        return not (self.kind == "business" and reader.kind == "staff")


def _guard(access: Access, view: View) -> View:
    if isinstance(view, type):
        return _guard_class(access, view)

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        reader = request.reader  # type: ignore[attr-defined]
        if not access.admits(reader):
            if reader.user_id is None:
                return redirect_to_login(request.get_full_path())
            raise PermissionDenied
        return view(request, *args, **kwargs)

    guarded.access = access  # type: ignore[attr-defined]
    return guarded  # type: ignore[return-value]


def _guard_class(access: Access, view: Any) -> Any:
    if not issubclass(view, ClassView):
        raise TypeError("access guards functions and classes of views")
    made = view.__dict__.get("as_view", None)

    def as_view(cls: Any, **initial: Any) -> Any:
        plain = made.__func__(cls, **initial) if made else super(view, cls).as_view(**initial)
        return _guard(access, plain)

    view.as_view = classmethod(as_view)
    return view


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


def reauthenticated(view: View) -> View:
    """For sensitive acts: password or second factor again, where the last time is more than ten minutes ago.

    Stands below the declaration: `@access.staff(...)` and then `@access.reauthenticated`.
    """
    return reauthentication_required(view, app="allauth.mfa")


class ApiAccess(AuthBase):
    """Who may call an operation: a signed-in session (with CSRF token where it writes) or a bearer token.

    On success `request.user` and `request.reader` are the caller, `request.token` the token or None. Answers 401
    without a valid sign-in, 403 where the token lacks a scope or the reader a role.
    """

    openapi_type = "http"
    openapi_scheme = "bearer"

    def __init__(self, scopes: Iterable[str], roles: Iterable[Role], kinds: Iterable[str]) -> None:
        self.access = Access("api", tuple(roles), tuple(scopes))
        self.kinds = tuple(kinds)
        super().__init__()

    def __call__(self, request: HttpRequest) -> Reader | None:
        header = request.headers.get("Authorization", "")
        if header:
            return self._by_token(request, header)
        reader: Reader = request.reader  # type: ignore[attr-defined]
        if reader.user_id is None:
            return None
        if check_csrf(request) is not None:
            raise HttpError(403, _("页面已过期，请刷新后重试。"))
        request.token = None  # type: ignore[attr-defined]
        return self._checked(reader)

    def _by_token(self, request: HttpRequest, header: str) -> Reader | None:
        scheme, _blank, secret = header.partition(" ")
        found = token_user(secret.strip()) if scheme.lower() == "bearer" and secret.strip() else None
        if found is None:
            if not limits.take(f"api:failed:{client_address(request)}", limits.API_FAILED):
                raise Throttled(wait=1)
            return None
        user, token = found
        if missing := set(self.access.scopes) - set(token.scopes):
            raise HttpError(403, _("令牌缺少范围：%(scopes)s") % {"scopes": ", ".join(sorted(missing))})
        request.user = user
        request.token = token  # type: ignore[attr-defined]
        request.reader = reader_of(user)  # type: ignore[attr-defined]
        wall.stand(request.reader.wall())  # type: ignore[attr-defined]
        return self._checked(request.reader)  # type: ignore[attr-defined]

    def _checked(self, reader: Reader) -> Reader:
        if self.kinds and reader.kind not in self.kinds:
            raise HttpError(403, _("您的账户类型不能使用此接口。"))
        if self.access.roles and not reader.paths(*self.access.roles):
            raise HttpError(403, _("您没有使用此接口所需的角色。"))
        if reader.kind == "staff" and not reader.powers:
            raise HttpError(403, _("您尚未任职，或尚未完成两步验证。"))
        return reader


def api(*scopes: str, roles: Iterable[Role] = (), kinds: Iterable[str] = ()) -> ApiAccess:
    """The `auth=` of an operation: the token scopes it needs, the roles (one of them), the kinds of account."""
    return ApiAccess(scopes, roles, kinds)


def program(*scopes: str) -> Callable[[View], View]:
    """A page's address that programs use as well: a session (with CSRF token where it writes) or a bearer token.

    For what is no JSON, such as the resumable upload; answers 401 and 403 in plain words instead of leading to a page.
    """

    def declare(view: View) -> View:
        guard = ApiAccess(scopes, (), ())

        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            try:
                reader = guard(request)
            except HttpError as error:
                return HttpResponse(
                    str(error), status=error.status_code, content_type="text/plain; charset=utf-8"
                )
            if reader is not None:
                return view(request, *args, **kwargs)
            if request.method == "GET" and "Authorization" not in request.headers:
                return redirect_to_login(request.get_full_path())
            answer = HttpResponse(_("请先登录，或者给出有效的令牌。"), status=401)
            answer["Content-Type"], answer["WWW-Authenticate"] = "text/plain; charset=utf-8", "Bearer"
            return answer

        guarded.access = guard.access  # type: ignore[attr-defined]
        return csrf_exempt(guarded)  # type: ignore[return-value]  # the guard checks it for sessions itself

    return declare


def public_operation(view: View) -> View:
    """An operation that anyone may call (`auth=None`)."""
    view.access = Access("public")  # type: ignore[attr-defined]
    return view


def _ninja_view(callback: Any) -> PathView | None:
    for cell in getattr(callback, "__closure__", None) or ():
        try:
            if isinstance(cell.cell_contents, PathView):
                return cell.cell_contents
        except ValueError:
            continue
    return None


def _name(callback: Any) -> str:
    plain = getattr(callback, "func", callback)
    plain = getattr(plain, "view_class", plain)
    return f"{plain.__module__}.{getattr(plain, '__qualname__', type(plain).__name__)}"


def _patterns(resolver: URLResolver, prefix: str) -> Iterator[tuple[str, Any]]:
    for entry in resolver.url_patterns:
        address = prefix + str(entry.pattern)
        if isinstance(entry, URLPattern):
            yield address, entry.callback
        elif entry.namespace not in GUARDED_NAMESPACES:
            yield from _patterns(entry, address)


def undeclared(urlconf: Any = None) -> list[str]:
    """Every address whose view does not say who may open it, as `address → view`; empty is right.

    Goes through nested includes, classes of views and the operations of django-ninja one by one. An operation that any
    token may call, whatever its scopes, says too little.
    """
    found = []
    for address, callback in _patterns(get_resolver(urlconf), ""):
        path_view = _ninja_view(callback)
        if path_view is not None:
            for operation in path_view.operations:
                guards = [auth for auth in operation.auth_callbacks or () if isinstance(auth, ApiAccess)]
                declared = all(guard.access.scopes for guard in guards) and (
                    bool(guards) or hasattr(operation.view_func, "access")
                )
                if not declared:
                    found.append(f"{'/'.join(operation.methods)} {address} → {_name(operation.view_func)}")
        elif not hasattr(callback, "access") and _name(callback) not in FOREIGN_VIEWS:
            found.append(f"{address} → {_name(callback)}")
    return found
