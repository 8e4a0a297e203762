"""A draft knows the version of its form and who saved it last: nothing is lost and nothing overwritten unseen."""

import copy
import re
from typing import Any

import pytest
from django.db import transaction
from django.test import Client

from qipan.domains.licensing import actions, drafting
from qipan.domains.licensing.asking import form_of
from qipan.domains.licensing.models import Application
from qipan.kernel.forms import queries as forms
from qipan.kernel.forms.declaration import FormRow
from qipan.kernel.forms.loading import load_forms
from qipan.kernel.items import queries as items
from qipan.kernel.ledger.actor import Actor
from qipan.kernel.ledger.clock import today
from qipan.kernel.ledger.errors import Refused
from qipan.kernel.subjects import actions as subjects
from tests.licensing.city import BUSINESS, CONTACT, PLACE, City
from tests.orgs.factories import BusinessUserFactory, reader_for, signed_in

pytestmark = pytest.mark.django_db
SYSTEM = Actor.system()
REVISION = re.compile(r'name="revision" value="(\d+)"')


@pytest.fixture
def city() -> City:
    return City()


def new_version(code: str, change: Any) -> FormRow:
    """A new version of a form, in force from today."""
    body = copy.deepcopy(forms.form(code).model_dump(mode="json"))
    body["valid_from"] = today().isoformat()
    change(body)
    load_forms([FormRow.model_validate(body)], SYSTEM)
    return forms.form(code)


def field(body: dict[str, Any], code: str) -> dict[str, Any]:
    return next(one for section in body["sections"] for one in section["fields"] if one["code"] == code)


def stricter(body: dict[str, Any]) -> None:
    """`area` is gone, `seats` is asked, fewer staff are taken, and the declaration says something else."""
    for section in body["sections"]:
        section["fields"] = [one for one in section["fields"] if one["code"] != "area"]
    body["sections"][2]["fields"].append({"code": "seats", "title": "座位数", "kind": "number", "required": True})
    field(body, "staff_count")["max"] = 5
    field(body, "truthful")["title"] = "本申请人知悉新的规定"


def draft(city: City) -> tuple[Application, Client, Any]:
    subject, _grant, reader = city.restaurant()
    row = city.drafted("FB-NEW", subject, None, reader, **PLACE, **BUSINESS)
    return row, signed_in(Client(), subject.representatives.get().user), reader


def post(row: Application, client: Client, act: str = "save", **typed: Any) -> Any:
    return client.post(f"/applications/{row.case.uuid}/", {"act": act, **typed})


ALL = {**CONTACT, **PLACE, **BUSINESS}


def test_a_new_version_is_told_field_by_field_and_what_fits_goes_on(city: City) -> None:
    row, client, _reader = draft(city)
    old = row.form_version
    new_version("licensing.food_new", stricter)
    page = client.get(f"/applications/{row.case.uuid}/").content.decode()
    for words in ("表单有了新的版本", "座位数", "使用面积（平方米）", "不能大于 5", "声明的内容有变化"):
        assert words in page
    assert PLACE["premises"].removeprefix("深圳市福田区园岭街道") in page and "王小明" in page
    # A page that was open since before is not taken for one that knew.
    answer = post(row, client, "submit", **ALL, form_version=old.isoformat(), revision=row.revision)
    assert answer.status_code == 409 and "您的申请还没有提交" in answer.content.decode()
    row.refresh_from_db()
    assert row.case.state == "DRAFT" and row.form_version == today()
    assert row.answers["truthful"] is False and row.answers["main_format"] == "2"
    kept = {one["title"]: one["words"] for one in row.left_over.values()}
    assert kept["使用面积（平方米）"] == "120" and kept["从业人员数"] == "6"
    page = client.get(f"/applications/{row.case.uuid}/").content.decode()
    assert "新版表单不再收的内容" in page and "表单有了新的版本" not in page


