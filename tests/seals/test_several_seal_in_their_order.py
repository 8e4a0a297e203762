"""A paper goes round: each seals when it is its turn, and every seal of the paper can be verified at the end."""

import io
import uuid

import pytest
from asn1crypto import x509
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko_certvalidator import ValidationContext

from qipan.domains.seals import actions
from qipan.domains.seals.models import Round, Turn
from qipan.kernel.accounts import letters
from qipan.kernel.documents import queries, storage, using
from qipan.kernel.documents.models import Authority, SealUse
from qipan.kernel.documents.sealing.foreign import Place
from qipan.kernel.jobs.testing import drain
from qipan.kernel.ledger.errors import Refused
from qipan.kernel.ledger.models import Event
from qipan.kernel.subjects import queries as registry
from tests.seals.papers import packed, pdf
from tests.seals.shop import LOWER_RIGHT, Shop

pytestmark = pytest.mark.django_db


def code(shop: Shop) -> str:
    return registry.uscc_of(shop.subject)


def opened(first: Shop, *others: Shop, content: bytes = b"", **more) -> Round:
    parties = [
        actions.Party(code(shop), "COMPANY", Place(1, 0.2 + 0.25 * number, 0.8))
        for number, shop in enumerate((first, *others))
    ]
    return actions.open_round(
        uuid=more.pop("uuid", uuid.uuid4()), reader=first.reader, subject=first.subject, title="购销合同",
        purpose="CONTRACT", content=content or pdf(), parties=more.pop("parties", parties),
    )  # fmt: skip


def turn(row: Round, place: int) -> Turn:
    return row.turns.get(place=place)


@pytest.mark.parametrize("content", [pdf(), packed()], ids=["table", "stream"])
def test_three_seal_in_turn_and_all_three_hold(content: bytes) -> None:
    shops = [Shop(f"深圳市{name}有限公司") for name in ("甲方", "乙方", "丙方")]
    for shop in shops:
        shop.seal()
    row = opened(*shops, content=content)
    for place, shop in enumerate(shops, start=1):
        actions.take_turn(turn(row, place), shop.reader)
    row.refresh_from_db()
    assert row.state == "DONE"
    final = storage.get(row.digest)
    verdict = queries.check_upload(final)
    assert verdict.good and [one.name for one in verdict.seals] == [shop.subject.name for shop in shops]
    root = x509.Certificate.load(bytes(Authority.objects.get().certificate))
    context = ValidationContext(trust_roots=[root], allow_fetching=False)
    found = [
        validate_pdf_signature(one, context) for one in PdfFileReader(io.BytesIO(final)).embedded_signatures
    ]
    assert len(found) == 3 and all(one.intact and one.valid and one.trusted for one in found)
    changed = queries.check_upload(final.replace(b"/Type/Annot", b"/Type/annot", 1))
    assert not changed.good
    events = Event.objects.filter(name="seals.turn.taken").order_by("pk")
    assert [event.data["last"] for event in events] == [False, False, True]


def test_the_order_is_kept() -> None:
    first, second = Shop("深圳市甲方有限公司"), Shop("深圳市乙方有限公司")
    first.seal(), second.seal()
    row = opened(first, second)
    with pytest.raises(Refused, match="还没有轮到您：请等第 1 方“深圳市甲方有限公司”先盖章"):
        actions.take_turn(turn(row, 2), second.reader)
    assert not SealUse.objects.exists()
    with pytest.raises(Refused, match="请由法定代表人授权"):
        actions.take_turn(turn(row, 1), second.reader)
    done = actions.take_turn(turn(row, 1), first.reader)
    assert actions.take_turn(turn(row, 1), first.reader).use_id == done.use_id
    drain()
    told = [letter.text for letter in letters.notices_of(second.user.pk)]
    assert any("现在轮到您" in text for text in told)


def test_a_round_needs_parties_that_can_seal() -> None:
    first, second = Shop("深圳市甲方有限公司"), Shop("深圳市乙方有限公司")
    first.seal()
    with pytest.raises(Refused, match="须有 2 到 12 方"):
        opened(first)
    with pytest.raises(Refused, match="第 2 方“深圳市乙方有限公司”没有在用的这种电子印章"):
        opened(first, second)
    with pytest.raises(Refused, match="第 1 方的统一社会信用代码查不到"):
        opened(first, parties=[actions.Party("91440300MA5XXXXX0X", "COMPANY", LOWER_RIGHT)] * 2)
    second.seal()
    with pytest.raises(Refused, match="超出了文件的页数"):
        opened(first, parties=[actions.Party(code(first), "COMPANY", Place(3, 0.5, 0.5))] * 2)
    assert not Round.objects.exists()
    key = uuid.uuid4()
    assert opened(first, second, uuid=key).pk == opened(first, second, uuid=key).pk


def test_a_round_is_stopped_by_its_opener_or_who_is_asked() -> None:
    first, second, third = (Shop(f"深圳市{name}有限公司") for name in ("甲方", "乙方", "丙方"))
    for shop in (first, second, third):
        shop.seal()
    row = opened(first, second, third)
    with pytest.raises(Refused, match="只有发起方和轮到的一方"):
        actions.stop_round(row, third.reader, "不签了")
    actions.take_turn(turn(row, 1), first.reader)
    with pytest.raises(Refused, match="请写明理由"):
        actions.stop_round(row, second.reader, "")
    assert actions.stop_round(row, second.reader, "价格不同意").state == "STOPPED"
    with pytest.raises(Refused, match="已终止，不能再盖章"):
        actions.take_turn(turn(row, 2), second.reader)


def test_a_batch_is_one_event_with_its_manifest() -> None:
    shop = Shop()
    seal, batch = shop.seal(), uuid.uuid4()
    several = [
        using.Paper(uuid.uuid4(), f"第{number}份", pdf(words=f"No {number}"), LOWER_RIGHT)
        for number in range(5)
    ]
    made = actions.use_many(seal, shop.reader, several, purpose="CONTRACT", batch=batch)
    assert actions.use_many(seal, shop.reader, several, purpose="CONTRACT", batch=batch) == made
    event = Event.objects.get(name="documents.seal.used_many")
    assert event.data["count"] == 5 and SealUse.objects.filter(batch=batch).count() == 5
    assert all(queries.check_upload(using.file_of(use)).good for use in made)
