"""A real browser on a real server: pages are opened, filled in and looked at as a person would."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

ROOT = Path(__file__).resolve().parents[2]
AXE = ROOT / "frontend" / "node_modules" / "axe-core" / "axe.min.js"
#: Where pictures are wanted; they are for people to look at, no test does.
SHOTS = os.environ.get("QIPAN_SHOTS", "")
SIZES = {"phone": (390, 844), "desk": (1366, 900), "wall": (3840, 2160)}
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)

#: Waits until what moves on the page has come to rest; what turns for ever does not count.
STILL = """() => Promise.allSettled(document.getAnimations()
  .filter((one) => one.effect?.getComputedTiming().iterations !== Infinity).map((one) => one.finished))"""

# A busy machine is slow at times; what does come in the end is no failure.
PATIENCE = 30_000
expect.set_options(timeout=PATIENCE)
# Playwright runs an event loop in this thread; Django would otherwise refuse to touch the database beside it.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything below this folder needs a browser."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One Chromium for the whole run."""
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine: install the package chromium")
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=[
                "--no-sandbox",
                "--disable-gpu",
                "--disable-background-networking",
                "--disable-sync",
                "--no-first-run",
            ],
        )
        yield launched
        launched.close()


@pytest.fixture
def context_for(browser: Browser, live_server: Any) -> Iterator[Callable[..., BrowserContext]]:
    """Makes a browser context of a named size that may talk to the test server and to nobody else."""
    made: list[BrowserContext] = []
    strangers: list[str] = []

    def make(size: str = "desk", **options: Any) -> BrowserContext:
        width, height = SIZES[size]
        context = browser.new_context(
            base_url=live_server.url,
            viewport={"width": width, "height": height},
            locale="zh-CN",
            timezone_id="Asia/Shanghai",
            has_touch=size == "phone",
            is_mobile=size == "phone",
            geolocation={"longitude": 114.0579, "latitude": 22.5431},
            permissions=["geolocation"],
            **options,
        )
        context.set_default_timeout(PATIENCE)
        context.on(
            "request",
            lambda request: (
                None
                if request.url.startswith((live_server.url, "data:", "blob:"))
                else strangers.append(request.url)
            ),
        )
        made.append(context)
        return context

    yield make
    for context in made:
        context.close()
    assert not strangers, f"a page asked another machine: {strangers}"


@pytest.fixture
def sign_in(live_server: Any) -> Callable[[BrowserContext, Any], None]:
    """Puts a signed-in session with the second factor satisfied into a browser context."""
    from django.conf import settings
    from django.test import Client

    from tests.orgs.factories import signed_in

    def enter(context: BrowserContext, user: Any) -> None:
        client = signed_in(Client(), user)
        cookie = client.cookies[settings.SESSION_COOKIE_NAME]
        context.add_cookies(
            [{"name": settings.SESSION_COOKIE_NAME, "value": cookie.value, "url": live_server.url}]
        )

    return enter


def axe_violations(page: Page) -> list[str]:
    """What axe finds against WCAG 2.2 A and AA on the page, one line each; a colour on its way to another is waited for."""
    page.evaluate(STILL)
    page.evaluate(AXE.read_text(encoding="utf-8"))
    result = page.evaluate(
        "() => axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'], resultTypes: ['violations']})"
    )
    return [
        f"{violation['id']}: {violation['help']} — {node['html'][:160]}"
        for violation in result["violations"]
        for node in violation["nodes"][:3]
    ]


def picture(page: Page, name: str, *, full: bool = False) -> None:
    """Takes a picture of the page, where QIPAN_SHOTS names a folder for pictures."""
    if SHOTS:
        Path(SHOTS).mkdir(parents=True, exist_ok=True)
        page.screenshot(path=Path(SHOTS) / f"{name}.png", full_page=full)


@pytest.fixture
def look() -> Callable[..., None]:
    """Checks a page with axe: `look(page, "name")`; with QIPAN_SHOTS (a folder) its picture is taken under that name."""

    def check(page: Page, name: str, *, full: bool = True) -> None:
        page.wait_for_load_state("load")
        picture(page, name, full=full)
        problems = axe_violations(page)
        assert not problems, "\n".join(problems)

    return check
