"""The registers of seals and of their uses at the size of a city, and what sealing a PDF costs beside bare signatures.

395,400 seals and 4,223,200 uses over three years, in the units' paths; certificates have their true size, pictures and
structures are a byte each (no list and no count reads them). Every question is asked through the product's own queries,
by the city's reader and by an office's.
"""

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

HELP = "电子印章：395,400 枚印章、4,223,200 次用印的查询和计数；盖章对照裸签名"
SEALS, USES = 395_400, 4_223_200
ROUNDS = 7
MOST = 1000.0
HOT = 9_000_000_001

MAKE = """
CREATE TEMP TABLE offices AS SELECT path, row_number() OVER (ORDER BY path) - 1 AS place FROM orgs_unit WHERE level = 'OFFICE';
INSERT INTO documents_seal (id, unit_path, org_path, subject_id, kind, name, seal_id, key_id, sm2_key_id, certificate,
    sm2_certificate, gm_seal, picture, valid_from, valid_to, state, is_demo)
SELECT %(first)s + n, '', o.path, n, (ARRAY['COMPANY', 'CONTRACT', 'FINANCE', 'INVOICE', 'LEGAL_REP'])[1 + n %% 5],
    '性能测试第' || n || '号有限公司', '990000' || lpad(n::text, 10, '0'), 'bench', 'bench',
    decode(repeat(md5(n::text), 38), 'hex'), decode(repeat(md5('2' || n), 34), 'hex'), '\\x00', '\\x00',
    now() - (n %% 1096) * interval '1 day', now() + (1096 - n %% 1096) * interval '1 day',
    CASE WHEN n %% 20 = 0 THEN 'REVOKED' WHEN n %% 50 = 1 THEN 'ISSUED' WHEN n %% 200 = 2 THEN 'LOST' ELSE 'ACTIVE' END, true
FROM generate_series(1, %(seals)s) n JOIN offices o ON o.place = n %% (SELECT count(*) FROM offices) ORDER BY n
"""
COPY = (
    "COPY documents_sealuse (uuid, seal_id, at, org_path, subject_id, kind, user_id, title, purpose, digest, before, sm3,"
    " value, code) FROM STDIN"
)


def run(scale: float, tell: Callable[[str], None]) -> Iterator[Measure]:
    """Builds both registers, asks, seals, and takes them away again."""
    seals, uses = round(SEALS * scale), round(USES * scale)
    with system.database(tell) as qipan, psycopg.connect(qipan.superuser_database, autocommit=True) as mighty:
        try:
            seconds = _build(mighty, seals, uses, tell)
            size = f"{seals:,} 枚、{uses:,} 次"
            yield Measure("eseals", f"建立两本登记（{size}）", seconds, "秒")
            yield from _tallied(uses)
            yield from _asked(mighty, size, tell)
            yield from _sealed(tell)
        finally:
            _clear(mighty)


def _clear(mighty: psycopg.Connection[tuple[object, ...]]) -> None:
    mighty.execute("SET session_replication_role = replica")
    mighty.execute("DELETE FROM documents_sealuse")
    mighty.execute("DELETE FROM seals_usetally")
    mighty.execute("DELETE FROM documents_seal WHERE key_id = 'bench' OR subject_id IS NOT NULL")
    mighty.execute("SET session_replication_role = origin")
    mighty.execute("VACUUM (ANALYZE) documents_seal, documents_sealuse, seals_usetally")


def _build(
    mighty: psycopg.Connection[tuple[object, ...]], seals: int, uses: int, tell: Callable[[str], None]
) -> float:
    """Both tables filled as a city is: rows by COPY, indexes afterwards, statistics taken."""
    _clear(mighty)
    begun = time.perf_counter()
    tell(f"正在写入 {seals:,} 枚印章…")
    with psycopg.ClientCursor(mighty) as cursor:
        cursor.execute(MAKE, {"first": HOT, "seals": seals})
    tell(f"正在写入 {uses:,} 次用印…")
    indexes = mighty.execute(
        "SELECT indexname, indexdef FROM pg_indexes WHERE tablename = 'documents_sealuse' AND indexname LIKE"
        " 'documents_sealuse_%' AND indexname NOT IN (SELECT conname FROM pg_constraint) AND indexdef NOT LIKE '%UNIQUE%'"
    ).fetchall()
    for name, _text in indexes:
        mighty.execute(f'DROP INDEX "{name}"')  # type: ignore[arg-type]
    places = [str(row[0]) for row in mighty.execute("SELECT path FROM offices ORDER BY place").fetchall()]
    kinds = ("COMPANY", "CONTRACT", "FINANCE", "INVOICE", "LEGAL_REP")
    start = datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=1095)
    step = datetime.timedelta(days=1095) / uses
    with mighty.cursor() as cursor, cursor.copy(COPY) as copy:
        block: list[str] = []
        for number in range(uses):
            # One seal in ten uses goes to the first thousand: some seals are used every day, most now and then.
            seal = 1 + (number % 1000 if number % 10 == 0 else number * 7919 % seals)
            sign = hashlib.md5(number.to_bytes(8, "big"), usedforsecurity=False).hexdigest()
            block.append(
                f"{uuid.UUID(sign)}\t{HOT + seal}\t{(start + step * number).isoformat()}\t{places[seal % len(places)]}\t"
                f"{seal}\t{kinds[seal % 5]}\t{seal}\t购销合同{number}\t合同协议\t{sign}{sign}\t{sign[::-1]}{sign}\t{sign}{sign}\t"
                f"\\\\x{sign}{sign}{sign}{sign}{sign[:16]}\t{sign[:20].upper()}\n"
            )
            if len(block) == 5000:
                copy.write("".join(block))
                block.clear()
        copy.write("".join(block))
    tell("正在建立索引…")
    for _name, text in indexes:
        mighty.execute(text)  # type: ignore[call-overload]
    mighty.execute("VACUUM (ANALYZE) documents_seal, documents_sealuse")
    return time.perf_counter() - begun


