"""A page read in English shows no Chinese but data: names, addresses, titles of the catalogues, citations.

And the other way round: whoever works in English leaves Chinese records, papers and publications.
"""

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any

import pytest
from django.apps import apps
from django.conf import settings as configured
from django.db import models
from django.test import Client
from django.urls import reverse

from qipan.domains.inspection.models import Visit
from qipan.domains.licensing.elicences import showing
from qipan.domains.licensing.offers import actions as offers
from qipan.domains.licensing.offers.models import RenewalOffer
from qipan.domains.licensing.themes import queries as themes
from qipan.kernel.documents.models import Document
from qipan.kernel.flow.models import WorkOrder
from qipan.kernel.jobs.testing import drain
from qipan.kernel.publication.models import Publication
from qipan.kernel.subjects import actions as subjects
from tests.inspection.office import Office
from tests.law.catalogues import load_catalogues
from tests.licensing.city import City
from tests.licensing.test_a_site_check_is_booked_within_its_limit import waiting
from tests.orgs.factories import UnitTree, signed_in
from tests.portal.test_pages_walk_the_loops import owner_client, walk_renewal
from tests.seals.shop import Shop
from tests.themes.walking import walker

pytestmark = pytest.mark.django_db
CHINESE = re.compile(r"[\u3000-\u303f\u3400-\u9fff\uff00-\uffef]+")
#: Laws are cited by their Chinese names, personal data are masked or (one's own) sealed in the vault, Chinese titles of
#: what was chosen are parted by a Chinese semicolon, the language switch names its language.
MEANT = re.compile(
    r"《[^》]+》(、?第[零一二三四五六七八九十百]+条)*|[\u4e00-\u9fff]\*+|王小明|^\s*；\s*$|^简体中文$|^中文$"
)
HEARD = frozenset({"aria-label", "placeholder", "title", "alt", "data-label", "data-confirm"})


