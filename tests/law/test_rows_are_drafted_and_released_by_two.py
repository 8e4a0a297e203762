"""A catalogue row is drafted by one person and released by another, through the loader of its kind; every row goes out
as YAML that loads again."""

import datetime
from pathlib import Path
from typing import Any

import pytest

from qipan.kernel.items import queries as items
from qipan.kernel.items.models import MaterialType
from qipan.kernel.law import catalogue
from qipan.kernel.law.drafting import actions, exporting, kinds, queries
from qipan.kernel.law.drafting.differences import merged
from qipan.kernel.law.drafting.models import Draft
from qipan.kernel.ledger.clock import today
from qipan.kernel.ledger.errors import Refused
from qipan.kernel.ledger.models import Event
from qipan.kernel.orgs.reader import Reader
from qipan.kernel.orgs.roles import Role
from tests.law.catalogues import load_catalogues
from tests.orgs.factories import StaffFactory, UnitTree, reader_for

pytestmark = pytest.mark.django_db
ROW = """kind: materials
rows:
  - {code: tea_list, valid_from: %s, title: 茶单}
"""


def day(ahead: int) -> datetime.date:
    return today() + datetime.timedelta(days=ahead)


def person(role: Role) -> Reader:
    return reader_for(StaffFactory(role=role, unit=UnitTree().city))


@pytest.fixture
def two() -> tuple[Reader, Reader]:
    return person(Role.CATALOGUE_EDITOR), person(Role.CATALOGUE_RELEASER)


def released(two: tuple[Reader, Reader], ahead: int, title: str = "茶单") -> Any:
    editor, releaser = two
    (draft,) = actions.begin_rows((ROW % day(ahead)).replace("茶单", title), reader=editor)
    return actions.release(draft.pk, reader=releaser)


def test_a_new_row_is_pasted_and_released_by_a_second_person(two: tuple[Reader, Reader]) -> None:
    editor, releaser = two
    (draft,) = actions.begin_rows(ROW % today(), reader=editor)
    assert actions.begin_rows(ROW % today(), reader=editor) == [draft], "the same content twice is one draft"
    with pytest.raises(Refused, match="权限"):
        actions.release(draft.pk, reader=editor)
    version = actions.release(draft.pk, reader=releaser)
    assert isinstance(version, MaterialType) and version.title == "茶单" and version.valid_from == today()
    assert [one.name for one in Event.objects.filter(name__startswith="law.").order_by("pk")] == [
        "law.draft.made",
        "law.draft.released",
    ]
    with pytest.raises(Refused, match="已经发布"):
        actions.release(draft.pk, reader=releaser)
    with pytest.raises(Refused, match="另选生效日期"):
        actions.begin("materials", "tea_list", today(), reader=editor)


def test_nobody_who_had_a_hand_in_it_releases_it(two: tuple[Reader, Reader]) -> None:
    editor, releaser = two
    (draft,) = actions.begin_rows(ROW % today(), reader=editor)
    staff = StaffFactory(roles=[Role.CATALOGUE_EDITOR, Role.CATALOGUE_RELEASER], unit=UnitTree().city)
    both = reader_for(staff)
    actions.change(draft.pk, {"title": "茶水单"}, reader=both)
    with pytest.raises(Refused, match="另一人"):
        actions.release(draft.pk, reader=both)
    assert actions.release(draft.pk, reader=releaser).title == "茶水单"


def test_what_a_district_drafts_the_city_releases() -> None:
    tree = UnitTree()
    editor = reader_for(StaffFactory(role=Role.CATALOGUE_EDITOR, unit=tree.districts[0]))
    (draft,) = actions.begin_rows(ROW % today(), reader=editor)
    assert draft.org_path == tree.districts[0].path
    with pytest.raises(Refused, match="由市局的发布人员发布"):
        actions.release(
            draft.pk, reader=reader_for(StaffFactory(role=Role.CATALOGUE_RELEASER, unit=tree.districts[0]))
        )
    releaser = reader_for(StaffFactory(role=Role.CATALOGUE_RELEASER, unit=tree.city))
    assert actions.release(draft.pk, reader=releaser).title == "茶单"


def test_two_who_change_one_draft_at_once_are_told(two: tuple[Reader, Reader]) -> None:
    editor, _releaser = two
    (draft,) = actions.begin_rows(ROW % today(), reader=editor)
    actions.change(draft.pk, {"title": "茶水单"}, reader=editor, revision=draft.revision)
    with pytest.raises(Refused, match="刚被别人改过") as refused:
        actions.change(
            draft.pk, {"title": "酒水单"}, reader=person(Role.CATALOGUE_EDITOR), revision=draft.revision
        )
    assert refused.value.code == "stale"
    draft.refresh_from_db()
    assert draft.body == {"title": "茶水单"}


