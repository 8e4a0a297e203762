"""Small harm: a wrong clock, a broken file, a missing font, a lost key. Each is told in words, named by the doctor, and
when it is mended the work goes on where it stood."""

import datetime
import shutil
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
from django.db import connection, transaction
from django.test import Client
from django.utils import timezone

from qipan.cli.evidence import run as verify_files
from qipan.conf import frontend
from qipan.conf.doctor import checks
from qipan.conf.doctor import database as database_checks
from qipan.kernel.accounts.vault import keys as vault
from qipan.kernel.documents import queries as documents
from qipan.kernel.documents import rendering, seals
from qipan.kernel.documents.actions import produce
from qipan.kernel.documents.examination import every_file
from qipan.kernel.documents.models import Template
from qipan.kernel.documents.sealing import keys as seal_keys
from qipan.kernel.evidence import actions as evidence
from qipan.kernel.evidence import queries as kept
from qipan.kernel.jobs.testing import drain
from qipan.kernel.ledger import clock, sealing
from qipan.kernel.ledger.actions import append
from qipan.kernel.ledger.actor import Actor
from qipan.kernel.ledger.errors import Refused
from qipan.kernel.ledger.models import Event, Seal
from qipan.kernel.ledger.registry import declare
from qipan.verifier import verify
from tests.documents.test_a_document_is_numbered_sealed_and_verified import BODY, make
from tests.jobs.test_a_killed_worker_loses_and_doubles_nothing import address
from tests.orgs.factories import UnitTree

SYSTEM = Actor.system()
TICK = declare("test.drill.ticked", "演练", n=int)


@pytest.fixture
def home(settings, tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("QIPAN_HOME", str(tmp_path))
    settings.HOME = tmp_path
    return tmp_path


@pytest.fixture
def tree(home: Path, db: None) -> UnitTree:
    seals.signers.cache_clear()
    tree = UnitTree()
    seals.create_seal(tree.districts[0], SYSTEM)
    Template.objects.create(
        code="test.notice",
        valid_from=datetime.date(2024, 1, 1),
        title="通知书",
        body=BODY,
        fields={"party": "当事人", "text": "内容"},
        number_rule="深市监{unit}测〔{year}〕{sequence}号",
        public=["party"],
        unconfirmed="a test",
    )
    return tree


def said(code: str) -> tuple[str, str]:
    """What the doctor says under a code: level, and words with the remedy."""
    every = [*checks("machine"), *checks("system")]
    found = next(each for each in every if each.code == code).run()
    return found.level, f"{found.found} {found.mend}"


@pytest.mark.django_db(transaction=True)
def test_a_clock_that_jumped_spoils_no_event(home: Path) -> None:
    """An hour ahead, then put right: order and seals hold, nobody can tell a later event from an earlier one wrongly."""
    unit = UnitTree().city
    ahead = timezone.now() + datetime.timedelta(hours=1)
    with clock.at(ahead), transaction.atomic():
        append(TICK, unit, SYSTEM, data={"n": 1})
    found = database_checks.clocks_agree()
    assert found.level == "error" and "系统时钟早于最近一条事件" in found.found and "校准" in found.mend
    with clock.at(ahead):
        sealing.seal()
    with transaction.atomic():
        append(TICK, unit, SYSTEM, data={"n": 2})
    sealing.seal()
    assert list(Event.objects.filter(name=TICK.name).order_by("id").values_list("data__n", flat=True)) == [1, 2]
    report = verify(address(), home / "ledger", home / "keys" / "ledger.pub.pem", full=True, processes=1)
    assert report.intact and report.unsealed == 0, [finding.line() for finding in report.findings]


@pytest.mark.django_db
def test_a_broken_file_in_the_evidence_store_is_never_handed_out(tree: UnitTree, home: Path, capsys) -> None:
    row = evidence.store(b"%PDF-1.4 a statement\n%%EOF", actor=SYSTEM, kind="material", name="陈述.pdf")
    path = home / "evidence" / row.digest[:2] / row.digest[2:4] / row.digest
    good = path.read_bytes()
    path.chmod(0o600)
    path.write_bytes(good.replace(b"statement", b"confession"))
    with pytest.raises(Refused, match="与入库时的摘要不符"):
        kept.content_of(row.uuid)
    level, words = said("evidence")
    assert level == "error" and "已被改动" in words and "从备份恢复" in words
    assert _verify(capsys) == (1, "陈述.pdf")
    path.write_bytes(good)
    assert kept.content_of(row.uuid) == good and said("evidence")[0] == "ok" and _verify(capsys)[0] == 0


@pytest.mark.django_db
def test_a_broken_file_in_the_archive_of_documents_is_never_handed_out(
    tree: UnitTree, home: Path, capsys
) -> None:
    document = make(tree)
    drain()
    document.refresh_from_db()
    path = next((home / "documents").rglob("*.pdf"))
    good = path.read_bytes()
    path.unlink()
    with pytest.raises(Refused, match="不在档案中"):
        documents.file_of(document)
    assert [each.state for each in every_file()] == ["missing"]
    path.write_bytes(good.replace(b"%PDF", b"%pdf"))
    with pytest.raises(Refused, match=r"已损坏.*从备份恢复"):
        documents.file_of(document)
    level, words = said("documents")
    assert level == "error" and document.number in words and "已被改动" in words
    assert _verify(capsys) == (1, document.number)
    path.write_bytes(good)
    assert documents.file_of(document) == good and said("documents")[0] == "ok" and _verify(capsys)[0] == 0


def _verify(capsys) -> tuple[int, str]:
    """What `./qipan evidence verify` answers: its code, and the last word of the first line with a fault."""
    import argparse

    code = verify_files(argparse.Namespace(json=False))
    lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith("✗")]
    return code, lines[0].split()[-1] if lines else ""


