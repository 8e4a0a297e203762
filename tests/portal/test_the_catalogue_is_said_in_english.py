"""What the catalogues say stands in English on an applicant's pages; what is written down keeps the catalogue's own words."""

import html
import uuid

import pytest
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po
from django.test import Client
from django.utils import translation

from qipan.conf import messages
from qipan.domains.licensing import actions as licensing
from qipan.domains.licensing.themes import applying, queries
from qipan.kernel.decisions.wording import said_reason
from qipan.kernel.flow.models import Case
from qipan.kernel.items import queries as items
from qipan.kernel.jobs.testing import drain
from qipan.kernel.law.saying import said
from qipan.kernel.subjects import actions as subjects
from tests.law.catalogues import load_catalogues
from tests.law.names import CHINESE, names
from tests.licensing.city import SYSTEM, City
from tests.orgs.factories import BusinessUserFactory, reader_for, signed_in
from tests.portal.test_english_pages_show_no_chinese import data, english, left_over
from tests.portal.test_pages_walk_the_loops import owner_client, walk_renewal

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def kept() -> Catalog:
    with messages.names_file("en").open("rb") as stream:
        return read_po(stream, locale="en")


def test_every_text_that_an_applicant_meets_has_its_english(kept: Catalog) -> None:
    load_catalogues()
    said_so = {message.id: message.string for message in kept if message.id}
    found = names()
    lacking = {text: where for text, where in found.items() if not said_so.get(text)}
    assert not lacking, f"add to {messages.names_file('en').name}: {dict(list(lacking.items())[:10])}"
    assert not set(said_so) - found.keys(), "nobody says these any more"


def test_the_english_has_no_chinese_and_stays_a_label(kept: Catalog) -> None:
    for message in kept:
        text = str(message.string) if message.id else ""
        assert not CHINESE.search(text) and "，" not in text and "。" not in text, text
        assert text == text.strip(), text
        assert len(text) < 60 + 8 * len(str(message.id)), text


def test_a_text_is_said_whole_or_piece_by_piece_and_only_where_it_is_known() -> None:
    assert said("热食类食品制售") == "热食类食品制售"
    with translation.override("en"):
        hot, cold = said("热食类食品制售"), said("冷食类食品制售")
        assert not CHINESE.search(hot + cold) and said("热食类食品制售、冷食类食品制售") == f"{hot}, {cold}"
        assert said(["热食类食品制售", ""]) == [hot, ""]
        assert said("粤味饮食 热食类食品制售") == f"粤味饮食 {hot}"
        assert said("粤味饮食、热食类食品制售") == "粤味饮食、热食类食品制售"


def check(client: Client, *paths: str) -> None:
    """No Chinese stands on these pages in English that is neither a name, an address nor another record."""
    records, found = set(data()) - names().keys(), []
    for path in paths:
        page = english(client).get(path, follow=True)
        assert page.status_code == 200, path
        found += [f"{path}: {text}" for text in _left(page.content.decode(), records)]
    assert not found, "\n".join(found)


def _left(page: str, records: set[str]) -> list[str]:
    told = html.unescape(page)
    return left_over(page, sorted((text for text in records if text in told), key=len, reverse=True))


def test_guides_and_forms_of_items(city: City) -> None:
    _subject, grant, owner = city.restaurant()
    client = owner_client(grant)
    drafts = [
        licensing.start("FB-NEW", uuid=uuid.uuid4(), reader=owner, subject=grant.subject),
        licensing.start("FB-CHANGE", uuid=uuid.uuid4(), reader=owner, subject=grant.subject, grant=grant),
    ]
    paths = [f"/applications/{row.case.uuid}/" for row in drafts]
    guides = [f"/items/{item.code}/" for item in items.items_for_public()[::60]]
    check(client, "/items/", "/apply/FB-NEW/", *guides, *paths)
    empty = client.post(paths[0], {"act": "submit"})
    assert empty.status_code == 422
    assert not _left(empty.content.decode(), set(data()) - names().keys())


def test_guides_and_forms_of_themes(city: City) -> None:
    queries.forget()
    user = BusinessUserFactory()
    theme = queries.theme("small-restaurant")
    assert theme is not None
    row = applying.start(theme.code, theme.usual, uuid=uuid.uuid4(), reader=reader_for(user), subject=None)
    guides = [f"/themes/{one.code}/" for one in queries.themes()[::12]]
    form = f"/themes/cases/{row.case.uuid}/"
    check(signed_in(Client(), user), "/themes/", *guides, form)
    assert CHINESE.search(Case.objects.get(pk=row.pk).title), "records keep the catalogue's words"


def test_ones_own_cases_and_licences(city: City) -> None:
    _subject, grant, _owner = city.restaurant()
    client = owner_client(grant)
    case = walk_renewal(city, client, grant)
    drain()
    check(
        client,
        "/",
        "/my/",
        "/search/?q=许可",
        f"/my/cases/{case.uuid}/",
        f"/my/evaluations/{case.uuid}/",
        "/my/licences/",
        f"/my/licences/{grant.pk}/",
        f"/my/licences/{grant.pk}/show/",
        "/my/mandates/new/",
        "/my/seals/",
    )


def test_why_a_person_decides(city: City) -> None:
    subject, grant, owner = city.restaurant()
    subjects.add_mark(subject, "ABNORMAL_LIST", SYSTEM, ground="未年报")
    case = licensing.submit(city.drafted("FB-RENEW", subject, grant, owner, unchanged=True), owner)
    check(owner_client(grant), path := f"/my/cases/{case.uuid}/")
    page = html.unescape(english(owner_client(grant)).get(path).content.decode())
    assert "（要求" not in page
    with translation.override("en"):
        assert said_reason("在经营异常名录：是（要求 否）") in page
