"""Web server, worker and supervisor killed in the middle of a thousand applications that come in over HTTP.

Callers act as a client should: every application and every hand-in carries its own number, and what is not answered is
asked again. The supervisor is started again a second later, as a service manager would.
"""

import contextlib
import itertools
import os
import signal
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import httpx

from drills.systems import OPTIONS, ledger_whole, set_up_django, system
from qipan.cli.drill import Promise, Scale
from tests.setup.systems import System

HELP = "1,000 件申请办理中,网页、后台任务、监护进程轮流被杀:不丢、不重复、证照齐全"
APPLICATIONS = {"full": 1_000, "small": 30}
KILLS = {"full": 12, "small": 3}
CALLERS = 4
PATIENCE = 180.0
STUCK_AFTER = 60.0
#: One in so many has a risk grade that only a person decides on.
MANUAL_EVERY = 10
PARTS = {"网页": "qipan.portal.wsgi", "后台任务": "qipan.cli work", "监护进程": ""}
CERTIFICATE = "licensing.certificate"
ANSWERS = {"unchanged": True, "contact_name": "王小明", "contact_phone": "13800138000", "truthful": True}


class Callers:
    """Clients that hand in one application after another, and remember what was acknowledged."""

    def __init__(self, url: str, candidates: list[Any]) -> None:
        self.url = url
        self.total = len(candidates)
        self.acknowledged: dict[str, str] = {}
        self.retried: Counter[str] = Counter()
        self.refused: list[str] = []
        self.longest = 0.0
        self._waiting = iter(candidates)
        self._taking = threading.Lock()
        self._threads = [threading.Thread(target=self._work) for _caller in range(CALLERS)]

    def __enter__(self) -> "Callers":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_problem: object) -> None:
        for thread in self._threads:
            thread.join()

    @property
    def working(self) -> bool:
        """Somebody still has something to hand in."""
        return any(thread.is_alive() for thread in self._threads)

    def _work(self) -> None:
        with httpx.Client(base_url=f"{self.url}/api/v1", timeout=30, trust_env=False) as client:
            while True:
                with self._taking:
                    candidate = next(self._waiting, None)
                if candidate is None:
                    return
                self._hand_in(client, candidate)

    def _hand_in(self, client: httpx.Client, candidate: Any) -> None:
        number, key = str(uuid.uuid4()), uuid.uuid4().hex
        token = {"Authorization": f"Bearer {candidate.token}"}
        body = {"item": "FB-RENEW", "subject": candidate.subject, "grant": candidate.grant}
        path = f"/applications/{number}"
        calls: list[tuple[str, str, dict[str, Any], dict[str, str]]] = [
            ("PUT", path, body, token),
            ("PUT", f"{path}/answers", {"answers": ANSWERS}, token),
            ("POST", f"{path}/submit", {}, token | {"Idempotency-Key": key}),
        ]
        for method, where, sent, headers in calls:
            answer = self._until_answered(client, method, where, sent, headers)
            if answer is None:
                return
        self.acknowledged[number] = answer.json()["mode"]

    def _until_answered(
        self, client: httpx.Client, method: str, path: str, body: Any, headers: dict[str, str]
    ) -> httpx.Response | None:
        """The same question again until there is an answer, as a client does; a refusal is noted and gives None."""
        begun = time.monotonic()
        while time.monotonic() < begun + PATIENCE:
            try:
                answer = client.request(method, path, json=body, headers=headers)
            except httpx.HTTPError as problem:
                self.retried[type(problem).__name__] += 1
                time.sleep(0.3)
                continue
            if answer.status_code < 400:
                self.longest = max(self.longest, time.monotonic() - begun)
                return answer
            if answer.status_code != 429 and answer.status_code < 500:
                self.refused.append(f"{method} {path}: {answer.status_code} {answer.text[:200]}")
                return None
            self.retried[str(answer.status_code)] += 1
            time.sleep(0.3)
        self.refused.append(f"{method} {path}: no answer in {PATIENCE:.0f} s")
        return None


