"""The simulator over HTTP against a real server: a renewal by rule, a new restaurant from application to licence."""

import datetime
import random
import subprocess
import sys

import pytest

from qipan.city import building, parts
from qipan.city.models import City
from qipan.city.shape import Plan
from qipan.city.simulation import applicants, officers, territory
from qipan.city.simulation.pages import parse
from qipan.city.simulation.running import Simulator
from qipan.city.simulation.visitor import NotServed, Turned, Visitor, totp
from qipan.conf import environment as env
from qipan.domains.licensing.models import Application
from qipan.kernel.accounts.factors import code_at, step_now
from qipan.kernel.decisions import queries as decisions
from qipan.kernel.flow.models import Case
from qipan.kernel.jobs.testing import drain
from qipan.kernel.law import calendar, catalogue, terms
from qipan.kernel.law.drafting import kinds
from qipan.kernel.ledger.actor import Actor
from qipan.kernel.ledger.clock import today


@pytest.fixture
def city(transactional_db, settings, tmp_path) -> City:
    settings.HOME = tmp_path
    calendar.forget()
    terms.forget()
    catalogue.load_all()
    return building.build(Plan(0.0006, 5, today() - datetime.timedelta(days=1)))


def applicant_with(condition) -> str:
    from qipan.kernel.subjects.models import Representative

    row = Representative.objects.filter(user__username__startswith="biz-", **condition).order_by("pk").first()
    assert row is not None
    return row.user.username


class Calm(random.Random):
    """Chance that takes the plain way: nothing is wrong, nothing is asked back."""

    def random(self) -> float:
        return 0.5


def test_a_renewal_and_a_new_restaurant_are_played_over_http(city: City, live_server) -> None:
    chance = Calm(1)
    soon = today() + datetime.timedelta(days=115)
    renewing = applicant_with(
        {
            "subject__grants__valid_to__lt": soon,
            "subject__grants__state": "VALID",
            "subject__risk_grade__in": "AB",
        }
    )
    visitor = Visitor(live_server.url, renewing)
    assert applicants.begin(visitor, chance, "FB-RENEW").startswith("FB-RENEW → ")
    renewal = Application.objects.filter(case__opened_by__isnull=False).get()
    assert renewal.kind == "RENEW" and renewal.case.number
    visitor.close()

    opening = Visitor(live_server.url, applicant_with({"subject__grants__isnull": True}))
    assert applicants.begin(opening, chance, "FB-NEW") == "FB-NEW → 待受理"
    case = Case.objects.filter(application__kind="NEW", opened_by__isnull=False).get()
    office, bureau = case.org_path.strip("/").split("/")[-1], case.org_path.split("/")[1]
    desks = {(desk.unit, desk.post): desk for desk in territory.desks()}
    for unit, post, state in (
        (bureau, "window", "ACCEPTED"),
        (bureau, "examine", "CHECKING"),
        (office, "inspector", "REVIEWED"),
        (bureau, "decide", "GRANTED"),
    ):
        desk = desks[unit, post]
        people = [Visitor(live_server.url, name) for name in desk.people]
        assert officers.work(desk, people, chance), (unit, post)
        for each in people:
            each.close()
        case.refresh_from_db()
        assert case.state in {state, "ISSUED"}, (unit, post, case.state)
    drain()
    case.refresh_from_db()
    assert case.state == "ISSUED" and case.application.checks.get().conclusion == "PASS"
    assert len(set(case.application.checks.get().officers)) == 2
    assert "核验：有效" in applicants.fetch(opening)
    opening.close()


