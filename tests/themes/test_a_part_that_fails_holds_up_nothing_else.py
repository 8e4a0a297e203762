"""Partial refusal (DOMAIN 3.7 f): each item keeps its own decision and remedy; only what needs a failed item stops, and says why."""

import uuid

import pytest
from django.test import Client
from django.urls import reverse

from qipan.domains.licensing.themes import applying, forming, measuring
from qipan.domains.licensing.themes.models import ThemeCase
from qipan.kernel.documents import queries as documents
from qipan.kernel.flow.models import Clock
from qipan.kernel.jobs.testing import drain
from qipan.kernel.law import calendar, terms
from qipan.kernel.law.citations import Citation
from qipan.kernel.ledger.clock import today
from qipan.kernel.ledger.errors import Refused
from qipan.kernel.orgs.roles import Role
from tests.licensing.city import City
from tests.orgs.factories import BusinessUserFactory, StaffFactory, reader_for, signed_in
from tests.subjects.factories import SubjectFactory, owner_of
from tests.themes.walking import CANTEEN, Walk, walker

pytestmark = pytest.mark.django_db


def canteen(client: Client, city: City, **own: str) -> tuple[Walk, ThemeCase]:
    subject = SubjectFactory("深圳市食堂单位")
    walk = walker(client, city, "canteen", owner_of(subject))
    return walk, walk.hand_in(walk.begin(CANTEEN, subject), **own)


def test_what_needs_a_refused_item_is_told_why_and_may_go_alone(client: Client, city: City) -> None:
    walk, row = canteen(client, city, release="TOGETHER")
    assert walk.states(row) == {"food": "HANDED", "kitchen": "WAITING"}
    row = walk.officers(row, refuse=frozenset({"food"}))
    assert walk.states(row) == {"food": "REFUSED", "kitchen": "ALONE"}
    assert (row.case.state, row.case.result) == ("CLOSED", "REFUSED")
    papers = documents.of_record("flow.case", walk.part(row, "food").pk)
    assert [paper.template.code for paper in papers][-1] == "licensing.not_accepted"
    page = client.get(reverse("my_case", args=[row.case.uuid])).content.decode()
    assert "这个事项需要它的结果" in page and "修改后单独提交" in page and "救济途径" in page
    alone = client.get(reverse("apply_form", args=[walk.part(row, "kitchen").uuid]))
    assert alone.status_code == 200, "the draft is there to be handed in alone"


def test_without_a_business_nothing_can_go_alone(client: Client, city: City) -> None:
    walk = walker(client, city, "pet-shop")
    row = walk.begin({"registered": "COMPANY", "sign": False})
    row = walk.hand_in(row)
    assert walk.states(row) == {"bl_company": "HANDED", "animals": "WAITING", "drain": "WAITING"}
    row = walk.officers(row, refuse=frozenset({"bl_company"}))
    assert walk.states(row) == {"bl_company": "REFUSED", "animals": "ENDED", "drain": "ENDED"}
    assert row.case.state == "CLOSED" and walk.part(row, "animals").state == "WITHDRAWN"


def test_one_outlet_hands_out_together_or_as_ready(client: Client, city: City) -> None:
    """DOMAIN 3.7 e: while something is open, nothing is handed out to who wants all together; officials see all."""
    subject = SubjectFactory("深圳市一起领取单位")
    walk = walker(client, city, "canteen", owner_of(subject))
    row = walk.hand_in(walk.begin({**CANTEEN, "area": "500"}, subject), release="TOGETHER")
    assert walk.states(row)["fire"] == "DONE"
    receipt = documents.of_record("flow.case", walk.part(row, "fire").pk)[0]
    address = reverse("document_file", args=[receipt.uuid])
    assert client.get(address).status_code == 409, "what is ready waits for the rest"
    page = client.get(reverse("my_case", args=[row.case.uuid])).content.decode()
    assert address not in page and "所有事项有结果以后在这里领取" in page
    row = walk.officers(row)
    assert row.case.result == "DONE" and client.get(address).status_code == 200
    assert address in client.get(reverse("my_case", args=[row.case.uuid])).content.decode()


def test_the_whole_is_due_within_the_joint_limit_and_extended_once(client: Client, city: City) -> None:
    """统一办理的不得超过四十五日，经批准可以延长十五日 (Licence 42)."""
    rule = terms.rule("Licence42.joint")
    assert (rule.value, rule.extension, rule.extension_times) == (45, 15, 1)
    assert rule.citation == Citation.parse("Licence 42")
    walk, row = canteen(client, city)
    clock = Clock.objects.get(case=row.case, rule_code="Licence42.joint")
    days = forming.longest(forming.merged_of(row))
    assert days == 25 and clock.due_on == calendar.current().add_working_days(today(), days)
    own = Clock.objects.get(case=walk.part(row, "food"))
    assert own.rule_code == "FBL23.correct" and own.due_on == calendar.current().add_working_days(today(), 5)
    leader = StaffFactory(role=Role.BUREAU_LEADER, unit=city.tree.districts[0])
    walk.step(leader, row.case, "extend", reason="专家评审未结束")
    clock.refresh_from_db()
    assert clock.due_on == calendar.current().add_working_days(today(), days + 15)
    with pytest.raises(Refused, match="不能再延长"):
        walk.step(leader, row.case, "extend", reason="再延长")