class Words(HTMLParser):
    """Every text of a page, read or heard."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.silent = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.silent = tag in {"script", "style"}
        self.found += [value for name, value in attrs if name in HEARD and value]

    def handle_endtag(self, tag: str) -> None:
        self.silent = False

    def handle_data(self, data: str) -> None:
        if not self.silent and data.strip():
            self.found.append(data.strip())


def strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, one in value.items():
            yield from (key, *strings(one))
    elif isinstance(value, list):
        for one in value:
            yield from strings(one)


def data() -> list[str]:
    """Every Chinese text that lies in the database, the longest first."""
    found: set[str] = set()
    for model in apps.get_models():
        names = [
            field.attname
            for field in model._meta.concrete_fields
            if isinstance(field, models.CharField | models.TextField | models.JSONField)
        ]
        for row in model._default_manager.values_list(*names) if names else ():
            for value in row:
                found.update(text for text in strings(value) if CHINESE.search(text))
    return sorted(found, key=len, reverse=True)


def left_over(page: str, known: list[str]) -> list[str]:
    """The texts of a page in which Chinese stands that no data explain."""
    words = Words()
    words.feed(page)
    found = []
    for text in dict.fromkeys(words.found):
        rest = text
        if CHINESE.search(rest):
            for one in known:
                rest = rest.replace(one, " ")
        if CHINESE.search(MEANT.sub(" ", rest)):
            found.append(text)
    return found


def english(client: Client) -> Client:
    client.cookies[configured.LANGUAGE_COOKIE_NAME] = "en"
    return client


def check(client: Client, *paths: str) -> None:
    hold({path: english(client).get(path, follow=True) for path in paths})


def hold(answers: dict[str, Any]) -> None:
    """Each of these answers is a page in English."""
    known, wrong = data(), {}
    for name, answer in answers.items():
        page = answer.content.decode()
        assert '<html lang="en"' in page, name
        if said := left_over(page, known):
            wrong[name] = said
    assert not wrong, wrong


def test_the_public_pages(city: City) -> None:
    _subject, grant, _reader = city.restaurant()
    walk_renewal(city, owner_client(grant), grant)
    drain()
    check(
        Client(),
        "/",
        "/search/?q=许可",
        "/items/",
        "/items/FB-NEW/",
        "/items/FB-RENEW/",
        "/businesses/",
        f"/businesses/{grant.subject_id}/",
        "/publications/",
        "/laws/",
        "/verify/",
        "/verify/ABC/",
        "/nowhere/",
        "/accounts/login/",
        "/accounts/register/",
        "/api/docs/",
    )


def test_the_pages_of_a_business(city: City) -> None:
    _subject, grant, _reader = city.restaurant()
    client = owner_client(grant)
    case = walk_renewal(city, client, grant)
    drain()
    check(
        client,
        "/my/",
        "/my/mandates/",
        "/my/mandates/new/",
        "/my/clients/",
        f"/my/evaluations/{case.uuid}/",
        "/satisfaction/",
        "/rate/",
        "/notices/",
        "/me/",
        "/apply/FB-RENEW/",
        "/apply/FB-NEW/",
        f"/my/cases/{case.uuid}/",
    )


def test_the_wallet_and_what_a_code_shows(city: City) -> None:
    _subject, grant, owner = city.restaurant()
    client = owner_client(grant)
    check(client, "/my/licences/", f"/my/licences/{grant.pk}/", "/my/licences/calls/")
    shown = english(client).post(f"/my/licences/{grant.pk}/show/", follow=True)
    code = showing.code_of(grant, showing.begin(grant, owner))
    hold({"show": shown, "renewed": client.get(f"/my/licences/{grant.pk}/show/", follow=True)})
    check(
        Client(),
        f"/shown/{code}/",
        "/shown/nonsense/",
        f"/verify/?number={grant.number}",
        "/verify/?number=JY1",
    )


def test_a_theme_from_the_hall_to_its_progress(client: Client, city: City) -> None:
    themes.forget()
    walk = walker(english(client), city, "small-restaurant")
    check(
        client,
        "/themes/",
        "/themes/?q=nothing",
        "/themes/small-restaurant/",
        "/themes/small-restaurant/start/",
    )
    row = walk.begin()
    form = reverse("theme_form", args=[row.case.uuid])
    check(client, form)
    hold({"refused": client.post(form, {"act": "submit", "key": "k"})})
    row = walk.hand_in(row)
    check(
        client,
        f"/my/cases/{row.case.uuid}/",
        *(f"/my/cases/{walk.part(row, part).uuid}/" for part in ("food", "fire")),
    )


def test_an_application_its_offer_and_its_appointment(city: City) -> None:
    _subject, grant, _owner = city.restaurant()
    assert offers.offer_renewals() == 1
    client, offer = english(owner_client(grant)), RenewalOffer.objects.get()
    check(client, f"/my/offers/{offer.uuid}/", f"/applications/{offer.case.uuid}/")
    hold(
        {
            "offer": client.post(f"/my/offers/{offer.uuid}/", {"act": "confirm", "contact_phone": "12"}),
            "form": client.post(
                f"/applications/{offer.case.uuid}/", {"act": "submit", "contact_phone": "12", "key": "k"}
            ),
        }
    )
    case, _reader = waiting(city)
    client = english(signed_in(Client(), case.subject.representatives.get().user))
    address = f"/my/bookings/{case.uuid}/"
    check(client, address, f"/my/cases/{case.uuid}/", f"/applications/{case.uuid}/")
    refused = client.post(address, {"slot": "nonsense"})
    assert refused.status_code == 409
    hold({"booking": refused})


def test_a_system_of_a_business_and_its_seals(settings, tmp_path) -> None:
    settings.HOME = tmp_path
    load_catalogues()
    UnitTree()
    shop = Shop()
    client = english(signed_in(Client(), shop.user))
    seal = shop.seal()
    system = subjects.register_client(shop.subject, shop.reader, name="门店", scopes=["cases.read"])
    address = f"/my/clients/{system.uuid}/"
    pages = (
        "",
        "apply/",
        "rounds/",
        "rounds/open/",
        *(f"{seal.seal_id}/{page}" for page in ("", "use/", "batch/", "move/", "authorise/")),
    )
    check(client, "/my/clients/", address, *(f"/my/seals/{page}" for page in pages))
    hold(
        {
            "webhook": client.post(address, {"act": "webhook", "url": "ftp://x/"}),
            "use": client.post(f"/my/seals/{seal.seal_id}/use/", {"purpose": ""}),
            "apply": client.post("/my/seals/apply/", {}),
        }
    )


def test_the_pages_of_the_staff(city: City) -> None:
    _subject, grant, _reader = city.restaurant(risk_grade="D")
    case = walk_renewal(city, owner_client(grant), grant)
    order = WorkOrder.objects.get(case=case)
    for who in (city.receiver, city.decider, city.inspectors[0]):
        check(
            signed_in(Client(), who.user),
            "/desk/",
            f"/desk/orders/{order.uuid}/",
            "/desk/cases/",
            f"/desk/cases/{case.uuid}/",
            f"/desk/cases/{case.uuid}/decisions/",
            "/desk/businesses/",
            f"/desk/businesses/{grant.subject_id}/",
            "/desk/tables/",
            "/desk/wall/",
            "/m/",
            f"/m/orders/{order.uuid}/",
            "/me/",
        )


def test_whoever_works_in_english_leaves_chinese_records(city: City) -> None:
    _subject, grant, _reader = city.restaurant()
    granted = walk_renewal(city, english(owner_client(grant)), grant)
    drain()
    row = Publication.objects.get(subject_id=granted.subject_id)
    assert row.content["kind"] == "延续" and CHINESE.search(row.title)
    assert Document.objects.filter(subject_id=granted.subject_id, data__kind="延续").exists()
    _subject, grant, _reader = city.restaurant(risk_grade="D")
    left = walk_renewal(city, english(owner_client(grant)), grant)
    assert left.application.mode_reasons == ["风险等级：D（要求 A 或 B）"]


def test_an_inspection_on_the_phone(settings, tmp_path) -> None:
    settings.HOME = tmp_path
    office = Office()
    subject, grant, _owner = office.shop()
    head = english(signed_in(Client(), office.head.user))
    address = f"/desk/businesses/{subject.pk}/inspect/"
    form = {
        "uuid": head.get(address).context["uuid"],
        "kind": "FLYING",
        "grant": str(grant.pk),
        "cause": "连续举报",
    }
    assert head.post(address, form).status_code == 302
    visit = Visit.objects.get()
    assert visit.case.title == f"{subject.name} 飞行检查"
    check(head, address, "/desk/inspections/", f"/desk/cases/{visit.case.uuid}/")
    begun = office.begun()
    order = WorkOrder.objects.get(case_id=begun.pk)
    lead = signed_in(Client(), office.lead.user)
    place = f"/m/inspections/{order.uuid}/"
    check(lead, place, "/m/", f"/m/orders/{order.uuid}/", f"/desk/orders/{order.uuid}/")