@pytest.mark.django_db
def test_without_a_font_documents_wait_and_keep_their_numbers(
    tree: UnitTree, tmp_path: Path, settings, monkeypatch
) -> None:
    forget = (rendering.font_files.cache_clear, rendering.covered.cache_clear)
    root, folder = settings.ROOT, frontend.FOLDER
    fonts, rare = settings.QIPAN_FONTS, settings.QIPAN_RARE_FONTS
    settings.ROOT = tmp_path
    settings.QIPAN_FONTS = settings.QIPAN_RARE_FONTS = []
    monkeypatch.setattr(frontend, "FOLDER", tmp_path)
    _all(forget)
    try:
        document = make(tree)
        with pytest.raises(Refused, match="没有找到中文字体"):
            produce(document.pk)
        document.refresh_from_db()
        assert document.state == "FAILED" and document.number and "没有找到中文字体" in document.problem
        level, words = said("fonts")
        assert level == "error" and "noto-serif-sc" in words
    finally:
        settings.ROOT, settings.QIPAN_FONTS, settings.QIPAN_RARE_FONTS = root, fonts, rare
        monkeypatch.setattr(frontend, "FOLDER", folder)
        _all(forget)  # what is read from here on is kept for every later test
    number = document.number
    produce(document.pk)
    document.refresh_from_db()
    assert document.state == "ISSUED" and document.number == number and said("fonts")[0] == "ok"


def _all(several: tuple[Callable[[], None], ...]) -> None:
    for each in several:
        each()


