"""From the application to the first use: the legal representative asks, a reviewer decides, a phone activates."""

import datetime

import pytest

from qipan.domains.seals import actions
from qipan.domains.seals.models import Ask, SealApplication
from qipan.kernel.accounts import letters
from qipan.kernel.documents import seals
from qipan.kernel.documents.models import Seal, SealKind
from qipan.kernel.flow.actions import fire
from qipan.kernel.flow.models import Case
from qipan.kernel.jobs.testing import drain
from qipan.kernel.ledger.clock import at
from qipan.kernel.ledger.errors import Refused
from qipan.kernel.subjects import actions as subjects
from tests.orgs.factories import BusinessUserFactory, as_person, reader_for
from tests.seals.shop import SYSTEM, Shop, applied, code_of, decided, reviewer

pytestmark = pytest.mark.django_db


def activated(shop: Shop, seal: Seal) -> Seal:
    actions.send_code(seal, shop.reader)
    return actions.activate(seal, shop.reader, code_of(shop.user))


def test_a_seal_walks_from_application_to_its_first_use() -> None:
    shop = Shop()
    row = applied(shop)
    assert row.case.state == "REVIEW" and row.case.number.startswith("YZFT")
    assert applied(shop, uuid=row.case.uuid).pk == row.pk
    row = decided(row)
    assert row.case.state == "ISSUED" and row.seal is not None and row.seal.state == "ISSUED"
    seal = activated(shop, row.seal)
    assert seal.state == "ACTIVE"
    shop.use(seal)
    drain()
    told = [letter.text for letter in letters.notices_of(shop.user.pk)]
    assert any("已准予制发" in text for text in told)


def test_the_certificate_says_whose_it_is_and_until_when() -> None:
    """Esign 21: issuer, holder, serial number, validity, the holder's key, the issuer's signature."""
    from cryptography import x509

    from qipan.kernel.documents.models import Authority

    shop = Shop()
    seal = decided(applied(shop)).seal
    assert seal is not None
    certificate = x509.load_der_x509_certificate(bytes(seal.certificate))
    root = x509.load_der_x509_certificate(bytes(Authority.objects.get().certificate))
    certificate.verify_directly_issued_by(root)
    assert shop.subject.name in certificate.subject.rfc4514_string() and certificate.serial_number
    assert certificate.not_valid_after_utc.date() == seal.valid_to.date()


def test_only_the_legal_representative_asks_and_activates() -> None:
    """Esign 20: who applies is identified."""
    shop = Shop()
    agent = as_person(BusinessUserFactory(), "王小明", "13900139000")
    subjects.represent(agent, shop.subject, SYSTEM, role="AGENT")
    other = Shop.__new__(Shop)
    other.tree, other.subject, other.user = shop.tree, shop.subject, agent
    with pytest.raises(Refused, match="须由法定代表人"):
        applied(other)
    assert not SealApplication.objects.exists()
    seal = decided(applied(shop)).seal
    assert seal is not None
    with pytest.raises(Refused, match="本人激活"):
        actions.send_code(seal, reader_for(agent))


def test_a_business_that_is_gone_gets_none() -> None:
    shop = Shop()
    subjects.change_status(shop.subject, "CANCELLING", SYSTEM, "清算")
    subjects.change_status(shop.subject, "CANCELLED", SYSTEM, "清算完毕")
    shop.subject.refresh_from_db()
    with pytest.raises(Refused, match="不能制发印章"):
        applied(shop)


def test_one_seal_of_a_kind_is_enough() -> None:
    shop = Shop()
    shop.seal()
    with pytest.raises(Refused, match="已有在用的公章"):
        applied(shop)
    assert applied(shop, SealKind.FINANCE).case.state == "REVIEW"


def test_a_second_one_that_waits_for_activation_is_not_asked_for() -> None:
    shop = Shop()
    decided(applied(shop))
    with pytest.raises(Refused, match="等待激活"):
        applied(shop)


def test_a_name_seal_needs_a_name() -> None:
    shop = Shop(rep="")
    with pytest.raises(Refused, match="没有法定代表人（负责人）的姓名"):
        applied(shop, SealKind.LEGAL_REP)


