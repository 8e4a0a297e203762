"""What cannot be sealed, and what cannot be believed: each in plain Chinese, and nothing is written."""

import datetime
import uuid

import pytest

from qipan.domains.seals import actions
from qipan.kernel.documents import checking, queries, seals, storage, using
from qipan.kernel.documents.models import Authority, Seal, SealKind, SealUse
from qipan.kernel.documents.sealing import foreign, keys
from qipan.kernel.documents.sealing.foreign import Place
from qipan.kernel.ledger.clock import at, now
from qipan.kernel.ledger.errors import Refused
from tests.orgs.factories import BusinessUserFactory, reader_for
from tests.seals import papers
from tests.seals.shop import LOWER_RIGHT, SYSTEM, Shop

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"hello", "已损坏，或者不是 PDF"),
        (b"%PDF-1.7\nnothing", "已损坏，或者不是 PDF"),
        (papers.pdf(password="secret"), "设有密码或者加密"),
        (papers.certified(), "作者已锁定"),
        (papers.scripted(), "含有脚本或者自动动作"),
        (b"%PDF-" + b"0" * using.MOST_BYTES, "超过 20 MB"),
    ],
    ids=["text", "broken", "encrypted", "locked", "scripted", "large"],
)
def test_a_file_that_cannot_be_sealed_says_why(content: bytes, words: str) -> None:
    shop = Shop()
    with pytest.raises(Refused, match=words):
        shop.use(shop.seal(), content)
    assert not SealUse.objects.exists()


def test_a_file_that_opens_at_a_place_is_sealed_as_any_other() -> None:
    """Office programs write where to open a file; that changes nothing of what it shows."""
    shop = Shop()
    assert queries.check_upload(using.file_of(shop.use(shop.seal(), papers.opening_at_a_place()))).good


def test_a_page_that_is_not_there_and_a_seal_that_does_not_fit() -> None:
    shop = Shop()
    seal = shop.seal()
    with pytest.raises(Refused, match="没有这一页"):
        shop.use(seal, place=Place(9, 0.5, 0.5))
    with pytest.raises(Refused, match="印章放不进"):
        shop.use(seal, papers.pdf(box=60))


def test_who_was_not_authorised_is_refused_and_told_who_can() -> None:
    shop = Shop()
    stranger = reader_for(BusinessUserFactory())
    with pytest.raises(Refused, match="请由法定代表人授权"):
        shop.use(shop.seal(), reader=stranger)


@pytest.mark.parametrize(
    ("moves", "words"),
    [
        (("suspend",), "已停用，恢复使用后才能用印"),
        (("report_lost",), "已挂失，不能再用"),
        (("revoke",), "已注销，不能用印"),
    ],
)
def test_a_seal_that_is_not_in_use_is_not_used(moves: tuple[str, ...], words: str) -> None:
    shop = Shop()
    seal = shop.seal()
    for code in moves:
        seal = seals.move(seal, code, SYSTEM, "试验")
    with pytest.raises(Refused, match=words):
        shop.use(seal)


def test_a_seal_that_is_not_activated_is_not_used() -> None:
    shop = Shop()
    with pytest.raises(Refused, match="还没有激活"):
        shop.use(shop.seal(state=seals.SealState.ISSUED))


def test_an_expired_seal_is_not_used_and_says_when_it_ended() -> None:
    shop = Shop()
    seal = shop.seal()
    with (
        at(now() + datetime.timedelta(days=1200)),
        pytest.raises(Refused, match=r"已于 20\d\d-\d\d-\d\d 到期"),
    ):
        shop.use(seal)


def test_a_key_that_cannot_be_read_stops_the_seal(settings) -> None:
    shop = Shop()
    seal = shop.seal()
    keys._stores.clear()
    path = keys.store()._path(seal.key_id)
    path.chmod(0o600)
    path.write_bytes(b"x" * 200)
    with pytest.raises(Refused, match="已损坏或者与主密钥不符，不能用印"):
        shop.use(seal)
    path.unlink()
    with pytest.raises(Refused, match="不在密钥库中，不能用印"):
        shop.use(seal)
    assert not SealUse.objects.exists()


def test_a_file_changed_after_sealing_is_found() -> None:
    shop = Shop()
    sealed = using.file_of(shop.use(shop.seal(), papers.pdf(words="Price 100")))
    changed = sealed.replace(b"Price 100", b"Price 900", 1)
    assert changed != sealed
    verdict = queries.check_upload(changed)
    assert not verdict.unchanged and not verdict.good and "盖章之后被改动过" in verdict.problems[0]
    added = queries.check_upload(sealed + b"\n1 0 obj\n<<>>\nendobj\n")
    assert not added.good and "后面增加了没有签章保护的内容" in added.problems[0]


