"""What officers do: take the next order of their inbox, go out in twos, fill in the record, sign, decide."""

import random
import re

from qipan.city.parts import NAMES
from qipan.city.simulation import pictures
from qipan.city.simulation.pages import Form, Page
from qipan.city.simulation.territory import Desk
from qipan.city.simulation.visitor import Turned, Visitor

CASE = re.compile(r"^/desk/cases/[0-9a-f-]{36}/$")
ORDER = re.compile(r"^/desk/orders/[0-9a-f-]{36}/$")
STEPS = {
    "window": ("accept",),
    "examine": ("order_check", "review"),
    "decide": ("grant", "refuse"),
    "head": ("assign",),
}
POINTS = "布局图上没有标出洗消间的位置，请补充后重新上传。"
PROBLEMS = ("洗手设施旁没有洗手液", "冷藏柜温度没有记录", "餐用具消毒后没有密闭存放", "原料离墙距离不够")


def work(desk: Desk, colleagues: list[Visitor], chance: random.Random) -> str:
    """Do the next step of the first order that waits at a desk; returns what was done, empty when none waits.

    Orders about the named businesses are left to the visitors of the demo.
    """
    first = colleagues[0]
    # Heads countersign as well, which lies in a box of its own.
    boxes = ("/desk/", "/desk/?which=countersign") if desk.post == "head" else ("/desk/",)
    for words, links in (row for box in boxes for row in first.get(box).rows):
        address = next((link for link in links if ORDER.match(link)), "")
        if not address or any(name in words for name, *_rest in NAMES.values()):
            continue
        done = work_on(address, desk, colleagues, chance)
        if done:
            return done
    return ""


def work_on(address: str, desk: Desk, colleagues: list[Visitor], chance: random.Random) -> str:
    """Do the next step of one order; returns what was done, empty when nothing can be done at this desk."""
    if desk.post == "inspector":
        return _field_work(address, colleagues, chance)
    return _desk_work(address, desk, colleagues[0], chance)


def _claim(visitor: Visitor, address: str) -> Page:
    page = visitor.get(address)
    form = page.form("/claim/")
    return visitor.send(page, form) if form is not None else page


def _desk_work(address: str, desk: Desk, officer: Visitor, chance: random.Random) -> str:
    order = _claim(officer, address)
    opinion = order.form("/sign/")
    if opinion is not None:
        officer.send(order, opinion, {"opinion": "yes"})
        return "会签 → 同意"
    link = next((each.href for each in order.links if CASE.match(each.href)), "")
    if not link:
        return ""
    case = officer.get(link)
    steps = {
        form.action.rstrip("/").rsplit("/", 1)[-1]: form
        for form in case.forms
        if form.action.startswith("/desk/cases/")
    }
    if (
        desk.post == "window"
        and "correct" in steps
        and not steps["correct"].refused
        and chance.random() < 0.12
    ):
        return f"一次性告知补正 → {officer.send(case, steps['correct'], {'points': POINTS}).state}"
    for code in STEPS.get(desk.post, ()):
        form = steps.get(code)
        if form is None or form.refused:
            continue
        done = officer.send(case, form, _particulars(code, form))
        return f"{_title(form)} → {done.state}"
    asking = case.form("/countersign/")
    if desk.post == "decide" and asking is not None:
        officer.send(case, asking)  # the decision waits for it
        return "送会签"
    return ""


def _particulars(code: str, form: Form) -> dict[str, str]:
    values = {name: "YES" for name in form.fields if name.startswith("condition-")}
    if "opinion" in form.fields:
        values["opinion"] = "材料齐全，符合法定形式；声明的变化不影响许可条件，建议准予。"
    if "reason" in form.fields:
        values["reason"] = "经现场核查，经营条件不符合《食品经营许可管理办法》第十一条的规定。"
    return values


def _title(form: Form) -> str:
    return form.text.split(" ")[0][:12]


def _field_work(address: str, colleagues: list[Visitor], chance: random.Random) -> str:
    """Two officers claim; the first of them then takes the work page as far as it goes."""
    phone = address.replace("/desk/", "/m/")
    for visitor in reversed(colleagues):
        order = _claim(visitor, phone)
    work_page = next(
        (link.href for link in order.links if re.match(r"^/m/(checks|inspections|rechecks)/", link.href)), ""
    )
    if not work_page:
        return ""
    page, officer, done = colleagues[0].get(work_page), colleagues[0], []
    for _round in range(4):
        step = _next_step(officer, page, chance)
        if step is None:
            break
        form, values, button = step
        done.append(form.key or button)
        page = officer.send(page, form, values, button)
        if "/m/" not in page.url or page.url.rstrip("/").endswith(("/m", "/done")):
            break
    if not done:
        raise Turned(f"{work_page} 没有可以提交的表单")
    kind = "现场核查" if "/checks/" in work_page else "复查" if "/rechecks/" in work_page else "监督检查"
    return f"{kind}（{'、'.join(done)}）"


def _next_step(
    officer: Visitor, page: Page, chance: random.Random
) -> tuple[Form, dict[str, str], str] | None:
    """The form that carries the work on, filled in: notice shown, every item answered, signed by all."""
    form = next(
        (each for each in page.forms if each.key in {"begin", "check", "record", "sign", "recheck"}), None
    )
    if form is None:
        return None
    values: dict[str, str] = {"place": "114.0930,22.5520"} if "place" in form.fields else {}
    if form.key == "begin":
        return form, {**values, "shown": "on"}, ""
    answered = [each for each in form.named("radio") if each.name.startswith("answer-")]
    for each in answered:
        values[each.name] = "YES"
    fails = form.key != "recheck" and answered and chance.random() < 0.15
    if fails:
        bad = chance.choice(answered).name
        values[bad] = "NO"
        code = bad.removeprefix("answer-")
        values[f"note-{code}"] = chance.choice(PROBLEMS)
        if f"photo-{code}" in form.uploads:
            values[f"photo-{code}"] = officer.upload(
                page, f"{code}.png", pictures.png(240, 160, chance), "photo"
            )
    for name in form.fields:
        if name.startswith("value-"):
            values[name] = _measured(page, name)
    for each in form.named("signature"):
        if each.name != "witness":
            values[each.name] = pictures.signature(chance)
    if "affects" in form.fields:
        values |= {"affects": "no"}
        if "safety_reason" in form.fields:
            values["safety_reason"] = "问题轻微，现场已经处理，没有影响到食品。"
    if "measure" in form.fields:
        options = form.fields["measure"].options
        values["measure"] = (
            "rectify" if "rectify" in options else "BY_DATE" if "BY_DATE" in options else options[0]
        )
    return form, values, "conclude" if form.key == "record" else ""


def _measured(page: Page, name: str) -> str:
    """A value within the range that the page names beside the field."""
    found = re.search(
        rf'name="{re.escape(name)}".{{0,600}}?参考范围\s*(-?[\d.]*)–(-?[\d.]*)', page.source, re.DOTALL
    )
    least, most = (found.group(1), found.group(2)) if found else ("", "")
    if least and most:
        return f"{(float(least) + float(most)) / 2:.1f}"
    return f"{float(least) + 3:.1f}" if least else f"{float(most) - 1:.1f}" if most else "4.0"
