"""The 54 automatic items in mixed load over HTTP: draft, answers, hand-in, until every document can be downloaded.

Four applicants at once, each with software of its own, against a real server and its worker; beside the bare sum of one
round of all 54: the rows that they write, their documents rendered, signed and kept.
"""

import concurrent.futures
import datetime
import io
import itertools
import secrets
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import httpx

from benchmarks import system
from benchmarks.automatic import FACES, Walk, walks
from benchmarks.bare import Bare
from qipan.cli.bench import Measure, share
from qipan.cli.session import Refusal
from qipan.conf import environment as env

HELP = "54 个秒办事项混合办理：从建立草稿到全部文书可以下载（4 个申请人同时），对照各部分的裸和"
APPLICANTS = 4
ROUNDS = 4
#: Seconds until an applicant looks for the documents for the first time, and between looks.
FIRST_LOOK = 0.1
POLL = 0.05
PATIENCE = 60.0
CONTACT = {"contact_name": "王小明", "contact_phone": "13800138000", "truthful": True}


@dataclass(frozen=True)
class Waiting:
    """One application that waits to be made: by whom, about what, with which answers."""

    item: str
    token: str
    subject: int | None
    grant: int | None
    answers: dict[str, Any]


@dataclass(frozen=True)
class Walked:
    """Seconds of one application: all of it, and until the answer that it is granted."""

    item: str
    number: str
    whole: float
    decided: float


