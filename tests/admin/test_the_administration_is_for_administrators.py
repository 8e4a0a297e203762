"""Django's administration: the three administrators read what is theirs, nobody writes past an action, nobody else enters."""

import re
import uuid

import pytest
from django.contrib import admin
from django.test import Client
from django.urls import reverse

from qipan.kernel.accounts.actions import create_person
from qipan.kernel.accounts.models import ApiToken, User
from qipan.kernel.flow.models import Case
from qipan.kernel.ledger.admin import Kept
from qipan.kernel.ledger.models import Event, Subscription
from qipan.kernel.orgs.roles import Role
from tests.licensing.city import City
from tests.orgs.factories import SYSTEM, BusinessUserFactory, StaffFactory, UnitTree, signed_in

pytestmark = pytest.mark.django_db
ADMINISTRATORS = (Role.SYSTEM_ADMIN, Role.SECURITY_ADMIN, Role.AUDITOR)


def client_of(role: Role) -> Client:
    return signed_in(Client(), StaffFactory(role=role, unit=UnitTree().city).user)


def address(model: type, page: str = "changelist", *args: object) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=args)


@pytest.mark.parametrize(
    "role", [Role.INSPECTOR, Role.LIC_DECIDER, Role.BUREAU_LEADER, Role.CATALOGUE_RELEASER]
)
def test_an_ordinary_official_is_refused(role: Role) -> None:
    client = client_of(role)
    for model in (None, User, Case, Event):
        answer = client.get(address(model) if model else "/admin/", follow=True)
        assert answer.status_code == 403


def test_businesses_strangers_and_superusers_without_a_post_are_refused() -> None:
    assert signed_in(Client(), BusinessUserFactory()).get("/admin/", follow=True).status_code == 403
    assert Client().get("/admin/")["Location"].startswith("/admin/login/")
    mighty = StaffFactory(role=Role.INSPECTOR).user
    User.objects.filter(pk=mighty.pk).update(is_staff=True, is_superuser=True)
    assert signed_in(Client(), User.objects.get(pk=mighty.pk)).get("/admin/", follow=True).status_code == 403


def test_without_a_second_factor_nobody_enters() -> None:
    client = Client()
    client.force_login(StaffFactory(role=Role.SYSTEM_ADMIN, unit=UnitTree().city).user)
    assert client.get("/admin/")["Location"].startswith("/accounts/security/needed/")


def test_every_page_is_one_that_keeps_rows_as_they_are() -> None:
    strangers = [model.__name__ for model, page in admin.site._registry.items() if not isinstance(page, Kept)]
    assert strangers == [] and len(admin.site._registry) >= 20


@pytest.mark.parametrize("role", ADMINISTRATORS)
def test_what_an_administrator_may_read_opens_and_cannot_be_written(settings, tmp_path, role: Role) -> None:
    settings.HOME = tmp_path
    city = City()
    subject, grant, owner = city.restaurant()
    city.drafted("FB-RENEW", subject, grant, owner, unchanged=True)
    client, opened = client_of(role), 0
    for model, page in admin.site._registry.items():
        answer = client.get(address(model))
        may = bool(set(page.readers) & {role.value})
        assert answer.status_code == (200 if may else 403), model
        if not may:
            continue
        opened += 1
        text = answer.content.decode()
        assert not re.search(r"<script(?![^>]*\bsrc=)(?![^>]*json)[^>]*>", text), model
        assert not re.search(r'\son\w+="', text), model
        writes = model is Subscription and role == Role.SYSTEM_ADMIN
        assert client.get(address(model, "add")).status_code == (200 if writes else 403), model
        row = model._default_manager.first()
        if row is not None and not writes:
            seen = client.get(address(model, "change", row.pk))
            assert seen.status_code == 200 and 'name="_save"' not in seen.content.decode(), model
            assert client.post(address(model, "change", row.pk), {}).status_code == 403, model
            assert client.post(address(model, "delete", row.pk), {"post": "yes"}).status_code == 403, model
    assert opened >= 3
    grant.refresh_from_db()


def test_the_vault_is_never_clear() -> None:
    person = create_person(name="王小明", phone="13800138000", id_number="440301199001011234", actor=SYSTEM)
    client = client_of(Role.AUDITOR)
    for page in (address(type(person)), address(type(person), "change", person.pk)):
        text = client.get(page).content.decode()
        assert str(person.uuid) in text
        assert not any(secret in text for secret in ("王小明", "13800138000", "440301", "王*", "138*"))
    assert client_of(Role.SYSTEM_ADMIN).get(address(type(person))).status_code == 403


def test_only_the_security_administrator_ends_tokens() -> None:
    from tests.api.programs import Program

    program = Program(BusinessUserFactory())
    row = ApiToken.objects.get()
    chosen = {"action": "end", "_selected_action": [row.pk]}
    client_of(Role.AUDITOR).post(address(ApiToken), chosen)
    assert program.call("get", "/account").status_code == 200
    assert client_of(Role.SYSTEM_ADMIN).post(address(ApiToken), chosen).status_code == 403
    client_of(Role.SECURITY_ADMIN).post(address(ApiToken), chosen)
    assert program.call("get", "/account").status_code == 401
    assert Event.objects.get(name="accounts.token.revoked").record_id == row.pk


def test_a_case_shows_its_state_and_not_its_content(settings, tmp_path) -> None:
    settings.HOME = tmp_path
    city = City()
    subject, grant, owner = city.restaurant()
    row = city.drafted("FB-RENEW", subject, grant, owner, unchanged=True)
    text = client_of(Role.AUDITOR).get(address(Case, "change", row.pk)).content.decode()
    assert str(uuid.UUID(str(row.case.uuid))) in text and "13800138000" not in text
