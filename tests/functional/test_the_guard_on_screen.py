"""The wrong-grant guard in a real browser: the nights, one difference, its settling, and a decision on both levels."""

import datetime

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from qipan.domains.licensing.guarding import actions
from qipan.domains.licensing.guarding.models import GuardFinding
from qipan.kernel.ledger.clock import today
from qipan.kernel.subjects import actions as subjects
from tests.licensing.automatic import applied, prepare, tomorrow, walks
from tests.licensing.city import SYSTEM, City

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]


def test_a_wrong_grant_is_seen_and_settled(context_for, sign_in, look, settings, tmp_path) -> None:
    settings.HOME = tmp_path
    city = City()
    made = prepare(next(walk for walk in walks() if walk.item == "FB-RENEW"))
    row = applied(city, made)
    context = context_for("desk")
    sign_in(context, city.decider.user)
    page = context.new_page()
    page.goto(reverse("guard"))
    expect(page.get_by_text("还没有复核记录")).to_be_visible()
    look(page, "guard-empty-desk")
    page.goto(reverse("case_decisions", args=[row.case.uuid]))
    expect(page.get_by_role("heading", name="主体资格")).to_be_visible()
    expect(page.get_by_text("结果一致")).to_be_visible()
    look(page, "decision-levels-desk")
    page.goto(reverse("table", args=["licensing.shared.subject"]))
    expect(page.get_by_text("张决策表以它为先行判定")).to_be_visible()
    look(page, "table-shared-desk")

    subjects.add_mark(made.subject, "SERIOUS_LIST", SYSTEM, ground="受到较重行政处罚", since=today())
    with tomorrow():
        actions.replay_day(today() - datetime.timedelta(days=1))
    page.goto(reverse("guard"))
    look(page, "guard-desk")
    page.get_by_role("link", name=today().isoformat()).click()
    expect(page.get_by_text("在严重违法失信名单：是")).to_be_visible()
    look(page, "guard-night-desk")
    page.get_by_role("link", name="食品经营许可延续").click()
    expect(page.get_by_role("heading", name="食品经营许可延续")).to_be_visible()
    look(page, "guard-difference-desk")
    one = GuardFinding.objects.get()

    phone = context_for("phone")
    sign_in(phone, city.decider.user)
    small = phone.new_page()
    small.goto(reverse("guard_difference", args=[one.uuid]))
    look(small, "guard-difference-phone")
    small.get_by_label("核实的情况和维持的理由").fill("名单信息录入有误，已经更正")
    small.get_by_role("button", name="维持").click()
    expect(small.get_by_role("heading", name="核实后维持")).to_be_visible()
    look(small, "guard-settled-phone")
    small.goto(reverse("guard_night", args=[today().isoformat()]))
    look(small, "guard-night-phone")
