"""A theme's draft is as good as an item's: it saves itself, two lose nothing, and a new version is told before it is handed in."""

import copy
import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from qipan.domains.licensing.themes import applying, forming
from qipan.domains.licensing.themes.declaration import ThemeRow
from qipan.domains.licensing.themes.drafting import ThemeDraft
from qipan.domains.licensing.themes.loading import load_themes
from qipan.domains.licensing.themes.models import ThemeCase
from qipan.kernel.evidence import actions as evidence
from qipan.kernel.ledger.clock import today
from qipan.kernel.subjects import actions as subjects
from tests.licensing.city import SYSTEM, City, file_of
from tests.licensing.test_a_draft_outlives_what_happens_around_it import field, new_version
from tests.orgs.factories import BusinessUserFactory, reader_for, signed_in
from tests.subjects.factories import GrantFactory, SubjectFactory, owner_of
from tests.themes.walking import CANTEEN, Walk, walker

pytestmark = pytest.mark.django_db
HIDDEN = re.compile(r'name="(revision|form_version)" value="([^"]*)"')


@pytest.fixture
def walk(client: Client, city: City) -> Walk:
    subject = SubjectFactory("深圳市食堂单位")
    walk = walker(client, city, "canteen", owner_of(subject))
    walk.row = walk.begin(CANTEEN, subject)
    return walk


def page_of(client: Client, row: ThemeCase) -> tuple[str, dict[str, str]]:
    """The form's page, and what it carries unseen."""
    text = client.get(reverse("theme_form", args=[row.case.uuid])).content.decode()
    return text, dict(HIDDEN.findall(text))


def post(walk: Walk, client: Client | None = None, act: str = "save", **typed: Any) -> Any:
    address = reverse("theme_form", args=[walk.row.case.uuid])
    return (client or walk.client).post(address, {"act": act, **typed})


def another(walk: Walk) -> Client:
    user = BusinessUserFactory(label="代办人乙")
    subjects.represent(user, walk.row.case.subject, SYSTEM)
    return signed_in(Client(), user)


def test_it_saves_itself_by_the_protocol_of_every_draft(walk: Walk) -> None:
    page, hidden = page_of(walk.client, walk.row)
    address = reverse("theme_draft", args=[walk.row.case.uuid])
    assert f'data-autosave="{address}"' in page and hidden["revision"] == "0"
    assert "来自您的账户" in page or 'name="contact_name" value=""' in page
    right = walk.answers(walk.row)
    told = walk.client.post(address, {**right, **hidden, "staff_count": "7", "contact_phone": "1"})
    assert told.status_code == 200 and list(told.json()["errors"]) == ["contact_phone"]
    row = walk.again(walk.row)
    assert row.answers["staff_count"] == "7" and told.json()["revision"] == row.revision == 1
    same = walk.client.post(
        address, {**right, **hidden, "staff_count": "7", "contact_phone": "1", "revision": 1}
    )
    assert same.json()["revision"] == 1, "saving the same again makes no new revision"
    other = another(walk)
    stale = other.post(address, {**right, **hidden, "staff_count": "8"})
    assert stale.status_code == 409 and stale.json()["stale"] and "刚才保存过" in stale.json()["error"]
    assert walk.again(row).answers["staff_count"] == "7"
    stranger = signed_in(Client(), BusinessUserFactory())
    assert stranger.post(address, right).status_code == 404
    page, _hidden = page_of(walk.client, row)
    assert f"已保存 {told.json()['saved']}" in page


def test_the_second_of_two_sees_what_the_first_changed_and_chooses(walk: Walk) -> None:
    right, other = walk.answers(walk.row), another(walk)
    _page, hidden = page_of(walk.client, walk.row)
    assert post(walk, **right, **hidden).status_code == 302
    _page, hidden = page_of(walk.client, walk.row)
    first = {**right, **hidden, "contact_name": "赵六", "staff_count": "9", "release": "TOGETHER"}
    assert post(walk, other, **first).status_code == 302
    mine = {**right, **hidden, "staff_count": "7"}
    answer = post(walk, act="submit", **mine)
    page = answer.content.decode()
    assert answer.status_code == 409 and "代办人乙" in page and "全部办好一起发" in page
    clashing = re.findall(r'name="clash" value="(\w+)"', page)
    assert sorted(clashing) == ["contact_name", "release", "staff_count"]
    assert re.search(r'name="choose.contact_name" value="theirs"[^>]*checked', page)
    assert not re.search(r'name="choose.staff_count"[^>]*checked', page), "both changed it"
    row = walk.again(walk.row)
    assert row.case.state == "DRAFT" and row.answers["staff_count"] == "9"
    chosen = {"choose.contact_name": "theirs", "choose.release": "theirs", "choose.staff_count": "mine"}
    again = {**mine, "revision": row.revision, "clash": clashing, **chosen}
    assert post(walk, **again).status_code == 302
    row = walk.again(row)
    said = ThemeDraft(row).said
    assert (said["contact_name"], said["staff_count"], said["release"]) == ("赵六", "7", "TOGETHER")
    _page, hidden = page_of(other, row)
    assert post(walk, other, act="submit", **right, **hidden).status_code == 302
    assert walk.again(row).case.state == "HANDLING", "what one uploaded the other may hand in"


