"""What an applicant does with a browser: sign in, fill in whatever a form asks, hand in, wait, take the papers.

What is typed follows the form's own declaration on the page, so that a form that changes tomorrow is filled in tomorrow.
"""

import datetime
import json
import re
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

#: What is answered where any answer would do but this one leads on.
WISHED: Mapping[str, Any] = {
    "street": "园岭街道",
    "change_kinds": ["NAME"],
    "new_items": ["HOT"],
    "main_format": "2",
    "items": ["HOT"],
    "marks": [],
    "contact_name": "王小明",
    "manager_name": "李四",
    "domain": "example.cn",
    "telecom": "粤ICP备0000001号",
    "year": str(datetime.date.today().year - 1),
    "postal": "518000",
}
#: What a case says of itself when everything is done.
ENDED = {"已办结", "已制证", "全部有结果"}
#: Each walk needs its own.
UNIQUE = ("new_name", "new_domicile", "premises")
#: Boxes that are left open: each says that something is not as usual.
LEFT_OPEN = ("stored", "changed")


class Stopped(Exception):
    """The walk cannot go on; says what the page said."""


def sign_in(page: "Page", username: str, password: str) -> None:
    """By the sign-in page, as anybody."""
    page.goto("/accounts/login/")
    page.locator("[name=login]").fill(username)
    page.locator("[name=password]").fill(password)
    page.locator("form:has([name=password]) button[type=submit]").first.click()
    page.wait_for_url(lambda url: "/accounts/login" not in url)


def answer(page: "Page", situation: Mapping[str, Any]) -> None:
    """Answers the questions of a situation, one after another; the page asks the next by what was said."""
    for code, value in situation.items():
        place = page.locator(f"#field-{code}")
        if value is False or not place.count():
            continue
        for one in value if isinstance(value, list) else ["true" if value is True else value]:
            box = place.locator(f"input[value='{one}']")
            if not box.count():
                text = place.locator("input").first
                if text.input_value() != str(one):
                    _asked_anew(page, lambda text=text, one=one: (text.fill(str(one)), text.blur()))
            elif not box.first.is_checked():
                _asked_anew(page, box.first.check)


def _asked_anew(page: "Page", act: Callable[[], Any]) -> None:
    """Does something by which the page asks its questions anew, and waits until it has."""
    with page.expect_response(lambda answer: "/themes/" in answer.url):
        act()
    page.locator(".htmx-request").first.wait_for(state="detached")


def hand_in(page: "Page", button: str) -> None:
    """Presses the button, and is where the case now is; the page may first save what it was saving."""
    page.get_by_role("button", name=button).click()
    end = time.monotonic() + 20
    while time.monotonic() < end:
        if re.search(r"/my/cases/", page.url):
            page.wait_for_load_state()
            return
        if page.locator(".error-summary").count():
            break
        page.wait_for_timeout(100)
    raise Stopped("没有提交成")


def follow(page: "Page", link: "Locator", address: str) -> None:
    """Follows a link; once more where the page renewed itself under the finger."""
    from playwright.sync_api import TimeoutError

    link.click()
    try:
        page.wait_for_url(address, timeout=5_000)
    except TimeoutError:
        link.click()
        page.wait_for_url(address)


def fill_in(page: "Page", folder: Path, wishes: Mapping[str, Any] | None = None) -> int:
    """Fill in every field that the form shows and asks for, as `wishes` say where they do; gives how many."""
    wanted = {**WISHED, **{code: one for code, one in (wishes or {}).items() if code not in UNIQUE}}
    form = page.locator("form[data-declaration]")
    name = form.get_attribute("data-declaration") or ""
    declared = json.loads(page.locator(f"script#{name}").text_content() or "{}")
    filled = 0
    for field in declared["fields"]:
        place = form.locator(f"[data-field='{field['code']}']")
        if place.count() and place.first.is_visible():
            filled += _fill(page, place.first, field, folder, wanted)
    for group in declared.get("groups", []):
        for field in group["fields"]:
            place = form.locator(f"[data-field='{group['code']}.0.{field['code']}']")
            if place.count() and place.first.is_visible():
                filled += _fill(page, place.first, field, folder, wanted)
    return filled


