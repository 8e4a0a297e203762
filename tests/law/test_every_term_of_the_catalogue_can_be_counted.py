"""All the terms that the product ships: each counts, and each number stands in the article that it cites."""

import datetime
import json
import re

import pytest

from qipan.kernel.law import terms
from qipan.kernel.law.citations import in_chinese
from qipan.kernel.law.models import LawRule
from tests.beside import beside
from tests.law.catalogues import load_catalogues

LAWS = beside("laws") / "laws.jsonl"
UNITS = {"WORKDAY": "(?:个?工作)?日", "DAY": "日", "MONTH": "个?月", "YEAR": "年", "HOUR": "小时"}

pytestmark = pytest.mark.django_db


def test_every_term_counts_from_any_day() -> None:
    load_catalogues()
    codes = list(LawRule.objects.values_list("code", flat=True).distinct())
    assert len(codes) > 120
    start = datetime.datetime(2026, 3, 2, 2, 0, tzinfo=datetime.UTC)
    for code in codes:
        due = terms.due(code, start)
        assert due.due_on or due.due_at, code
        before = terms.rule(code).value < 0
        if due.due_on and terms.rule(code).unit != "HOUR":
            assert (due.due_on <= start.date()) is before, code


@pytest.mark.skipif(not LAWS.exists(), reason="the texts of the laws are not at hand")
def test_the_number_of_a_term_stands_in_the_article_that_it_cites() -> None:
    load_catalogues()
    articles = {}
    with LAWS.open(encoding="utf-8") as stream:
        for line in stream:
            law = json.loads(line)
            name = law["name"].removeprefix("中华人民共和国")
            articles |= {(name, article["no"]): article["text"] for article in law["articles"]}
    wrong = []
    for code in LawRule.objects.values_list("code", flat=True).distinct():
        rule = terms.rule(code)
        if rule.citation is None:
            continue
        name = rule.citation.law_name.removeprefix("中华人民共和国")
        text = articles.get((name, rule.citation.label))
        if text is None:
            wrong.append(f"{code}: {rule.citation} is not in the library")
            continue
        number = abs(rule.value)
        plain = text.translate(str.maketrans("０１２３４５６７８９", "0123456789"))
        written = rf"(?:{number}|{in_chinese(number)}{'|两' if number == 2 else ''}){UNITS[rule.unit]}"
        if not re.search(written, plain):
            wrong.append(f"{code}: {number} {rule.unit} does not stand in {rule.citation}")
    assert wrong == []