def test_withdrawing_ends_what_is_not_handed_in_and_leaves_the_rest(client: Client, city: City) -> None:
    walk, row = canteen(client, city)
    posted = client.post(reverse("my_step", args=[row.case.uuid, "withdraw"]), {"version": row.case.version})
    assert posted.status_code == 302
    drain()
    row = walk.again(row)
    assert row.case.state == "WITHDRAWN" and walk.states(row) == {"food": "HANDED", "kitchen": "ENDED"}
    assert walk.part(row, "food").state == "SUBMITTED"
    walk.officers(row)
    assert walk.part(row, "food").state == "ISSUED"


def test_an_officer_sees_to_which_one_thing_an_item_belongs(client: Client, city: City) -> None:
    walk, row = canteen(client, city)
    signed_in(client, city.receiver.user)
    page = client.get(reverse("desk_case", args=[walk.part(row, "food").uuid])).content.decode()
    assert "这个事项属于" in page and row.case.number in page
    assert client.get(reverse("desk_case", args=[row.case.uuid])).status_code == 200


def test_the_page_says_how_many_items_have_come_to_something(client: Client, city: City) -> None:
    walk, row = canteen(client, city)
    address = reverse("my_case", args=[row.case.uuid])
    page = client.get(address).content.decode()
    assert "共 2 个事项：1 个正在办理，1 个等前面的结果。" in page
    assert "系统正在自动办理" not in page and "食品经营许可（集中用餐单位食堂）新办：办理中" in page
    assert f"case:{row.pk} case:{walk.part(row, 'food').pk}" in page, "it follows the items too"
    row = walk.officers(row, refuse=frozenset({"food"}))
    page = client.get(address).content.decode()
    assert "全部有结果：0 个事项办成，2 个没有办成。" in page


def test_what_was_spared_is_counted_for_who_oversees_it(client: Client, city: City) -> None:
    _walk, row = canteen(client, city)
    # 13 fields of the licence's form and 5 of the kitchen's; 11 asked once, 5 questions; both uploads are the licence's.
    assert (row.fields_saved, row.materials_saved) == (13 + 5 - 11 - 5, 0)
    assert measuring.done(reader_for(city.reviewer)) == {"canteen": measuring.Done(1, 2, 0)}
    elsewhere = StaffFactory(role=Role.LIC_REVIEWER, unit=city.tree.districts[1])
    assert measuring.done(reader_for(elsewhere)) == {} == measuring.done(reader_for(BusinessUserFactory()))
    table = signed_in(client, city.reviewer.user).get(reverse("theme_table")).content.decode()
    assert "累计少填" in table


def test_strangers_see_and_write_nothing(client: Client, city: City) -> None:
    walk, row = canteen(client, city)
    draft = walk.begin(CANTEEN, row.case.subject)
    stranger = BusinessUserFactory()
    signed_in(client, stranger)
    for one in (row, draft):
        assert client.get(reverse("theme_form", args=[one.case.uuid])).status_code == 404
        assert client.get(reverse("my_case", args=[one.case.uuid])).status_code == 404
    with pytest.raises(Refused, match="委托"):
        applying.start(
            "canteen",
            draft.situation,
            uuid=uuid.uuid4(),
            reader=reader_for(stranger),
            subject=row.case.subject,
        )
    with pytest.raises(Refused, match="不是您的申请"):
        applying.save(draft, {"contact_name": "别人"}, reader_for(stranger))


def test_bad_input_is_told_where_and_nothing_is_lost(client: Client, city: City) -> None:
    subject = SubjectFactory("深圳市填错单位")
    walk = walker(client, city, "canteen", owner_of(subject))
    start = reverse("theme_start", args=["canteen"])
    told = client.get(f"{start}?asked=1&place=MARS&area=-3")
    assert told.status_code == 422 and "没有“MARS”这个选项" in told.content.decode()
    row = walk.begin(CANTEEN, subject)
    address = reverse("theme_form", args=[row.case.uuid])
    wrong = {**walk.answers(row), "staff_count": "很多", "contact_phone": "123", "declared_truthful": ""}
    told = client.post(address, {**wrong, "act": "submit"})
    page = told.content.decode()
    assert (
        told.status_code == 422
        and "应当是数字" in page
        and "11 位手机号码" in page
        and 'value="很多"' in page
    )
    assert walk.again(row).case.state == "DRAFT" and not row.parts.exists()
    told = client.post(address, {**walk.answers(row), "declared_truthful": "", "act": "submit"})
    assert told.status_code == 422 and "请确认" in told.content.decode()
    assert walk.again(row).answers["staff_count"], "what was right is kept"
    twice = {**walk.answers(row), "act": "submit"}
    assert client.post(address, twice).status_code == 302 and client.post(address, twice).status_code == 302
    assert row.parts.count() == 2


def test_two_who_fill_in_one_draft_lose_nothing_that_was_handed_in(client: Client, city: City) -> None:
    walk, row = canteen(client, city)
    other = reader_for(owner_of(row.case.subject))
    with pytest.raises(Refused, match="已经提交"):
        applying.save(row, walk.answers(row), other)
    with pytest.raises(Refused, match="不能“一次提交”"):
        applying.submit(row, other)
    assert walk.again(row).case.state == "HANDLING" and row.parts.count() == 2
