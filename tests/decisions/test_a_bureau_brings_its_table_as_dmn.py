"""An editor drafts a table from a DMN file; what is wrong is told cell by cell; a second person releases it."""

import datetime
from typing import Any

import pytest

from qipan.kernel.decisions import actions
from qipan.kernel.decisions.models import TableVersion
from qipan.kernel.jobs.testing import drain
from qipan.kernel.law.drafting import actions as drafting
from qipan.kernel.law.drafting import queries as drafts
from qipan.kernel.law.drafting.models import Draft
from qipan.kernel.ledger import clock
from qipan.kernel.ledger.actor import Actor
from qipan.kernel.ledger.errors import Refused
from qipan.kernel.ledger.models import Event
from qipan.kernel.orgs.reader import Reader
from qipan.kernel.orgs.roles import Role
from tests.orgs.factories import StaffFactory, UnitTree, reader_for

FILE = """<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="f" name="分级" namespace="urn:test">
  <itemDefinition name="tKind"><typeRef>string</typeRef><allowedValues><text>"餐饮","销售"</text></allowedValues></itemDefinition>
  <inputData id="i1" name="面积"><variable name="面积" typeRef="number"/></inputData>
  <inputData id="i2" name="业态"><variable name="业态" typeRef="tKind"/></inputData>
  <decision id="d" name="核查分级">
    <variable name="核查分级" typeRef="string"/>
    <informationRequirement><requiredInput href="#i1"/></informationRequirement>
    <informationRequirement><requiredInput href="#i2"/></informationRequirement>
    <decisionTable hitPolicy="UNIQUE">
      <input label="面积"><inputExpression typeRef="number"><text>面积</text></inputExpression></input>
      <input label="业态"><inputExpression typeRef="tKind"><text>业态</text></inputExpression></input>
      <output name="grade" label="等级"><outputValues><text>"A","B"</text></outputValues></output>
      <annotation name="依据"/>
      <rule><inputEntry><text>&lt;= 50</text></inputEntry><inputEntry><text>-</text></inputEntry><outputEntry><text>"A"</text></outputEntry><annotationEntry><text>FBL15 32</text></annotationEntry></rule>
      <rule><inputEntry><text>&gt; 50</text></inputEntry><inputEntry><text>"餐饮"</text></inputEntry><outputEntry><text>"B"</text></outputEntry><annotationEntry><text></text></annotationEntry></rule>
      <rule><inputEntry><text>&gt; 50</text></inputEntry><inputEntry><text>"销售"</text></inputEntry><outputEntry><text>"A"</text></outputEntry><annotationEntry><text></text></annotationEntry></rule>
    </decisionTable>
  </decision>
</definitions>
"""
TOMORROW = datetime.date(2026, 7, 2)
NOON = datetime.datetime(2026, 7, 1, 4, tzinfo=datetime.UTC)


def staff(role: Role) -> Reader:
    return reader_for(StaffFactory(role=role, unit=UnitTree().city))


def draft(text: str | bytes = FILE, reader: Reader | None = None, **more: Any) -> Draft:
    given = {"code": "test.grading", "valid_from": TOMORROW, "file_name": "分级.dmn", **more}
    content = text if isinstance(text, bytes) else text.encode()
    return actions.draft_from_dmn(content, reader=reader or staff(Role.CATALOGUE_EDITOR), **given)


def problems(text: str | bytes, **more: Any) -> list[dict[str, Any]]:
    """What the import says is wrong; nothing may be kept."""
    with pytest.raises(Refused) as refused:
        draft(text, **more)
    assert not Draft.objects.exists() and not Event.objects.filter(name="law.draft.made").exists()
    found: list[dict[str, Any]] = refused.value.details["problems"]
    assert str(found[0]["text"]) in str(refused.value)
    return found


