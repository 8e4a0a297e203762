"""Every automatic item and every theme, from the first question to the sealed papers, in a real browser.

On a system of its own. The applicant's part is done by hands at the browser; officers work at their own pages.
"""

import contextlib
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from benchmarks import system
from qipan.cli.session import Refusal
from qipan.cli.walk import SIZES, Walked
from qipan.conf import chromium
from qipan.conf import environment as env
from walks.actors import hands

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

    from qipan.domains.licensing.themes.declaration import ThemeRow
    from qipan.kernel.accounts.models import User
    from qipan.kernel.items.models import Item
    from walks.actors.offices import Offices

HELP = "54 个秒办事项和 38 个主题服务，从第一个问题到签章的证照"
#: The city that it happens in: 0.01 has every office with its people.
CITY = 0.01
PATIENCE = 120.0
#: Seconds without anything done after which a theme is held to have stopped on its way.
STUCK = 90.0


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
        from walks.actors.offices import Offices

        services = _chosen(only)
        browser = play.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-gpu"])
        person, offices = holders.owner(PASSWORD), Offices(qipan.url)
        context = _context(browser, qipan.url, size)
        with _tab(context) as page:
            hands.sign_in(page, person.username, PASSWORD)
        for code, name, walk in services:
            begun = time.perf_counter()
            with _tab(context) as page:
                arrived, seen = _tried(page, code, lambda: walk(page, person, offices, Path(folder)))  # noqa: B023
            yield Walked(code, name, arrived, seen, time.perf_counter() - begun)
        browser.close()


@contextlib.contextmanager
def _tab(context: "BrowserContext") -> "Iterator[Page]":
    """A tab for each service: in one for all, what was left of hundreds of pages was cleared away at once, for many seconds."""
    page = context.new_page()
    try:
        yield page
    finally:
        page.close()


def _context(browser: "Browser", url: str, size: str) -> "BrowserContext":
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
    return context


Service = tuple[str, str, Callable[..., str]]


def _chosen(only: list[str]) -> list[Service]:
    """All services, or those that are named: code, name, how it is walked."""
    from qipan.domains.licensing.themes import queries as themes
    from qipan.kernel.items import hall

    found: list[Service] = [
        (item.code, item.name, lambda *place, item=item: _item(item, *place))
        for item in hall.in_force().filter(is_auto=True).order_by("code")
    ]
    found += [
        (theme.code, theme.title, lambda *place, theme=theme: _theme(theme, *place))
        for theme in themes.themes()
    ]
    known = {code for code, _name, _walk in found}
    if unknown := [code for code in only if code not in known]:
        raise Refusal(f"没有这样的秒办事项或者主题服务：{'、'.join(unknown)}。")
    return [each for each in found if not only or each[0] in only]


def _tried(page: "Page", code: str, walk: Callable[[], str]) -> tuple[bool, str]:
    """Whether a walk came to its end, and what was seen; where it did not, the last page is kept as a picture."""
    from playwright.sync_api import Error

    from qipan.city.simulation.visitor import NotServed, Turned
    from qipan.kernel.ledger.errors import Refused

    try:
        return True, walk()
    except (Error, NotServed, Turned, Refused, hands.Stopped) as problem:
        told = str(problem).split("\n")
        said = " ".join([told[0], *(line.strip() for line in told[1:] if "waiting for" in line)][:2])
        with contextlib.suppress(Error):  # a page that hangs cannot be pictured either
            said = f"{said} {hands.refusals(page)}".strip()
            folder = env.home() / "walks"
            folder.mkdir(parents=True, exist_ok=True)
            page.screenshot(path=folder / f"{code}.png", full_page=True)
        return False, said


