"""The law library: loaded once, searched in pieces, and every citation of every room held against it."""

import datetime
import json
from pathlib import Path

import pytest
from django.test import Client

from qipan.kernel.decisions.models import TableVersion
from qipan.kernel.documents.models import Template
from qipan.kernel.flow import registry
from qipan.kernel.forms.models import ChecklistVersion
from qipan.kernel.items.models import Item
from qipan.kernel.law import citing, library, queries
from qipan.kernel.law.citations import SHORT_NAMES, Citation
from qipan.kernel.law.library import Loaded
from qipan.kernel.law.models import Article, Law, LawRule
from qipan.kernel.ledger.errors import Refused
from qipan.kernel.publication.models import PublicationKind
from tests.beside import beside
from tests.law.catalogues import load_catalogues

LAWS = beside("laws")
FSL = {
    "name": "食品安全法",
    "as_of": "2021-04-29",
    "source": "a test",
    "head": ["2009年2月28日通过", "2021年4月29日修正"],
    "articles": [
        {"no": "第一条", "chapter": "第一章 总则", "text": "为了保证食品安全，制定本法。"},
        {
            "no": "第二条",
            "chapter": "第一章 总则",
            "text": "下列活动应当遵守本法：\n（一）食品生产；\n（二）餐饮服务。\n供食用的初级产品另有规定。",
        },
        {"no": "第三条", "chapter": "第二章 许可", "text": "国家对食品、药品生产经营实行许可制度。"},
    ],
}
INSP = {
    "name": "食品生产经营监督检查管理办法",
    "as_of": "",
    "articles": [{"no": "第一条", "chapter": "", "text": "为了加强和规范监督检查，制定本办法。"}],
}
pytestmark = pytest.mark.django_db


def write(path: Path, *laws: object) -> Path:
    path.write_text("".join(json.dumps(law, ensure_ascii=False) + "\n" for law in laws), "utf-8")
    return path


@pytest.fixture
def small(tmp_path) -> None:
    library.load(library.read_laws(write(tmp_path / "laws.jsonl", FSL, INSP)))


def test_a_file_is_loaded_once(tmp_path) -> None:
    path = write(tmp_path / "laws.jsonl", FSL, INSP)
    assert library.load(library.read_laws(path)) == Loaded(2, 4, 0, ())
    rows = list(Article.objects.values())
    assert library.load(library.read_laws(tmp_path)) == Loaded(0, 0, 2, ())
    assert rows == list(Article.objects.values())
    assert Law.objects.get(short_name="FSL").head == "2009年2月28日通过\n2021年4月29日修正"
    undated = Law.objects.get(short_name="Insp")
    assert undated.as_of is None and "没有注明日期" in undated.gap


def test_a_text_without_a_date_is_read_like_any_other(small: None) -> None:
    page = Client().get("/laws/食品生产经营监督检查管理办法/")
    assert page.status_code == 200 and "没有注明日期" in page.content.decode()
    assert Client().get("/laws/食品生产经营监督检查管理办法/", {"date": "2020-01-01"}).status_code == 200
    found = Client().get("/laws/", {"q": "食品安全法 第三条"}).content.decode()
    assert "实行许可制度" in found


def test_a_text_of_the_same_date_is_left_alone_and_told(small: None, tmp_path) -> None:
    other = {**FSL, "articles": [{"no": "第一条", "text": "别的条文。"}]}
    assert library.load([other]) == Loaded(0, 0, 1, ("食品安全法",))
    assert queries.law_by_name("FSL").articles.count() == 3
    assert library.load([{**other, "as_of": "2025-12-01"}]).laws == 1
    assert queries.law_by_name("食品安全法").as_of == datetime.date(2025, 12, 1)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{", "第 2 行不是有效的 JSON"),
        (json.dumps({"articles": []}), "第 2 部法规没有名称"),
        (json.dumps({"name": "某法", "articles": [{"no": "第一条"}]}), "《某法》的条文"),
        ("[]", "没有名称"),
    ],
)
def test_a_broken_file_takes_nothing_and_says_where(tmp_path, content: str, said: str) -> None:
    path = write(tmp_path / "laws.jsonl", FSL)
    path.write_text(path.read_text("utf-8") + content + "\n", "utf-8")
    with pytest.raises(Refused, match=said):
        library.load(library.read_laws(path))
    assert not Law.objects.exists()
    with pytest.raises(Refused, match="找不到法规文件"):
        library.load(library.read_laws(tmp_path / "none.jsonl"))


