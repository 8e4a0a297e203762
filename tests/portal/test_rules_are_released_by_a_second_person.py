"""The pages of the decision tables: read by officials, drafted from a DMN file, released by another person."""

import datetime

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from qipan.kernel.decisions import queries
from qipan.kernel.decisions.models import TableVersion
from qipan.kernel.jobs.testing import drain
from qipan.kernel.law.drafting.models import Draft
from qipan.kernel.ledger.clock import today
from qipan.kernel.orgs.roles import Role
from tests.law.catalogues import load_catalogues
from tests.orgs.factories import BusinessUserFactory, StaffFactory, UnitTree, signed_in

pytestmark = pytest.mark.django_db
CODE = "licensing.food_renew"


@pytest.fixture
def people() -> dict[Role, Client]:
    load_catalogues()
    city = UnitTree().city
    roles = (Role.CATALOGUE_EDITOR, Role.CATALOGUE_RELEASER, Role.INSPECTOR)
    return {role: signed_in(Client(), StaffFactory(role=role, unit=city).user) for role in roles}


def tomorrow() -> datetime.date:
    return today() + datetime.timedelta(days=1)


def send(client: Client, content: bytes, **more: str):
    values = {"code": CODE, "valid_from": tomorrow().isoformat(), **more}
    file = SimpleUploadedFile("延续.dmn", content, "application/xml")
    return client.post("/desk/tables/import/", {**values, "file": file})


def test_every_table_in_force_is_drawn_with_its_articles_and_has_no_gap(people) -> None:
    client = people[Role.INSPECTOR]
    page = client.get("/desk/tables/").content.decode()
    assert TableVersion.objects.exists()
    for version in queries.tables():
        assert version.title in page
        text = client.get(f"/desk/tables/{version.code}/").content.decode()
        assert "没有遗漏，也没有冲突" in text and version.title in text
    assert client.get("/desk/tables/nothing.here/").status_code == 404


def test_a_table_goes_out_as_dmn_and_comes_in_as_the_next_version(people) -> None:
    editor, releaser = people[Role.CATALOGUE_EDITOR], people[Role.CATALOGUE_RELEASER]
    file = editor.get(f"/desk/tables/{CODE}/dmn/").content
    answer = send(editor, file)
    assert answer.status_code == 302, answer.content.decode()
    draft = Draft.objects.get()
    page = editor.get(answer["Location"]).content.decode()
    assert "待发布" in page and "确认撤回草稿" in page and ">发布<" not in page
    assert editor.post(answer["Location"], {"act": "release"}).status_code == 422
    assert releaser.get("/desk/tables/").content.decode().count(f"drafts/{draft.pk}/") == 1
    assert "试算" in releaser.post(answer["Location"], {"act": "release"}).content.decode()
    assert editor.post(answer["Location"], {"act": "trial", "most": "500"}).status_code == 302
    drain()
    released = releaser.post(answer["Location"], {"act": "release"})
    assert released.status_code == 302
    draft.refresh_from_db()
    assert draft.state == "RELEASED" and draft.valid_from == tomorrow()
    assert "尚未生效" in releaser.get(f"/desk/tables/{CODE}/?version={tomorrow()}").content.decode()
    assert queries.table_version(CODE).valid_from < tomorrow()
    assert queries.table_version(CODE, tomorrow()).valid_from == tomorrow()


def test_what_changed_is_shown_beside_the_version_before(people) -> None:
    editor = people[Role.CATALOGUE_EDITOR]
    file = editor.get(f"/desk/tables/{CODE}/dmn/").content.decode()
    note = queries.table(CODE).rules[0].note
    assert note and note in file
    answer = send(editor, file.replace(note, "改过的备注").encode())
    page = editor.get(answer["Location"]).content.decode()
    assert "规则 1" in page and f"<del>{note}</del> → <ins>改过的备注</ins>" in page


def test_a_broken_file_is_told_and_what_was_typed_is_kept(people) -> None:
    editor = people[Role.CATALOGUE_EDITOR]
    broken = send(editor, b"<definitions", decision="其一")
    text = broken.content.decode()
    assert broken.status_code == 422 and 'value="其一"' in text and f'value="{CODE}"' in text
    assert send(editor, b"<a/>", valid_from="2020-01-01").status_code == 422
    assert "请填写生效日期" in send(editor, b"<a/>", valid_from="昨天").content.decode()
    nothing = editor.post("/desk/tables/import/", {"code": CODE, "valid_from": tomorrow().isoformat()})
    assert "请选择 DMN 文件" in nothing.content.decode()
    assert not Draft.objects.exists()


def test_who_has_no_part_in_the_rules_drafts_and_releases_nothing(people) -> None:
    draft_page = send(
        people[Role.CATALOGUE_EDITOR], people[Role.CATALOGUE_EDITOR].get(f"/desk/tables/{CODE}/dmn/").content
    )["Location"]
    inspector = people[Role.INSPECTOR]
    assert inspector.get(draft_page).status_code == 403
    assert inspector.get("/desk/tables/import/").status_code == 403
    shop = signed_in(Client(), BusinessUserFactory())
    assert shop.get("/desk/tables/").status_code in {302, 403}
    assert Client().get("/desk/tables/").status_code == 302
