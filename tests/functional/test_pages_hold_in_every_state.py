"""Every page empty, with data, with long text and rare characters, and with errors: axe clean, no sideways scroll at 320
pixels, walked by keyboard, no request elsewhere, nothing on the console, no report of the content security policy."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Page

from qipan.domains.inspection import actions as inspection
from qipan.domains.inspection.models import Kind
from qipan.domains.licensing import actions as licensing
from qipan.kernel.documents import queries as documents
from qipan.kernel.flow import actions as flow
from qipan.kernel.flow.models import Case, WorkOrder
from qipan.kernel.jobs.testing import drain
from qipan.kernel.law import library
from qipan.kernel.ledger.dispatch import deliver_waiting
from tests.functional.conftest import axe_violations
from tests.inspection.office import Office
from tests.orgs.factories import reader_for
from tests.subjects.factories import GrantFactory, SubjectFactory, owner_of

pytestmark = pytest.mark.django_db(transaction=True)

RARE = "𠮷𡈽㑇䍷"
LONG = (
    f"深圳市福田区{RARE}"
    + "特色餐饮管理服务连锁" * 9
    + "SUPERCALIFRAGILISTICEXPIALIDOCIOUSRESTAURANT有限公司"
)
ADDRESS = "深圳市福田区园岭街道" + "红荔路一百八十八号科技创新大厦东座" * 8 + RARE
MOST_TABS = 14

LISTEN = """
window.__csp = [];
document.addEventListener("securitypolicyviolation", (event) => window.__csp.push(event.violatedDirective + " " + event.blockedURI));
"""
FOCUS = """() => {
  const one = document.activeElement;
  if (!one || one === document.body) return null;
  const seen = (element) => { const style = getComputedStyle(element); return style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0 || style.boxShadow !== "none"; };
  const box = one.getBoundingClientRect();
  const marked = seen(one) || (one.nextElementSibling && seen(one.nextElementSibling)) || (one.labels && Array.from(one.labels).some(seen)) || (one.parentElement && seen(one.parentElement));
  return { html: one.outerHTML.slice(0, 120), skip: one.classList.contains("skip-link"), marked, shown: box.width > 0 && box.height > 0 };
}"""
WIDE = """() => {
  const most = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth <= most) return [];
  const clipped = (element) => { for (let up = element.parentElement; up; up = up.parentElement) if (/auto|scroll|hidden/.test(getComputedStyle(up).overflowX)) return true; return false; };
  return Array.from(document.querySelectorAll("body *")).filter((element) => element.getBoundingClientRect().right > most + 1 && !clipped(element)).slice(0, 4).map((element) => element.outerHTML.slice(0, 140));
}"""


@dataclass
class Looker:
    """One person at one browser who looks at pages and writes down what is wrong with them."""

    page: Page
    faults: list[str] = field(default_factory=list)
    seen: int = 0
    address: str = ""

    def __post_init__(self) -> None:
        self.page.add_init_script(LISTEN)
        self.page.on("console", lambda said: self._console(said))
        self.page.on("pageerror", lambda error: self.fault(f"script error {error}"))

    def _console(self, said: Any) -> None:
        if said.type == "error" and "/feed" not in said.text and "Failed to load resource" not in said.text:
            self.fault(f"console {said.text[:160]}")

    def fault(self, text: str) -> None:
        self.faults.append(f"{self.address}: {text}")

    def look(self, address: str, status: int = 200, *, state: str = "") -> None:
        """Opens a page and checks it."""
        self.address = f"{address} {state}".strip()
        answer = self.page.goto(address)
        if answer is None or answer.status != status:
            self.fault(f"status {answer.status if answer else 'none'} instead of {status}")
        self.check()

    def check(self, state: str = "") -> None:
        """Checks the page as it stands: at the desk's width, by keyboard, and at 320 pixels."""
        self.address = f"{self.address} {state}".strip()
        self.seen += 1
        self.page.set_viewport_size({"width": 1366, "height": 900})
        for problem in axe_violations(self.page):
            self.fault(f"axe {problem}")
        self._walk_by_keyboard()
        self.page.set_viewport_size({"width": 320, "height": 640})
        for wide in self.page.evaluate(WIDE):
            self.fault(f"wider than 320: {wide}")
        for report in self.page.evaluate("window.__csp"):
            self.fault(f"policy {report}")

    def _walk_by_keyboard(self) -> None:
        if self.page.locator("[tabindex]:not([tabindex='0']):not([tabindex='-1'])").count():
            self.fault("a tabindex above 0 breaks the order")
        self.page.evaluate(
            "() => { const body = document.body; body.tabIndex = -1; body.focus(); body.removeAttribute('tabindex'); scrollTo(0, 0); }"
        )
        for number in range(MOST_TABS):
            self.page.keyboard.press("Tab")
            at = self.page.evaluate(FOCUS)
            if at is None:
                if number == 0:
                    self.fault("Tab reaches nothing")
                return
            if number == 0 and not at["skip"]:
                self.fault(f"the first stop is not the skip link but {at['html']}")
            if not at["marked"]:
                self.fault(f"focus cannot be seen on {at['html']}")
            if not at["shown"]:
                self.fault(f"focus goes to what is not shown: {at['html']}")