def test_a_draft_of_an_older_version_is_told_and_laid_on_the_newer_one(two: tuple[Reader, Reader]) -> None:
    editor, releaser = two
    released(two, 0)
    draft = actions.begin("materials", "tea_list", day(9), reader=editor)
    actions.change(draft.pk, {"title": "茶单（加盖公章）"}, reader=editor)
    text = ROW % day(3)
    (between,) = actions.begin_rows(text.replace("茶单}", "茶单, supplied_by: 餐饮库}"), reader=editor)
    actions.release(between.pk, reader=releaser)
    draft.refresh_from_db()
    assert [one.kind for one in queries.changes_meanwhile(draft)] == ["changed"]
    with pytest.raises(Refused, match="不是最新"):
        actions.release(draft.pk, reader=releaser)
    laid, conflicts = actions.rebase(draft.pk, reader=editor)
    assert laid.body == {"title": "茶单（加盖公章）", "supplied_by": "餐饮库"} and conflicts == []
    assert actions.release(draft.pk, reader=releaser).supplied_by == "餐饮库"


def test_where_both_changed_the_same_ours_stays_and_the_place_is_told() -> None:
    base = {"fields": [{"code": "a", "title": "甲"}, {"code": "b", "title": "乙"}], "title": "表"}
    ours = {"fields": [{"code": "a", "title": "甲一"}, {"code": "c", "title": "丙"}], "title": "表"}
    theirs = {"fields": [{"code": "a", "title": "甲二"}, {"code": "b", "title": "乙"}], "title": "表二"}
    result = merged(base, ours, theirs)
    assert result.row == {
        "fields": [{"code": "a", "title": "甲一"}, {"code": "c", "title": "丙"}],
        "title": "表二",
    }
    assert result.conflicts == ["fields › a › title"]


def test_who_may_not_sees_and_does_nothing(two: tuple[Reader, Reader]) -> None:
    editor, _releaser = two
    with pytest.raises(Refused, match="编辑"):
        actions.begin_rows(ROW % today(), reader=person(Role.INSPECTOR))
    (draft,) = actions.begin_rows(ROW % today(), reader=editor)
    for reader in (person(Role.INSPECTOR), Reader.anonymous()):
        assert list(queries.drafts(reader)) == [] and queries.draft(draft.pk, reader) is None
        for act in (actions.release, actions.rebase, actions.ask_trial):
            with pytest.raises(Refused, match="没有这份草稿"):
                act(draft.pk, reader=reader)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("kind: materials", "缺少 kind 或者 rows"),
        ("kind: [", "不是有效的 YAML"),
        ("a: &a [x, x]\nb: &b [*a, *a]\nkind: materials\nrows: [*b, *b]", "请把内容写全"),
        ("kind: materials\nrows: " + "[" * 500 + "]" * 500, "嵌套超过"),
        ("kind: posts\nrows: []", "不能在系统内起草"),
        ("kind: nothing\nrows: []", "没有登记"),
        ("kind: materials\nrows: []", "没有一条"),
        ("kind: materials\nrows:\n  - {code: X, valid_from: 2030-01-01, title: 甲}", "不合写法规则"),
        ("kind: materials\nrows:\n  - {code: x, valid_from: 2020-01-01, title: 甲}", "溯及既往"),
        ("kind: materials\nrows:\n  - {code: x, valid_from: 2030-01-01, titel: 甲}", "核对拼写"),
        ("kind: materials\nrows:\n  - {use: nobody, code: x, valid_from: 2030-01-01}", "nobody"),
    ],
)
def test_what_cannot_be_a_row_is_told_in_words_and_nothing_is_kept(
    two: tuple[Reader, Reader], text: str, told: str
) -> None:
    with pytest.raises(Refused, match=told):
        actions.begin_rows(text, reader=two[0])
    assert not Draft.objects.exists()


def test_every_released_row_goes_out_as_yaml_that_loads_again_unchanged(tmp_path: Path) -> None:
    load_catalogues()
    paths, count = [], 0
    for kind in kinds.all_draftable():
        rows = [kind.written(one) for one in kind.model._default_manager.order_by("code", "valid_from")]
        if rows:
            paths.append(tmp_path / f"{kind.name}.yaml")
            paths[-1].write_text(exporting.file_of(kind.name, rows), encoding="utf-8")
            count += len(rows)
    reports = catalogue.load_files(paths)
    assert sum(one.unchanged for one in reports) == count > 400
    assert sum(one.created for one in reports) == 0
    assert items.item("FB-RENEW") is not None
