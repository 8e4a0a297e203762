"""The designer of decision tables: cells are typed, rules moved; a gap or an overlap is drawn at its cell and keeps the
table from release; what the draft would change is tried on the decisions that were made."""

import datetime
from typing import Any

import pytest
from django.test import Client

from qipan.kernel.decisions import queries
from qipan.kernel.decisions.actions import decide
from qipan.kernel.jobs.testing import drain
from qipan.kernel.law.drafting import actions, differences
from qipan.kernel.law.drafting import queries as drafting
from qipan.kernel.law.drafting.models import Draft, Trial
from qipan.kernel.ledger.actor import Actor
from qipan.kernel.ledger.clock import today
from qipan.kernel.ledger.errors import Refused
from qipan.kernel.orgs.reader import Power, Reader
from qipan.kernel.orgs.roles import Role
from tests.orgs.factories import StaffFactory, UnitTree, reader_for, signed_in

pytestmark = pytest.mark.django_db
CODE = "test.area"
BODY = {
    "title": "面积分级",
    "inputs": [
        {"name": "area", "title": "面积", "type": "number", "domain": "[0..10000]"},
        {"name": "kind", "title": "业态", "type": "string", "domain": ["餐饮", "销售"]},
    ],
    "outputs": [{"name": "outcome", "title": "结果", "values": ["GRANT", "PERSON"]}],
    "rules": [
        {"when": ["<= 50", "-"], "then": ['"GRANT"'], "source": "FBL15 32"},
        {"when": ["> 50", "-"], "then": ['"PERSON"'], "unconfirmed": "试验用"},
    ],
}


class Designer:
    """A table in force, decisions made by it, and an editor before the draft of its next version."""

    def __init__(self) -> None:
        city = UnitTree().city
        editor = StaffFactory(role=Role.CATALOGUE_EDITOR, unit=city)
        releaser = StaffFactory(role=Role.CATALOGUE_RELEASER, unit=city)
        self.client, self.releaser = signed_in(Client(), editor.user), signed_in(Client(), releaser.user)
        first = actions.begin("decision_tables", CODE, today(), reader=reader_for(editor), body=BODY)
        self.page = f"/desk/drafts/{first.pk}/"
        assert "已发布" in self.release()
        for area in (20, 40, 60):
            decide(CODE, {"area": area, "kind": "餐饮"}, record=city, actor=Actor.rules("SZ/"))
        day = {"valid_from": (today() + datetime.timedelta(days=1)).isoformat()}
        self.page = str(self.client.post(f"/desk/catalogue/decision_tables/{CODE}/draft/", day)["Location"])

    @property
    def draft(self) -> Draft:
        return Draft.objects.order_by("-pk")[0]

    def step(self, step: str = "save", **values: Any):
        sent = {"act": "design", "step": step, "revision": self.draft.revision, **values}
        return self.client.post(self.page, sent)

    def trial(self) -> Trial:
        self.client.post(self.page, {"act": "trial", "most": "100"})
        drain()
        return Trial.objects.order_by("-pk")[0]

    def release(self) -> str:
        self.trial()
        return self.releaser.post(self.page, {"act": "release"}, follow=True).content.decode()


@pytest.fixture
def desk() -> Designer:
    return Designer()


def test_a_gap_is_drawn_at_its_cell_and_refused_at_release(desk: Designer) -> None:
    assert desk.step(r1c1="< 50").status_code == 302
    page = desk.client.get(desk.page).content.decode()
    assert 'id="why-r1c1"' in page and "有遗漏" in page and "没有规则适用于：面积＝50" in page
    refused = desk.release()
    assert "没有规则适用于" in refused and "第 1 行“面积”列（&lt; 50）" in refused
    assert queries.versions(CODE)[0].valid_from == today()


def test_an_overlap_is_drawn_at_its_cells_and_refused_at_release(desk: Designer) -> None:
    desk.step(r2c1=">= 50")
    page = desk.client.get(desk.page).content.decode()
    assert 'id="why-r1c1"' in page and 'id="why-r2c1"' in page and "有重叠" in page
    refused = desk.release()
    assert "同时适用" in refused and len(queries.versions(CODE)) == 1
    assert "第 1 行“面积”列" in refused and "第 2 行“面积”列" in refused


def test_a_rule_with_a_cell_too_many_is_told_and_mended_on_the_page(desk: Designer) -> None:
    wrong = {**BODY, "rules": [{**BODY["rules"][0], "then": ['"GRANT"', "nonsense ("]}, BODY["rules"][1]]}
    draft = desk.draft
    editor = Reader(
        "staff", draft.drafted_by, (Power(Role.CATALOGUE_EDITOR, draft.org_path),), org_path="SZ/"
    )
    actions.change(draft.pk, wrong, reader=editor)
    page = desk.client.get(desk.page)
    assert page.status_code == 200 and "规则 1 的格数与列数不一致" in page.content.decode()
    assert "格数与列数不一致" in desk.release()
    actions.change(desk.draft.pk, BODY, reader=editor)
    assert "格数与列数不一致" not in desk.client.get(desk.page).content.decode()


def test_a_trial_counts_for_the_day_that_it_was_made_for(desk: Designer) -> None:
    desk.step(r1c1="<= 60", r2c1="> 60")
    assert drafting.trial_of(desk.draft) is None
    desk.trial()
    assert drafting.trial_of(desk.draft) is not None
    later = today() + datetime.timedelta(days=30)
    draft = desk.draft
    editor = Reader(
        "staff", draft.drafted_by, (Power(Role.CATALOGUE_EDITOR, draft.org_path),), org_path="SZ/"
    )
    actions.change(draft.pk, draft.body, reader=editor, valid_from=later)
    assert drafting.trial_of(desk.draft) is None, "other tables may hold on the other day"
    refused = desk.releaser.post(desk.page, {"act": "release"}, follow=True).content.decode()
    assert "还没有按现在的内容试算过" in refused