@pytest.fixture
def looker(context_for: Callable[..., Any], sign_in: Callable[..., None]) -> Callable[..., Looker]:
    """`looker(user)` is that person at a browser; without a user a stranger."""

    def enter(user: Any = None) -> Looker:
        context = context_for("desk")
        if user is not None:
            sign_in(context, user)
        return Looker(context.new_page())

    return enter


@pytest.fixture
def office(settings, tmp_path) -> Office:
    settings.HOME = tmp_path
    return Office()


def told(*lookers: Looker) -> None:
    """All that was found, at once."""
    faults = [fault for each in lookers for fault in each.faults]
    assert not faults, f"{len(faults)} faults on {sum(each.seen for each in lookers)} pages:\n" + "\n".join(
        faults[:40]
    )


PUBLIC_EMPTY = ("/", "/search/", "/search/?q=没有这样的东西", "/items/", "/items/?q=航天", "/items/FB-NEW/", "/businesses/", "/businesses/?q=没有这家",
                "/publications/", "/publications/?q=没有", "/laws/", "/verify/", "/accounts/login/")  # fmt: skip
STAFF_EMPTY = ("/desk/", "/desk/?which=done", "/desk/?which=unit&light=overdue", "/desk/cases/", "/desk/cases/?q=没有",
               "/desk/inspections/", "/desk/businesses/", "/desk/businesses/?q=没有这家", "/desk/wall/", "/me/", "/notices/",
               "/m/", "/accounts/security/")  # fmt: skip


def test_empty_pages_hold(office: Office, looker: Callable[..., Looker]) -> None:
    stranger, head = looker(), looker(office.head.user)
    for address in PUBLIC_EMPTY:
        stranger.look(address)
    for address in STAFF_EMPTY:
        head.look(address)
    shop = looker(owner_of(SubjectFactory("深圳市空空餐馆")))
    for address in ("/my/", "/notices/", "/me/"):
        shop.look(address)
    told(stranger, head, shop)


def test_pages_hold_with_data_long_text_and_rare_characters(
    office: Office, looker: Callable[..., Looker]
) -> None:
    library.load(
        [
            {
                "name": "食品安全法",
                "as_of": "2021-04-29",
                "head": "（2009年通过）",
                "articles": [
                    {
                        "no": f"第{sign}条",
                        "text": f"第{sign}条的内容{RARE}。" * 12,
                        "chapter": f"第{sign}章 {LONG[:40]}",
                    }
                    for sign in "一二三"
                ],
            }
        ]
    )
    long = SubjectFactory(LONG[:190], risk_grade="D")
    long.domicile = ADDRESS[:290]
    long.save(update_fields=["domicile"])
    owner = owner_of(long)
    slow = office.drafted("FB-RENEW", long, GrantFactory(long), reader_for(owner), changes=LONG)
    licensing.submit(slow, reader_for(owner))
    draft = office.drafted("FB-RENEW", *office.shop())
    subject, grant, reader = office.shop()
    quick = office.drafted("FB-RENEW", subject, grant, reader, unchanged="true")
    licensing.submit(quick, reader)
    office.signed({"2.2": "原料直接放在地面" + RARE})
    visit = inspection.order_visit(
        reader_for(office.head),
        Kind.FLYING,
        uuid=uuid.uuid4(),
        subject=subject,
        grant=grant,
        cause=LONG[:200],
    )
    for _round in range(2):
        drain()
        deliver_waiting(quiet=False)
    accept, work = WorkOrder.objects.get(case_id=slow.pk), WorkOrder.objects.get(case_id=visit.pk)
    flow.claim(accept, actor=reader_for(office.receiver).actor(None, accept.org_path))
    flow.urge(accept, LONG[:400], actor=reader_for(office.leader).actor(None, "SZ/FT/"))
    case = Case.objects.get(pk=slow.pk)
    document = Case.objects.get(pk=quick.pk)

    window, head, officer = looker(office.receiver.user), looker(office.leader.user), looker(office.lead.user)
    for address in ("/desk/?which=mine", f"/desk/orders/{accept.uuid}/", f"/desk/cases/{case.uuid}/",
                    f"/desk/cases/{case.uuid}/decisions/", f"/desk/cases/?q={case.number}",
                    f"/m/orders/{accept.uuid}/"):  # fmt: skip
        window.look(address)
    for address in ("/desk/?which=unit", f"/desk/businesses/{long.pk}/", f"/desk/businesses/?q={LONG[6:12]}", "/desk/wall/",
                    "/desk/inspections/?which=open", f"/desk/cases/{visit.case.uuid}/", f"/desk/orders/{work.uuid}/"):  # fmt: skip
        head.look(address)
    officer.look("/m/")
    shop = looker(owner)
    for address in ("/my/", f"/my/cases/{case.uuid}/", "/notices/", "/apply/FB-RENEW/"):
        shop.look(address)
    stranger = looker()
    code = document_code(document)
    for address in ("/", f"/search/?q={LONG[6:12]}", f"/businesses/?q={LONG[6:12]}", f"/businesses/{long.pk}/", f"/businesses/{subject.pk}/",
                    "/publications/", "/laws/", "/laws/?q=内容", "/laws/食品安全法/", f"/verify/{code}/"):  # fmt: skip
        stranger.look(address)
    assert draft.case.state == "DRAFT"
    told(window, head, officer, shop, stranger)