def run(tell: Callable[[str], None], scale: Scale = "full") -> Iterator[Promise]:
    """Hands them in, kills, waits until nothing waits, and looks at every one of them."""
    tell("正在启动一套系统…")
    with system() as made:
        set_up_django(made.home)
        yield from _harmed(made, tell, APPLICATIONS[scale], KILLS[scale])
        yield ledger_whole("applications", made)
        made.interrupt()


def _harmed(made: System, tell: Callable[[str], None], count: int, kills: int) -> Iterator[Promise]:
    """The drill on a running system, for which Django is set up here."""
    from benchmarks.candidates import prepare
    from qipan.kernel.subjects.models import Subject

    tell(f"正在准备 {count} 张可以延续的许可证…")
    candidates = prepare(count)
    by_hand = {candidate.subject for candidate in candidates[::MANUAL_EVERY]}
    Subject.objects.filter(pk__in=by_hand).update(risk_grade="D")
    _disconnect()
    killed: Counter[str] = Counter()
    begun = time.monotonic()
    with Callers(made.url, candidates) as callers:
        for number, part in zip(range(kills), itertools.cycle(PARTS), strict=False):
            wanted = count * (number + 1) // (kills + 1)
            while len(callers.acknowledged) < wanted and callers.working:
                time.sleep(0.02)
            if not callers.working:
                break
            at = len(callers.acknowledged)
            _kill(made, PARTS[part])
            killed[part] += 1
            tell(f"第 {number + 1} 次:{part} kill -9,其时已确认 {at} 件")
    handed_in = time.monotonic() - begun
    yield from _judged(callers, candidates, by_hand, killed, handed_in, tell)


def _kill(made: System, word: str) -> None:
    """kill -9 of a part; the supervisor is started again a second later."""
    assert made.process is not None
    for pid in made.parts(word) if word else [made.process.pid]:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    if not word:
        made.process.wait()
        made.process = None
        time.sleep(1)
        made.start(*OPTIONS)


def _disconnect() -> None:
    from django.db import connections

    connections.close_all()


def _waiting(subjects: list[int]) -> dict[str, int]:
    """What is still on its way: jobs, granted cases without their licence, open orders of theirs, deliveries."""
    from django.db import connection

    from qipan.kernel.flow.models import ACTIVE, Case, WorkOrder
    from qipan.kernel.ledger.models import Delivery, DeliveryState

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM procrastinate_jobs WHERE status = 'doing'"
            " OR status = 'todo' AND (scheduled_at IS NULL OR scheduled_at < now())"
        )
        jobs = int(cursor.fetchone()[0])
    granted = Case.objects.filter(subject__in=subjects, state="GRANTED")
    orders = WorkOrder.objects.filter(case__subject__in=subjects, case__state__in=["GRANTED", "ISSUED"])
    return {
        "任务": jobs,
        "待制证": granted.count(),
        "工单": orders.filter(state__in=ACTIVE).count(),
        "投递": Delivery.objects.exclude(state=DeliveryState.DONE).count(),
    }


