"""The registers of seals and of their uses at the size of a city, and what sealing a PDF costs beside bare signatures.

395,400 seals and 4,223,200 uses over three years, in the units' paths, one use in eight with a seal of an agency;
certificates have their true size, pictures and structures are a byte each (no list and no count reads them). The rows go
in by COPY, indexes come after; they are kept for the next run, which only tops them up. Every question is asked through the
product's own queries, by the city's reader and by an office's; the counts are held to the plain ones.
"""

import contextlib
import datetime
import hashlib
import statistics
import time
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import psycopg

from benchmarks import system
from qipan.cli.bench import Measure
from qipan.cli.session import Refusal

HELP = "电子印章：395,400 枚印章、4,223,200 次用印的查询和计数；盖章对照裸签名"
SEALS, USES = 395_400, 4_223_200
ROUNDS = 7
MOST = 1000.0
HOT = 9_000_000_001

KINDS = ("COMPANY", "CONTRACT", "FINANCE", "INVOICE", "LEGAL_REP")

SEAL_ROWS = """
INSERT INTO documents_seal (id, unit_path, org_path, subject_id, kind, name, seal_id, key_id, sm2_key_id, certificate,
    sm2_certificate, gm_seal, picture, valid_from, valid_to, state, is_demo)
SELECT %(first)s + n, '', o.path, n, (%(kinds)s::text[])[1 + n %% 5],
    '性能测试第' || n || '号有限公司', '990000' || lpad(n::text, 10, '0'), 'bench', 'bench',
    decode(repeat(md5(n::text), 38), 'hex'), decode(repeat(md5('2' || n), 34), 'hex'), '\\x00', '\\x00',
    now() - (n %% 1096) * interval '1 day', now() + (1096 - n %% 1096) * interval '1 day',
    CASE WHEN n %% 20 = 0 THEN 'REVOKED' WHEN n %% 50 = 1 THEN 'ISSUED' WHEN n %% 200 = 2 THEN 'LOST' ELSE 'ACTIVE' END, true
FROM generate_series(%(from)s + 1, %(to)s) n JOIN offices o ON o.place = n %% (SELECT count(*) FROM offices) ORDER BY n
"""
COPY = (
    "COPY documents_sealuse (uuid, seal_id, at, org_path, subject_id, kind, user_id, title, purpose, digest, before, sm3,"
    " value, code) FROM STDIN"
)
Mighty = psycopg.Connection[tuple[Any, ...]]


def run(scale: float, tell: Callable[[str], None]) -> Iterator[Measure]:
    """Tops both registers up, asks, seals."""
    seals, uses = round(SEALS * scale), round(USES * scale)
    with (
        system.database(tell, name=f"bench-eseals-{scale:g}") as qipan,
        psycopg.connect(qipan.superuser_database, autocommit=True) as mighty,
    ):
        size = f"{seals:,} 枚、{uses:,} 次"
        seconds = _top_up(mighty, seals, uses, tell)
        if seconds:
            yield Measure("eseals", f"建立两本登记（{size}）", seconds, "秒")
        yield from _tallied()
        yield from _asked(mighty, size, tell)
        yield from _sealed(tell)


def _one(mighty: Mighty, query: str) -> int:
    row = mighty.execute(query).fetchone()  # type: ignore[call-overload]
    return int(row[0])


def _top_up(mighty: Mighty, seals: int, uses: int, tell: Callable[[str], None]) -> float:
    """Both tables filled as a city is, where they are not yet; the seconds that it took."""
    there = _one(mighty, f"SELECT count(*) FROM documents_seal WHERE id > {HOT}")
    used = _one(mighty, f"SELECT count(*) FROM documents_sealuse WHERE user_id >= {HOT}")
    if there >= seals and used >= uses:
        return 0.0
    begun = time.perf_counter()
    mighty.execute(
        "SET session_replication_role = replica"
    )  # a row's history and count are not written one by one
    mighty.execute("SET maintenance_work_mem = '1GB'")
    mighty.execute("SET synchronous_commit = off")
    mighty.execute(
        "CREATE TEMP TABLE offices AS SELECT path, row_number() OVER (ORDER BY path) - 1 AS place FROM orgs_unit"
        " WHERE level = 'OFFICE'"
    )
    tell(f"正在写入 {seals - there:,} 枚印章…")
    with _without_indexes(mighty, "documents_seal"), psycopg.ClientCursor(mighty) as cursor:
        cursor.execute(SEAL_ROWS, {"first": HOT, "kinds": list(KINDS), "from": there, "to": seals})
    tell(f"正在写入 {uses - used:,} 次用印…")
    places = [str(row[0]) for row in mighty.execute("SELECT path FROM offices ORDER BY place").fetchall()]
    agencies = mighty.execute(
        "SELECT id, org_path, kind FROM documents_seal WHERE unit_path <> '' ORDER BY id"
    ).fetchall()
    # One transaction: a run that is killed leaves the table as it was, indexes included.
    with mighty.transaction(), _without_indexes(mighty, "documents_sealuse"), mighty.cursor() as cursor:
        with cursor.copy(COPY) as copy:
            for block in _use_rows(places, agencies, seals, uses, used):
                copy.write(block)
        tell("正在建立索引…")
    mighty.execute("SET session_replication_role = origin")
    from qipan.kernel.documents import counting

    counting.recount()
    mighty.execute("VACUUM (ANALYZE) documents_seal, documents_sealuse, documents_sealcount")
    return time.perf_counter() - begun