def stricter(body: dict[str, Any]) -> None:
    for section in body["sections"]:
        section["fields"] = [one for one in section["fields"] if one["code"] != "manager_phone"]
    body["sections"][1]["fields"].append(
        {"code": "seats", "title": "座位数", "kind": "number", "required": True}
    )
    field(body, "staff_count")["max"] = 3
    field(body, "diners")["max"] = 4


def test_a_new_version_of_an_items_form_is_told_before_it_is_handed_in(walk: Walk) -> None:
    right = walk.answers(walk.row, staff_count="9")
    _page, hidden = page_of(walk.client, walk.row)
    assert post(walk, **right, **hidden).status_code == 302
    _page, hidden = page_of(walk.client, walk.row)
    form = forming.merged_of(walk.again(walk.row)).node("food").form.code
    new_version(form, stricter)
    address = reverse("theme_draft", args=[walk.row.case.uuid])
    told = walk.client.post(address, {**right, **hidden})
    assert told.status_code == 409 and "新的版本" in told.json()["error"]
    answer = post(walk, act="submit", **right, **hidden)
    page = answer.content.decode()
    assert answer.status_code == 409 and "您的申请还没有提交" in page
    assert "座位数" in page and "不能大于 3" in page and "不再填写" in page
    row = walk.again(walk.row)
    assert row.case.state == "DRAFT" and "staff_count" not in row.answers
    assert row.left_over["staff_count"]["words"] == right["staff_count"]
    page, hidden = page_of(walk.client, row)
    assert "新版表单不再收的内容" in page and "表单有了新的版本" not in page
    fits = {**walk.answers(row), **hidden, "staff_count": "2", "food_diners": "3", "food_seats": "20"}
    assert post(walk, act="submit", **fits).status_code == 302
    row = walk.again(row)
    assert row.case.state == "HANDLING" and row.versions[form] == today().isoformat()
    new_version_after = forming.merged_of(row).node("food").form.valid_from
    assert new_version_after == today(), "what was handed in stays by its versions"


def newer_theme(walk: Walk) -> None:
    """From today the theme wants to know one thing more, and has one item more for who says yes."""
    body = copy.deepcopy(walk.theme.model_dump(mode="json"))
    question = {
        "code": "shutter",
        "title": "门头要不要招牌",
        "kind": "choice",
        "required": True,
        "usual": "N",
    }
    question["options"] = [{"code": "Y", "title": "要"}, {"code": "N", "title": "不要"}]
    body["valid_from"] = today().isoformat()
    body["questions"].append(question)
    sign = {"code": "sign", "item": "JT-SIGN", "when": {"field": "shutter", "op": "eq", "value": "Y"}}
    body["parts"].append(sign)
    load_themes([ThemeRow.model_validate(body)], SYSTEM)


def test_a_new_version_of_the_theme_asks_what_it_wants_to_know_besides(walk: Walk) -> None:
    right = walk.answers(walk.row)
    _page, hidden = page_of(walk.client, walk.row)
    assert post(walk, **right, **hidden).status_code == 302
    newer_theme(walk)
    answer = post(walk, act="submit", **right, **hidden)
    assert answer.status_code == 409 and "门头要不要招牌" in answer.content.decode()
    page, hidden = page_of(walk.client, walk.row)
    assert 'name="situation_shutter"' in page
    refused = post(walk, act="submit", **right, **hidden)
    assert refused.status_code == 422 and "请选择“门头要不要招牌”" in refused.content.decode()
    _page, hidden = page_of(walk.client, walk.row)
    assert post(walk, **right, **hidden, situation_shutter="Y").status_code == 302
    row = walk.again(walk.row)
    assert row.situation["shutter"] == "Y" and row.theme_on == today()
    assert [part.code for part in forming.parts_of(row)[0]] == ["food", "kitchen", "sign"]
    row = walk.hand_in(row)
    assert set(walk.states(row)) == {"food", "kitchen", "sign"}


