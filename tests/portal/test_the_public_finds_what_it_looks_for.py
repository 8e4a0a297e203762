"""The first page and the one search, the guide of an item, publications by kind and page, one's own matters."""

import re

import pytest
from django.test import Client

from qipan.kernel.jobs.testing import drain
from tests.licensing.city import City
from tests.portal.test_pages_walk_the_loops import owner_client, walk_renewal

pytestmark = pytest.mark.django_db


def text_of(address: str, client: Client | None = None) -> str:
    answer = (client or Client()).get(address)
    assert answer.status_code == 200, address
    return answer.content.decode()


def test_one_search_finds_items_businesses_and_documents(city: City) -> None:
    subject, grant, _owner = city.restaurant()
    walk_renewal(city, owner_client(grant), grant)
    drain()
    assert 'href="/items/FB-RENEW/"' in text_of("/search/?q=延续")
    assert f'href="/businesses/{subject.pk}/"' in text_of(f"/search/?q={subject.name[6:10]}")
    page = owner_client(grant).get("/my/")
    paper = page.context["cases"][0]["case"]
    code = re.search(r"/verify/([0-9A-Z]+)/", text_of(f"/my/cases/{paper.uuid}/", owner_client(grant)))[1]
    assert f'href="/verify/{code}/"' in text_of(f"/search/?q={code.lower()}")
    assert "没有找到" in text_of("/search/?q=没有这样的东西") and "没有找到" not in text_of("/search/")


def test_the_first_page_shows_ones_own_matters(city: City) -> None:
    _subject, grant, _owner = city.restaurant(ends_in=30)
    client = owner_client(grant)
    first = text_of("/", client)
    assert "我的事" in first and grant.number in first and "办理延续" in first
    case = walk_renewal(city, client, grant)
    assert case.title in text_of("/", client)
    assert "我的事" not in text_of("/")


def test_the_guide_names_limits_articles_and_the_way(city: City) -> None:
    text = text_of("/items/FB-NEW/")
    assert "《食品安全法》第三十五条" in text and "待确认" in text
    assert "flow-diagram" in text and "5 个工作日" in text
    assert Client().get("/items/NOPE/").status_code == 404


def test_publications_are_found_by_word_and_kind(city: City) -> None:
    subject, grant, _owner = city.restaurant()
    walk_renewal(city, owner_client(grant), grant)
    drain()
    assert subject.name in text_of("/publications/")
    found = text_of(f"/publications/?q={subject.name[6:12]}")
    assert subject.name in found and "没有公示信息" not in found
    assert "没有公示信息" in text_of("/publications/?q=没有这家")
    assert subject.name in text_of("/publications/?kind=licence.grant")
    assert subject.name in text_of("/publications/?kind=nonsense&before=zzz")