def _item(item: "Item", page: "Page", person: "User", offices: "Offices", folder: Path) -> str:
    """An automatic item: found in the hall, filled in, handed in; no person does anything."""
    from walks.actors import holders

    subject, grant = holders.holder(person, item)
    about = grant.number if grant else subject.name if subject else ""
    page.goto("/items/")
    page.locator("#item-query").fill(item.name)
    page.locator(".hall-words").get_by_role("button").click()
    page.wait_for_url(lambda url: "q=" in url)
    page.locator(f"main a[href$='/items/{item.code}/']").first.click()
    page.wait_for_url(f"**/items/{item.code}/")
    page.get_by_role("link", name="在线办理").first.click()
    page.wait_for_url(f"**/apply/{item.code}/")
    if about:
        page.locator("label.form-check", has_text=about).first.locator("input").check()
    page.get_by_role("button", name="下一步").click()
    page.wait_for_url("**/applications/**")
    filled = hands.fill_in(page, folder, holders.circumstances(item.code).answers)
    begun = time.perf_counter()
    hands.hand_in(page, "提交申请")
    found = hands.papers(page, PATIENCE)
    waited = time.perf_counter() - begun
    hands.ended(page, PATIENCE)
    _fetched(page, found)
    hands.follow(page, page.locator(".paper-line a[href^='/verify/']").first, "**/verify/**")
    page.get_by_text("有效").first.wait_for()
    return f"填 {filled} 项，提交后 {waited:.1f} 秒：{'、'.join(title for title, _address in found)}"


def _theme(theme: "ThemeRow", page: "Page", person: "User", offices: "Offices", folder: Path) -> str:
    """A theme: its questions, its one form, and the officers' work until each of its items has a result."""
    from walks.actors import founders

    subject = founders.business(person, theme)
    page.goto("/themes/")
    page.locator(f"main a[href$='/themes/{theme.code}/']").first.click()
    page.wait_for_url(f"**/themes/{theme.code}/")  # what is asked there is not looked for on the page before
    hands.answer(page, founders.answers(theme))
    page.get_by_role("button", name="开始办理").click()
    if subject is not None:
        page.locator("label.form-check", has_text=subject.name).first.locator("input").check()
    page.get_by_role("button", name="下一步").click()
    page.locator("form[data-declaration]").wait_for()
    filled = hands.fill_in(page, folder)
    begun = time.perf_counter()
    hands.hand_in(page, "一次提交")
    done = _officers(page, offices)
    _all_granted(page)
    waited = time.perf_counter() - begun
    parts = page.locator("[data-part]").count()
    found = hands.results(page, PATIENCE)
    _fetched(page, found)
    return f"填 {filled} 项，办 {parts} 个事项，工作人员 {done} 步，{waited:.0f} 秒：{len(found)} 份结果"


def _officers(page: "Page", offices: "Offices") -> int:
    """Officers work on the parts that wait for them until the theme has come to its end; gives how many steps."""
    from qipan.domains.licensing.themes.models import ThemePart

    uuid = _uuid(page)
    done, last = 0, time.monotonic()
    while time.monotonic() < last + STUCK:
        parts = ThemePart.objects.filter(theme__case__uuid=uuid)
        steps = offices.work(list(parts.values_list("application_id", flat=True)))
        done, last = done + len(steps), time.monotonic() if steps else last
        if hands.is_ended(page):
            return done
        page.wait_for_timeout(200 if steps else 1000)
    raise hands.Stopped(f"{STUCK:g} 秒没有进展，还没有全部办完：{_open_parts(page)}")


def _all_granted(page: "Page") -> None:
    """Stops where the theme came to its end and one of its items did not get what it asked for."""
    from qipan.domains.licensing.themes.models import PartState, ThemeCase

    row = ThemeCase.objects.select_related("case").get(case__uuid=_uuid(page))
    if row.case.result != "DONE" or row.parts.exclude(state=PartState.DONE).exists():
        raise hands.Stopped(f"有事项没有办成：{_open_parts(page)}")


def _uuid(page: "Page") -> str:
    return page.url.rstrip("/").rsplit("/", 1)[-1]


def _open_parts(page: "Page") -> str:
    return "；".join(" ".join(text.split()) for text in page.locator("[data-part]").all_inner_texts())[:600]


def _fetched(page: "Page", papers: list[tuple[str, str]]) -> None:
    """Takes every paper; each is a PDF."""
    for title, address in papers:
        answer: Any = page.request.get(address)
        if not answer.ok or not answer.body().startswith(b"%PDF-"):
            raise hands.Stopped(f"下载不了：{title}")
