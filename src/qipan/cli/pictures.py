"""`qipan pictures`: the screens of a running demo, taken in a real browser for the pages about it."""

import argparse
import contextlib
import io
import re
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pypdf

from qipan.cli.session import Refusal, tell
from qipan.conf import chromium
from qipan.conf import environment as env

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator, Page

    from qipan.city.simulation.pages import Page as Read
    from qipan.city.simulation.visitor import Visitor

DATABASE = None
FOLDER = env.ROOT / "docs" / "pictures"
SIZES = {"phone": (390, 844), "desk": (1366, 900), "wall": (3840, 2160)}
#: What a picture may weigh in the repository, in bytes.
MOST = 300_000
WIDEST = 1920


def register(subparsers: Any) -> None:
    parser = subparsers.add_parser("pictures", help="给运行中的示范系统拍照,存入 docs/pictures")
    parser.add_argument(
        "--url", default="http://127.0.0.1:8000", help="系统的地址(默认 http://127.0.0.1:8000)"
    )
    parser.add_argument("--only", action="append", default=[], help="只拍这一张(可以重复)")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="存到哪里(默认 docs/pictures)")


def run(arguments: argparse.Namespace) -> int:
    """Takes every picture; 1 when one could not be taken, with the reason."""
    from playwright.sync_api import Error, sync_playwright

    from qipan.city.simulation.visitor import NotServed, Turned

    program = chromium.find_or_install(tell)
    if program is None:
        raise Refusal("没有 Chromium。请安装软件包 chromium。")
    unknown = set(arguments.only) - set(SHOTS)
    if unknown:
        raise Refusal(f"没有这张照片:{'、'.join(unknown)}。可拍:{'、'.join(SHOTS)}。")
    arguments.folder.mkdir(parents=True, exist_ok=True)
    failed = 0
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-gpu"])
        camera = Camera(browser, arguments.url.rstrip("/"), arguments.folder)
        for name in arguments.only or SHOTS:
            try:
                SHOTS[name](camera)
            except (Error, NotServed, Turned, Refusal) as problem:
                tell(f"✗ {name}:{problem}")
                failed += 1
        browser.close()
    return 1 if failed else 0


class Camera:
    """Signs in as the demo's people, and keeps what is seen."""

    def __init__(self, browser: "Browser", url: str, folder: Path) -> None:
        self.browser = browser
        self.url = url
        self.folder = folder
        self._people: dict[str, Visitor] = {}

    def person(self, username: str) -> "Visitor":
        """Somebody who acts by the pages' forms, as the simulator's people do."""
        from qipan.city.simulation.visitor import Visitor

        if username not in self._people:
            self._people[username] = Visitor(self.url, username)
        return self._people[username]

    @contextlib.contextmanager
    def page(self, path: str, size: str, username: str = "") -> Iterator["Page"]:
        """A page in a browser of a size, seen by somebody (or by nobody in particular)."""
        width, height = SIZES[size]
        context = self.browser.new_context(
            base_url=self.url,
            viewport={"width": width, "height": height},
            locale="zh-CN",
            timezone_id="Asia/Shanghai",
            is_mobile=size == "phone",
            has_touch=size == "phone",
            device_scale_factor=2 if size == "phone" else 1,
            geolocation={"longitude": 114.093, "latitude": 22.552},
            permissions=["geolocation"],
            reduced_motion="reduce",
        )
        if username:
            visitor = self.person(username)
            visitor.get("/")
            context.add_cookies(
                [{"name": name, "value": value, "url": self.url} for name, value in visitor.cookies().items()]
            )
        page = context.new_page()
        page.set_default_timeout(20_000)
        try:
            page.goto(path)
            yield page
        finally:
            context.close()

    def keep(self, page: "Page", name: str, *, full: bool = False) -> None:
        """Takes the picture once everything on the page is there."""
        page.wait_for_load_state("networkidle")
        page.evaluate("document.fonts.ready")
        self.write(name, page.screenshot(full_page=full, animations="disabled"))

    def write(self, name: str, content: bytes) -> None:
        """Writes a picture, light enough for the repository."""
        content = lighter(content)
        path = self.folder / f"{name}.png"
        path.write_bytes(content)
        tell(f"✓ {path}({len(content) // 1024} KB)")


