"""Loop (a) over HTTP: an unchanged renewal from hand-in to the sealed PDF in the applicant's hands, published.

Four applicants at once against a real server and its worker, in rounds that take turns with the bare sum of the parts.
"""

import concurrent.futures
import itertools
import re
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import httpx

from benchmarks import candidates, system
from benchmarks.bare import Bare
from benchmarks.candidates import Candidate
from qipan.cli.bench import Measure, share
from qipan.cli.session import Refusal
from qipan.conf import environment as env

HELP = "无变化延续：从提交到可下载的签章证照（4 个申请人同时），对照各部分的裸和"
APPLICANTS = 4
LOOPS = 160
ROUNDS = 4
#: Seconds until an applicant looks for the certificate for the first time, and between looks.
FIRST_LOOK = 0.2
POLL = 0.1
PATIENCE = 60.0
ANSWERS = {
    "unchanged": True,
    "contact_name": "王小明",
    "contact_phone": "13800138000",
    "truthful": True,
}


@dataclass(frozen=True)
class Walked:
    """Seconds of one loop: all of it, the decision as the client and as the server saw it."""

    whole: float
    decision: float
    served: float


class Applicant:
    """Software of an applicant: one connection, one call after another."""

    def __init__(self, url: str) -> None:
        self.client = httpx.Client(base_url=f"{url}/api/v1", timeout=PATIENCE, trust_env=False)

    def call(self, method: str, path: str, candidate: Candidate, **options: object) -> httpx.Response:
        headers = {"Authorization": f"Bearer {candidate.token}", **options.pop("headers", {})}  # type: ignore[dict-item]
        answer = self.client.request(method, path, headers=headers, **options)  # type: ignore[arg-type]
        if answer.status_code >= 400:
            raise Refusal(f"{method} {path}: {answer.status_code} {answer.text[:500]}")
        return answer

    def draft(self, candidate: Candidate) -> str:
        """A filled draft; not timed."""
        number = str(uuid.uuid4())
        body = {"item": "FB-RENEW", "subject": candidate.subject, "grant": candidate.grant}
        self.call("PUT", f"/applications/{number}", candidate, json=body)
        self.call("PUT", f"/applications/{number}/answers", candidate, json={"answers": ANSWERS})
        return number

    def walk(self, candidate: Candidate, number: str) -> Walked:
        """Hand in, wait for the certificate, take it, find it published."""
        begun = time.perf_counter()
        answer = self.call(
            "POST",
            f"/applications/{number}/submit",
            candidate,
            json={},
            headers={"Idempotency-Key": uuid.uuid4().hex},
        )
        decided = time.perf_counter()
        if answer.json()["mode"] != "AUTO":
            raise Refusal(f"规则没有准予：{answer.json()['mode_reasons']}")
        time.sleep(FIRST_LOOK)
        timing = re.search(r"app;dur=([\d.]+)", answer.headers.get("Server-Timing", ""))
        while True:
            lines = self.call("GET", f"/cases/{number}/documents", candidate).json()
            ready = [line for line in lines if line["template"] == "licensing.certificate" and line["file"]]
            if ready:
                break
            if time.perf_counter() - begun > PATIENCE:
                raise Refusal(f"{PATIENCE:g} 秒内没有制成证照，请看 var/bench/log/。")
            time.sleep(POLL)
        pdf = self.call("GET", ready[0]["file"].removeprefix("/api/v1"), candidate).content
        public = self.call("GET", "/publications", candidate, params={"q": candidate.number}).json()
        ended = time.perf_counter()
        if not pdf.startswith(b"%PDF-") or b"ETSI.CAdES.detached" not in pdf or not public["records"]:
            raise Refusal("证照没有签章，或者没有公示。")
        return Walked(ended - begun, decided - begun, float(timing[1]) / 1000 if timing else 0.0)


