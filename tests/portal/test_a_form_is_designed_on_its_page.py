"""The designer of forms: fields are added, changed, moved and removed with buttons; what is wrong is told at its place."""

from typing import Any

import pytest
from django.test import Client

from qipan.kernel.forms import queries as forms
from qipan.kernel.jobs.testing import drain
from qipan.kernel.law.drafting.models import Draft
from qipan.kernel.ledger.clock import today
from qipan.kernel.ledger.models import Event
from qipan.kernel.orgs.roles import Role
from tests.law.catalogues import load_catalogues
from tests.orgs.factories import StaffFactory, UnitTree, signed_in

pytestmark = pytest.mark.django_db
CODE = "licensing.food_renew"


class Designer:
    """An editor before the draft of a form."""

    def __init__(self) -> None:
        load_catalogues()
        city = UnitTree().city
        self.client = signed_in(Client(), StaffFactory(role=Role.CATALOGUE_EDITOR, unit=city).user)
        self.releaser = signed_in(Client(), StaffFactory(role=Role.CATALOGUE_RELEASER, unit=city).user)
        day = {"valid_from": today().isoformat()}
        self.page = str(self.client.post(f"/desk/catalogue/forms/{CODE}/draft/", day)["Location"])

    @property
    def draft(self) -> Draft:
        return Draft.objects.get()

    @property
    def codes(self) -> list[list[str]]:
        return [[field["code"] for field in one["fields"]] for one in self.draft.body["sections"]]

    def step(self, step: str, **values: Any):
        values = {"act": "design", "step": step, "revision": self.draft.revision, **values}
        return self.client.post(self.page, {name: value for name, value in values.items() if value != ""})

    def field(self, code: str) -> dict[str, Any]:
        return next(
            one for part in self.draft.body["sections"] for one in part["fields"] if one["code"] == code
        )


@pytest.fixture
def desk() -> Designer:
    return Designer()


def test_fields_are_added_changed_moved_and_removed(desk: Designer) -> None:
    before = desk.codes
    new = {"code": "wifi", "title": "无线网络", "kind": "choice", "options": "A = 有\nB = 没有", "section": 0}
    assert "加字段" in desk.client.get(desk.page).content.decode()
    assert desk.step("field", **new, required="on").status_code == 302
    assert desk.codes[0] == [*before[0], "wifi"] and desk.field("wifi") == {
        "code": "wifi", "title": "无线网络", "kind": "choice", "required": True,
        "options": [{"code": "A", "title": "有"}, {"code": "B", "title": "没有"}],
    }  # fmt: skip
    shown = desk.client.get(desk.page + "?field=wifi").content.decode()
    assert "A = 有" in shown and "保存字段" in shown
    more = {"field": "wifi", "code": "network", "title": "网络", "kind": "text", "section": 0}
    assert desk.step("field", **more, when_field=before[0][0], when_op="filled").status_code == 302
    assert desk.field("network")["when"] == {"field": before[0][0], "op": "filled"}
    desk.step("up", field="network")
    assert desk.codes[0][-2:] == ["network", before[0][-1]]
    for _press in range(2):
        desk.step("down", field="network")
    assert desk.codes[1][0] == "network", "past the end of its section it goes into the next one"
    refused = desk.step("remove", field=before[0][0])
    assert refused.status_code == 422 and "请先改那个条件" in refused.content.decode()
    desk.step("remove", field="network")
    assert desk.codes == before
    told = Event.objects.filter(name="law.draft.changed").values_list("data__act", flat=True)
    assert list(told) == ["field", "field", "up", "down", "down", "remove"]