def test_a_code_or_title_that_is_too_long_is_told(desk: Designer) -> None:
    day = {"valid_from": (today() + datetime.timedelta(days=3)).isoformat()}
    version = {"version": today().isoformat(), "new_code": "test." + "a" * 60}
    told = desk.client.post(f"/desk/catalogue/decision_tables/{CODE}/draft/", day | version, follow=True)
    assert told.status_code == 200 and "最长 60 个字" in told.content.decode()
    draft = desk.draft
    editor = Reader(
        "staff", draft.drafted_by, (Power(Role.CATALOGUE_EDITOR, draft.org_path),), org_path="SZ/"
    )
    with pytest.raises(Refused, match="最长 120 个字"):
        actions.change(draft.pk, {**BODY, "title": "长" * 121}, reader=editor)
    assert desk.draft.body["title"] == BODY["title"]


def test_a_cell_that_is_no_feel_is_told_while_it_is_typed_and_after(desk: Designer) -> None:
    sent = {"act": "preview", "step": "save", "r1c1": "<= = 50"}
    page = desk.client.post(desk.page, sent).content.decode()
    assert "第 1 行“面积”列（&lt;= = 50）" in page and desk.draft.body["rules"][0]["when"][0] == "<= 50"
    desk.step(r1c1="<= = 50")
    page = desk.client.get(desk.page).content.decode()
    assert "写法不对" in page and 'value="&lt;= = 50"' in page


def test_what_the_draft_changes_is_tried_on_decisions_and_told_cell_by_cell(desk: Designer) -> None:
    desk.step(r1c1="<= 30", r2c1="> 30")
    trial = desk.trial()
    assert (trial.tried, trial.affected) == (3, 1)
    assert trial.effects == [{"kind": "changed", "place": "outcome＝GRANT → outcome＝PERSON", "count": 1}]
    shown = desk.releaser.get(desk.page).content.decode()
    assert "其中 1 件的结果会不同" in shown and "outcome＝GRANT → outcome＝PERSON" in shown
    assert "<del>&lt;= 50</del> → <ins>&lt;= 30</ins>" in shown
    assert [one.kind for one in drafting.changes_of(desk.draft)] == ["changed", "changed"]
    assert "已发布" in desk.release() and len(queries.versions(CODE)) == 2


def test_rules_are_added_copied_moved_and_removed(desk: Designer) -> None:
    desk.step("copy-1", r1c2='"餐饮"')
    assert [rule["when"] for rule in desk.draft.body["rules"]] == [
        ["<= 50", '"餐饮"'],
        ["<= 50", '"餐饮"'],
        ["> 50", "-"],
    ]
    desk.step("save", r2c2='"销售"', **{"note-2": "小店"})
    assert drafting.problems(desk.draft) == []
    desk.step("down-2")
    assert desk.draft.body["rules"][2]["note"] == "小店"
    found = {(one.kind, one.title) for one in drafting.changes_of(desk.draft)}
    assert ("added", "规则 3") in found
    desk.step("add")
    assert desk.draft.body["rules"][3]["unconfirmed"]
    desk.step("remove-4")
    assert len(desk.draft.body["rules"]) == 3


def test_columns_are_added_and_removed(desk: Designer) -> None:
    column = {
        "column_name": "seats",
        "column_title": "座位",
        "column_type": "number",
        "column_domain": "[0..500]",
    }
    desk.step("column", **column)
    assert desk.draft.body["inputs"][2]["domain"] == "[0..500]"
    assert all(len(rule["when"]) == 3 for rule in desk.draft.body["rules"])
    assert "已经有名为" in desk.step("column", **column).content.decode()
    desk.step("column-remove-3", **{"domain-2": "餐饮，销售，小摊"})
    assert len(desk.draft.body["inputs"]) == 2
    assert desk.draft.body["inputs"][1]["domain"] == ["餐饮", "销售", "小摊"]


def test_a_rule_without_a_source_is_told_and_what_was_typed_stays(desk: Designer) -> None:
    answer = desk.step(**{"source-1": "", "unconfirmed-1": "", "r1c1": "<= 45"})
    page = answer.content.decode()
    assert answer.status_code == 422 and 'value="&lt;= 45"' in page and "要写其中一个" in page
    assert desk.draft.body["rules"][0]["source"] == "FBL15 32"


def test_what_was_typed_on_an_older_state_is_shown_and_not_kept(desk: Designer) -> None:
    desk.step(r1c1="<= 45")
    late = desk.step(r1c1="<= 44", revision=0)
    page = late.content.decode()
    assert late.status_code == 422 and "刚被别人改过" in page and "&lt;= 44" in page
    assert desk.draft.body["rules"][0]["when"][0] == "<= 45"


def test_rules_of_two_tables_are_matched_by_most_of_their_cells() -> None:
    from qipan.kernel.decisions.drafted import parts

    other = {**BODY, "rules": [BODY["rules"][1], {**BODY["rules"][0], "then": ['"PERSON"']}]}
    found = differences.changes(parts(other, BODY), parts(BODY, None))
    assert {(one.kind, one.title) for one in found} == {("changed", "规则 2"), ("moved", "规则 1")}