@pytest.mark.django_db(transaction=True)
def test_without_the_ledgers_key_nothing_is_sealed_and_no_other_takes_its_place(home: Path) -> None:
    unit = UnitTree().city
    with transaction.atomic():
        append(TICK, unit, SYSTEM, data={"n": 1})
    sealing.seal()
    path = home / "keys" / "ledger.pem"
    away = home / "away.pem"
    shutil.move(path, away)
    with transaction.atomic():
        append(TICK, unit, SYSTEM, data={"n": 2})
    with pytest.raises(sealing.KeyMissing, match="put it back"):
        sealing.seal()
    assert not path.exists() and Seal.objects.count() == 1 and Event.objects.filter(name=TICK.name).count() == 2
    level, words = said("keys")
    assert level == "error" and "ledger.pem 不见了" in words and "从备份恢复" in words
    path.write_text("-----BEGIN PRIVATE KEY-----\nnonsense")
    path.chmod(0o600)
    with pytest.raises(ValueError):
        sealing.seal()
    assert "ledger.pem 内容已损坏" in said("keys")[1]
    shutil.move(away, path)
    assert sealing.seal() >= 1 and said("keys")[0] == "ok"
    report = verify(address(), home / "ledger", home / "keys" / "ledger.pub.pem", full=True, processes=1)
    assert report.intact and report.unsealed == 0


@pytest.mark.django_db
def test_without_the_seals_key_documents_wait_and_are_sealed_when_it_is_back(
    tree: UnitTree, home: Path
) -> None:
    path = home / "keys" / "seals.master"
    good = path.read_bytes()
    document = make(tree)
    path.write_bytes(b"short")
    _forget_keys()
    with pytest.raises(Refused, match="印章密钥库打不开"):
        produce(document.pk)
    document.refresh_from_db()
    assert document.state == "FAILED" and document.number and "印章密钥库打不开" in document.problem
    level, words = said("keys")
    assert level == "error" and "seals.master 内容已损坏" in words
    path.unlink()
    _forget_keys()
    with pytest.raises(Refused, match=r"seals\.master 不见了.*从备份恢复"):
        produce(document.pk)
    assert not path.exists(), "another one would open none of the seals"
    assert "seals.master 不见了" in said("keys")[1]
    path.write_bytes(good)
    path.chmod(0o600)
    _forget_keys()
    produce(document.pk)
    document.refresh_from_db()
    assert document.state == "ISSUED" and said("keys")[0] == "ok"


def _forget_keys() -> None:
    """As a new process would."""
    seals.signers.cache_clear()
    seal_keys._stores.clear()


@pytest.mark.django_db
def test_a_lost_key_of_the_vault_is_named_and_never_replaced(home: Path) -> None:
    from qipan.kernel.accounts.actions import people as accounts

    vault.master.cache_clear()
    person = accounts.create_person(name="王小明", actor=SYSTEM)
    path = home / "keys" / "vault.keys"
    good = path.read_bytes()
    path.unlink()
    vault.master.cache_clear()
    try:
        with pytest.raises(vault.VaultLocked, match="put the file back from the backup"):
            vault.master()
        assert not path.exists()
        level, words = said("vault")
        assert level == "error" and "vault.keys 不见了" in words and "从备份恢复" in words
        vault.master.cache_clear()
        path.write_bytes(b"QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE=\n")
        assert said("vault")[0] == "error" and "打不开" in said("vault")[1]
    finally:
        path.write_bytes(good)
        vault.master.cache_clear()
    assert person.pk and said("vault")[0] == "ok"


@pytest.mark.django_db(transaction=True)
def test_while_the_database_cannot_work_pages_and_programs_are_told_so(client: Client) -> None:
    """A table that stays locked: to those who ask it is as good as a database that is away, full or starting."""
    client.raise_request_exception = False
    with connection.cursor() as cursor:
        cursor.execute("SET lock_timeout = '50ms'")
    try:
        with psycopg.connect(address()) as other:
            other.execute("LOCK TABLE subjects_subject, items_item IN ACCESS EXCLUSIVE MODE")
            for page, kind, words in (
                ("/businesses/?q=深圳", "text/html", "系统暂时不能使用"),
                ("/api/v1/items", "application/problem+json", "服务暂时不可用"),
            ):
                answer = client.get(page)
                assert (answer.status_code, answer.headers["Retry-After"]) == (503, "30"), page
                assert answer.headers["Content-Type"].startswith(kind) and words in answer.content.decode()
    finally:
        with connection.cursor() as cursor:
            cursor.execute("RESET lock_timeout")
    assert client.get("/businesses/?q=深圳").status_code == 200
