"""A business's seal on a PDF of any make: valid for other people's readers, known to the register, verified without an account."""

import io
import uuid

import pytest
from asn1crypto import x509
from gmssl import sm2 as gmssl_sm2
from gmssl import sm3 as gmssl_sm3
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko_certvalidator import ValidationContext
from pypdf import PdfReader

from qipan.kernel.documents import queries, using
from qipan.kernel.documents.models import Authority, Seal, SealKind, SealUse
from qipan.kernel.documents.sealing import gbt38540
from qipan.kernel.documents.sealing.foreign import Place
from qipan.kernel.ledger.models import Event
from tests.seals import papers
from tests.seals.shop import Shop

pytestmark = pytest.mark.django_db


def statuses(content: bytes) -> list:
    root = x509.Certificate.load(bytes(Authority.objects.get().certificate))
    context = ValidationContext(trust_roots=[root], allow_fetching=False)
    return [
        validate_pdf_signature(one, context) for one in PdfFileReader(io.BytesIO(content)).embedded_signatures
    ]


@pytest.mark.parametrize(
    "content",
    [papers.pdf(3), papers.packed(), papers.with_bad_table(), papers.pdf(rotate=90)],
    ids=["table", "stream", "repaired", "turned"],
)
def test_other_peoples_readers_find_the_signature_valid_and_trusted(content: bytes) -> None:
    shop = Shop()
    sealed = using.file_of(shop.use(shop.seal(), content))
    (status,) = statuses(sealed)
    assert status.intact and status.valid and status.trusted
    reader = PdfReader(io.BytesIO(sealed))
    (widget,) = (one.get_object() for one in reader.pages[0]["/Annots"])
    left, low, right, up = (float(side) for side in widget["/Rect"])
    box = reader.pages[0].cropbox
    assert 0 <= left < right <= float(box.width) and 0 <= low < up <= float(box.height)
    assert round(right - left) == round(up - low) == round(40 * 72 / 25.4)


def test_what_was_there_before_stays_byte_for_byte() -> None:
    shop, content = Shop(), papers.pdf(2)
    sealed = using.file_of(shop.use(shop.seal(), content))
    assert sealed.startswith(content)


def test_the_use_stands_in_the_register_and_the_ledger() -> None:
    shop = Shop()
    seal, key = shop.seal(), uuid.uuid4()
    content = papers.pdf()
    use = shop.use(seal, content, uuid=key, title="供货合同")
    assert shop.use(seal, content, uuid=key).pk == use.pk and SealUse.objects.count() == 1
    assert (use.user_id, use.title, use.purpose) == (shop.user.pk, "供货合同", "合同协议")
    event = Event.objects.get(name="documents.seal.used")
    assert event.data["digest"] == use.digest and event.actor_id == shop.user.pk


def test_anyone_can_verify_the_file_by_itself_and_by_its_code() -> None:
    shop = Shop()
    seal = shop.seal()
    use = shop.use(seal)
    verdict = queries.check_upload(using.file_of(use))
    assert verdict.good and verdict.unchanged and verdict.sealed_by == "深圳市粤味饮食有限公司"
    (found,) = verdict.seals
    assert found.number == seal.seal_id and found.valid_then and found.state_now == "在用"
    by_code = queries.use_by_code(use.code or "")
    assert by_code and by_code.seals[0].good and by_code.digest == use.digest


def test_an_independent_library_verifies_the_structure_put_together_again() -> None:
    shop = Shop()
    use = shop.use(shop.seal())
    content, signature = (
        using.file_of(use),
        using.structure_of(SealUse.objects.select_related("seal").get(pk=use.pk)),
    )
    body, certificate, _algorithm, value = gbt38540._children(signature)
    point = gbt38540.point_of(gbt38540._octets(certificate))
    from asn1crypto.core import Integer, SequenceOf

    numbers = [int(part.native) for part in SequenceOf.load(gbt38540._bits(value), spec=Integer)]
    checker = gmssl_sm2.CryptSM2(public_key=point[1:].hex(), private_key="")
    assert checker.verify(f"{numbers[0]:064x}{numbers[1]:064x}", bytes.fromhex(checker._sm3_z(body.dump())))
    assert gmssl_sm3.sm3_hash(list(content)) == use.sm3
    assert queries.check_upload(signature).good
    assert queries.check_upload(content, signature).good
    other = queries.check_upload(papers.pdf(), signature)
    assert not other.unchanged and "不是盖章时的那一份" in other.problems[0]


def test_every_kind_of_seal_has_its_picture() -> None:
    shop = Shop()
    for kind in (SealKind.COMPANY, SealKind.FINANCE, SealKind.CONTRACT, SealKind.INVOICE, SealKind.LEGAL_REP):
        seal = shop.seal(kind)
        picture = bytes(seal.picture)
        assert picture.startswith(b"\x89PNG") and 1500 < len(picture) < 16000
        assert using.file_of(shop.use(seal, place=Place(1, 0.5, 0.5)))
    assert len({bytes(one) for one in Seal.objects.values_list("picture", flat=True)}) == 5
