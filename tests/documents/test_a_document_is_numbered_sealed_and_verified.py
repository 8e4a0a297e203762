"""The document path: number, PDF, both seals, archive, verification."""

import datetime
import io
import random
import threading

import pytest
from django.db import connection, transaction
from gmssl import sm2 as gmssl_sm2
from gmssl import sm3 as gmssl_sm3
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko_certvalidator import ValidationContext
from pypdf import PdfReader

from qipan.kernel.documents import actions, queries, rendering, seals
from qipan.kernel.documents.models import Authority, Document, NumberSeries, Seal, Template
from qipan.kernel.documents.sealing import gbt38540, pades
from qipan.kernel.jobs.testing import drain
from qipan.kernel.ledger.actor import Actor
from qipan.kernel.ledger.errors import Refused
from qipan.kernel.ledger.models import Event
from tests.orgs.factories import UnitTree

SYSTEM = Actor.system()
BODY = '#import "/official.typ": *\n#show: official.with(agency: data.seal_name)\n#data.party：\n\n#data.text'


@pytest.fixture
def tree(settings, tmp_path, db) -> UnitTree:
    settings.HOME = tmp_path
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


def make(tree: UnitTree, key: str = "one", **values: str) -> Document:
    with transaction.atomic():
        return actions.prepare(
            "test.notice",
            {"party": "深圳市粤味小馆", "text": "请于十日内改正。" * 20, **values},
            record=tree.city,
            org_path=tree.offices[0].path,
            seal=tree.districts[0].path,
            actor=SYSTEM,
            key=key,
        )


def test_a_document_is_numbered_sealed_archived_and_verified(tree: UnitTree) -> None:
    document = make(tree)
    assert document.number == f"深市监园岭测〔{document.dated_on.year}〕1号"
    assert make(tree).pk == document.pk
    drain()
    document.refresh_from_db()
    assert document.state == "ISSUED"
    content = queries.file_of(document)
    text = PdfReader(io.BytesIO(content)).pages[0].extract_text()
    assert "深圳市粤味小馆" in text and document.number in text
    verdict = queries.check_upload(content)
    assert verdict.known and verdict.unchanged and "福田" in verdict.sealed_by
    public = queries.by_code(document.code)
    assert public and public.valid and public.lines == [("当事人", "深圳市粤味小馆")]
    assert Event.objects.filter(name="documents.seal.used").count() == 1
    assert actions.produce(document.pk).digest == document.digest


def test_any_reader_shows_the_signature_valid_and_trusted(tree: UnitTree) -> None:
    document = actions.produce(make(tree).pk)
    reader = PdfFileReader(io.BytesIO(queries.file_of(document)))
    (signature,) = reader.embedded_signatures
    from asn1crypto import x509

    root = x509.Certificate.load(bytes(Authority.objects.get().certificate))
    status = validate_pdf_signature(signature, ValidationContext(trust_roots=[root], allow_fetching=False))
    assert status.intact and status.valid and status.trusted
    assert status.coverage.name in {"ENTIRE_FILE", "WHOLE_FILE"}


def test_an_independent_library_verifies_the_sm2_seal(tree: UnitTree) -> None:
    document = actions.produce(make(tree).pk)
    content = queries.file_of(document)
    body, certificate, _algorithm, value = gbt38540._children(bytes(document.seal_signature))
    point = gbt38540.point_of(gbt38540._octets(certificate))
    from asn1crypto.core import Integer, SequenceOf

    numbers = [int(part.native) for part in SequenceOf.load(gbt38540._bits(value), spec=Integer)]
    checker = gmssl_sm2.CryptSM2(public_key=point[1:].hex(), private_key="")
    digest = checker._sm3_z(body.dump())
    assert checker.verify(f"{numbers[0]:064x}{numbers[1]:064x}", bytes.fromhex(digest))
    assert gmssl_sm3.sm3_hash(list(content)) == gbt38540.sm3(content).hex()


