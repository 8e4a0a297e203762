"""Nothing is reachable that does not say who may open it: planted views are found, planted intruders kept out."""

import datetime

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import Client, override_settings
from django.urls import include, path
from django.views import View
from ninja import NinjaAPI, Router

from qipan.kernel.accounts import actions
from qipan.kernel.accounts.models import ApiToken
from qipan.kernel.ledger import clock
from qipan.kernel.ledger.errors import Refused
from qipan.kernel.orgs.roles import Role
from qipan.portal import urls as real
from qipan.ui import access
from tests.orgs.factories import SYSTEM, BusinessUserFactory, StaffFactory, signed_in

pytestmark = pytest.mark.django_db


def forgotten(request: HttpRequest) -> HttpResponse:
    return HttpResponse("open")


class ForgottenClass(View):
    def get(self, request: HttpRequest) -> HttpResponse:
        return HttpResponse("open")


@access.staff(Role.INSPECTOR)
class GuardedClass(View):
    def get(self, request: HttpRequest) -> HttpResponse:
        return HttpResponse("in")


@access.business
def for_business(request: HttpRequest) -> HttpResponse:
    return HttpResponse("in")


router = Router()


@router.get("/open")
def forgotten_operation(request: HttpRequest) -> str:
    return "open"


@router.get("/anyone", auth=access.api())
def operation_without_scope(request: HttpRequest) -> str:
    return "whoever has a token"


@router.get("/cases", auth=access.api("cases.read", roles=(Role.INSPECTOR,)))
@router.post("/cases", auth=access.api("cases.write"))
def cases(request: HttpRequest) -> str:
    return f"{request.auth.kind}:{request.auth.user_id}"


@router.get("/verify", auth=None)
@access.public_operation
def verify(request: HttpRequest) -> str:
    return "valid"


api = NinjaAPI(urls_namespace="planted", docs_url=None, openapi_url=None)
api.add_router("", router)
urlpatterns = [
    path(
        "planted/",
        include(
            [
                path("function/", forgotten),
                path("class/", ForgottenClass.as_view()),
                path("guarded/", GuardedClass.as_view()),
                path("business/", for_business),
            ]
        ),
    ),
    path("api/", api.urls),
    *real.urlpatterns,
]


def test_the_product_declares_everything() -> None:
    assert access.undeclared() == []


@override_settings(ROOT_URLCONF=__name__)
def test_planted_views_are_found() -> None:
    found = access.undeclared(__name__)
    assert len(found) == 4
    assert any("planted/function/" in line and "forgotten" in line for line in found)
    assert any("planted/class/" in line and "ForgottenClass" in line for line in found)
    assert any("api/open" in line and "forgotten_operation" in line for line in found)
    assert any("api/anyone" in line and "operation_without_scope" in line for line in found)


@override_settings(ROOT_URLCONF=__name__)
def test_guards_keep_out_and_let_in(client: Client) -> None:
    inspector, reviewer, shop = (
        StaffFactory(Role.INSPECTOR),
        StaffFactory(Role.LIC_REVIEWER),
        BusinessUserFactory(),
    )
    assert client.get("/planted/guarded/")["Location"].startswith("/accounts/login/?next=/planted/guarded/")
    assert signed_in(Client(), inspector.user).get("/planted/guarded/").content == b"in"
    assert signed_in(Client(), reviewer.user).get("/planted/guarded/").status_code == 403
    assert signed_in(Client(), shop).get("/planted/guarded/").status_code == 403
    assert signed_in(Client(), shop).get("/planted/business/").content == b"in"
    assert signed_in(Client(), inspector.user).get("/planted/business/").status_code == 403


def token_for(user, *scopes: str) -> str:
    end = clock.now() + datetime.timedelta(days=30)
    return actions.issue_token(user, "测试", scopes, expires_at=end, actor=SYSTEM)[1]


def call(secret: str, method: str = "get", **more: object):
    return getattr(Client(), method)("/api/cases", headers={"Authorization": f"Bearer {secret}"}, **more)


@override_settings(ROOT_URLCONF=__name__)
def test_tokens_open_what_their_scopes_and_roles_say() -> None:
    inspector, shop = StaffFactory(Role.INSPECTOR), BusinessUserFactory()
    secret = token_for(inspector.user, "cases.read")
    assert call(secret).json() == f"staff:{inspector.user_id}"
    assert ApiToken.objects.get().last_used_on == clock.today()
    assert secret not in str(ApiToken.objects.values().get())
    assert call(secret, "post").status_code == 403, "scope missing"
    assert call(token_for(shop, "cases.read")).status_code == 403, "role missing"
    assert call("qp_nonsense").status_code == 401
    assert Client().get("/api/cases").status_code == 401
    assert Client().get("/api/verify").json() == "valid"


@override_settings(ROOT_URLCONF=__name__)
def test_tokens_end() -> None:
    user = StaffFactory(Role.INSPECTOR).user
    secret = token_for(user, "cases.read")
    with clock.at(clock.now() + datetime.timedelta(days=31)):
        assert call(secret).status_code == 401
    actions.revoke_token(ApiToken.objects.get(), actor=SYSTEM)
    assert call(secret).status_code == 401
    other = token_for(user, "cases.read")
    actions.deactivate(user, actor=SYSTEM, reason="离职")
    assert call(other).status_code == 401
    with pytest.raises(Refused):
        token_for(user, "cases.read")


@override_settings(ROOT_URLCONF=__name__)
def test_a_session_writes_only_with_the_form_token() -> None:
    user = BusinessUserFactory()
    careless = signed_in(Client(enforce_csrf_checks=True), user)
    assert careless.post("/api/cases").status_code == 403
    assert signed_in(Client(), user).post("/api/cases").status_code == 200


@override_settings(ROOT_URLCONF=__name__)
def test_a_session_that_owes_a_second_factor_reaches_no_operation(client: Client) -> None:
    client.force_login(StaffFactory(Role.INSPECTOR).user)
    assert client.get("/api/cases", headers={"Accept": "application/json"}).status_code == 403


@pytest.mark.parametrize("scopes", [(), ("",)])
def test_a_token_needs_scopes_and_an_end(scopes: tuple[str, ...]) -> None:
    user = BusinessUserFactory()
    with pytest.raises(Refused):
        actions.issue_token(
            user, "x", [each for each in scopes if each], expires_at=clock.now(), actor=SYSTEM
        )
    with pytest.raises(Refused):
        actions.issue_token(
            user, "x", ["a"], expires_at=clock.now() + datetime.timedelta(days=800), actor=SYSTEM
        )


def test_one_makes_and_ends_tokens_on_the_page(client: Client) -> None:
    user = BusinessUserFactory()
    signed_in(client, user)
    page = client.post("/accounts/tokens/", {"name": "对接", "scopes": "cases.read, x", "days": "30"})
    assert "qp_" in page.content.decode() and ApiToken.objects.get().scopes == ["cases.read", "x"]
    assert "qp_" not in client.get("/accounts/tokens/").content.decode()
    other = signed_in(Client(), BusinessUserFactory())
    assert other.post(f"/accounts/tokens/{ApiToken.objects.get().pk}/revoke/").status_code == 404
    client.post(f"/accounts/tokens/{ApiToken.objects.get().pk}/revoke/")
    assert ApiToken.objects.get().revoked_at is not None
