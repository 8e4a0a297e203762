"""A batch of licences (批量制发) beside the bare sum of its parts: setting the page and our two signatures, in this run.

Licences of medical device trade with six lines each; those of the bare sum are others than those of the batch, so that
nothing is set twice. The batch is the product's own, with register, seals' uses, manifest, archive; it sets its pages on
both cores, the bare sum does one thing after the other. So beside the rates in wall time stands what each licence costs
this process in CPU time.
"""

import datetime
import secrets
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import psycopg

from benchmarks.system import System
from qipan.cli.bench import Measure, share

KIND, ITEM, FILES = "QX3", "MD-NEW", 10_000
ROUNDS = 5
SAMPLE = 0.1
WANTED = 0.7


@dataclass(frozen=True)
class Made:
    """The licences: those of the batch, and those for the bare sum."""

    path: str
    grants: list[int]
    bare: list[int]
    subjects: list[int]


def measured(qipan: System, scale: float, tell: Callable[[str], None]) -> Iterator[Measure]:
    """Rates in licences a second: the median of interleaved rounds."""
    count = max(ROUNDS * 100, round(FILES * scale))  # a round is a handful at least
    with psycopg.connect(qipan.superuser_database, autocommit=True) as mighty:
        tell(f"正在登记 {count:,} 张证照…")
        made = _licences(count)
        try:
            yield from _compared(made, tell)
        finally:
            _clear(mighty, made)


def _compared(made: Made, tell: Callable[[str], None]) -> Iterator[Measure]:
    from qipan.domains.licensing.elicences import batches

    reader = _decider(made.path)
    selection = batches.Selection(KIND, made.path)
    batch = batches.prepare(selection, reader, uuid=uuid.uuid4(), reason="性能测试")
    batch.lines.exclude(grant_id__in=made.grants).delete()
    batch.state = "RUNNING"
    batch.save(update_fields=["state"])
    values = _values(made.bare)
    rates: dict[str, list[float]] = {"batch": [], "bare": []}
    costs: dict[str, list[float]] = {"batch": [], "bare": []}
    piece, part = len(made.grants) // ROUNDS, len(values) // ROUNDS
    _bare(values[:2])
    for number in range(ROUNDS):
        tell(f"批量制发，第 {number + 1} 轮…")
        few = values[number * part : (number + 1) * part]
        for name, act in (
            ("batch", lambda: batches.work(batch, limit=piece)),
            ("bare", lambda few=few: _bare(few)),
        ):
            begun, spent = time.perf_counter(), time.process_time()
            done = act()
            rates[name].append(done / (time.perf_counter() - begun))
            costs[name].append((time.process_time() - spent) / done)
    begun = time.perf_counter()
    batches.work(batch)
    ended = time.perf_counter() - begun
    batch.refresh_from_db()
    progress = batches.progress(batch)
    middle = {name: share(one, 0.5) for name, one in rates.items()}
    cost = {name: share(one, 0.5) * 1000 for name, one in costs.items()}
    whole = 1 / (1 / middle["batch"] + ended / len(made.grants))  # its share of manifest and ledger included
    ratio = whole / middle["bare"]
    yield Measure(
        "seal",
        f"批量制发 {len(made.grants):,} 张证照（排版、两种签名、归档、登记、清单）",
        whole,
        "张/秒",
        "排版加自己的签名，裸和",
        middle["bare"],
        ratio,
        f"≥ {WANTED:g}",
        ratio >= WANTED,
    )
    yield Measure(
        "seal",
        "批量制发每张",
        cost["batch"],
        "CPU 毫秒",
        "裸和",
        cost["bare"],
        cost["bare"] / cost["batch"],
    )
    yield Measure("seal", f"收尾：清单和总账（{progress.done:,} 张，{batch.state}）", ended * 1000, "毫秒")
    lost = float(len(made.grants) - progress.done)
    yield Measure(
        "seal", "没有制成的", lost, "张", target="= 0", met=lost == 0 and batch.ended_at is not None
    )


def _bare(values: list[dict[str, Any]]) -> int:
    """What cannot be spared: the page set, and our two signatures on it. Returns how many were made."""
    from qipan.kernel.documents import actions, rendering, seals
    from qipan.kernel.documents.sealing import gbt38540, pades
    from qipan.kernel.ledger.clock import now

    template = actions.template_of(_template())
    for each in values:
        moment = now()
        content = rendering.render(template.body, each["values"], moment)
        signer, gm_signer = seals.signers(each["seal"].pk, each["seal"].key_id)
        signed = pades.sign(content, signer, moment, template.title)
        gm_signer.sign(gbt38540.sm3(signed), moment, str(each["uuid"]))
    return len(values)


def _template() -> str:
    from qipan.kernel.items import queries as items

    kind = items.licence_kind(KIND)
    assert kind is not None
    return kind.template


def _values(grants: list[int]) -> list[dict[str, Any]]:
    """What the templates of some licences are given, ready before the clock runs."""
    from qipan.domains.licensing.elicences import face
    from qipan.kernel.documents import actions, seals
    from qipan.kernel.documents.models import Document
    from qipan.kernel.ledger.clock import today
    from qipan.kernel.subjects.models import Grant

    template = actions.template_of(_template())
    found = []
    for grant in Grant.objects.select_related("subject__legal_rep", "premises").filter(pk__in=grants):
        seal = seals.seal_of(face.seal_path_of(grant))
        document = Document(
            template=template,
            code=actions.verification_code(),
            data=face.certificate_of(grant),
            dated_on=today(),
        )
        found.append(
            {"values": actions.values_of(document, seal), "seal": seal, "uuid": uuid.uuid4()},
        )
    return found


