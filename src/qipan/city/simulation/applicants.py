"""What applicants do: begin what a business needs, put right what was asked for, fetch what is ready."""

import datetime
import random
import re

from qipan.city import naming
from qipan.city.parts import NAMES
from qipan.city.simulation import pictures
from qipan.city.simulation.pages import Form, Page
from qipan.city.simulation.visitor import Turned, Visitor

WISHES = {
    "FB-RENEW": 0.34,
    "FB-NEW": 0.24,
    "FF-NEW": 0.14,
    "FB-CHANGE": 0.12,
    "FB-REISSUE": 0.10,
    "FB-CANCEL": 0.03,
    "FF-CANCEL": 0.03,
}
WAITING = ("草稿", "待补正", "核查整改", "待整改")
SOON = datetime.timedelta(days=115)
PHONE = "13800138000"


def carry_on(visitor: Visitor, chance: random.Random) -> str:
    """Take up a case of one's own that waits for the applicant; returns what was done, empty when nothing waits."""
    page = visitor.get("/my/")
    waiting = [links[0] for words, links in page.rows if links and any(state in words for state in WAITING)]
    for address in waiting:
        case = visitor.get(address)
        step = next(
            (
                form
                for form in case.forms
                if form.action.rstrip("/").endswith(("report_rectified", "report")) and not form.refused
            ),
            None,
        )
        if step is not None:
            report = (
                {"report": "已按要求逐项改正：补齐设施，重新清洗消毒，并培训了从业人员。"}
                if "report" in step.fields
                else {}
            )
            return f"报告整改 → {visitor.send(case, step, report).state}"
        if form_address := case.link("/applications/"):
            return _fill_in(visitor, visitor.get(form_address), chance, "补正后提交")
    return ""


def begin(visitor: Visitor, chance: random.Random, wish: str = "") -> str:
    """Apply for something new; returns what was done, empty when this applicant can apply for nothing of the kind."""
    wish = wish or chance.choices(list(WISHES), list(WISHES.values()))[0]
    page = visitor.get(f"/apply/{wish}/")
    form = next((each for each in page.forms if "choice" in each.fields), None)
    if form is None:
        return ""
    choice = _choose(form, wish, chance)
    if not choice:
        return ""
    return _fill_in(visitor, visitor.send(page, form, {"choice": choice}), chance, wish)


def _choose(form: Form, wish: str, chance: random.Random) -> str:
    """A licence or a business that fits the wish and is not one of the visitor's own."""
    field = form.fields["choice"]
    pairs = list(zip(field.options, field.titles, strict=False))
    pairs = [pair for pair in pairs if not any(name in pair[1] for name, *_rest in NAMES.values())]
    if wish == "FB-RENEW":
        pairs = [pair for pair in pairs if _ends_soon(pair[1])]
    return chance.choice(pairs)[0] if pairs else ""


def _ends_soon(title: str) -> bool:
    found = re.search(r"有效期至 (\d{4}-\d{2}-\d{2})", title) or re.search(
        r"(\d{4})年(\d{1,2})月(\d{1,2})日", title
    )
    if not found:
        return False
    until = datetime.date(*map(int, "-".join(found.groups()).split("-")))
    return until - datetime.date.today() < SOON


def _fill_in(visitor: Visitor, page: Page, chance: random.Random, what: str) -> str:
    form = next((each for each in page.forms if any(pair[1] == "submit" for pair in each.buttons)), None)
    if form is None:
        raise Turned(f"{page.url} 没有可以提交的表单")
    values = _answers(form, page, chance)
    for name in form.uploads:
        if name and not values.get(name) and (name == "layout_plan" or chance.random() < 0.3):
            values[name] = [visitor.upload(page, f"{name}.png", pictures.png(320, 200, chance))]
    done = visitor.send(page, form, values, "submit")
    return f"{what} → {done.state or done.text[:20]}"


def _answers(form: Form, page: Page, chance: random.Random) -> dict[str, str | list[str]]:
    """Plausible answers to the fields that this form asks; what is filled in already stays."""
    asked, known = set(form.fields), form.values()
    found: dict[str, str | list[str]] = {}

    def answer(name: str, value: str | list[str]) -> None:
        if name in asked and not any(known.get(name, ())):
            found[name] = value

    dice = [chance.randrange(2**20) for _number in range(4)]
    answer("contact_name", naming.person(dice))
    answer("contact_phone", PHONE)
    answer("manager_name", naming.person(dice[1:]))
    answer("manager_phone", PHONE)
    area, street = _where(page, chance)
    answer("premises.place", f"{area}/{street}")
    answer(
        "premises",
        f"深圳市{area}{street}{naming.road(dice[0], dice[1] % 24)}{dice[2] % 199 + 1}号{dice[3] % 90000 + 200}铺",
    )
    answer("area", str(20 + dice[0] % 300))
    answer("staff_count", str(2 + dice[1] % 20))
    answer("diners", str(50 + dice[2] % 400))
    answer("main_format", "2")
    answer("items", chance.choice([["HOT"], ["HOT", "DRINK"], ["HOT", "COLD"]]))
    unchanged = chance.random() < 0.85
    if unchanged:
        answer("unchanged", "true")
    else:
        answer("changes", "更换了灶具和排烟设备，布局没有变化")
    for name in ("truthful", "no_investigation", "prepackaged_only"):
        answer(name, "true")
    answer(
        "cause", form.fields["cause"].options[0] if "cause" in asked and form.fields["cause"].options else ""
    )
    kinds = chance.choice([["NAME"], ["REP"], ["LAYOUT"]])
    answer("change_kinds", kinds)
    if kinds == ["LAYOUT"]:
        answer("change_note", "调整了洗消间和备餐间的位置")
    return found


def _where(page: Page, chance: random.Random) -> tuple[str, str]:
    """The sub-district that the business's own address names, so that the new place lies near it."""
    found = re.search(r"深圳市(\S{2,7}?区|深汕特别合作区)(\S{1,5}?(?:街道|镇))", page.text)
    return (found.group(1), found.group(2)) if found else ("福田区", "园岭街道")


def fetch(visitor: Visitor) -> str:
    """Download the newest paper of one's own and check it on the verification page; empty when there is none."""
    page = visitor.get("/my/")
    for words, links in page.rows:
        if not links or "已制证" not in words:
            continue
        case = visitor.get(links[0])
        paper = case.link("/documents/")
        check = next((link.href for link in case.links if re.match(r"^/verify/[^/]+/$", link.href)), "")
        if paper and check:
            size = len(visitor.fetch(paper))
            verdict = "有效" if visitor.get(check).says("有效", "真实") else "核验页没有说有效"
            return f"下载证照 {size // 1024} KB，核验：{verdict}"
    return ""
