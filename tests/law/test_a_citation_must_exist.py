"""Citations: read, written in Chinese, and refused when the library holds the law without the article."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qipan.kernel.law import library, queries
from qipan.kernel.law.citations import Citation, from_chinese, in_chinese
from qipan.kernel.law.models import LawRule
from tests.beside import beside
from tests.law.catalogues import load_catalogues

LAWS = beside("laws")
SMALL = [
    {
        "name": "食品安全法",
        "as_of": "2021-04-29",
        "source": "test",
        "head": "",
        "articles": [{"no": "第三十五条", "chapter": "", "text": "国家对食品生产经营实行许可制度。"}],
    }
]


@given(st.integers(1, 9999))
def test_numbers_of_articles_read_back(number: int) -> None:
    assert from_chinese(f"第{in_chinese(number)}条") == number


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("FSL 35", "《食品安全法》第三十五条"),
        ("Insp39", "《食品生产经营监督检查管理办法》第三十九条"),
        ("PenProc 18(2)", "《市场监督管理行政处罚程序规定》第十八条第二款"),
        ("Licence 32(1)[4]", "《行政许可法》第三十二条第一款第（四）项"),
        ("FSL 110", "《食品安全法》第一百一十条"),
    ],
)
def test_a_citation_is_written_as_lawyers_do(text: str, written: str) -> None:
    assert str(Citation.parse(text)) == written


def test_nonsense_is_no_citation() -> None:
    with pytest.raises(ValueError, match="不是条文"):
        Citation.parse("第三十五条")


@pytest.mark.django_db
def test_an_article_that_does_not_exist_is_found() -> None:
    library.load(SMALL)
    assert library.check(Citation.parse("FSL 35")) == ""
    assert "第三十六条" in library.check(Citation.parse("FSL 36"))
    assert library.check(Citation.parse("Insp 39")) == ""
    assert [article.label for article in queries.search("许可制度")] == ["第三十五条"]
    assert library.load(SMALL).articles == 0


@pytest.mark.django_db
@pytest.mark.skipif(not LAWS.exists(), reason="the texts of the laws are not beside the project")
def test_every_term_of_the_catalogue_cites_an_article_of_the_library() -> None:
    library.load(library.read_laws(LAWS))
    load_catalogues()
    wrong = [
        (rule.code, problem)
        for rule in LawRule.objects.exclude(law="")
        if (problem := library.check(Citation.parse(f"{rule.law} {rule.article}")))
    ]
    assert wrong == []
    with (LAWS / "laws.jsonl").open(encoding="utf-8") as stream:
        assert sum(len(json.loads(line)["articles"]) for line in stream) == sum(
            law.articles.count() for law in library.Law.objects.all()
        )