def test_sections_are_added_renamed_moved_and_removed_when_empty(desk: Designer) -> None:
    count = len(desk.codes)
    desk.step("section", section_title="经营情况", section_help="如实填写")
    assert desk.draft.body["sections"][-1] == {"title": "经营情况", "help": "如实填写", "fields": []}
    desk.step("up", section=count)
    desk.step("section", section=count - 1, section_title="近一年经营情况")
    assert desk.draft.body["sections"][count - 1]["title"] == "近一年经营情况"
    rows = {"section_code": "machines", "row_title": "设备", "rows_min": "1", "rows_max": "9"}
    half = {**rows, "row_title": ""}
    refused = desk.step("section", section=count - 1, section_title="设备", **half).content.decode()
    assert "要有代码和每行的名称" in refused
    desk.step("section", section=count - 1, section_title="近一年经营情况", **rows)
    assert desk.draft.body["sections"][count - 1]["repeat"] == {"min": 1, "max": 9}
    assert "可填多行" in desk.client.get(desk.page).content.decode()
    desk.step("field", section=count - 1, code="power", title="功率", kind="number")
    full = desk.step("section-remove", section=0)
    assert full.status_code == 422 and "还有字段" in full.content.decode()
    desk.step("remove", field="power")
    desk.step("section-remove", section=count - 1)
    assert len(desk.codes) == count


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        ({"code": "Wi Fi", "title": "甲"}, "小写英文字母开头"),
        ({"code": "wifi"}, "要有名称，或者写明数据元"),
        ({"code": "wifi", "title": "甲", "kind": "choice"}, "要有选项"),
        ({"code": "wifi", "title": "甲", "kind": "choice", "options": "A = 甲\nA = 乙"}, "写了两次"),
        ({"code": "wifi", "title": "甲", "min_length": "多"}, "应当是整数"),
        ({"code": "wifi", "title": "甲", "kind": "number", "min": "小"}, "应当是数字"),
        ({"code": "wifi", "title": "甲", "kind": "date", "min": "2026-01-01"}, "不是数字"),
        ({"code": "wifi", "title": "甲", "pattern": "[a-"}, "不是有效的正则"),
        ({"code": "truthful", "title": "甲"}, "已经用在另一个字段上"),
        ({"code": "wifi", "title": "甲", "when_field": "truthful", "when_op": "eq"}, "与什么比较"),
        ({"code": "wifi", "title": "甲", "when_field": "nobody", "when_op": "filled"}, "nobody 不在表单里"),
    ],
)
def test_what_is_wrong_with_a_field_is_told_and_what_was_typed_stays(
    desk: Designer, sent: dict[str, str], told: str
) -> None:
    before = desk.draft.body
    answer = desk.step("field", section=0, **sent)
    page = answer.content.decode()
    assert answer.status_code == 422 and told in page
    assert f'value="{sent["code"]}"' in page and desk.draft.body == before


def test_the_form_is_seen_before_it_is_kept(desk: Designer) -> None:
    sent = {"act": "preview", "step": "field", "section": 0, "code": "wifi", "title": "无线网络名称"}
    page = desk.client.post(desk.page, sent)
    assert page.status_code == 200 and 'id="input-wifi"' in page.content.decode()
    assert "wifi" not in str(desk.draft.body)


def test_a_change_on_what_another_changed_meanwhile_is_told(desk: Designer) -> None:
    new = {"section": 0, "title": "甲", "revision": 0}
    assert desk.step("field", code="one", **new).status_code == 302
    late = desk.step("field", code="two", **new)
    assert late.status_code == 422 and "刚被别人改过" in late.content.decode()


def test_a_new_version_asks_what_was_designed(desk: Designer) -> None:
    desk.step("field", section=0, code="wifi", title="无线网络名称")
    assert "wifi" not in forms.form(CODE).codes
    desk.releaser.post(desk.page, {"act": "trial", "most": "100"})
    drain()
    answer = desk.releaser.post(desk.page, {"act": "release"}, follow=True)
    assert "已发布" in answer.content.decode()
    assert forms.form(CODE).field("wifi").title == "无线网络名称" and forms.form(CODE).valid_from == today()