def test_an_article_is_found_by_its_place_in_any_writing(small: None) -> None:
    article = queries.article_by_number(queries.law_by_name("中华人民共和国食品安全法"), 3)
    for text in (
        "食品安全法第三条",
        "《食品安全法》第三条",
        "食品安全法 3",
        "FSL 3",
        "中华人民共和国食品安全法 第3条",
    ):
        assert queries.located(text) == article, text
        assert queries.search(text)[0] == article, text
    assert [queries.label_of(text) for text in ("35", "三十五", "第35条", 0, "附则")] == [
        "第三十五条", "第三十五条", "第三十五条", "", "",
    ]  # fmt: skip
    assert queries.located("食品安全法 99") is None and queries.located("许可 3") is None


def test_words_are_found(small: None) -> None:
    def labels(text: str) -> list[str]:
        return [article.label for article in queries.search(text)]

    assert labels("许可制度") == ["第三条"] and labels("餐饮 遵守") == ["第二条"]
    assert labels("食品安全") == ["第一条"], "the pieces must stand side by side"
    assert labels("、药品") == ["第三条"] and labels("度。国") == []
    assert labels("《》 。") == labels("不存在的词") == []


@pytest.mark.parametrize(
    ("citation", "wrong"),
    [
        ("FSL 3", ""),
        ("FSL 4", "没有第四条"),
        ("FSL 2(2)", ""),
        ("FSL 2(3)", "只有 2 款"),
        ("FSL 2(1)[2]", ""),
        ("FSL 2(1)[3]", "没有第（三）项"),
        ("FSL 2(2)[1]", "没有第（一）项"),
        ("PenLaw 999", ""),
    ],
)
def test_a_citation_is_held_against_article_paragraph_and_item(
    small: None, citation: str, wrong: str
) -> None:
    said = library.check(Citation.parse(citation))
    assert (wrong in said) if wrong else (said == "")


def test_a_wrong_citation_is_found_in_every_room(tmp_path) -> None:
    """Every law that the product cites, but with its first article only: whatever cites another one must be told."""
    load_catalogues()
    only_first = [{"no": "第一条", "chapter": "", "text": "为了保证食品安全，制定本法。"}]
    names = [name.removeprefix("中华人民共和国") for name in SHORT_NAMES.values()]
    library.load([{"name": name, "as_of": "2020-01-01", "articles": only_first} for name in names])
    told = "\n".join(citing.problems())
    rooms = {
        "terms": LawRule.objects.exclude(law="").values_list("code", flat=True),
        "items": (item.code for item in Item.objects.all() if item.bases),
        "checklists": ChecklistVersion.objects.values_list("code", flat=True),
        "tables": (
            version.code
            for version in TableVersion.objects.all()
            if any(rule.get("source") for rule in version.body["rules"])
        ),
        "templates": Template.objects.exclude(law="").values_list("code", flat=True),
        "publications": PublicationKind.objects.exclude(law="").values_list("code", flat=True),
        "flows": (
            flow.code for flow in registry.all_flows() if flow.code.startswith(("licensing", "inspection"))
        ),
    }
    for room, codes in rooms.items():
        lost = {code for code in codes if code not in told}
        assert not lost, f"{room}: {lost}"


@pytest.mark.skipif(not LAWS.exists(), reason="the texts of the laws are not beside the project")
def test_with_the_real_texts_one_planted_citation_is_the_only_wrong_one() -> None:
    loaded = library.load(library.read_laws(LAWS))
    assert (loaded.laws, loaded.articles) == (150, 8001)
    assert library.load(library.read_laws(LAWS)) == Loaded(0, 0, 150, ())
    load_catalogues()
    assert citing.problems() == []
    LawRule.objects.create(
        code="planted.term",
        valid_from=datetime.date(2020, 1, 1),
        title="a term that no law sets",
        law="FSL",
        article="999",
        unit="DAY",
        value=1,
        start_event="a test",
    )
    assert citing.problems() == ["planted.term：《食品安全法》没有第九百九十九条。"]
    assert queries.located("食品安全法第一百五十四条") and queries.located("食品安全法第一百五十五条") is None
    assert queries.search("食品经营许可 申请")