def _judged(
    callers: Callers,
    candidates: list[Any],
    by_hand: set[int],
    killed: Counter[str],
    handed_in: float,
    tell: Callable[[str], None],
) -> Iterator[Promise]:
    from qipan.kernel.flow.models import ACTIVE, Case, WorkOrder
    from qipan.kernel.ledger.models import Event
    from qipan.kernel.subjects.models import Grant

    subjects = [candidate.subject for candidate in candidates]
    ended = time.monotonic()
    waiting = _waiting(subjects)
    while any(waiting.values()) and time.monotonic() < ended + STUCK_AFTER:
        time.sleep(0.5)
        waiting = _waiting(subjects)
    waited = time.monotonic() - ended
    for line in callers.refused[:3]:
        tell(f"    {line}")
    applied = Case.objects.filter(subject__in=subjects, flow_code="licensing.application")
    rows = {str(case.uuid): case for case in applied}
    lost = callers.acknowledged.keys() - rows.keys()
    handed = Counter(
        Event.objects.filter(
            name="licensing.application.submitted", record_id__in=[case.pk for case in rows.values()]
        ).values_list("record_id", flat=True)
    )
    doubled = len(rows) - len(callers.acknowledged) + sum(times > 1 for times in handed.values())
    harm = "、".join(f"{part} {times} 次" for part, times in killed.items())
    told = f"{len(callers.acknowledged):,}/{callers.total:,} 件确认,丢失 {len(lost)},重复 {doubled};{handed_in:.0f} 秒,"
    told += f"被杀:{harm};重试 {sum(callers.retried.values())} 次,最久等 {callers.longest:.1f} 秒"
    whole = len(callers.acknowledged) == callers.total and not (lost or doubled or callers.refused)
    yield Promise("applications", "确认的申请一件不丢、一件不重", told, whole and len(killed) == len(PARTS))

    granted = [
        rows[number] for number, mode in callers.acknowledged.items() if mode == "AUTO" and number in rows
    ]
    issued = Counter(
        Event.objects.filter(
            name="licensing.licence.issued", record_id__in=[case.pk for case in granted]
        ).values_list("record_id", flat=True)
    )
    held = Counter(Grant.objects.filter(subject__in=subjects).values_list("subject_id", flat=True))
    renewed = dict(Grant.objects.filter(subject__in=subjects).values_list("subject_id", "version"))
    wrong = [
        case
        for case in granted
        if (case.state, issued[case.pk], held[case.subject_id]) != ("ISSUED", 1, 1)
        or renewed[case.subject_id or 0] != 2
    ]
    told = f"{len(granted):,} 件自动准予,{len(wrong)} 件不符"
    fits = len(granted) == callers.total - len(by_hand) and not wrong
    yield Promise("applications", "自动准予的各有一张证照,只延续一次", told, fits)

    yield _documents([case.pk for case in granted])

    active = WorkOrder.objects.filter(state__in=ACTIVE, case__subject__in=by_hand)
    orders = Counter(active.values_list("case__subject_id", flat=True))
    told = f"{len(by_hand)} 件须人工办理,各有一张工单的 {sum(times == 1 for times in orders.values())} 件;"
    left = "、".join(f"{name} {number}" for name, number in waiting.items() if number) or "无"
    told += f"提交完毕 {waited:.0f} 秒后仍在途:{left}"
    right = orders == Counter(dict.fromkeys(by_hand, 1))
    yield Promise(
        "applications",
        f"没有工单、任务卡住(≤ {STUCK_AFTER:.0f} 秒)",
        told,
        right and not any(waiting.values()),
    )
    _disconnect()


def _documents(cases: list[int]) -> Promise:
    """Every document of the granted cases is finished, one of a kind; each certificate's seals hold."""
    from qipan.kernel.documents import queries
    from qipan.kernel.documents.models import Document, DocumentState

    papers = Document.objects.filter(record_kind="flow.case", record_id__in=cases).select_related("template")
    kinds = Counter((paper.record_id, paper.template.code) for paper in papers)
    unfinished = sum(paper.state != DocumentState.ISSUED for paper in papers)
    doubled = sum(times > 1 for times in kinds.values())
    certified = sum(kinds[case, CERTIFICATE] == 1 for case in cases)
    broken = 0
    for paper in papers:
        if paper.state != DocumentState.ISSUED:
            continue
        content = queries.file_of(paper)
        verdict = queries.check_upload(content)
        sealed = not paper.template.sealed or (verdict.sealed_by and b"ETSI.CAdES.detached" in content)
        broken += not (verdict.unchanged and not verdict.problems and sealed)
    told = f"{len(papers):,} 份,证照 {certified:,}/{len(cases):,};未完成 {unfinished},重复 {doubled},校验不通过 {broken}"
    kept = certified == len(cases) > 0 and not (unfinished or doubled or broken)
    return Promise("applications", "文书齐全,签章可验", told, kept)