class Applicant:
    """Software of an applicant: one connection, one call after another."""

    def __init__(self, url: str) -> None:
        self.client = httpx.Client(base_url=f"{url}/api/v1", timeout=PATIENCE, trust_env=False)

    def call(self, method: str, path: str, waiting: Waiting, **options: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {waiting.token}", **options.pop("headers", {})}
        answer = self.client.request(method, path, headers=headers, **options)
        if answer.status_code >= 400:
            raise Refusal(f"{waiting.item} {method} {path}: {answer.status_code} {answer.text[:500]}")
        return answer

    def walk(self, waiting: Waiting) -> Walked:
        """From the first call to the last document."""
        number = str(uuid.uuid4())
        begun = time.perf_counter()
        about = {"item": waiting.item, "subject": waiting.subject, "grant": waiting.grant}
        self.call("PUT", f"/applications/{number}", waiting, json=about)
        self.call("PUT", f"/applications/{number}/answers", waiting, json={"answers": waiting.answers})
        key = {"Idempotency-Key": uuid.uuid4().hex}
        answer = self.call("POST", f"/applications/{number}/submit", waiting, json={}, headers=key).json()
        decided = time.perf_counter()
        if answer["mode"] != "AUTO":
            raise Refusal(f"{waiting.item}：规则没有准予，{answer['mode_reasons']}")
        time.sleep(FIRST_LOOK)
        while True:
            lines = self.call("GET", f"/cases/{number}/documents", waiting).json()
            if lines and all(line["file"] for line in lines):
                break
            if time.perf_counter() - begun > PATIENCE:
                raise Refusal(f"{PATIENCE:g} 秒内没有制成文书，请看 var/bench/log/。")
            time.sleep(POLL)
        return Walked(waiting.item, number, time.perf_counter() - begun, decided - begun)


def run(scale: float, tell: Callable[[str], None]) -> Iterator[Measure]:
    """The whole path, the decision, the rate, and both beside the bare sum."""
    rounds = max(2, round(ROUNDS * scale))
    with system.running(tell) as qipan:
        every = walks()
        tell(f"正在准备 {rounds + 2} 轮、每轮 {len(every)} 件…")
        makers = _Makers()
        applicants = [Applicant(qipan.url) for _one in range(APPLICANTS)]
        bare = _sample(qipan, applicants[0], [makers.made(walk) for walk in every])
        _walk_all(applicants, [makers.made(walk) for walk in every])  # everything is warm after it
        crew = bare.crew(APPLICANTS)
        walked: list[Walked] = []
        ours = limit = 0.0
        for number in range(rounds):
            waiting = [makers.made(walk) for walk in every]
            secrets.SystemRandom().shuffle(waiting)
            tell(f"第 {number + 1} 轮：{len(waiting)} 件…")
            found, seconds = _walk_all(applicants, waiting)
            walked, ours = walked + found, ours + seconds
            limit += crew.do(APPLICANTS)[1]  # each does the parts of all 54 once
        tell("一个申请人…")
        alone = _walk_all(applicants[:1], [makers.made(walk) for walk in every])[0]
        crew.close()
    bare_rate = rounds * len(every) * APPLICANTS / limit
    yield from _figures(walked, alone, len(walked) / ours, bare_rate, bare)


def _sample(qipan: system.System, applicant: Applicant, waiting: list[Waiting]) -> Bare:
    """One of each item, to see what they write."""
    import psycopg

    from qipan.kernel.flow.models import Case

    with psycopg.connect(qipan.superuser_database, autocommit=True) as connection:
        (since,) = connection.execute("SELECT pg_current_xact_id()::text::bigint").fetchone()  # type: ignore[misc]
    numbers = [applicant.walk(one).number for one in waiting]
    end = time.monotonic() + PATIENCE
    while Case.objects.filter(uuid__in=numbers).exclude(state="ISSUED").exists():
        if time.monotonic() > end:
            raise Refusal("办件没有全部办结，请看 var/bench/log/。")
        time.sleep(0.05)
    cases = list(Case.objects.filter(uuid__in=numbers).values_list("pk", flat=True))
    from qipan.kernel.documents.models import Document

    papers = Document.objects.filter(record_kind="flow.case", record_id__in=cases).count()
    # Of each: the draft, the answers, the hand-in, the issue; and each document by itself.
    commits = 4 * len(cases) + papers
    return Bare.of(qipan.app_database, qipan.superuser_database, env.home() / "bare", since, cases, commits)


def _walk_all(applicants: list[Applicant], waiting: list[Waiting]) -> tuple[list[Walked], float]:
    """All, shared out among the applicants; (each one's times, seconds for all)."""
    rest = iter(waiting)

    def work(applicant: Applicant) -> list[Walked]:
        return [applicant.walk(one) for one in iter(lambda: next(rest, None), None)]

    begun = time.perf_counter()
    with concurrent.futures.ThreadPoolExecutor(len(applicants)) as pool:
        found = [future.result() for future in [pool.submit(work, one) for one in applicants]]
    return list(itertools.chain.from_iterable(found)), time.perf_counter() - begun


def _figures(
    walked: list[Walked], alone: list[Walked], rate: float, bare_rate: float, bare: Bare
) -> Iterator[Measure]:
    quiet = {part: share([one.whole for one in alone], part) * 1000 for part in (0.5, 0.99)}
    for name, part, target in (("p50", 0.5, None), ("p95", 0.95, None), ("p99", 0.99, 1000.0)):
        value = share([one.whole for one in walked], part) * 1000
        yield Measure(
            "services",
            f"全程 {name}",
            value,
            "ms",
            "裸和，一件",
            4000 / bare_rate,
            value / (4000 / bare_rate),
            "< 1000 ms" if target else "",
            value < target if target else None,
            f"四个申请人同时，两个核都满；申请人只有一个时 p50 {quiet[0.5]:.0f}、p99 {quiet[0.99]:.0f} ms",
        )
    for part, name in ((0.5, "p50"), (0.99, "p99")):
        yield Measure("services", f"到准予的答复 {name}", share([one.decided for one in walked], part) * 1000, "ms")
    for part, name in ((0.5, "p50"), (0.99, "p99")):
        yield Measure("services", f"全程，一个申请人 {name}", quiet[part], "ms")
    yield Measure("services", "每秒办结", rate, "件/秒", "裸和", bare_rate, rate / bare_rate)
    yield Measure("services", "一轮 54 件写入的行", float(len(bare.rows)), "行")
    yield Measure("services", "一轮 54 件制作的文书", float(len(bare.papers)), "份")


class _Makers:
    """Makes those who apply, by the same actions as everything else."""

    def __init__(self) -> None:
        from qipan.kernel.documents import seals
        from qipan.kernel.documents.models import Seal
        from qipan.kernel.ledger.actor import Actor
        from qipan.kernel.orgs import queries as orgs
        from qipan.kernel.orgs.models import Level, Unit

        self.system = Actor.system()
        office = orgs.office_for("深圳市福田区园岭街道红荔路1号", street="园岭街道")
        if office is None:
            raise Refusal("没有园岭街道的监管所，请先载入机构目录。")
        self.office = office
        for unit in Unit.objects.filter(level__in=[Level.CITY, Level.DISTRICT]):
            if not Seal.objects.filter(unit_path=unit.path, state="ACTIVE").exists():
                seals.create_seal(unit, self.system)

    def made(self, walk: Walk) -> Waiting:
        """One applicant with what the item needs."""
        from django.db import transaction

        with transaction.atomic():
            return self._made(walk)

    def _made(self, walk: Walk) -> Waiting:
        from qipan.kernel.accounts.actions import issue_token
        from qipan.kernel.accounts.models import User, UserKind
        from qipan.kernel.ledger.clock import now
        from qipan.kernel.subjects import actions
        from qipan.ui.interface.scopes import SCOPES

        serial = secrets.token_hex(4)
        owner = User(username=f"bench-{serial}", kind=UserKind.BUSINESS, label="性能测试", is_demo=True)
        owner.set_unusable_password()
        owner.save()
        expires = now() + datetime.timedelta(days=1)
        _row, token = issue_token(owner, "性能测试", SCOPES, expires_at=expires, actor=self.system)
        answers = {**CONTACT, **walk.answers, **self._uploads(walk.item, owner)}
        if walk.item == "BI-NEW":
            named = {"new_name": f"深圳市福田区性能测试{serial}餐馆"}
            return Waiting(walk.item, token, None, None, _plain(walk.item, {**answers, **named}))
        subject, place = self._business(walk, serial)
        actions.represent(owner, subject, self.system)
        for kind in walk.holds:
            self._held(subject, place, kind, "", None)
        grant = self._held(subject, place, *walk.grant, walk.days) if walk.grant else None
        return Waiting(walk.item, token, subject.pk, grant.pk if grant else None, _plain(walk.item, answers))

    def _uploads(self, item: str, owner: Any) -> dict[str, Any]:
        from qipan.kernel.evidence import actions as evidence
        from qipan.kernel.forms import queries as forms
        from qipan.kernel.items import queries as items
        from qipan.kernel.orgs.queries import reader_of

        about = items.item(item)
        if about is None:
            raise Refusal(f"没有事项 {item}。")
        actor = reader_of(owner).actor()
        return {
            one.code: [str(evidence.store(_drawn(), actor=actor, kind="material", name="图.png").uuid)]
            for one in forms.asked(about).fields
            if one.kind == "file" and one.required
        }

    def _business(self, walk: Walk, serial: str) -> tuple[Any, Any]:
        from qipan.kernel.accounts.actions import create_person
        from qipan.kernel.subjects import actions, codes

        area = self.office.division_code or "440304"
        facts = dict(walk.subject)
        status = facts.pop("status", "")
        subject = actions.register_subject(
            **{
                "name": f"深圳市性能测试{serial}",
                "type": "INDIVIDUAL",
                "org_path": self.office.path,
                "identifiers": {"USCC": codes.make_uscc("92", area, "T" + "".join(secrets.choice(codes.USCC_ALPHABET) for _sign in range(7)))},
                "legal_rep": create_person(name="王小明", phone="13800138000", actor=self.system),
                "domicile": f"深圳市福田区园岭街道性能测试路{serial}号",
                "business_scope": "餐饮服务；食品销售",
                "industry": "6210",
                "established_on": datetime.date(2018, 5, 4),
                "actor": self.system,
                "credit_class": "A",
                "risk_grade": "B",
                "is_demo": True,
                **facts,
            }
        )
        if status:
            subject = actions.change_status(subject, status, self.system, "歇业备案")
        place = actions.add_premises(
            subject, address=subject.domicile, org_path=self.office.path, division_code=area,
            street="园岭街道", longitude="114.093000", latitude="22.552000", area_m2=86, actor=self.system,
        )  # fmt: skip
        return subject, place

    def _held(self, subject: Any, place: Any, kind: str, origin: str, days: int | None) -> Any:
        from qipan.kernel.items import queries as items
        from qipan.kernel.ledger.clock import today
        from qipan.kernel.subjects import actions

        known = items.licence_kind(kind)
        if known is None:
            raise Refusal(f"没有证照种类 {kind}。")
        number = f"{kind}{secrets.token_hex(6).upper()}"
        return actions.register_grant(
            number=actions.take_licence_number("JY", "2", "440304") if kind == "JY" else number,
            kind=kind,
            title=known.title,
            subject=subject,
            premises=place,
            org_path=subject.org_path,
            item_code=origin,
            data=FACES,
            valid_from=today() - datetime.timedelta(days=900),
            valid_to=today() + datetime.timedelta(days=days) if days else None,
            issuer="/".join(subject.org_path.split("/")[:2]) + "/",
            actor=self.system,
        )


def _drawn() -> bytes:
    """A picture, as a phone would send one."""
    from PIL import Image

    stream = io.BytesIO()
    Image.new("RGB", (40, 20), "white").save(stream, "PNG")
    return stream.getvalue()


def _plain(item: str, answers: dict[str, Any]) -> dict[str, Any]:
    """The answers that the item's form asks for: the interface refuses what it does not know."""
    from qipan.kernel.forms import queries as forms
    from qipan.kernel.items import queries as items

    about = items.item(item)
    asked = {one.code for one in forms.asked(about).fields} if about else set()
    return {code: value for code, value in answers.items() if code in asked}
