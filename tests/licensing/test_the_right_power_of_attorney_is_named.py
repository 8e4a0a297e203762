"""LicProc 12: of several powers of attorney of one agent, the ledger and the case name the one that was used."""

import uuid

import pytest

from qipan.domains.licensing import actions
from qipan.domains.licensing.elicences import showing
from qipan.domains.licensing.models import Application
from qipan.kernel.flow import permissions
from qipan.kernel.jobs.testing import drain
from qipan.kernel.ledger.models import Event
from qipan.kernel.subjects.models import Act
from qipan.portal import casepage
from tests.licensing.city import City
from tests.licensing.test_an_agent_acts_within_the_mandate import mandate_for, renewal
from tests.orgs.factories import PublicUserFactory, reader_for

pytestmark = pytest.mark.django_db


def posts(row: Application) -> set[str]:
    return set(Event.objects.filter(record_kind="flow.case", record_id=row.pk).values_list("post", flat=True))


def test_the_one_for_the_item_and_the_act(city: City) -> None:
    subject, grant, owner = city.restaurant()
    agent = PublicUserFactory()
    other = mandate_for(agent, subject, owner, [Act.SUBMIT, Act.WITHDRAW], items=["FB-CANCEL"])
    filling = mandate_for(agent, subject, owner, [Act.FILL], items=["FB-RENEW"])
    handing = mandate_for(agent, subject, owner, [Act.SUBMIT, Act.RECEIVE], items=["FB-RENEW"])
    reader = reader_for(agent)
    assert [one.number for one in reader.mandates] == [other.pk, filling.pk, handing.pk]
    row = renewal(subject, grant, reader)
    assert posts(row) == {f"mandate:{filling.pk}"}, "begun and filled in under the one that names it"
    actions.submit(row, reader, key=uuid.uuid4().hex)
    drain()
    told = Event.objects.get(name="licensing.application.submitted", record_id=row.pk)
    assert told.post == f"mandate:{handing.pk}"
    shown = {paper.number for paper in casepage.powers_of_attorney(row.case, reader_for(city.reviewer))}
    assert shown == {filling.number, handing.number}


def test_a_step_taken_on_the_page_names_it_too(city: City) -> None:
    subject, grant, owner = city.restaurant()
    agent = PublicUserFactory()
    mandate_for(agent, subject, owner, [Act.SUBMIT], items=["FB-CANCEL"])
    back = mandate_for(agent, subject, owner, [Act.WITHDRAW], items=["FB-RENEW"])
    row = renewal(subject, grant, owner)
    actor = permissions.acting_in(reader_for(agent), row.case, "withdraw")
    assert actor.post == f"mandate:{back.pk}"


def test_a_licence_is_shown_under_the_one_that_lets_receive(city: City) -> None:
    subject, grant, owner = city.restaurant()
    agent = PublicUserFactory()
    mandate_for(agent, subject, owner, [Act.FILL])
    receiving = mandate_for(agent, subject, owner, [Act.RECEIVE])
    showing.begin(grant, reader_for(agent))
    assert Event.objects.get(name="licensing.licence.shown").post == f"mandate:{receiving.pk}"