def _tallied(uses: int) -> Iterator[Measure]:
    from qipan.domains.seals import jobs

    begun = time.perf_counter()
    lines = jobs.tally()
    yield Measure(
        "eseals", f"首次汇总三年用印（{uses:,} 次 → {lines:,} 行日计）", time.perf_counter() - begun, "秒"
    )


def _questions() -> Iterator[tuple[str, Callable[[], Any]]]:
    """What people ask of the registers, as their pages ask it."""
    from qipan.domains.seals import queries
    from qipan.kernel.documents import queries as documents
    from qipan.kernel.documents.models import Seal, SealUse
    from qipan.kernel.orgs.reader import Power, Reader
    from qipan.kernel.orgs.roles import Role

    city = Reader("staff", 1, (Power(Role.BUREAU_LEADER, "SZ/"),), org_path="SZ/")
    office = Reader("staff", 1, (Power(Role.OFFICE_HEAD, "SZ/FT/FT01/"),), org_path="SZ/FT/FT01/")
    hot = Seal.objects.defer(*queries.LIGHT).get(pk=HOT + 1)
    use = SealUse.objects.order_by("-pk")[1000]
    far = SealUse.objects.order_by("pk")[100].pk
    for who, reader in (("市局", city), ("所", office)):
        yield f"全部计数（{who}）", lambda reader=reader: queries.counts(reader)
        yield f"印章登记首页（{who}）", lambda reader=reader: list(queries.register(reader)[:21])
        yield (
            f"按种类和状态（{who}）",
            lambda reader=reader: list(queries.register(reader, kind="FINANCE", state="LOST")[:21]),
        )
        yield f"已过期的（{who}）", lambda reader=reader: list(queries.register(reader, state="EXPIRED")[:21])
        yield f"用印登记首页（{who}）", lambda reader=reader: list(queries.uses(reader)[:21])
        yield f"用印登记翻到最早（{who}）", lambda reader=reader: list(queries.uses(reader, before=far)[:21])
        yield f"用印按种类（{who}）", lambda reader=reader: list(queries.uses(reader, kind="INVOICE")[:21])
    yield "按印章编码开头", lambda: list(queries.register(city, text="99000000012")[:21])
    yield "按名称", lambda: list(queries.register(city, text=hot.name)[:21])
    yield "一枚常用印章的用印记录", lambda: list(queries.uses_of(hot)[:21])
    yield "按核验码核验", lambda: documents.use_by_code(use.code or "")
    yield "按文件摘要核验", lambda: list(SealUse.objects.filter(digest=use.digest)[:1])


def _asked(
    mighty: psycopg.Connection[tuple[object, ...]], size: str, tell: Callable[[str], None]
) -> Iterator[Measure]:
    tell("正在查询…")
    bare = []
    for _round in range(3):
        begun = time.perf_counter()
        mighty.execute("SELECT count(*) FROM documents_seal").fetchone()
        mighty.execute("SELECT count(*) FROM documents_sealuse").fetchone()
        bare.append((time.perf_counter() - begun) * 1000)
    limit = statistics.median(bare)
    for title, act in _questions():
        act()
        times = []
        for _round in range(ROUNDS):
            begun = time.perf_counter()
            act()
            times.append((time.perf_counter() - begun) * 1000)
        worst = max(times)
        counting = title.startswith("全部计数（市局")
        yield Measure(
            "eseals",
            f"{title}（{size}），{ROUNDS} 次中最慢",
            worst,
            "毫秒",
            "两张表逐行计数" if counting else "",
            limit if counting else None,
            worst / limit if counting else None,
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
    holder = seals.Holder("性能测试饮食有限公司", "SZ/FT/FT01/", "440304", subject_id=999_999_999)
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
