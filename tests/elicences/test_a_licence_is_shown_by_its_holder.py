"""亮证: a code for a minute, whose scan tells whether the licence holds now; a picture of it tells nothing."""

import datetime
import re

import pytest
from django.test import Client
from django.urls import reverse

from qipan.domains.licensing.elicences import showing
from qipan.kernel.accounts import limits
from qipan.kernel.ledger import clock
from qipan.kernel.ledger.errors import Refused
from qipan.kernel.ledger.models import Event
from qipan.kernel.orgs.reader import Reader
from qipan.kernel.orgs.roles import Role
from qipan.kernel.subjects import actions as subjects
from qipan.kernel.subjects.models import Grant
from tests.elicences.conftest import Town
from tests.licensing.city import SYSTEM
from tests.orgs.factories import BusinessUserFactory, StaffFactory, reader_for, signed_in
from tests.subjects.factories import GrantFactory, SubjectFactory, owner_of

pytestmark = pytest.mark.django_db


def shown(client: Client, grant: Grant, user) -> str:
    """The address that the code of a showing leads to."""
    signed_in(client, user)
    answer = client.post(reverse("licence_show", args=[grant.pk]), follow=True)
    assert answer.status_code == 200
    return re.search(r'data-address="([^"]+)"', answer.content.decode())[1]


def test_a_scan_tells_that_the_licence_holds_now_with_people_masked(client: Client, town: Town) -> None:
    grant = GrantFactory(SubjectFactory(rep="王小明"))
    address = shown(client, grant, owner_of(grant.subject))
    page = Client().get(address)
    text = page.content.decode()
    assert page.status_code == 200 and "证照有效" in text and grant.number in text
    assert (
        "王**" in text
        and "王小明" not in text
        and reverse("desk_business", args=[grant.subject_id]) not in text
    )
    told = list(
        Event.objects.filter(record_id=grant.pk, name__startswith="licensing.licence.").order_by("id")
    )
    assert [event.name for event in told] == ["licensing.licence.shown", "licensing.licence.scanned"]
    assert told[1].data["outcome"] == "SHOWN" and told[1].data["showing"] == told[0].data["showing"]
    assert told[1].actor_kind == "public" and told[1].data["staff"] is False


def test_a_picture_of_the_code_is_refused_a_minute_later(client: Client, town: Town) -> None:
    grant = GrantFactory(SubjectFactory())
    address = shown(client, grant, owner_of(grant.subject))
    with clock.at(clock.now() + datetime.timedelta(seconds=showing.SECONDS + 2)):
        page = Client().get(address)
        text = page.content.decode()
        assert page.status_code == 410 and "截图" in text and grant.number not in text
        assert Event.objects.filter(name="licensing.licence.scanned", data__outcome="LATE").count() == 1
        fresh = client.get(reverse("licence_code", args=[grant.pk])).content.decode()
        renewed = re.search(r'data-address="([^"]+)"', fresh)[1]
        assert renewed != address and Client().get(renewed).status_code == 200, "the page renews its code"


def test_a_forged_code_is_refused_in_words(town: Town) -> None:
    grant = GrantFactory(SubjectFactory())
    code = showing.code_of(grant, "abcdef123456")
    other = GrantFactory(SubjectFactory())
    forged = code.replace(f"{grant.pk:x}-", f"{other.pk:x}-", 1)
    for wrong in (forged, code[:-1], "x", code.replace(".", "-")):
        page = Client().get(reverse("licence_scan", args=[wrong]))
        assert page.status_code == 404 and "不是有效的亮证码" in page.content.decode()
    assert not Event.objects.filter(name="licensing.licence.scanned").exists()


def test_what_ended_while_it_was_shown_says_so(client: Client, town: Town) -> None:
    grant = GrantFactory(SubjectFactory())
    address = shown(client, grant, owner_of(grant.subject))
    subjects.set_grant_state(grant, "SUSPENDED", SYSTEM, "停用")
    assert "暂停" in Client().get(address).content.decode()
    assert "亮证已结束" in client.get(reverse("licence_code", args=[grant.pk])).content.decode()
    grant.refresh_from_db()
    with pytest.raises(Refused, match="不能亮证"):
        showing.begin(grant, reader_for(owner_of(grant.subject)))


def test_only_the_holder_shows(client: Client, town: Town) -> None:
    grant = GrantFactory(SubjectFactory())
    signed_in(client, BusinessUserFactory())
    for name in ("my_licence", "licence_show", "licence_code"):
        assert client.get(reverse(name, args=[grant.pk])).status_code == 404
    assert client.post(reverse("licence_show", args=[grant.pk])).status_code == 404
    with pytest.raises(Refused, match="不是持证主体的代表人或者代理人"):
        showing.begin(grant, Reader())


def test_an_officer_comes_from_the_scan_to_the_business(client: Client, town: Town) -> None:
    grant = GrantFactory(SubjectFactory())
    address = shown(client, grant, owner_of(grant.subject))
    officer = signed_in(Client(), StaffFactory(role=Role.INSPECTOR, unit=town.tree.offices[0]).user)
    assert reverse("desk_business", args=[grant.subject_id]) in officer.get(address).content.decode()
    elsewhere = signed_in(Client(), StaffFactory(role=Role.INSPECTOR, unit=town.tree.offices[2]).user)
    assert reverse("desk_business", args=[grant.subject_id]) not in elsewhere.get(address).content.decode()
    page = client.get(reverse("my_licence", args=[grant.pk])).content.decode()
    assert "被执法人员扫码查验" in page


def test_scans_are_limited(client: Client, town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    grant = GrantFactory(SubjectFactory())
    address = shown(client, grant, owner_of(grant.subject))
    monkeypatch.setattr(limits, "VERIFY", limits.Rate(1, 600))
    stranger = Client()
    assert stranger.get(address).status_code == 200
    page = stranger.get(address)
    assert page.status_code == 429 and "过于频繁" in page.content.decode()


def test_the_wallet_holds_the_licences_of_every_business(client: Client, town: Town) -> None:
    first, second = GrantFactory(SubjectFactory()), GrantFactory(SubjectFactory())
    user = owner_of(first.subject)
    subjects.represent(user, second.subject, SYSTEM, "AGENT")
    third = GrantFactory(SubjectFactory())
    page = signed_in(client, user).get(reverse("my_licences")).content.decode()
    assert first.number in page and second.number in page and third.number not in page