def mutations(tree: UnitTree, count: int) -> None:
    document = actions.produce(make(tree).pk)
    content, signature = queries.file_of(document), bytes(document.seal_signature)
    root = gbt38540.point_of(bytes(Authority.objects.get().sm2_certificate))
    gbt38540.verify(signature, content, root)
    chance = random.Random(7)
    for _round in range(count):
        target = chance.choice([content, signature])
        place = chance.randrange(len(target))
        changed = bytearray(target)
        changed[place] ^= chance.randrange(1, 256)
        with pytest.raises(gbt38540.Broken):
            if target is content:
                gbt38540.verify(signature, bytes(changed), root)
            else:
                gbt38540.verify(bytes(changed), content, root)


def test_a_hundred_one_byte_changes_are_all_refused(tree: UnitTree) -> None:
    mutations(tree, 100)


@pytest.mark.slow
def test_a_thousand_one_byte_changes_are_all_refused(tree: UnitTree) -> None:
    mutations(tree, 1000)


def test_an_altered_file_is_told_apart_from_a_strangers(tree: UnitTree) -> None:
    content = queries.file_of(actions.produce(make(tree).pk))
    altered = content.replace(b"%PDF-1.7", b"%PDF-1.6")
    assert "改动过" in queries.check_upload(altered).problems[0]
    assert "不是 PDF" in queries.check_upload(b"hello").problems[0]
    assert not queries.check_upload(b"%PDF-1.4 nothing of ours").known


def test_rare_characters_stand_in_the_pdf_as_they_were_written(tree: UnitTree) -> None:
    """GB18030 extension B: those of the 通用规范汉字表 are in our fonts, the rest in a font that a system may have."""
    signs = "\U00020164\U00023c97"
    if 0x2A6A5 in rendering.covered():
        signs += "\U0002a6a5"
    document = actions.produce(make(tree, key="rare", party=f"深圳市{signs}饭店").pk)
    text = PdfReader(io.BytesIO(queries.file_of(document))).pages[0].extract_text()
    assert all(sign in text for sign in signs)


def test_a_character_without_a_font_stops_the_seal_with_its_name(tree: UnitTree) -> None:
    document = make(tree, key="rare", party="\U0002ffff饭店")
    with pytest.raises(Refused, match=r"U\+2FFFF"):
        actions.produce(document.pk)
    document.refresh_from_db()
    assert document.state == "FAILED" and "party" in document.problem
    assert not Event.objects.filter(name="documents.seal.used", data__document=document.pk).exists()


def test_a_revoked_document_is_no_longer_valid(tree: UnitTree) -> None:
    document = actions.produce(make(tree).pk)
    actions.revoke(document, SYSTEM, "决定被撤销")
    public = queries.by_code(document.code)
    assert public and not public.valid and public.revoked_reason == "决定被撤销"
    assert "已作废" in queries.check_upload(queries.file_of(document)).problems[0]


def test_a_lacking_field_is_named(tree: UnitTree) -> None:
    with pytest.raises(Refused, match="缺少：内容"):
        make(tree, text="")


def test_a_suspended_seal_is_not_used(tree: UnitTree) -> None:
    document = make(tree)
    seals.set_seal_state(Seal.objects.get(), seals.SealState.SUSPENDED, SYSTEM, "更换印章")
    with pytest.raises(Refused, match="没有可用的电子印章"):
        actions.produce(document.pk)


def test_a_foreign_pdf_is_not_signed_blindly(tree: UnitTree) -> None:
    signer, _gm = seals.signers(Seal.objects.get().pk, Seal.objects.get().key_id)
    with pytest.raises(pades.NotOurs):
        pades.sign(b"%PDF-1.4\n%%EOF", signer, datetime.datetime.now(datetime.UTC), "x")


@pytest.mark.django_db(transaction=True)
def test_numbers_have_no_gap_and_no_double_under_concurrency() -> None:
    tree = UnitTree()
    path = tree.offices[0].path
    taken: list[str] = []
    lock = threading.Lock()

    def work(worker: int) -> None:
        try:
            for turn in range(12):
                try:
                    with transaction.atomic():
                        number = actions.take_number("甲{unit}〔{year}〕{sequence}号", path)
                        if (worker + turn) % 4 == 0:
                            raise RuntimeError
                    with lock:
                        taken.append(number)
                except RuntimeError:
                    pass
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=(worker,)) for worker in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    sequences = sorted(int(number.split("〕")[1].removesuffix("号")) for number in taken)
    assert sequences == list(range(1, len(taken) + 1))
    assert NumberSeries.objects.get().last == len(taken)