def _fill(
    page: "Page", place: "Locator", field: Mapping[str, Any], folder: Path, wishes: Mapping[str, Any]
) -> bool:
    code, kind = field["code"], field["kind"]
    wish = _wish(field, wishes)
    if not field.get("required") and wish is None and kind not in {"bool", "address"}:
        return False
    if kind == "bool":
        if code not in LEFT_OPEN or wish == "true":
            place.locator("input[type=checkbox]").first.check()
    elif kind in {"choice", "multi"}:
        wanted = wish if wish is not None else field["options"][0]["code"]
        for value in wanted if isinstance(wanted, list) else [wanted]:
            place.locator(f"input[value='{value}']").first.check()
    elif kind == "file":
        place.locator("input[type=file]").first.set_input_files(_picture(folder, code))
        place.locator(".upload-state", has_text="已上传").first.wait_for()
    else:
        box = place.locator("input:not([type=hidden]), textarea").last
        if not box.input_value():
            box.fill(str(wish or _words(field)))
    return True


def _wish(field: Mapping[str, Any], wishes: Mapping[str, Any]) -> Any:
    """The answer that leads on, if one is wished for and the field takes it; a merged form puts more before a name."""
    code = field["code"]
    wish = next((wishes[name] for name in wishes if code == name), None) or next(
        (wishes[name] for name in wishes if code.endswith(f"_{name}")), None
    )
    if field["kind"] in {"choice", "multi"} and wish is not None:
        known = {option["code"] for option in field["options"]}
        return wish if set(wish if isinstance(wish, list) else [wish]) <= known else None
    return wish


def _words(field: Mapping[str, Any]) -> str:
    """Something that the field takes."""
    kind, code = field["kind"], field["code"]
    if kind == "phone":
        return "13800138000"
    if kind == "date":
        return datetime.date.today().isoformat()
    if kind == "number":
        least = field.get("min")
        return str(int(float(least)) + 1 if least is not None else 3)
    if kind == "id_number":
        return "11010519491231002X"
    if kind == "address":
        return f"深圳市福田区园岭街道红荔路{time.time_ns() % 900 + 1}号"
    text = f"行走{time.time_ns() % 10**8:08d}"
    if code.endswith("new_name"):
        return f"深圳市福田区{text}小吃店"
    least = int(field.get("min_length") or 0)
    return text + "，情况如实填写" * (max(0, least - len(text)) // 7 + 1 if least > len(text) else 0)


def _picture(folder: Path, code: str) -> Path:
    """A small picture of its own."""
    from PIL import Image

    path = folder / f"{code}-{time.time_ns()}.png"
    shade = time.time_ns() % 256
    Image.new("RGB", (64, 48), (shade, 120, 255 - shade)).save(path)
    return path


def results(page: "Page", patience: float) -> list[tuple[str, str]]:
    """The results of a theme once each can be fetched: (title, address of the file); the page follows by itself."""
    lines = page.locator("section[aria-label='全部结果'] .paper-line")
    end, before = time.monotonic() + patience, 0
    while time.monotonic() < end:
        links = lines.locator("a").all()
        if links and len(links) == lines.count() == before:
            return [(link.inner_text(), link.get_attribute("href") or "") for link in links]
        before = lines.count()
        page.wait_for_timeout(2_000)  # what comes last comes within it
    raise Stopped(f"{lines.count()} 份结果只有 {lines.locator('a').count()} 份可以领取")


def state_of(page: "Page") -> str:
    """The word at the head of a case's page."""
    return page.locator(".page-head .state").first.inner_text().strip()


def is_ended(page: "Page") -> bool:
    """Whether the page itself says that everything is done."""
    return state_of(page) in ENDED


def ended(page: "Page", patience: float) -> None:
    """Waits until the page itself says that the case is done."""
    end = time.monotonic() + patience
    while not is_ended(page):
        if time.monotonic() > end:
            raise Stopped(f"没有办结：{state_of(page)}")
        page.wait_for_timeout(200)


def refusals(page: "Page") -> str:
    """What the page says against it, in a line."""
    found = page.locator(".error-summary, .alert-danger").all_inner_texts()
    return re.sub(r"\s+", " ", "；".join(found))[:400]


def papers(page: "Page", patience: float) -> list[tuple[str, str]]:
    """The papers of a case once every one of them is there: (title, address of the file); the page follows by itself."""
    end = time.monotonic() + patience
    while time.monotonic() < end:
        lines = page.locator("section[aria-label='文书和证照'] .paper-line")
        made = lines.locator("a[href*='download=1']")
        if lines.count() and made.count() == lines.count() and page.locator(".state-done, .state").count():
            return [
                (
                    re.sub(r"\s+", " ", line.locator(".flex-fill").inner_text()),
                    line.locator("a[href*='download=1']").get_attribute("href") or "",
                )
                for line in lines.all()
            ]
        page.wait_for_timeout(200)
    raise Stopped(f"{patience:g} 秒内文书没有齐：{state_of(page)}")
