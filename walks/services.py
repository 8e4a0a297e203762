"""Every automatic item, from the hall of services to its sealed papers, in a real browser on a system of its own."""

import contextlib
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from benchmarks import system
from qipan.cli.session import Refusal
from qipan.cli.walk import SIZES, Walked
from qipan.conf import chromium
from qipan.conf import environment as env
from walks.actors import hands

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

    from qipan.kernel.accounts.models import User
    from qipan.kernel.items.models import Item

HELP = "在真实的浏览器里逐一办理：54 个秒办事项"
#: The city that it happens in: 0.01 has every office with its people.
CITY = 0.01
PATIENCE = 120.0


def run(tell: Callable[[str], None], only: list[str], size: str) -> Iterator[Walked]:
    """Walks each and says how it went."""
    from playwright.sync_api import sync_playwright

    # Playwright keeps a loop in this thread; what Django does here it does between the browser's acts, never beside them.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    program = chromium.find_or_install(tell)
    if program is None:
        raise Refusal("没有 Chromium。请安装软件包 chromium。")
    with system.running(tell, city=CITY) as qipan, TemporaryDirectory() as folder, sync_playwright() as play:
        from qipan.city.parts import PASSWORD
        from walks.actors import holders

        browser = play.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-gpu"])
        person = holders.owner(PASSWORD)
        page = _page(browser, qipan.url, size)
        hands.sign_in(page, person.username, PASSWORD)
        for item in _automatic(only):
            yield _walked(page, person, item, Path(folder))
        browser.close()


def _page(browser: "Browser", url: str, size: str) -> "Page":
    width, height = SIZES[size]
    context = browser.new_context(
        base_url=url,
        viewport={"width": width, "height": height},
        locale="zh-CN",
        timezone_id="Asia/Shanghai",
        is_mobile=size == "phone",
        has_touch=size == "phone",
        reduced_motion="reduce",
    )
    context.set_default_timeout(20_000)
    return context.new_page()


def _automatic(only: list[str]) -> "list[Item]":
    from qipan.kernel.items import hall

    found = list(hall.in_force().filter(is_auto=True).order_by("code"))
    known = {item.code for item in found}
    if unknown := [code for code in only if code not in known]:
        raise Refusal(f"没有这样的秒办事项：{'、'.join(unknown)}。")
    return [item for item in found if not only or item.code in only]


def _walked(page: "Page", person: "User", item: "Item", folder: Path) -> Walked:
    from playwright.sync_api import Error

    from walks.actors import holders

    subject, grant = holders.holder(person, item)
    begun = time.perf_counter()
    try:
        filled, waited, papers = _walk(
            page, item, grant.number if grant else subject.name if subject else "", folder
        )
    except (Error, hands.Stopped) as problem:
        said = str(problem).split("\n")[0]
        with contextlib.suppress(Error):  # a page that hangs cannot be pictured either
            page.screenshot(path=_pictures() / f"{item.code}.png", full_page=True)
        return Walked(
            item.code, item.name, False, f"{said} {hands.refusals(page)}".strip(), time.perf_counter() - begun
        )
    return Walked(
        item.code,
        item.name,
        True,
        f"填 {filled} 项，提交后 {waited:.1f} 秒：{'、'.join(papers)}",
        time.perf_counter() - begun,
    )


def _pictures() -> Path:
    """Where the last page of a walk that stopped is kept."""
    folder = env.home() / "walks"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _walk(page: "Page", item: "Item", about: str, folder: Path) -> tuple[int, float, list[str]]:
    """(fields filled in, seconds from handing in to the last paper, titles of the papers)."""
    from walks.actors import holders

    page.goto("/items/")
    page.locator("#item-query").fill(item.name)
    page.locator(".hall-words").get_by_role("button").click()
    page.locator(f"main a[href$='/items/{item.code}/']").first.click()
    page.get_by_role("link", name="在线办理").first.click()
    if about:
        page.locator("label.form-check", has_text=about).first.locator("input").check()
    page.get_by_role("button", name="下一步").click()
    page.wait_for_url("**/applications/**")
    filled = hands.fill_in(page, folder, holders.circumstances(item.code).answers)
    begun = time.perf_counter()
    page.get_by_role("button", name="提交申请").click()
    page.wait_for_load_state()
    if "/applications/" in page.url:
        raise hands.Stopped("没有提交成")
    found = hands.papers(page, PATIENCE)
    waited = time.perf_counter() - begun
    hands.ended(page, PATIENCE)
    for title, address in found:
        content = page.request.get(address)
        if not content.ok or not content.body().startswith(b"%PDF-"):
            raise hands.Stopped(f"下载不了：{title}")
    page.locator(".paper-line a[href^='/verify/']").first.click()
    page.get_by_text("有效").first.wait_for()
    return filled, waited, [title for title, _address in found]
