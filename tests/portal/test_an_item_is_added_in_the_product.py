"""A bureau adds a licence in the product: kind, form and item drafted by one person, released by another, applied for."""

import uuid

import pytest
from django.test import Client

from qipan.domains.licensing import actions
from qipan.domains.licensing.models import Application
from qipan.domains.licensing.themes.models import Theme
from qipan.kernel.flow import actions as flow
from qipan.kernel.flow.models import Case
from qipan.kernel.items import queries as items
from qipan.kernel.jobs.testing import drain
from qipan.kernel.law.drafting.models import Draft, Trial
from qipan.kernel.ledger.clock import today
from qipan.kernel.orgs.roles import Role
from tests.licensing.city import City
from tests.orgs.factories import StaffFactory, reader_for, signed_in
from tests.subjects.factories import SubjectFactory, owner_of

pytestmark = pytest.mark.django_db

KIND = """kind: licence_kinds
rows:
  - code: TEAHOUSE
    valid_from: {day}
    title: 茶艺馆等级证
    years: 3
    number_rule: "深茶{{year}}{{area}}{{sequence:03}}"
    template: {template}
    faces: [{{field: rep, title: 负责人}}, {{field: grade, title: 等级}}]
    unconfirmed: 试验用
"""
FORM = """kind: forms
rows:
  - code: licensing.teahouse
    valid_from: {day}
    title: 茶艺馆等级申请书
    sections:
      - use: form.subject
      - title: 等级
        fields: [{{code: grade, title: 申请等级, kind: choice, required: true, options: [{{code: A, title: 一级}}, {{code: B, title: 二级}}]}}]
      - use: form.contact
      - use: form.truth
"""
ITEM = """kind: item_families
rows:
  - code: TH
    valid_from: {day}
    name: 茶艺馆等级认定
    all: {{use: item.matter, line: CONSUMER, kind: QR, licence: TEAHOUSE, authority: 辖区市场监督管理局, unconfirmed: 试验用, law_days: 3}}
    items:
      - {{use: item.new, code: NEW, form: licensing.teahouse, flags: [mobile, no_meet]}}
"""


class Desk(City):
    """The city with an editor and a releaser at their desks."""

    def __init__(self) -> None:
        super().__init__()
        city = self.tree.city
        self.editor = signed_in(Client(), StaffFactory(role=Role.CATALOGUE_EDITOR, unit=city).user)
        self.releaser = signed_in(Client(), StaffFactory(role=Role.CATALOGUE_RELEASER, unit=city).user)

    def paste(self, text: str) -> str:
        answer = self.editor.post("/desk/drafts/", {"text": text})
        assert answer.status_code == 302, answer.content.decode()
        return str(answer["Location"])

    def release(self, page: str):
        return self.releaser.post(page, {"act": "release"}, follow=True).content.decode()

    def tried(self, page: str) -> Trial:
        self.editor.post(page, {"act": "trial", "most": "100"})
        drain()
        return Trial.objects.order_by("-pk")[0]


@pytest.fixture
def desk(settings, tmp_path) -> Desk:
    settings.HOME = tmp_path / "home"
    return Desk()


def test_kind_form_and_item_are_released_and_the_item_is_applied_for(desk: Desk) -> None:
    words = {
        "day": today().isoformat(),
        "template": items.licence_kind(sorted(items.licence_codes())[0]).template,
    }
    item = desk.paste(ITEM.format(**words))
    page = desk.editor.get(item).content.decode()
    assert "发布前要解决的问题" in page and "licensing.teahouse" in page and "TEAHOUSE" in page
    assert "还没有登记" in desk.release(item) and items.item("TH-NEW") is None

    assert "已发布" in desk.release(desk.paste(KIND.format(**words)))
    form = desk.paste(FORM.format(**words))
    assert "试算" in desk.release(form)
    assert desk.tried(form).tried == 0
    assert "已发布" in desk.release(form)
    assert "已发布" in desk.release(item)
    assert items.item("TH-NEW").name == "茶艺馆等级认定新办"
    page = desk.editor.get("/desk/items/TH-NEW/").content.decode()
    assert "/desk/forms/licensing.teahouse/" in page and "/desk/catalogue/licence_kinds/TEAHOUSE/" in page
    assert "茶艺馆等级认定新办" in desk.editor.get("/desk/forms/licensing.teahouse/").content.decode()

    subject = SubjectFactory("深圳市清风茶艺馆")
    owner = reader_for(owner_of(subject))
    row = desk.drafted("TH-NEW", subject, None, owner, grade="A")
    case = actions.submit(row, owner)
    for who, step, more in (
        (desk.receiver, "accept", {}),
        (desk.reviewer, "review", {"data": {"opinion": "符合条件"}}),
        (desk.decider, "grant", {}),
    ):
        reader = reader_for(who)
        case = flow.fire(Case.objects.get(pk=case.pk), step, reader.actor(None, case.org_path), **more)
    drain()
    grant = Application.objects.get(pk=case.pk).result_grant
    assert grant.number.startswith("深茶") and grant.kind == "TEAHOUSE"