def run(scale: float, tell: Callable[[str], None]) -> Iterator[Measure]:
    """The figures of the whole path, of the decision alone, and both against the bare sum."""
    count = max(2 * APPLICANTS, round(LOOPS * scale))
    single = max(4, count // 4)
    with system.running(tell) as qipan:
        needed = count + single + 1 + APPLICANTS
        tell(f"正在准备 {needed} 张可以延续的许可证…")
        made = candidates.prepare(needed)
        applicants = [Applicant(qipan.url) for _one in range(APPLICANTS)]
        drafts = [(one, applicants[0].draft(one)) for one in made]
        bare = _sample(qipan, applicants[0], *drafts[0])
        warm, drafts = drafts[1 : 1 + APPLICANTS], drafts[1 + APPLICANTS :]
        alone, drafts = drafts[:single], drafts[single:]
        _walk_all(applicants, warm)
        crew = bare.crew(APPLICANTS)
        walked: list[Walked] = []
        bare_times: list[float] = []
        ours = limit = 0.0
        size = -(-len(drafts) // ROUNDS)
        for start in range(0, len(drafts), size):
            part = drafts[start : start + size]
            tell(f"第 {start // size + 1} 轮：{len(part)} 件…")
            found, seconds = _walk_all(applicants, part)
            walked += found
            ours += seconds
            found_bare, seconds = crew.do(len(part))
            bare_times += found_bare
            limit += seconds
        worker = bare.worker()
        parts = _parts(worker)
        worker.close()
        tell("一个申请人…")
        quiet = _walk_all(applicants[:1], alone)[0]
        crew.close()
    yield from _figures(walked, bare_times, ours, limit, parts, len(bare.rows), quiet)


def _sample(qipan: system.System, applicant: Applicant, candidate: Candidate, number: str) -> Bare:
    """One loop alone, to see what it writes."""
    import psycopg

    from qipan.kernel.flow.models import Case

    with psycopg.connect(qipan.superuser_database, autocommit=True) as connection:
        (since,) = connection.execute("SELECT pg_current_xact_id()::text::bigint").fetchone()  # type: ignore[misc]
    applicant.walk(candidate, number)
    case = Case.objects.get(uuid=number)
    end = time.monotonic() + PATIENCE
    while case.state != "ISSUED" and time.monotonic() < end:
        time.sleep(0.05)
        case.refresh_from_db()
    folder = env.home() / "bare"
    # The product commits the hand-in, each of the three documents, and the issue.
    return Bare.of(qipan.app_database, qipan.superuser_database, folder, since, [case.pk], commits=5)


def _walk_all(applicants: list[Applicant], drafts: list[tuple[Candidate, str]]) -> tuple[list[Walked], float]:
    """All drafts, shared out among the applicants; (each one's times, seconds for all)."""
    waiting = iter(drafts)
    take = _locked(waiting)

    def work(applicant: Applicant) -> list[Walked]:
        return [applicant.walk(*draft) for draft in iter(take, None)]

    return _at_once([lambda one=one: work(one) for one in applicants])


def _locked(source: Iterator[object]) -> Callable[[], object]:
    """Next from an iterator, None at its end; the interpreter's lock makes `next` on a list iterator safe."""
    return lambda: next(source, None)


def _at_once(acts: list[Callable[[], list]]) -> tuple[list, float]:  # type: ignore[type-arg]
    begun = time.perf_counter()
    with concurrent.futures.ThreadPoolExecutor(len(acts)) as pool:
        found = [future.result() for future in [pool.submit(act) for act in acts]]
    return list(itertools.chain.from_iterable(found)), time.perf_counter() - begun


def _parts(worker: object) -> dict[str, float]:
    """Milliseconds of each part alone: the median of ten."""
    times: dict[str, list[float]] = {"insert": [], "render": [], "seal": [], "keep": []}
    for _round in range(10):
        begun = time.perf_counter()
        worker.insert()  # type: ignore[attr-defined]
        inserted = time.perf_counter()
        files = worker.render()  # type: ignore[attr-defined]
        rendered = time.perf_counter()
        sealed = worker.seal(files)  # type: ignore[attr-defined]
        signed = time.perf_counter()
        worker.keep(sealed)  # type: ignore[attr-defined]
        marks = [begun, inserted, rendered, signed, time.perf_counter()]
        for name, (first, last) in zip(times, itertools.pairwise(marks), strict=True):
            times[name].append((last - first) * 1000)
    return {name: share(values, 0.5) for name, values in times.items()}


def _figures(
    walked: list[Walked],
    bare: list[float],
    ours: float,
    limit: float,
    parts: dict[str, float],
    rows: int,
    quiet: list[Walked],
) -> Iterator[Measure]:
    for name, part, target in (("p50", 0.5, None), ("p95", 0.95, None), ("p99", 0.99, 1000.0)):
        value, reference = (share([one.whole for one in walked], part) * 1000, share(bare, part) * 1000)
        yield Measure(
            "approval",
            f"提交到下载 {name}",
            value,
            "ms",
            f"裸和 {name}",
            reference,
            value / reference,
            "< 1000 ms" if target else "",
            value < target if target else None,
        )
    at_rest = [share([one.served for one in quiet], part) * 1000 for part in (0.5, 0.99)]
    for name, part, target in (("p50", 0.5, None), ("p95", 0.95, None), ("p99", 0.99, 100.0)):
        value = share([one.served for one in walked], part) * 1000
        yield Measure(
            "approval",
            f"决定请求（服务端）{name}",
            value,
            "ms",
            f"客户端 {name}",
            share([one.decision for one in walked], part) * 1000,
            None,
            "< 100 ms" if target else "",
            value < target if target else None,
            f"四个申请人同时，与排版、签章共用两个核；申请人只有一个时 p50 {at_rest[0]:.0f}、p99 {at_rest[1]:.0f} ms",
        )
    yield Measure("approval", "决定请求（服务端），一个申请人 p50", at_rest[0], "ms")
    yield Measure("approval", "决定请求（服务端），一个申请人 p99", at_rest[1], "ms")
    rate, most = len(walked) / ours, len(bare) / limit
    yield Measure(
        "approval",
        "每秒办结",
        rate,
        "件/秒",
        "裸和",
        most,
        rate / most,
        "≥ 0.5",
        rate / most >= 0.5,
        f"两个核都满，一件要 {2000 / rate:.0f} CPU 毫秒，裸和 {2000 / most:.0f}：差别是四到五次 HTTP 问答（各核对令牌、范围和频率）、"
        "规则表、表单核对、组装语句，以及三次任务的取出和记账",
    )
    titles = {
        "insert": f"裸：写入 {rows} 行",
        "render": "裸：Typst 排版 3 份",
        "seal": "裸：两种签章 3 份",
        "keep": "裸：落盘 3 份",
    }
    for name, value in parts.items():
        yield Measure("approval", titles[name], value, "ms")