@contextlib.contextmanager
def _without_indexes(mighty: Mighty, table: str) -> Iterator[None]:
    """The table's indexes are made again when it is filled; its primary key stays, since others refer to it."""
    constraints = mighty.execute(
        "SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = %s::regclass AND contype = 'u'",
        [table],
    ).fetchall()
    indexes = mighty.execute(
        "SELECT indexname, indexdef FROM pg_indexes WHERE tablename = %s AND indexname NOT IN"
        " (SELECT conname FROM pg_constraint WHERE conrelid = %s::regclass)",
        [table, table],
    ).fetchall()
    for name, _text in constraints:
        mighty.execute(f'ALTER TABLE {table} DROP CONSTRAINT "{name}"')  # type: ignore[call-overload]
    for name, _text in indexes:
        mighty.execute(f'DROP INDEX "{name}"')  # type: ignore[call-overload]
    yield
    for name, text in constraints:
        mighty.execute(f'ALTER TABLE {table} ADD CONSTRAINT "{name}" {text}')  # type: ignore[call-overload]
    for _name, text in indexes:
        mighty.execute(text)  # type: ignore[call-overload]


def _use_rows(
    places: list[str], agencies: list[tuple[Any, ...]], seals: int, uses: int, used: int
) -> Iterator[str]:
    """Lines of COPY, from the first that is not there; over three years, some seals every day, most now and then."""
    start = datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=1095)
    step = 1095 * 86400 / uses
    block: list[str] = []
    for number in range(used, uses):
        sign = hashlib.md5(number.to_bytes(8, "big"), usedforsecurity=False).hexdigest()
        moment = (start + datetime.timedelta(seconds=step * number)).isoformat()
        if number % 8 == 0 and agencies:
            pk, path, kind = agencies[number // 8 % len(agencies)]
            holder, what, why = "\\N", "行政许可决定", ""
        else:
            seal = 1 + (number % 1000 if number % 10 == 1 else number * 7919 % seals)
            pk, path, kind, holder = HOT + seal, places[seal % len(places)], KINDS[seal % 5], seal
            what, why = "购销合同", "合同协议"
        block.append(
            f"{sign}\t{pk}\t{moment}\t{path}\t{holder}\t{kind}\t{HOT + number % 1000}\t{what}{number}\t{why}\t{sign}{sign}\t"
            f"{sign[::-1]}{sign}\t{sign}{sign}\t\\\\x{sign}{sign}{sign}{sign}{sign[:16]}\t{sign[:20].upper()}\n"
        )
        if len(block) == 5000:
            yield "".join(block)
            block.clear()
    yield "".join(block)


def _tallied() -> Iterator[Measure]:
    from qipan.domains.seals import jobs

    begun = time.perf_counter()
    lines = jobs.tally()
    if lines:
        yield Measure("eseals", f"首次汇总三年用印（{lines:,} 行日计）", time.perf_counter() - begun, "秒")


def _questions() -> Iterator[tuple[str, Callable[[], Any]]]:
    """What people ask of the registers, as their pages ask it."""
    from qipan.domains.seals import figures, queries
    from qipan.kernel.documents import queries as documents
    from qipan.kernel.documents.models import Seal, SealUse
    from qipan.kernel.ledger.queries import timeline_of
    from qipan.kernel.orgs.reader import Power, Reader
    from qipan.kernel.orgs.roles import Role

    city = Reader("staff", 1, (Power(Role.BUREAU_LEADER, "SZ/"),), org_path="SZ/")
    office = Reader("staff", 1, (Power(Role.OFFICE_HEAD, "SZ/FT/FT01/"),), org_path="SZ/FT/FT01/")
    hot = Seal.objects.defer(*queries.LIGHT).get(pk=HOT + 2)
    mine = Reader("business", 1, subject_ids=frozenset({hot.subject_id or 0}))
    use = SealUse.objects.order_by("-pk").filter(value__isnull=False)[1000]
    far = SealUse.objects.order_by("pk")[100].pk
    for who, reader in (("市局", city), ("所", office)):
        yield f"印章计数：种类、状态、到期、用印（{who}）", lambda reader=reader: figures.counts(reader)
        yield f"用印计数：月份、单位、场景、种类（{who}）", lambda reader=reader: figures.of_uses(reader)
        yield f"印章登记首页（{who}）", lambda reader=reader: list(queries.register(reader)[:21])
        yield (
            f"按种类和状态（{who}）",
            lambda reader=reader: list(queries.register(reader, kind="FINANCE", state="LOST")[:21]),
        )
        yield f"已过期的（{who}）", lambda reader=reader: list(queries.register(reader, state="EXPIRED")[:21])
        yield f"用印登记首页（{who}）", lambda reader=reader: list(queries.uses(reader)[:21])
        yield f"用印登记翻到最早（{who}）", lambda reader=reader: list(queries.uses(reader, before=far)[:21])
        yield f"用印按种类（{who}）", lambda reader=reader: list(queries.uses(reader, kind="INVOICE")[:21])
        yield (
            f"用印按少见的种类（{who}）",
            lambda reader=reader: list(queries.uses(reader, kind="CASEWORK")[:21]),
        )
    yield "按印章编码开头", lambda: list(queries.register(city, text="99000000012")[:21])
    yield "按名称", lambda: list(queries.register(city, text=hot.name)[:21])
    yield "一家企业自己的印章", lambda: queries.my_seals(mine)
    yield "一枚常用印章的用印记录", lambda: list(queries.uses_of(hot)[:21])
    yield "一枚印章的总账", lambda: list(timeline_of(hot)[:60])
    yield "按核验码核验", lambda: documents.use_by_code(use.code or "")
    yield "按文件摘要核验", lambda: list(SealUse.objects.filter(digest=use.digest)[:1])


def _asked(mighty: Mighty, size: str, tell: Callable[[str], None]) -> Iterator[Measure]:
    tell("正在查询…")
    plain = {"印章": "documents_seal", "用印": "documents_sealuse"}
    limits, numbers = {}, {}
    for word, table in plain.items():
        times = []
        for _round in range(3):
            begun = time.perf_counter()
            numbers[word] = _one(mighty, f"SELECT count(*) FROM {table} WHERE org_path LIKE 'SZ/%'")
            times.append((time.perf_counter() - begun) * 1000)
        limits[word] = statistics.median(times)
    for title, act in _questions():
        answer = act()
        times = []
        for _round in range(ROUNDS):
            begun = time.perf_counter()
            act()
            times.append((time.perf_counter() - begun) * 1000)
        worst, word = max(times), title[:2]
        counting = "计数" in title and "市局" in title
        if counting:
            found = answer.seals if word == "印章" else answer.total.total
            if found != numbers[word]:
                raise Refusal(f"{title}：{found:,}，逐行计数是 {numbers[word]:,}。")
        yield Measure(
            "eseals",
            f"{title}（{size}），{ROUNDS} 次中最慢",
            worst,
            "毫秒",
            "逐行计数（结果相等）" if counting else "",
            limits[word] if counting else None,
            worst / limits[word] if counting else None,
            "≤ 1000",
            worst <= MOST,
        )


def _sealed(tell: Callable[[str], None]) -> Iterator[Measure]:
    """One seal on a PDF: the two signatures bare, the sealed file in memory, and the whole act with register and ledger."""
    import hashlib as digests

    from benchmarks.seal import _document
    from qipan.kernel.documents import seals, using
    from qipan.kernel.documents.models import SealKind
    from qipan.kernel.documents.sealing import foreign, gbt38540, keys
    from qipan.kernel.ledger.actor import Actor
    from qipan.kernel.ledger.clock import now

    tell("正在盖章…")
    holder = seals.Holder(
        "性能测试饮食有限公司", "SZ/FT/FT01/", "440304", subject_id=HOT + round(time.time())
    )
    seal = seals.issue(holder, SealKind.COMPANY, Actor.system())

    class Moment:
        moment = now()

    content = _document(Moment)  # type: ignore[arg-type]
    signer, gm_signer = seals.signers(seal.pk, seal.key_id)
    place = foreign.Place(1, 0.7, 0.8)
    look = foreign.Look(bytes(seal.picture), 40, 40)
    digest = digests.sha256(content).digest()
    store = keys.store()

    def bare() -> None:
        store.sign_digest(seal.key_id, digest)
        store.sign_sm2(seal.sm2_key_id, digest)

    def in_memory() -> None:
        sealed = foreign.sign(content, signer, Moment.moment, "x", look=look, place=place, field="S1")
        gm_signer.value(gbt38540.sm3(sealed), Moment.moment, "x")

    def whole() -> None:
        using.seal_file(
            seal, using.Paper(uuid.uuid4(), "合同", content, place), Actor.system(), purpose="合同协议"
        )

    rates: dict[str, list[float]] = {"bare": [], "in_memory": [], "whole": []}
    for _round in range(5):
        for name, act, many in (("bare", bare, 300), ("in_memory", in_memory, 60), ("whole", whole, 40)):
            begun = time.process_time()
            for _one in range(many):
                act()
            rates[name].append(many / max(time.process_time() - begun, 1e-9))
    middle = {name: statistics.median(values) for name, values in rates.items()}
    size = f"{len(content) / 1000:.0f} kB"
    for name, title in (
        ("in_memory", f"任意 PDF 盖章，两种签名（{size}，内存中）"),
        ("whole", f"一次用印的全部：盖章、归档、登记、总账（{size}）"),
    ):
        yield Measure(
            "eseals",
            title,
            middle[name],
            "次/CPU秒",
            "裸 ECDSA 加裸 SM2",
            middle["bare"],
            middle[name] / middle["bare"],
        )