def test_what_is_submitted_is_checked_by_the_version_in_force_on_that_day(city: City) -> None:
    row, _client, reader = draft(city)
    new_version("licensing.food_new", stricter)
    with pytest.raises(Refused) as refused:
        actions.submit(row, reader)
    told = {one["field"] for one in refused.value.details["refusals"]}
    assert {"seats", "staff_count", "truthful"} <= told and "area" not in told


def test_what_was_submitted_stays_under_its_version_while_it_is_corrected(city: City) -> None:
    subject, grant, reader = city.restaurant()
    row = city.drafted("FB-RENEW", subject, grant, reader, unchanged="false", changes="换了灶具")
    actions.submit(row, reader)
    before = form_of(row).valid_from
    new_version("licensing.food_renew", lambda body: field(body, "changes").update(max_length=2))
    row = Application.objects.get(pk=row.pk)
    assert row.submitted_at and form_of(row).valid_from == before
    assert drafting.ApplicationDraft(row).news() == []


def two_agents(city: City) -> tuple[Application, Client, Client]:
    row, first, _reader = draft(city)
    user = BusinessUserFactory(label="代办人乙")
    subjects.represent(user, row.case.subject, SYSTEM)
    return row, first, signed_in(Client(), user)


def test_the_second_of_two_sees_what_the_first_changed_and_chooses(city: City) -> None:
    row, first, second = two_agents(city)
    seen = REVISION.search(first.get(f"/applications/{row.case.uuid}/").content.decode())[1]
    typed = {**ALL, "contact_name": "赵六", "staff_count": "9"}
    assert post(row, second, **typed, revision=seen).status_code == 302
    mine = {**ALL, "staff_count": "7", "area": "99"}
    answer = post(row, first, "submit", **mine, revision=seen)
    page = answer.content.decode()
    assert answer.status_code == 409 and "代办人乙" in page
    clashing = re.findall(r'name="clash" value="(\w+)"', page)
    assert sorted(clashing) == ["contact_name", "staff_count"], "not `area`, which only the second person touched"
    assert re.search(r'name="choose.contact_name" value="theirs"[^>]*checked', page)
    assert not re.search(r'name="choose.staff_count"[^>]*checked', page), "both changed it: nobody chooses for them"
    row.refresh_from_db()
    assert row.answers["staff_count"] == "9" and row.case.state == "DRAFT"
    # Undecided, it is asked again; decided, it is saved as chosen.
    again = {**mine, "clash": clashing, "choose.contact_name": "theirs", "revision": row.revision}
    assert post(row, first, **again).status_code == 409
    assert post(row, first, **again, **{"choose.staff_count": "mine"}).status_code == 302
    row = Application.objects.get(pk=row.pk)
    assert (row.answers["staff_count"], row.answers["area"]) == ("7", "99")
    assert drafting.people_of(row)["contact_name"] == "赵六"


def test_a_program_that_names_its_revision_is_refused_when_it_is_stale(city: City) -> None:
    row, _client, reader = draft(city)
    with pytest.raises(Refused) as refused:
        actions.save(row, {**ALL, "area": "50"}, reader, seen=row.revision - 1)
    assert refused.value.code == "stale"
    row.refresh_from_db()
    assert row.answers["area"] == "120"


def test_the_draft_saves_itself_and_says_when(city: City) -> None:
    row, client, _reader = draft(city)
    address = f"/applications/{row.case.uuid}/draft/"
    saved = client.post(address, {**ALL, "area": "61", "contact_phone": "1", "revision": row.revision})
    told = saved.json()
    assert re.fullmatch(r"\d\d:\d\d", told["saved"]) and list(told["errors"]) == ["contact_phone"]
    row.refresh_from_db()
    assert row.answers["area"] == "61" and told["revision"] == row.revision
    stale = client.post(address, {**ALL, "area": "62", "revision": row.revision - 1})
    assert stale.status_code == 409 and "刚才保存过" in stale.json()["error"]
    page = client.get(f"/applications/{row.case.uuid}/").content.decode()
    assert f"已保存 {told['saved']}" in page


