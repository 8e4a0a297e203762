"""The administration and the documentation of the interface, looked at in a real browser."""

import pytest

from qipan.kernel.orgs.roles import Role
from tests.functional.conftest import picture
from tests.orgs.factories import StaffFactory, UnitTree

pytestmark = pytest.mark.django_db(transaction=True)


def complaints_of(page) -> list[str]:
    """What the browser says on its console against scripts or styles of a page."""
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: said.append(str(error)))
    return said


def test_the_administrator_finds_users_and_jobs(context_for, sign_in, look) -> None:
    context = context_for("desk")
    sign_in(context, StaffFactory(role=Role.SYSTEM_ADMIN, unit=UnitTree().city, label="系统管理员").user)
    page = context.new_page()
    said = complaints_of(page)
    page.goto("/admin/")
    picture(page, "admin-index")
    page.get_by_role("link", name="用户", exact=True).first.click()
    page.locator("#searchbar").fill("staff")
    page.keyboard.press("Enter")
    page.wait_for_url("**q=staff*")
    assert page.locator("#result_list").get_by_text("系统管理员").is_visible()
    picture(page, "admin-users")
    assert not [text for text in said if "Content Security Policy" in text or "inline" in text], said


@pytest.mark.parametrize("size", ["desk", "phone"])
def test_the_documentation_of_the_interface_reads_well(context_for, look, size: str) -> None:
    page = context_for(size).new_page()
    said = complaints_of(page)
    page.goto("/api/docs/")
    assert page.get_by_role("heading", name="开放接口").is_visible()
    page.get_by_role("link", name="POST /api/v1/applications/{uuid}/submit").click()
    assert page.locator("#submit").get_by_text("applications.write").is_visible()
    look(page, f"api-docs-{size}", full=False)
    assert said == []