@pytest.mark.django_db
def test_from_file_to_decision() -> None:
    editor, releaser = staff(Role.CATALOGUE_EDITOR), staff(Role.CATALOGUE_RELEASER)
    with clock.at(NOON):
        made = draft(reader=editor)
        assert list(drafts.drafts(releaser)) == [made]
        assert draft(reader=editor) == made, "the same file twice is one draft"
        with pytest.raises(Refused, match="权限"):
            drafting.release(made.pk, reader=editor)
        with pytest.raises(Refused, match="试算"):
            drafting.release(made.pk, reader=releaser)
        drafting.ask_trial(made.pk, reader=releaser)
        drain()
        version = drafting.release(made.pk, reader=releaser)
        with pytest.raises(Refused, match="已经发布"):
            drafting.release(made.pk, reader=releaser)
    assert version.title == "核查分级" and version.body["rules"][0]["source"] == "FBL15 32"
    assert "分级.dmn" in version.body["rules"][1]["unconfirmed"]
    assert version.body["inputs"][1]["domain"] == ["餐饮", "销售"]
    assert list(drafts.drafts(releaser)) == []
    told = Event.objects.filter(name__startswith="law.").order_by("pk")
    assert [one.name for one in told] == [
        "law.draft.made", "law.trial.asked", "law.trial.ended", "law.draft.released",
    ]  # fmt: skip
    with clock.at(NOON + datetime.timedelta(days=2)):
        decision = actions.decide(
            "test.grading", {"面积": 80, "业态": "餐饮"}, record=UnitTree().city, actor=Actor.rules("SZ/")
        )
    assert actions.outputs_of(decision) == {"grade": "B"}


@pytest.mark.django_db
def test_one_person_cannot_draft_and_release() -> None:
    person = StaffFactory(role=Role.CATALOGUE_EDITOR, unit=UnitTree().city)
    both = reader_for(person)
    both = Reader(
        both.kind,
        both.user_id,
        (*both.powers, *(type(one)(Role.CATALOGUE_RELEASER, one.org_path) for one in both.powers)),
        both.subject_ids,
        both.org_path,
    )
    with clock.at(NOON):
        made = draft(reader=both)
        with pytest.raises(Refused, match="另一人"):
            drafting.release(made.pk, reader=both)
    assert not TableVersion.objects.filter(code="test.grading").exists()


@pytest.mark.django_db
def test_who_may_not_edit_is_refused_and_sees_nothing() -> None:
    with pytest.raises(Refused, match="编辑"):
        draft(reader=staff(Role.INSPECTOR))
    with clock.at(NOON):
        made = draft()
    for reader in (staff(Role.INSPECTOR), Reader.anonymous()):
        assert list(drafts.drafts(reader)) == []
        with pytest.raises(Refused, match="没有这份草稿"):
            drafting.release(made.pk, reader=reader)


@pytest.mark.django_db
def test_rules_are_not_released_into_the_past_and_a_draft_can_be_withdrawn() -> None:
    editor = staff(Role.CATALOGUE_EDITOR)
    with clock.at(NOON):
        with pytest.raises(Refused, match="溯及既往"):
            draft(reader=editor, valid_from=datetime.date(2026, 6, 30))
        made = draft(reader=editor)
    with clock.at(NOON + datetime.timedelta(days=3)):
        with pytest.raises(Refused, match="溯及既往"):
            drafting.release(made.pk, reader=staff(Role.CATALOGUE_RELEASER))
        with pytest.raises(Refused, match="理由"):
            drafting.withdraw(made.pk, reader=editor, reason=" ")
        drafting.withdraw(made.pk, reader=editor, reason="日期写错")
    assert list(drafts.drafts(editor)) == []


@pytest.mark.django_db
def test_broken_xml_is_told_with_its_line() -> None:
    (found,) = problems(FILE.replace("</rule>", "</rul>", 1))
    assert "第 15 行" in found["text"] and "XML" in found["text"]


@pytest.mark.django_db
@pytest.mark.parametrize(
    "doctype",
    [
        '<!DOCTYPE d [<!ENTITY x SYSTEM "file:///etc/passwd">]>',
        '<!DOCTYPE d SYSTEM "http://127.0.0.1:9/x.dtd">',
        '<!DOCTYPE d [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>',
    ],
)
def test_external_entities_and_document_types_are_refused(doctype: str) -> None:
    (found,) = problems(FILE.replace("?>\n", f"?>\n{doctype}\n", 1))
    assert "DTD" in found["text"] and "root:" not in found["text"]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("change", "place", "why"),
    [
        (("UNIQUE", "BEST"), (0, ""), "命中策略“BEST”"),
        (("&lt;= 50", "&lt;= = 50"), (1, "面积"), "这里应当是一个值"),
        (("&lt;= 50", "&lt;= “50”"), (1, "面积"), "不能识别"),
        (("&lt;= 50", '"五十"'), (1, "面积"), "类型是 number"),
        (
            ('"餐饮"</text></inputEntry><outputEntry>', "餐饮</text></inputEntry><outputEntry>"),
            (2, "业态"),
            "英文双引号",
        ),
        (('"销售"</text></inputEntry>', '"批发"</text></inputEntry>'), (3, "业态"), "不在取值范围"),
        (('"B"</text></outputEntry>', '"C"</text></outputEntry>'), (2, "等级"), "结果不在取值"),
        (('"B"</text></outputEntry>', "</text></outputEntry>"), (2, "等级"), "没有填写"),
        (("FBL15 32", "某办法 3"), (1, "依据"), "依据写作"),
        (("<inputEntry><text>-</text></inputEntry>", ""), (1, "全部"), "1 个条件"),
        (('typeRef="number"><text>面积', 'typeRef="time"><text>面积'), (0, "面积"), "类型只能是"),
    ],
    ids=lambda one: str(one)[:30],
)
def test_a_wrong_cell_is_told_with_row_column_and_reason(
    change: tuple[str, str], place: tuple[int, str], why: str
) -> None:
    assert change[0] in FILE
    found = problems(FILE.replace(*change, 1))
    assert (found[0]["row"], found[0]["column"]) == place
    assert why in found[0]["text"]


