"""The law library's pages: found by name and by words, an address for each article, citations lead there."""

import pytest
from django.template import Context, Template
from django.test import Client, RequestFactory

from qipan.kernel.law import library

pytestmark = pytest.mark.django_db
LAWS = [
    {
        "name": "食品安全法",
        "as_of": "2021-04-29",
        "articles": [
            {"no": "第一条", "text": "为了保证食品安全，制定本法。", "chapter": "第一章 总则"},
            {
                "no": "第三十五条",
                "text": "国家对食品生产经营实行许可制度。",
                "chapter": "第四章 食品生产经营",
            },
            {"no": "第三十五条之一", "text": "补充规定<b>。", "chapter": "第四章 食品生产经营"},
        ],
    },
    {
        "name": "行政许可法",
        "as_of": "2019-04-23",
        "articles": [{"no": "第一条", "text": "为了规范行政许可。"}],
    },
]


def test_an_empty_library_says_how_to_fill_it() -> None:
    text = Client().get("/laws/").content.decode()
    assert "法规库还没有载入" in text and "./qipan load laws" in text


def test_laws_and_articles_are_found() -> None:
    library.load(LAWS)
    assert "行政许可法" in Client().get("/laws/").content.decode()
    text = Client().get("/laws/?q=许可制度").content.decode()
    assert (
        "/laws/%E9%A3%9F%E5%93%81%E5%AE%89%E5%85%A8%E6%B3%95/#a35" in text and "<mark>许可制度</mark>" in text
    )
    assert "没有找到" in Client().get("/laws/?q=航天器").content.decode()


def test_each_article_has_its_address() -> None:
    library.load(LAWS)
    text = Client().get("/laws/食品安全法/").content.decode()
    assert 'id="a35"' in text and "第四章 食品生产经营" in text and "补充规定&lt;b&gt;" in text
    assert Client().get("/laws/中华人民共和国食品安全法/").status_code == 200
    assert Client().get("/laws/没有这部法/").status_code == 404
    answer = Client().get("/laws/食品安全法/?article=第三十五条之一")
    assert answer.status_code == 302 and "#p" in answer["Location"]


def shown(source: str) -> str:
    request = RequestFactory().get("/")
    return Template("{% load ui %}{% law_link source %}").render(
        Context({"source": source, "request": request})
    )


def test_a_citation_leads_to_its_article_where_the_library_has_it() -> None:
    library.load(LAWS)
    assert 'href="/laws/%E9%A3%9F%E5%93%81%E5%AE%89%E5%85%A8%E6%B3%95/#a35"' in shown("FSL 35(2)")
    assert shown("FSL 35;FSL 36").count("<a ") == 2
    assert "<a " in shown("依照《食品安全法》第三十五条办理") and "<a " not in shown("Insp 22")
    assert "《食品生产经营监督检查管理办法》第二十二条" in shown("Insp 22")


def test_what_is_unconfirmed_is_shown_openly_and_nothing_runs() -> None:
    assert "依据待确认" in shown("unconfirmed") and "依据待确认" in shown("")
    text = shown("待确认：<script>文本未入库")
    assert 'class="unconfirmed"' in text and "&lt;script&gt;" in text