def test_a_form_is_tried_on_what_was_handed_in_before_it_is_released(desk: Desk) -> None:
    subject, grant, owner = desk.restaurant()
    row = desk.drafted("FB-RENEW", subject, grant, owner, unchanged=True)
    actions.submit(row, owner)
    code = Application.objects.get(pk=row.pk).form_code
    start = desk.editor.post(f"/desk/catalogue/forms/{code}/draft/", {"valid_from": today().isoformat()})
    page = str(start["Location"])
    trial = desk.tried(page)
    assert (trial.total, trial.tried, trial.affected) == (1, 1, 0)

    draft = Draft.objects.get()
    section = draft.body["sections"][0]
    gone = "unchanged"
    sections = [
        {**one, "fields": [field for field in one["fields"] if gone not in str(field)]}
        for one in draft.body["sections"]
    ]
    sections[0]["fields"] = [
        *section["fields"],
        {"code": "wifi", "title": "无线网络名称", "required": True},
    ]
    sections = [one for one in sections if one["fields"]]
    from qipan.kernel.law.drafting import exporting

    text = exporting.file_of(
        "forms", [{"code": code, "valid_from": today().isoformat(), **draft.body, "sections": sections}]
    )
    changed = desk.editor.post(page, {"act": "yaml", "text": text, "revision": "0"})
    assert changed.status_code == 302, changed.content.decode()
    assert "没有试算" in desk.editor.get(page).content.decode(), "what was tried before counts no more"
    trial = desk.tried(page)
    found = {(one["kind"], one["place"]): one["count"] for one in trial.effects}
    assert found[("missing", "无线网络名称（wifi）")] == 1
    assert any(kind == "gone" and gone in place for kind, place in found)
    shown = desk.releaser.get(page).content.decode()
    assert (
        "其中 1 件的结果会不同" in shown and "现在会缺填" in shown and "另有 1 件不在您的查看范围内" in shown
    )
    assert str(row.case.uuid) not in shown, "a releaser without licensing powers sees counts only"
    roles = [Role.CATALOGUE_RELEASER, Role.LIC_REVIEWER]
    both = signed_in(Client(), StaffFactory(roles=roles, unit=desk.tree.city).user)
    assert f"/desk/cases/{row.case.uuid}/" in both.get(page).content.decode(), (
        "who may open the case has the link"
    )
    changes = desk.releaser.get(page).content.decode()
    assert "无线网络名称" in changes and "新增" in changes and "删去" in changes


def test_a_new_row_begins_like_another_and_goes_out_as_yaml(desk: Desk) -> None:
    version = items.item("FB-RENEW").valid_from.isoformat()
    start = desk.editor.post(
        "/desk/catalogue/items/FB-RENEW/draft/",
        {"valid_from": today().isoformat(), "new_code": "FB-RENEW2", "version": version},
    )
    assert "已发布" in desk.release(str(start["Location"]))
    assert items.item("FB-RENEW2").form == items.item("FB-RENEW").form
    file = desk.editor.get("/desk/catalogue/items/FB-RENEW2/yaml/").content.decode()
    assert file.startswith("kind: items\nrows:\n  - code: FB-RENEW2\n")
    again = desk.editor.post("/desk/drafts/", {"text": file})
    assert again.status_code == 422 and "另选生效日期" in again.content.decode()
    assert desk.editor.get("/desk/catalogue/nothing/X/yaml/").status_code == 404
    for address in (
        "/desk/items/",
        "/desk/forms/",
        "/desk/catalogue/materials/",
        "/desk/catalogue/elements/",
    ):
        assert desk.editor.get(address).status_code == 200, address


def test_drafting_is_for_editors(desk: Desk) -> None:
    client = signed_in(Client(), desk.receiver.user)
    assert client.get("/desk/drafts/").status_code == 403
    assert client.post(f"/desk/catalogue/items/FB-RENEW/draft/?x={uuid.uuid4()}").status_code == 403
    assert client.get("/desk/items/FB-RENEW/").status_code == 200


def test_the_properties_of_an_item_are_typed_one_by_one(desk: Desk) -> None:
    start = desk.editor.post("/desk/catalogue/items/FB-RENEW/draft/", {"valid_from": today().isoformat()})
    page = str(start["Location"])
    before = Draft.objects.get().body
    sent = {"act": "design", "step": "row", "revision": "0", "name": "食品经营许可延续（新）"}
    assert desk.editor.post(page, sent | {"has-mobile": "1"}).status_code == 302
    assert Draft.objects.get().body == before | {"name": "食品经营许可延续（新）"}
    wrong = desk.editor.post(page, sent | {"revision": "1", "law_days": "很快", "name": "改坏的"})
    assert wrong.status_code == 422 and "应当是整数" in wrong.content.decode()
    assert 'value="改坏的"' in wrong.content.decode()
    wrong = desk.editor.post(page, sent | {"revision": "1", "promise_days": "99"})
    assert "承诺期限比法定期限长" in wrong.content.decode()
    materials = desk.editor.post(page, sent | {"revision": "1", "materials": "layout_plan?\nnobody"})
    assert materials.status_code == 302
    assert "“nobody”还没有登记" in desk.release(page)
    desk.editor.post(page, sent | {"revision": "2", "materials": "layout_plan?"})
    assert "已发布" in desk.release(page)
    assert items.item("FB-RENEW").name == "食品经营许可延续（新）"
    assert items.item("FB-RENEW").materials == ["layout_plan?"]


def test_a_theme_is_drafted_and_released(desk: Desk) -> None:
    code = Theme.objects.order_by("code")[0].code
    assert f"/desk/catalogue/themes/{code}/" in desk.editor.get("/desk/catalogue/themes/").content.decode()
    start = desk.editor.post(f"/desk/catalogue/themes/{code}/draft/", {"valid_from": today().isoformat()})
    draft = str(start["Location"])
    sent = {"act": "design", "step": "row", "revision": "0", "title": "换个名字的主题"}
    assert desk.editor.post(draft, sent).status_code == 302
    shown = desk.releaser.get(draft).content.decode()
    assert "换个名字的主题" in shown and "发布前要解决的问题" not in shown
    assert "已发布" in desk.release(draft)
