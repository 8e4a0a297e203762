"""A seal is used by its legal representative and by whom that person authorised; an agency's by the posts its leader named."""

import datetime
import uuid

import pytest

from qipan.domains.seals import actions, permissions, queries
from qipan.domains.seals.models import Authorisation
from qipan.kernel.accounts import letters
from qipan.kernel.documents import seals, using
from qipan.kernel.documents.models import Seal, SealKind
from qipan.kernel.jobs.testing import drain
from qipan.kernel.ledger.clock import at, now, today
from qipan.kernel.ledger.errors import Refused
from qipan.kernel.ledger.models import Event
from qipan.kernel.orgs.roles import Role
from tests.orgs.factories import BusinessUserFactory, StaffFactory, UnitTree, as_person, reader_for
from tests.seals.papers import pdf
from tests.seals.shop import LOWER_RIGHT, SYSTEM, Shop

pytestmark = pytest.mark.django_db


def clerk():
    return as_person(BusinessUserFactory(username="clerk"), "王小明")


def test_an_authorised_person_uses_the_seal_for_what_was_named_until_the_last_day() -> None:
    shop, user = Shop(), clerk()
    seal = shop.seal()
    actions.authorise(
        seal, shop.reader, login="clerk", purposes=["CONTRACT"], until=today() + datetime.timedelta(days=3)
    )
    reader = reader_for(user)
    assert shop.use(seal, reader=reader).user_id == user.pk
    assert [one.pk for one in queries.my_seals(reader)] == [seal.pk]
    with pytest.raises(Refused, match="授权不包括这种用途"):
        shop.use(seal, reader=reader, purpose="FINANCE")
    with at(now() + datetime.timedelta(days=5)), pytest.raises(Refused, match="请由法定代表人授权"):
        shop.use(seal, reader=reader)
    drain()
    assert any("已被授权使用印章" in letter.text for letter in letters.notices_of(user.pk))


def test_an_authorisation_is_found_by_phone_changed_and_taken_back() -> None:
    shop, user = Shop(), clerk()
    seal = shop.seal()
    first = actions.authorise(seal, shop.reader, login="13700137000")
    again = actions.authorise(seal, shop.reader, login="clerk", purposes=["LETTER"])
    assert first.pk == again.pk and Authorisation.objects.get().purpose_titles == ["公函和通知"]
    actions.end_authorisation(again, shop.reader)
    assert not permissions.may_use(reader_for(user), seal)
    names = list(Event.objects.filter(name__startswith="seals.authorisation").values_list("name", flat=True))
    assert names.count("seals.authorisation.granted") == 2 and names.count("seals.authorisation.ended") == 1


def test_nobody_else_authorises_and_nobody_unknown_is_authorised() -> None:
    shop, user = Shop(), clerk()
    seal = shop.seal()
    actions.authorise(seal, shop.reader, login="clerk")
    with pytest.raises(Refused, match="只有法定代表人"):
        actions.authorise(seal, reader_for(user), login="somebody")
    with pytest.raises(Refused, match="没有这个账户"):
        actions.authorise(seal, shop.reader, login="nobody-known")
    with pytest.raises(Refused, match="不能早于今天"):
        actions.authorise(seal, shop.reader, login="clerk", until=today() - datetime.timedelta(days=1))
    with pytest.raises(Refused, match="不用授权"):
        actions.authorise(seal, shop.reader, login=shop.user.username)
    with pytest.raises(Refused, match="只有法定代表人或者单位负责人可以收回"):
        actions.end_authorisation(Authorisation.objects.get(), reader_for(user))


def test_whoever_uses_a_seal_may_report_it_lost_but_not_revoke_it() -> None:
    """Esign 15: known loss is told at once."""
    shop, user = Shop(), clerk()
    seal = shop.seal()
    actions.authorise(seal, shop.reader, login="clerk")
    with pytest.raises(Refused, match="不能对这枚印章做这项操作"):
        actions.move(seal, "revoke", reader_for(user), "不用了")
    assert actions.move(seal, "report_lost", reader_for(user), "电脑被盗").state == "LOST"
    drain()
    assert any("挂失" in letter.text for letter in letters.notices_of(shop.user.pk))