def document_code(case: Case) -> str:
    return documents.of_record("flow.case", case.pk)[0].code


def test_pages_hold_with_errors(office: Office, looker: Callable[..., Looker]) -> None:
    subject, grant, reader = office.shop()
    row = office.drafted("FB-RENEW", subject, grant, reader)
    shop = looker(subject.representatives.get().user)
    shop.look(form_of(row), state="as it is")
    shop.page.locator("form[data-declaration]").evaluate("form => { form.noValidate = true; }")
    shop.page.get_by_label("联系电话").fill("123")
    shop.page.get_by_role("button", name="提交申请").click()
    shop.check("errors at fields")
    with shop.page.expect_navigation():
        shop.page.evaluate("document.querySelector('form[data-declaration]').submit()")
    shop.check("errors from the server")
    stranger = looker()
    stranger.look("/nothing/", 404)
    stranger.look("/verify/NOSUCHCODE/", 404)
    stranger.look("/businesses/999999999/", 404)
    stranger.page.goto("/accounts/login/")
    stranger.page.locator("main button[type=submit]").first.click()
    stranger.check("nothing filled in")
    officer = looker(office.lead.user)
    officer.look("/my/", 403)
    visit = office.ordered(subject, grant)
    order = WorkOrder.objects.get(case_id=visit.pk)
    for person in (office.lead, office.second):
        flow.claim(order, actor=office.actor(person, visit))
    officer.look(f"/m/inspections/{order.uuid}/")
    officer.page.get_by_role("button", name="开始检查").click()
    officer.check("refused")
    officer.look(f"/desk/orders/{order.uuid}/")
    officer.page.locator("summary", has_text="转办").click()
    officer.page.locator("#transfer-reason").fill("外出")
    officer.page.get_by_role("button", name="确认转办").click()
    officer.page.locator(".error-summary").wait_for()
    officer.check("refused")
    officer.look("/me/")
    officer.page.locator("summary", has_text="登记缺勤").click()
    officer.page.locator("#a-from").fill(timezone.localdate().isoformat())
    officer.page.locator("#a-to").fill("2020-01-01")
    officer.page.locator("#a-reason").fill("休假")
    officer.page.get_by_role("button", name="登记缺勤").click()
    officer.page.locator(".error-summary").wait_for()
    officer.check("refused")
    told(shop, stranger, officer)


def form_of(row: Any) -> str:
    return reverse("apply_form", args=[row.case.uuid])


def test_planted_faults_are_caught(looker: Callable[..., Looker], office: Office) -> None:
    stranger = looker()
    stranger.look("/verify/")
    assert not stranger.faults
    stranger.page.evaluate(
        """() => {
          const main = document.querySelector("main");
          const picture = document.createElement("img"); picture.src = "/static/images/mark.svg"; main.append(picture);
          const wide = document.createElement("p"); wide.textContent = "宽"; wide.style.width = "900px"; main.append(wide);
          const blind = document.createElement("a"); blind.href = "#"; blind.textContent = "看不见的焦点"; blind.style.setProperty("outline", "none", "important"); main.prepend(blind);
          const script = document.createElement("script"); script.textContent = "window.__inline = 1"; main.append(script);
        }"""
    )
    stranger.check("planted")
    found = "\n".join(stranger.faults)
    assert "image-alt" in found and "wider than 320" in found and "script-src" in found
    assert "focus cannot be seen" in found
