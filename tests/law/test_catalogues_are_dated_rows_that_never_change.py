"""Catalogue rows: the same again changes nothing, other content under the same date is refused."""

import datetime

import pytest

from qipan.kernel.law import catalogue, terms
from qipan.kernel.law.catalogue import keep_dated
from qipan.kernel.law.models import LawRule
from qipan.kernel.ledger.errors import Refused
from tests.law.catalogues import load_catalogues

pytestmark = pytest.mark.django_db


def test_loading_twice_changes_nothing() -> None:
    load_catalogues()
    before = LawRule.objects.count()
    assert all(report.created == 0 for report in catalogue.load_all(without=frozenset({"units", "posts"})))
    assert LawRule.objects.count() == before > 50


def test_a_released_row_cannot_be_changed() -> None:
    load_catalogues()
    row = LawRule.objects.get(code="Insp39.publish")
    with pytest.raises(Refused, match="已经发布"):
        keep_dated(LawRule, row.code, row.valid_from, {"value": row.value + 1})


def test_a_case_keeps_the_version_of_the_rule_that_was_in_force() -> None:
    load_catalogues()
    old = terms.rule("Insp39.publish")
    LawRule.objects.create(
        code="Insp39.publish",
        valid_from=datetime.date(2026, 6, 1),
        title=old.title,
        unit="WORKDAY",
        value=10,
        start_event="检查结果形成",
        unconfirmed="a test",
    )
    terms.forget()
    assert terms.rule("Insp39.publish", datetime.date(2026, 5, 1)).value == 20
    assert terms.rule("Insp39.publish", datetime.date(2026, 6, 1)).value == 10


def test_a_wrong_row_is_named_with_its_file_row_and_field(tmp_path) -> None:
    file = tmp_path / "wrong.yaml"
    file.write_text(
        "kind: rules\nrows:\n  - {code: A.b, valid_from: 2024-01-01, title: 某期限, unit: WEEK, value: 1, start: 某日, unconfirmed: 测试}\n"
    )
    with pytest.raises(Refused) as caught:
        catalogue.checked(catalogue.read(file))
    assert (
        "wrong.yaml" in str(caught.value) and "第 1 条" in str(caught.value) and "unit" in str(caught.value)
    )