def test_what_is_exchanged_must_be_near_its_end_or_lost() -> None:
    shop = Shop()
    seal = shop.seal()
    with pytest.raises(Refused, match="请选择要换发的原印章"):
        applied(shop, ask=Ask.RENEW)
    with pytest.raises(Refused, match="起可以申请到期换发"):
        applied(shop, ask=Ask.RENEW, replaces=seal)
    with pytest.raises(Refused, match="请说明换发的原因"):
        applied(shop, ask=Ask.AGAIN, replaces=seal)
    with at(seal.valid_to - datetime.timedelta(days=30)):
        assert applied(shop, ask=Ask.RENEW, replaces=seal).case.state == "REVIEW"


def test_a_correction_goes_back_and_forth() -> None:
    shop, officer = Shop(), reviewer()
    row = decided(applied(shop), "correct", by=officer, reason="请说明用途")
    assert row.case.state == "CORRECTION" and row.correction == "请说明用途"
    row = actions.resubmit(row, shop.reader, note="签合同用")
    assert row.case.state == "REVIEW"
    with pytest.raises(Refused, match="不需要补正"):
        actions.resubmit(row, shop.reader, note="再来")
    assert decided(row, "refuse", by=officer, reason="材料不实").case.state == "REFUSED"


def test_an_application_can_be_taken_back() -> None:
    shop = Shop()
    row = applied(shop)
    assert fire(row.case, "withdraw", shop.reader.actor()).state == "WITHDRAWN"
    assert not Case.objects.get(pk=row.pk).orders.filter(state__in=["OPEN", "CLAIMED"]).exists()


def test_a_wrong_code_counts_and_a_code_is_good_once() -> None:
    shop = Shop()
    seal = decided(applied(shop)).seal
    assert seal is not None
    actions.send_code(seal, shop.reader)
    code = code_of(shop.user)
    with pytest.raises(Refused, match="验证码不正确"):
        actions.activate(seal, shop.reader, "00000000" if code != "00000000" else "11111111")
    assert Seal.objects.get(pk=seal.pk).state == "ISSUED"
    actions.activate(seal, shop.reader, code)
    seal.refresh_from_db()
    with pytest.raises(Refused, match="不用激活"):
        actions.activate(seal, shop.reader, code)


def test_codes_are_not_sent_without_end_nor_to_nobody() -> None:
    shop = Shop()
    seal = decided(applied(shop)).seal
    assert seal is not None
    for _time in range(5):
        actions.send_code(seal, shop.reader)
    with pytest.raises(Refused, match="太频繁"):
        actions.send_code(seal, shop.reader)
    other = Shop("深圳市另一家有限公司")
    other.user.person = None
    other.user.save(update_fields=["person"])
    with pytest.raises(Refused, match="没有手机号码"):
        actions.send_code(other.seal(state=seals.SealState.ISSUED), other.reader)


def test_a_renewed_seal_ends_the_old_one_when_it_is_activated() -> None:
    shop = Shop()
    old = shop.seal()
    use = shop.use(old)
    row = decided(applied(shop, ask=Ask.AGAIN, replaces=old, note="名称变更"))
    old.refresh_from_db()
    assert row.seal is not None and old.state == "ACTIVE"
    new = activated(shop, row.seal)
    old.refresh_from_db()
    assert (old.state, new.state, new.replaces_id) == ("REPLACED", "ACTIVE", old.pk)
    assert new.certificate != old.certificate and new.seal_id != old.seal_id
    with pytest.raises(Refused, match="已换发，请使用新的印章"):
        shop.use(old)
    from qipan.kernel.documents import queries, using

    assert queries.check_upload(using.file_of(use)).good


def test_a_lost_seal_is_exchanged_and_never_comes_back() -> None:
    """Esign 15: signing data that may be known to others is not used again."""
    shop = Shop()
    lost = actions.move(shop.seal(), "report_lost", shop.reader, "手机被盗")
    with pytest.raises(Refused, match="不能恢复使用"):
        actions.move(lost, "resume", shop.reader, "找到了")
    row = decided(applied(shop, ask=Ask.AGAIN, replaces=lost))
    assert row.seal is not None
    assert activated(shop, row.seal).state == "ACTIVE"
    lost.refresh_from_db()
    assert lost.state == "REPLACED"
    with pytest.raises(Refused, match="不能换发"):
        applied(shop, ask=Ask.AGAIN, replaces=lost, note="x")


def test_the_number_of_an_application_is_not_taken_twice() -> None:
    shop = Shop()
    first, second = applied(shop), applied(shop, SealKind.CONTRACT)
    assert first.case.number != second.case.number