def _decider(path: str) -> Any:
    from qipan.kernel.orgs.reader import Power, Reader
    from qipan.kernel.orgs.roles import Role

    return Reader("staff", 1, (Power(Role.LIC_DECIDER, path),), org_path=path)


def _licences(count: int) -> Made:
    """So many licences in the register, of businesses with a code, a representative and a place."""
    from django.db import transaction

    from qipan.kernel.accounts.actions import create_person
    from qipan.kernel.documents import seals
    from qipan.kernel.documents.models import Seal
    from qipan.kernel.ledger.actor import Actor
    from qipan.kernel.ledger.clock import today
    from qipan.kernel.orgs.models import Level, Unit
    from qipan.kernel.subjects import codes
    from qipan.kernel.subjects.models import Grant, Identifier, Premises, Subject

    system = Actor.system()
    office = Unit.objects.filter(level=Level.OFFICE).select_related("parent__parent").order_by("path")[0]
    for unit in (office.parent, office.parent.parent if office.parent else None):
        if unit and not Seal.objects.filter(unit_path=unit.path, kind="OFFICIAL", state="ACTIVE").exists():
            seals.create_seal(unit, system)
    people = [create_person(name=f"王小{sign}", phone="13800138000", actor=system) for sign in "明华强芳"]
    run, today_ = secrets.token_hex(3), today()
    spare = max(ROUNDS, round(count * SAMPLE))
    with transaction.atomic():
        subjects = Subject.objects.bulk_create(
            (
                Subject(
                    uuid=uuid.uuid4(),
                    name=f"深圳市性能测试医疗器械{run}{number}有限公司",
                    type="COMPANY",
                    org_path=office.path,
                    legal_rep=people[number % len(people)],
                    domicile=f"深圳市福田区园岭街道红荔路{number}号{run}",
                    is_demo=True,
                )
                for number in range(count + spare)
            ),
            batch_size=1000,
        )
        area = f"{secrets.randbelow(10**2):02d}"
        Identifier.objects.bulk_create(
            (
                Identifier(
                    subject=subject,
                    kind="USCC",
                    value=codes.make_uscc("91", "440304", f"M{area}{number:05d}"),
                )
                for number, subject in enumerate(subjects)
            ),
            batch_size=1000,
        )
        places = Premises.objects.bulk_create(
            (
                Premises(subject=subject, address=subject.domicile, org_path=office.path)
                for subject in subjects
            ),
            batch_size=1000,
        )
        grants = Grant.objects.bulk_create(
            (
                Grant(
                    number=f"粤深药监械经营许{run}{number:05d}",
                    kind=KIND,
                    title="医疗器械经营许可证",
                    subject=subject,
                    premises=place,
                    org_path=office.path,
                    item_code=ITEM,
                    data={
                        "person": "李四",
                        "mode": "WHOLESALE",
                        "warehouse": "不设库房",
                        "scope": f"6815 注射穿刺器械；6866 医用高分子材料及制品 {number}",
                    },
                    valid_from=today_,
                    valid_to=today_ + datetime.timedelta(days=5 * 365),
                    issuer=office.parent.path if office.parent else "",
                )
                for number, (subject, place) in enumerate(zip(subjects, places, strict=True))
            ),
            batch_size=1000,
        )
    numbers = [grant.pk for grant in grants]
    return Made(office.path, numbers[:count], numbers[count:], [subject.pk for subject in subjects])


def _clear(mighty: psycopg.Connection[tuple[object, ...]], made: Made) -> None:
    """Take it all away again, files included."""
    from qipan.kernel.documents import storage
    from qipan.kernel.documents.models import Document

    several = [*made.grants, *made.bare]
    papers = Document.objects.filter(record_kind="subjects.grant", record_id__in=several)
    for digest in papers.values_list("digest", flat=True):
        storage.path_of(digest).unlink(missing_ok=True)
    mighty.execute("SET session_replication_role = replica")
    for statement, numbers in (
        ("DELETE FROM documents_sealuse WHERE document_id IN (SELECT id FROM documents_document WHERE"
         " record_kind = 'subjects.grant' AND record_id = ANY(%s))", several),
        ("DELETE FROM documents_document WHERE record_kind = 'subjects.grant' AND record_id = ANY(%s)", several),
        ("DELETE FROM subjects_certificate WHERE grant_id = ANY(%s)", several),
        ("DELETE FROM licensing_batchline WHERE grant_id = ANY(%s)", several),
        ("DELETE FROM subjects_grantevent WHERE id = ANY(%s)", several),
        ("DELETE FROM subjects_grant WHERE id = ANY(%s)", several),
        ("DELETE FROM subjects_premises WHERE subject_id = ANY(%s)", made.subjects),
        ("DELETE FROM subjects_identifier WHERE subject_id = ANY(%s)", made.subjects),
        ("DELETE FROM subjects_subject WHERE id = ANY(%s)", made.subjects),
    ):  # fmt: skip
        mighty.execute(statement, [numbers])
    mighty.execute("SET session_replication_role = origin")
