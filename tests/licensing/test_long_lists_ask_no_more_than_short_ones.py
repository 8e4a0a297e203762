"""A list of five asks the database as often as a list of two: batch work, an officer's visits, batches of licences."""

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from qipan.domains.licensing.booking.models import BookedOfficer, Booking
from qipan.domains.licensing.elicences import batches
from qipan.domains.licensing.elicences.models import Batch
from qipan.domains.licensing.mandates import reach
from qipan.kernel.subjects import mandates
from qipan.kernel.subjects.models import Act
from tests.licensing.city import City
from tests.licensing.test_a_site_check_is_booked_within_its_limit import booked, brought_forward
from tests.licensing.test_an_agent_acts_within_the_mandate import mandate_for
from tests.licensing.test_like_applications_are_worked_in_one_go import renewals
from tests.orgs.factories import PublicUserFactory, reader_for, signed_in

pytestmark = pytest.mark.django_db


def asked(act: Callable[[], Any]) -> int:
    act()  # what is read once a process is read
    with CaptureQueriesContext(connection) as queries:
        act()
    return len(queries)


def test_like_applications_side_by_side(city: City) -> None:
    client = signed_in(Client(), city.receiver.user)
    address = {"item": "FB-RENEW", "state": "SUBMITTED"}
    renewals(city, 3)  # the steps are looked at for the first three only
    short = asked(lambda: client.get(reverse("batch"), address))
    renewals(city, 2)
    page = client.get(reverse("batch"), address)
    assert len(page.context["beside"].rows) == 5
    assert asked(lambda: client.get(reverse("batch"), address)) == short


def test_the_visits_of_an_officer(city: City) -> None:
    def one() -> None:
        booking, _case, _owner = booked(city)
        brought_forward(booking, -2)
        BookedOfficer.objects.filter(booking=booking).update(starts_at=booking.starts_at)

    client = signed_in(Client(), city.inspectors[0].user)
    one()
    short = asked(lambda: client.get(reverse("visits")))
    for _more in range(2):
        one()
    assert len(client.get(reverse("visits")).context["today"]) == Booking.objects.count() == 3
    assert asked(lambda: client.get(reverse("visits"))) == short


def test_the_batches_of_licences(city: City) -> None:
    city.restaurant()
    reader = reader_for(city.decider)
    client = signed_in(Client(), city.decider.user)

    def prepared() -> Batch:
        chosen = batches.Selection("JY", "SZ/FT/")
        return batches.prepare(chosen, reader, uuid=uuid.uuid4(), reason="更换印章")

    first = prepared()
    short = asked(lambda: client.get(reverse("licence_batches")))
    others = [prepared() for _more in range(3)]
    assert asked(lambda: client.get(reverse("licence_batches"))) == short
    told = batches.progress_of([first, *others])
    assert [told[one.pk].waiting for one in (first, *others)] == [1] * 4 and batches.progress(first) == told[
        first.pk
    ]


def test_what_the_mandates_of_an_agent_reach(city: City) -> None:
    agent = PublicUserFactory()

    def one() -> None:
        subject, _grant, owner = city.restaurant()
        mandate_for(agent, subject, owner, [Act.FILL])

    one()
    short = asked(lambda: mandates.cases_within(reader_for(agent)))
    for _more in range(3):
        one()
    assert len(reader_for(agent).mandates) == 4 and reach.themes(reader_for(agent).mandates, None) == []
    assert asked(lambda: mandates.cases_within(reader_for(agent))) == short