def test_saving_the_same_again_makes_no_new_revision(city: City) -> None:
    row, _client, reader = draft(city)
    actions.save(row, ALL, reader)
    before = row.revision
    actions.save(row, ALL, reader)
    assert row.revision == before


def test_each_known_value_names_its_source_and_what_to_do_when_it_is_wrong(city: City) -> None:
    subject, grant, reader = city.restaurant()
    row = city.drafted("FB-RENEW", subject, grant, reader)
    page = signed_in(Client(), subject.representatives.get().user).get(f"/applications/{row.case.uuid}/")
    text = page.content.decode()
    assert "来自登记信息" in text and "不对的，请先办理变更登记" in text
    assert f"来自《{grant.title}》{grant.number}" in text and "/items/FB-CHANGE/" in text


def test_rows_are_typed_told_and_shown(city: City) -> None:
    row, client, _reader = draft(city)
    machines = {"machines.0.machine_number": "A1", "machines.0.machine_place.place": "福田区/园岭街道"}
    typed = {**ALL, "marks": ["VENDING"], **machines, "revision": row.revision}
    answer = post(row, client, "submit", **typed)
    page = answer.content.decode()
    assert answer.status_code == 422 and "自动设备 1：请填写“放置地点”。" in page
    assert 'href="#field-machines.0.machine_place"' in page and 'value="A1"' in page
    row.refresh_from_db()
    typed |= {"machines.0.machine_place": "红荔路1号大堂", "machines.3.machine_number": "A2"}
    typed |= {"machines.3.machine_place": "北京市朝阳区某路1号", "revision": row.revision}
    assert post(row, client, **typed).status_code == 302
    row.refresh_from_db()
    assert row.answers["machines"] == [
        {"machine_number": "A1", "machine_place": "深圳市福田区园岭街道红荔路1号大堂"},
        {"machine_number": "A2", "machine_place": "北京市朝阳区某路1号"},
    ]
    more = post(row, client, "add:machines", **typed).content.decode()
    assert 'name="machines.2.machine_number"' in more and 'value="A2"' in more
    fewer = post(row, client, "remove:machines:0", **typed).content.decode()
    assert 'value="A2"' in fewer and 'value="A1"' not in fewer


def test_an_address_is_chosen_by_district_and_sub_district_and_routed_by_it(city: City) -> None:
    row, client, _reader = draft(city)
    typed = {key: value for key, value in ALL.items() if key not in {"street", "premises"}}
    answer = post(row, client, "submit", **typed, premises="红荔路88号")
    assert answer.status_code == 422
    assert "请选择“经营场所地址”所在的区和街道。" in answer.content.decode()
    place = {"premises": "滨河路9号", "premises.place": "福田区/福田街道"}
    assert post(row, client, **typed, **place).status_code == 302
    row = Application.objects.get(pk=row.pk)
    assert row.answers["premises"] == "深圳市福田区福田街道滨河路9号" and row.answers["street"] == "福田街道"
    page = client.get(f"/applications/{row.case.uuid}/").content.decode()
    assert 'value="福田区/福田街道" selected' in page and 'value="滨河路9号"' in page


def test_readers_are_still_told_apart(city: City) -> None:
    row, _client, _reader = draft(city)
    stranger = signed_in(Client(), BusinessUserFactory())
    assert stranger.post(f"/applications/{row.case.uuid}/draft/", ALL).status_code == 404
    with pytest.raises(Refused):
        actions.save(row, ALL, reader_for(BusinessUserFactory()))


def test_a_version_that_was_taken_back_leaves_nothing_behind(city: City) -> None:
    item = items.item("FB-NEW")
    assert item is not None

    def at_most(number: int) -> Any:
        return lambda body: field(body, "staff_count").update(max=number)

    def limit() -> Any:
        assert item is not None
        return next(one.max for one in forms.asked(item).fields if one.code == "staff_count")

    with transaction.atomic():
        new_version(item.form, at_most(5))
        assert limit() == 5
        transaction.set_rollback(True)
    new_version(item.form, at_most(6))
    assert limit() == 6