def test_what_an_official_suspended_only_an_official_resumes() -> None:
    shop = Shop()
    seal = shop.seal()
    decider = StaffFactory(role=Role.LIC_DECIDER, unit=UnitTree().districts[0])
    actions.move(seal, "suspend", reader_for(decider), "涉嫌冒用")
    seal.refresh_from_db()
    with pytest.raises(Refused, match="须由监管部门恢复"):
        actions.move(seal, "resume", shop.reader, "没有的事")
    assert actions.move(seal, "resume", reader_for(decider), "已查清").state == "ACTIVE"
    stranger = StaffFactory(role=Role.LIC_DECIDER, unit=UnitTree().districts[1])
    seal.refresh_from_db()
    with pytest.raises(Refused, match="不能对这枚印章"):
        actions.move(seal, "suspend", reader_for(stranger), "x")


def test_each_move_asks_for_its_reason_and_begins_at_its_state() -> None:
    shop = Shop()
    seal = shop.seal()
    with pytest.raises(Refused, match="请写明理由"):
        actions.move(seal, "suspend", shop.reader, " ")
    with pytest.raises(Refused, match="没有这个操作"):
        actions.move(seal, "activate", shop.reader, "x")
    with pytest.raises(Refused, match="不能恢复使用"):
        actions.move(seal, "resume", shop.reader, "x")
    actions.move(seal, "revoke", shop.reader, "歇业")
    seal.refresh_from_db()
    with pytest.raises(Refused, match="已注销，不能再启用"):
        actions.move(seal, "suspend", shop.reader, "x")
    events = Event.objects.filter(name="documents.seal.moved").order_by("pk")
    assert [event.data["move"] for event in events] == ["revoke"]


def test_a_bureaus_seal_is_used_by_the_posts_its_leader_named() -> None:
    """Online 9: an agency's electronic seal has the force of its seal of metal; who puts it is named by post."""
    tree = UnitTree()
    district = tree.districts[0]
    leader = StaffFactory(role=Role.BUREAU_LEADER, unit=district)
    decider = StaffFactory(role=Role.LIC_DECIDER, unit=district)
    elsewhere = StaffFactory(role=Role.LIC_DECIDER, unit=tree.districts[1])
    seal = actions.issue_for_unit(district, SealKind.LICENSING, reader_for(leader))
    paper = using.Paper(uuid.uuid4(), "复函", pdf(), LOWER_RIGHT)
    with pytest.raises(Refused, match="岗位没有使用这枚印章的授权"):
        actions.use(seal, reader_for(decider), paper, purpose="LETTER")
    actions.authorise(seal, reader_for(leader), role=Role.LIC_DECIDER, purposes=["LETTER"])
    use = actions.use(seal, reader_for(decider), paper, purpose="LETTER")
    assert use.org_path == district.path and use.user_id == decider.user_id
    with pytest.raises(Refused, match="授权不包括这种用途"):
        actions.use(seal, reader_for(decider), paper, purpose="CONTRACT")
    with pytest.raises(Refused, match="岗位没有使用"):
        actions.use(seal, reader_for(elsewhere), paper, purpose="LETTER")
    with pytest.raises(Refused, match="由单位负责人制发"):
        actions.issue_for_unit(district, SealKind.CASEWORK, reader_for(decider))
    with pytest.raises(Refused, match="请选择可以用印的岗位角色"):
        actions.authorise(seal, reader_for(leader), role=Role.SYSTEM_ADMIN)


def test_documents_of_the_house_are_uses_too() -> None:
    """What the flow seals by itself stands in the same register."""
    from qipan.kernel.documents import actions as documents
    from qipan.kernel.documents.models import SealUse, Template
    from tests.documents.test_a_document_is_numbered_sealed_and_verified import BODY, make

    tree = UnitTree()
    seals.create_seal(tree.districts[0], SYSTEM)
    Template.objects.create(
        code="test.notice", valid_from=datetime.date(2024, 1, 1), title="通知书", body=BODY,
        fields={"text": "内容"}, public=[], unconfirmed="a test",
    )  # fmt: skip
    document = documents.produce(make(tree).pk)
    use = SealUse.objects.get()
    assert (use.document_id, use.digest, use.org_path) == (document.pk, document.digest, "SZ/FT/")
    assert Seal.objects.get().uses.count() == 1