def test_rows_and_addresses_are_typed_in_the_one_form(walk: Walk) -> None:
    right = walk.answers(walk.row)
    _page, hidden = page_of(walk.client, walk.row)
    machine = {
        "food_machines.0.food_machine_number": "A1",
        "food_machines.0.food_machine_place.place": "福田区/园岭街道",
    }
    typed = {
        **right,
        **hidden,
        "food_marks": ["VENDING"],
        **machine,
        "food_machines.0.food_machine_place": "",
    }
    answer = post(walk, act="submit", **typed)
    page = answer.content.decode()
    assert answer.status_code == 422 and "自动设备 1：请填写“放置地点”。" in page and 'value="A1"' in page
    assert 'href="#field-food_machines.0.food_machine_place"' in page
    more = post(walk, act="add:food_machines", **typed).content.decode()
    assert 'name="food_machines.1.food_machine_number"' in more
    _page, hidden = page_of(walk.client, walk.row)
    place = {"place_address": "滨河路9号", "place_address.place": "福田区/福田街道"}
    typed = {key: value for key, value in typed.items() if key != "place_street"} | place | hidden
    typed |= {"food_machines.0.food_machine_place": "红荔路1号大堂"}
    assert post(walk, act="submit", **typed).status_code == 302
    row = walk.again(walk.row)
    application = walk.part(row, "food").application
    assert application.answers["machines"] == [
        {"machine_number": "A1", "machine_place": "深圳市福田区园岭街道红荔路1号大堂"}
    ]
    assert application.answers["premises"] == "深圳市福田区福田街道滨河路9号"
    assert application.answers["street"] == "福田街道"


def test_a_program_that_names_its_revision_is_refused_when_it_is_stale(walk: Walk) -> None:
    reader = reader_for(walk.user)
    applying.save(walk.row, walk.answers(walk.row), reader, seen=0)
    with pytest.raises(applying.Refused) as refused:
        applying.save(walk.row, {"staff_count": "9"}, reader, seen=0)
    assert refused.value.code == "stale" and walk.again(walk.row).revision == 1


def test_of_several_licences_the_applicant_says_which(client: Client, city: City) -> None:
    subject = SubjectFactory("深圳市两证单位")
    first, second = GrantFactory(subject, ends_in=300), GrantFactory(subject, ends_in=200)
    foreign = GrantFactory(SubjectFactory("深圳市别家单位"), ends_in=300)
    walk = walker(client, city, "close-business", owner_of(subject))
    walk.row = walk.begin(subject=subject)
    fields = [one.code for one in ThemeDraft(walk.row).form.fields if one.code.startswith("grant_")]
    [code] = fields
    part = code.removeprefix("grant_")
    page, hidden = page_of(client, walk.row)
    assert f'name="{code}" value="{second.pk}" checked' in page
    right = {**walk.answers(walk.row), "end_company_settled": "true"}
    wrong = post(walk, **right, **hidden, **{code: str(foreign.pk)})
    assert wrong.status_code == 422 and "这个选项" in wrong.content.decode()
    assert walk.again(walk.row).grants[part] == second.pk
    _page, hidden = page_of(client, walk.row)
    assert post(walk, **right, **hidden, **{code: str(first.pk)}).status_code == 302
    row = walk.again(walk.row)
    assert row.grants[part] == first.pk
    _page, hidden = page_of(client, row)
    assert post(walk, act="submit", **right, **hidden, **{code: str(first.pk)}).status_code == 302
    assert walk.part(row, part).application.grant_id == first.pk


def test_a_licence_that_is_no_good_is_refused_the_moment_it_is_uploaded(walk: Walk) -> None:
    """Another's licence, and one that was revoked: the field says why, everything else is kept."""
    subject, reader = walk.row.case.subject, reader_for(walk.user)
    foreign, revoked = GrantFactory(SubjectFactory("深圳市别家单位")), GrantFactory(subject)
    files = [file_of(foreign), file_of(revoked)]
    subjects.set_grant_state(revoked, "REVOKED", SYSTEM, "测试")
    for content, words in zip(files, ("别的主体的证照", "吊销"), strict=True):
        stored = evidence.store(content, actor=reader.actor(), kind="material", name="证照.pdf")
        typed = {**walk.answers(walk.row), "m_layout_plan": [str(stored.uuid)]}
        _page, hidden = page_of(walk.client, walk.row)
        told = walk.client.post(reverse("theme_draft", args=[walk.row.case.uuid]), {**typed, **hidden})
        assert words in told.json()["errors"]["m_layout_plan"]
        row = walk.again(walk.row)
        assert not row.answers.get("m_layout_plan") and row.answers["staff_count"]