@pytest.mark.slow
def test_what_must_be_countersigned_is_sent_and_signed_before_it_is_decided(city: City, live_server) -> None:
    offered = kinds.draftable("decision_tables")
    body = offered.body(decisions.table_version("licensing.countersign"))
    always = body | {"rules": [{"when": ["-"] * 4, "then": ['"office_head"'], "unconfirmed": "示例"}]}
    row = offered.read("licensing.countersign", today(), always)
    catalogue.load_rows("decision_tables", [row], Actor.system())
    chance = Calm(2)
    opening = Visitor(live_server.url, applicant_with({"subject__grants__isnull": True}))
    applicants.begin(opening, chance, "FB-NEW")
    case = Case.objects.filter(application__kind="NEW", opened_by__isnull=False).get()
    office, bureau = case.org_path.strip("/").split("/")[-1], case.org_path.split("/")[1]
    desks = {(desk.unit, desk.post): desk for desk in territory.desks()}
    said = []
    for unit, post in (
        (bureau, "window"),
        (bureau, "examine"),
        (office, "inspector"),
        (bureau, "decide"),
        (office, "head"),
        (bureau, "decide"),
    ):
        people = [Visitor(live_server.url, name) for name in desks[unit, post].people]
        said.append(officers.work(desks[unit, post], people, chance))
        for each in people:
            each.close()
    assert said[3:5] == ["送会签", "会签 → 同意"]
    case.refresh_from_db()
    assert case.state in {"GRANTED", "ISSUED"}
    opening.close()


def test_the_simulator_ends_after_its_time_and_counts(city: City, live_server) -> None:
    lines: list[str] = []
    done = Simulator(live_server.url, 600, tell=lines.append, seed=3).run(8)
    assert sum(done.values()) >= 1 and len(lines) >= sum(done.values())


def test_a_server_that_is_away_is_waited_for() -> None:
    lines: list[str] = []
    assert not Simulator("http://127.0.0.1:9", 600, tell=lines.append).run(1.5)
    assert any("没有应答" in line for line in lines)
    with pytest.raises(NotServed):
        Visitor("http://127.0.0.1:9", "window").get("/")


def test_an_account_that_is_not_there_is_turned_away(transactional_db, live_server) -> None:
    with pytest.raises(Turned):
        Visitor(live_server.url, "nobody").get("/desk/")


def test_the_simulator_knows_neither_django_nor_the_database() -> None:
    code = "import sys, qipan.city.simulation.running; sys.exit('django' in sys.modules or 'psycopg' in sys.modules)"
    path = {"PYTHONPATH": str(env.ROOT / "src")}
    assert subprocess.run([sys.executable, "-c", code], env=path, check=False).returncode == 0


def test_a_signal_ends_it_cleanly() -> None:
    command = [
        sys.executable,
        "-P",
        "-m",
        "qipan.cli",
        "city",
        "simulate",
        "--url",
        "http://127.0.0.1:9",
        "--json",
    ]
    process = subprocess.Popen(
        command,
        env={"PYTHONPATH": str(env.ROOT / "src")},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert "没有应答" in process.stderr.readline()
    process.terminate()
    out, _errors = process.communicate(timeout=20)
    assert process.returncode == 0 and '"acts": 0' in out


def test_codes_are_those_of_the_sign_in() -> None:
    step = step_now()
    assert totp(parts.SECRET, step * 30) == code_at(parts.SECRET, step)


def test_a_page_is_read_as_its_forms_links_and_words() -> None:
    page = parse(
        "http://x/",
        200,
        """<span class="state">待受理</span><script>var a = "<form>"</script>
        <form method="post" action="/go/" id="f"><input type="hidden" name="t" value="1"><textarea name="n">说明</textarea>
        <label><input type="radio" name="c" value="a">甲</label><label><input type="radio" name="c" value="b" checked>乙</label>
        <div data-signature><canvas></canvas><input type="hidden" name="s"></div></form><button form="f" name="act" value="go">走</button>
        <div class="error-summary"><h2>没有办成：</h2><ul><li>缺材料</li></ul></div><table><tr><td><a href="/o/1/">工单</a></td></tr></table>""",
    )
    form = page.form("/go/")
    assert page.state == "待受理" and page.errors == ["缺材料"] and page.rows == [("工单", ["/o/1/"])]
    assert form.values() == {"t": ["1"], "n": ["说明"], "c": ["b"], "s": [""]}
    assert form.fields["c"].titles == ["甲 ", "乙 "] and form.fields["s"].kind == "signature"
    assert form.buttons == [("act", "go")]