def lighter(content: bytes) -> bytes:
    """The same picture with 256 colours, no wider than WIDEST, and smaller still until it weighs at most MOST."""
    from PIL import Image

    picture = Image.open(io.BytesIO(content)).convert("RGB")
    scale = min(1.0, WIDEST / picture.width)
    while True:
        size = (round(picture.width * scale), round(picture.height * scale))
        small = picture if scale == 1 else picture.resize(size, Image.Resampling.LANCZOS)
        out = io.BytesIO()
        few = small.quantize(256, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
        few.save(out, "PNG", optimize=True)
        if out.tell() <= MOST:
            return out.getvalue()
        scale *= 0.85


def top(page: "Page", place: "Locator", room: int = 90) -> None:
    """Scrolls so that a place stands near the top of the window."""
    box = place.bounding_box()
    if box is None:
        raise Refusal("页面上没有要拍的地方")
    page.evaluate("distance => window.scrollBy(0, distance)", box["y"] - room)


SHOTS: dict[str, Callable[[Camera], None]] = {}


def shot(name: str) -> Callable[[Callable[[Camera], None]], Callable[[Camera], None]]:
    """Registers how a picture is taken."""

    def register_shot(take: Callable[[Camera], None]) -> Callable[[Camera], None]:
        SHOTS[name] = take
        return take

    return register_shot


def plain(name: str, path: str, size: str, username: str = "") -> None:
    """A picture of a page that is always there."""

    def take(camera: Camera) -> None:
        with camera.page(path, size, username) as page:
            camera.keep(page, name)

    SHOTS[name] = take


plain("portal-desk", "/", "desk")
plain("portal-phone", "/", "phone")
plain("item-desk", "/items/FB-RENEW/", "desk")
plain("inbox-desk", "/desk/?which=unit", "desk", "duty")
plain("table-desk", "/desk/tables/licensing.food_renew/", "desk", "editor")
plain("theme-desk", "/themes/small-restaurant/", "desk")
plain("themes-phone", "/themes/", "phone")
plain("wall", "/desk/wall/", "wall", "duty")


def renewal(camera: Camera) -> tuple[str, "Read"]:
    """The renewal that the rules granted to shop1, with its sealed licence: (its address, its page)."""
    shop = camera.person("shop1")
    mine = shop.get("/my/")
    address = next(
        (
            each
            for line, links in mine.rows
            for each in links
            if "延续" in line and "草稿" not in line and each.startswith("/my/cases/")
        ),
        "",
    )
    if not address:
        address = urlsplit(apply(shop, "FB-RENEW").url).path
    end = time.monotonic() + 60
    while time.monotonic() < end:
        case = shop.get(address)
        if any(each.href.startswith("/documents/") for each in case.links):
            return address, case
        time.sleep(1)
    raise Refusal("许可证没有在一分钟内制成,请看 ./qipan doctor。")


def apply(shop: "Visitor", item: str) -> "Read":
    """Chooses what the application is about, fills in the form as anybody would, hands it in."""
    choosing = shop.get(f"/apply/{item}/")
    choose = next((each for each in choosing.forms if "choice" in each.fields), None)
    if choose is None:
        raise Refusal(f"{shop.username} 没有可以办理 {item} 的证照或主体")
    page = shop.send(choosing, choose, {"choice": choose.fields["choice"].options[0]})
    form = next(each for each in page.forms if any(pair[1] == "submit" for pair in each.buttons))
    answers = {
        "contact_name": "陈弈一",
        "contact_phone": "13800138000",
        "unchanged": "true",
        "truthful": "true",
    }
    return shop.send(
        page, form, {name: text for name, text in answers.items() if name in form.fields}, "submit"
    )


@shot("form-desk")
def form(camera: Camera) -> None:
    """An application half filled in, with what the register knows."""
    page_of = camera.person("shop2").get("/apply/FB-NEW/")
    choose = next((each for each in page_of.forms if "choice" in each.fields), None)
    if choose is None:
        raise Refusal("shop2 没有可以申请的主体")
    begun = camera.person("shop2").send(page_of, choose, {"choice": choose.fields["choice"].options[0]})
    with camera.page(begun.url, "desk", "shop2") as page:
        page.locator("[name=premises]").fill("深圳市福田区园岭街道百花二路48号首层06铺")
        page.locator("[name=street]").fill("园岭街道")
        page.locator("[name=area]").fill("86.5")
        camera.keep(page, "form-desk")


@shot("case-desk")
def my_case(camera: Camera) -> None:
    """A renewal that the rules granted, with its sealed licence."""
    address, _case = renewal(camera)
    with camera.page(address, "desk", "shop1") as page:
        top(page, page.locator("a[href^='/documents/']").first, 330)
        camera.keep(page, "case-desk")


@shot("licence")
def licence(camera: Camera) -> None:
    """The sealed licence itself, its first page."""
    program = shutil.which("pdftoppm")
    if program is None:
        raise Refusal("没有 pdftoppm。请安装软件包 poppler-utils。")
    _address, case = renewal(camera)
    for link in dict.fromkeys(each.href for each in case.links if each.href.startswith("/documents/")):
        content = camera.person("shop1").fetch(link)
        text = pypdf.PdfReader(io.BytesIO(content)).pages[0].extract_text()
        if "许可证" in text and "副本" not in text and "决定书" not in text:
            drawn = subprocess.run(  # noqa: S603
                [program, "-png", "-r", "110", "-singlefile", "-"],
                input=content,
                capture_output=True,
                check=True,
            )
            camera.write("licence", drawn.stdout)
            return
    raise Refusal("办件里没有许可证正本")


@shot("verify-phone")
def verification(camera: Camera) -> None:
    """What the QR code of a licence shows to anybody."""
    _address, case = renewal(camera)
    links = [each.href for each in case.links if re.match(r"^/verify/[^/]+/$", each.href)]
    licence = next((each for each in links if camera.person("shop1").get(each).says("正本")), links[0])
    with camera.page(licence, "phone") as page:
        camera.keep(page, "verify-phone")


@shot("business-desk")
def business(camera: Camera) -> None:
    """The public page of a restaurant: licences, inspections."""
    published = camera.person("public1").get("/publications/")
    link = next((each.href for each in published.links if re.match(r"^/businesses/\d+/$", each.href)), "")
    if not link:
        raise Refusal("还没有公示的主体")
    with camera.page(link, "desk") as page:
        camera.keep(page, "business-desk")


@shot("staff-case-desk")
def staff_case(camera: Camera) -> None:
    """A case in the middle of its way, as an officer sees it: where it stands, limits, timeline."""
    seen = [(who, row) for who in ("leader", "duty") for row in camera.person(who).get("/desk/cases/").rows]
    for state in ("现场核查", "待决定", "审查中", "待受理"):
        for who, (line, links) in seen:
            address = next((each for each in links if each.startswith("/desk/cases/")), "")
            if address and state in line:
                with camera.page(address, "desk", who) as page:
                    camera.keep(page, "staff-case-desk")
                    top(page, page.locator(".flow-diagram").first)
                    camera.keep(page, "diagram-desk")
                return
    raise Refusal("城市里还没有办件。请让模拟器多运行几分钟。")


@shot("checklist-phone")
def checklist(camera: Camera) -> None:
    """The officer's phone in the middle of an inspection."""
    renewal(camera)
    people = ("inspector1", "inspector2")
    for order in camera.person(people[0]).get("/m/").links:
        if order.href.startswith("/m/orders/") and (work := begin(camera, people, order.href)):
            with camera.page(work, "phone", people[0]) as page:
                items = page.locator("[data-check-item]").all()[:3]
                for number, item in enumerate(items):
                    item.locator(".choice-row label").nth(int(number == 1)).click()
                items[1].locator("textarea").fill("许可证放在抽屉里，没有悬挂")
                page.locator("[data-draft-status]", has_text="已保存").first.wait_for()
                top(page, items[0], 150)
                camera.keep(page, "checklist-phone")
            return
    raise Refusal("没有等待检查的任务")


def begin(camera: Camera, people: tuple[str, ...], order: str) -> str:
    """Two officers claim an order and begin; the address of the record, empty where it cannot be begun."""
    for name in reversed(people):
        page = camera.person(name).get(order)
        claim = page.form("/claim/")
        if claim is not None:
            page = camera.person(name).send(page, claim)
    work = next((each.href for each in page.links if re.match(r"^/m/(checks|inspections)/", each.href)), "")
    if not work:
        return ""
    lead = camera.person(people[0])
    opened = lead.get(work)
    start = next((each for each in opened.forms if each.key == "begin"), None)
    if start is not None:
        opened = lead.send(opened, start, {"shown": "on", "place": "114.0930,22.5520"})
    return opened.url