@pytest.mark.django_db
def test_overlap_and_gap_are_refused_with_their_cells() -> None:
    overlap = problems(
        FILE.replace(
            '&gt; 50</text></inputEntry><inputEntry><text>"餐饮"',
            '&gt;= 50</text></inputEntry><inputEntry><text>"餐饮"',
        )
    )
    assert {(one["row"], one["column"], one["cell"]) for one in overlap} == {
        (1, "面积", "<= 50"),
        (2, "面积", ">= 50"),
        (2, "业态", '"餐饮"'),
    }
    assert "同时适用" in overlap[0]["text"]
    gap = problems(FILE.replace("&lt;= 50", "&lt; 50"))
    assert all("没有规则适用于：面积＝50" in one["text"] for one in gap)
    assert (1, "面积", "< 50") in {(one["row"], one["column"], one["cell"]) for one in gap}


@pytest.mark.django_db
def test_all_problems_are_told_at_once() -> None:
    wrong = FILE.replace("&lt;= 50", "&lt;= 五十").replace(
        '"B"</text></outputEntry>', '"C"</text></outputEntry>'
    )
    assert [(one["row"], one["column"]) for one in problems(wrong)] == [(1, "面积"), (2, "等级")]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "XML"),
        (b"\xff\xfe\x00", "XML|不能读取"),
        (b"<html/>", "不是 DMN"),
        (FILE.replace("decisionTable", "other").encode(), "没有决策表"),
        (b" " * 5_000_001, "MB"),
        (("<a>" * 90 + "</a>" * 90).join(FILE.split("<decision ")[:1] + ["</definitions>"]).encode(), "嵌套"),
    ],
    ids=["empty", "bytes", "other file", "no table", "too large", "too deep"],
)
def test_what_is_no_decision_table_is_refused(content: bytes, why: str) -> None:
    import re

    (found,) = problems(content)
    assert re.search(why, found["text"])


@pytest.mark.django_db
def test_one_of_several_tables_is_named() -> None:
    second = FILE[FILE.index("  <decision ") : FILE.index("</definitions>")]
    second = second.replace('id="d"', 'id="e"').replace("核查分级", "另一张")
    both = FILE.replace("</definitions>", second + "</definitions>")
    assert "核查分级、另一张" in problems(both)[0]["text"]
    with clock.at(NOON):
        assert draft(both, decision="另一张").title == "另一张"


@pytest.mark.django_db
def test_a_table_that_needs_other_decisions_is_refused() -> None:
    needy = FILE.replace("</definitions>", '<decision id="e" name="别的"/></definitions>')
    needy = needy.replace('<requiredInput href="#i1"/>', '<requiredDecision href="#e"/>')
    assert "依赖其他决策" in problems(needy)[0]["text"]


@pytest.mark.django_db
def test_a_wrong_code_is_told() -> None:
    with pytest.raises(Refused, match="代码") as refused:
        draft(code="分级")
    assert refused.value.field == "code"


def test_files_of_every_version_are_read() -> None:
    from qipan.kernel.decisions.dmn.document import NAMESPACES, WRITTEN
    from qipan.kernel.decisions.dmn.reading import read

    for namespace in NAMESPACES:
        assert read(FILE.replace(WRITTEN, namespace).encode()).decisions[0].name == "核查分级"
    assert {"1.1", "1.2", "1.3", "1.4", "1.5"} <= set(NAMESPACES.values())