def test_many_single_changes_are_all_found() -> None:
    import random

    shop = Shop()
    sealed = using.file_of(shop.use(shop.seal()))
    chance = random.Random(11)
    for _round in range(60):
        changed = bytearray(sealed)
        changed[chance.randrange(len(changed))] ^= chance.randrange(1, 256)
        verdict = queries.check_upload(bytes(changed))
        assert not verdict.good and verdict.problems


def test_a_forged_seal_is_found() -> None:
    """Somebody makes an authority and a seal of the same name and signs with it."""
    shop = Shop()
    ours = Authority.objects.first()
    forger = Shop("深圳市粤味饮食有限公司伪造")
    seal = forger.seal()
    if ours is None:
        ours = Authority.objects.get()
    signer, gm_signer = seals.signers(seal.pk, seal.key_id)
    content = foreign.sign(
        papers.pdf(),
        signer,
        now(),
        "x",
        look=foreign.Look(bytes(seal.picture), 40, 40),
        place=LOWER_RIGHT,
        field="S1",
    )
    structure = gm_signer.sign(b"\0" * 32, now(), "x")
    Seal.objects.all().delete()
    Authority.objects.all().delete()
    seals.signers.cache_clear()
    shop.seal()
    verdict = queries.check_upload(content)
    assert not verdict.good and "冒用本平台印章的名称" in verdict.problems[0]
    assert "可能是伪造的" in queries.check_upload(structure).problems[0]


def test_a_signature_that_the_register_does_not_know_is_not_good() -> None:
    """Whoever stole a key can sign; what was sealed here stands in the register of uses."""
    shop = Shop()
    seal = shop.seal()
    signer, _gm = seals.signers(seal.pk, seal.key_id)
    content = foreign.sign(
        papers.pdf(),
        signer,
        now(),
        "x",
        look=foreign.Look(bytes(seal.picture), 40, 40),
        place=LOWER_RIGHT,
        field="S1",
    )
    verdict = queries.check_upload(content)
    assert not verdict.good and "用印登记中没有这一次" in verdict.problems[0]


@pytest.mark.parametrize(
    ("code", "state"), [("suspend", "停用"), ("report_lost", "挂失"), ("revoke", "注销")]
)
def test_what_was_sealed_before_stays_valid_and_shows_how_the_seal_stands(code: str, state: str) -> None:
    shop = Shop()
    seal = shop.seal()
    use = shop.use(seal)
    with at(now() + datetime.timedelta(minutes=1)):
        seals.move(seal, code, SYSTEM, "试验")
        verdict = queries.check_upload(using.file_of(use))
    assert verdict.good and verdict.seals[0].state_now == state


def test_a_seal_that_was_suspended_then_makes_the_use_invalid() -> None:
    shop = Shop()
    seal = shop.seal()
    use = shop.use(seal)
    with at(now() - datetime.timedelta(minutes=1)):
        seals.move(seal, "suspend", SYSTEM, "试验")
    seal.refresh_from_db()
    with at(now() + datetime.timedelta(minutes=1)):
        seals.move(seal, "resume", SYSTEM, "试验")
    found = checking.of_use(SealUse.objects.select_related("seal").get(pk=use.pk)).seals[0]
    assert not found.good and "处于“停用”状态，这次用印无效" in found.problems[0]


def test_a_broken_structure_is_told() -> None:
    Shop().seal()
    assert "不是完整的电子签章结构" in queries.check_upload(b"\x30\x03\x02\x01\x01").problems[0]
    assert "也不是电子签章文件" in queries.check_upload(b"hello").problems[0]


def test_a_business_has_one_seal_of_a_kind_and_none_of_an_agency() -> None:
    shop = Shop()
    shop.seal()
    with pytest.raises(Refused, match="已有在用的公章"):
        shop.seal()
    with pytest.raises(Refused, match="不能有这种印章"):
        shop.seal(SealKind.OFFICIAL)


def test_a_use_must_say_what_for() -> None:
    shop = Shop()
    with pytest.raises(Refused, match="请选择用印用途"):
        shop.use(shop.seal(), purpose="")


def test_a_batch_is_sealed_whole_or_not_at_all() -> None:
    shop = Shop()
    seal = shop.seal()
    several = [
        using.Paper(uuid.uuid4(), title, content, LOWER_RIGHT)
        for title, content in (("一", papers.pdf()), ("二", papers.pdf(password="x")), ("三", papers.pdf()))
    ]
    with pytest.raises(Refused, match="二：这个 PDF 设有密码"):
        actions.use_many(seal, shop.reader, several, purpose="CONTRACT", batch=uuid.uuid4())
    assert not SealUse.objects.exists() and not list(storage.folder().rglob("*.pdf"))
