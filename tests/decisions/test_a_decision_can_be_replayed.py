"""A recorded decision is worked out again from its kept facts and version, and says equal or what differs."""

import datetime

import pytest

from qipan.kernel.decisions import actions, queries
from qipan.kernel.decisions.loading import TableRow, load_tables
from qipan.kernel.decisions.models import Decision
from qipan.kernel.ledger.actor import Actor
from qipan.kernel.orgs.reader import Reader
from qipan.kernel.orgs.roles import Role
from tests.orgs.factories import StaffFactory, UnitTree, reader_for

ROW = {
    "code": "test.replayed",
    "valid_from": "2024-01-01",
    "title": "重演",
    "inputs": [
        {"name": "days", "title": "剩余工作日", "type": "number"},
        {"name": "since", "title": "自", "type": "date"},
    ],
    "outputs": [
        {"name": "result", "title": "结果", "default": '"PERSON"'},
        {"name": "until", "title": "至", "default": "null"},
    ],
    "rules": [
        {
            "when": [">= 15", '< date("2025-01-01")'],
            "then": ['"GRANT"', 'since + @"P5Y"'],
            "unconfirmed": "a test",
        }
    ],
}


def decided(facts: dict[str, object]) -> Decision:
    load_tables([TableRow.model_validate(ROW)], Actor.system())
    return actions.decide(
        "test.replayed", facts, record=UnitTree().offices[0], actor=Actor.rules(UnitTree().offices[0].path)
    )


@pytest.mark.django_db
@pytest.mark.parametrize("days", [20, 3, None])
def test_the_same_facts_come_to_the_same(days: int | None) -> None:
    made = decided({"days": days, "since": datetime.date(2024, 2, 29)})
    again = queries.replayed(Decision.objects.get(pk=made.pk))
    assert again.equal and again.differences == () and "结果一致" in again.text


@pytest.mark.django_db
def test_a_later_version_of_the_table_changes_nothing() -> None:
    made = decided({"days": 20, "since": datetime.date(2024, 2, 29)})
    assert actions.outputs_of(made) == {"result": "GRANT", "until": datetime.date(2029, 2, 28)}
    later = {**ROW, "valid_from": "2024-02-01", "rules": [{**ROW["rules"][0], "then": ['"PERSON"', "null"]}]}  # type: ignore[index]
    load_tables([TableRow.model_validate(later)], Actor.system())
    assert queries.replayed(Decision.objects.get(pk=made.pk)).equal


@pytest.mark.django_db
def test_what_differs_is_named() -> None:
    made = decided({"days": 20, "since": datetime.date(2024, 2, 29)})
    Decision.objects.filter(pk=made.pk).update(outputs={"result": "PERSON", "until": None})
    again = queries.replayed(Decision.objects.get(pk=made.pk))
    assert [one.title for one in again.differences] == ["结果"]
    assert again.text == (
        "按当时的事实和规则重新计算，结果不一致：结果：result＝PERSON，until＝未知 → result＝GRANT，until＝2029-02-28。"
    )
    Decision.objects.filter(pk=made.pk).update(
        outputs=made.outputs, facts={**made.facts, "days": {"$number": "3"}}
    )
    again = queries.replayed(Decision.objects.get(pk=made.pk))
    assert [one.title for one in again.differences] == ["结果", "适用规则", "逐条比对"]


@pytest.mark.django_db
def test_the_staff_page_shows_only_decisions_of_its_own_units() -> None:
    made = decided({"days": 20, "since": datetime.date(2024, 2, 29)})
    tree = UnitTree()
    near = reader_for(StaffFactory(role=Role.LIC_REVIEWER, unit=tree.offices[0]))
    above = reader_for(StaffFactory(role=Role.LIC_DECIDER, unit=tree.city))
    far = reader_for(StaffFactory(role=Role.LIC_REVIEWER, unit=tree.offices[2]))
    assert queries.replay_for(near, made.pk).equal and queries.replay_for(above, made.pk).equal
    for reader in (far, Reader.anonymous()):
        with pytest.raises(Decision.DoesNotExist):
            queries.replay_for(reader, made.pk)
