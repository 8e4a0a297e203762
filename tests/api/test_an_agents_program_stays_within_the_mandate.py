"""Licence 29 by program: an agent's token does what the power of attorney names for that business, and nothing else."""

import uuid

import pytest

from qipan.kernel.jobs.testing import drain
from qipan.kernel.subjects import actions as subjects
from tests.api.programs import CONTACT, Program
from tests.licensing.city import City
from tests.licensing.test_an_agent_acts_within_the_mandate import mandate_for
from tests.orgs.factories import PublicUserFactory, reader_for

pytestmark = pytest.mark.django_db


def test_what_the_token_of_an_agent_may_and_may_not(city: City) -> None:
    subject, grant, owner = city.restaurant()
    other, foreign, _owner = city.restaurant()
    agent = PublicUserFactory()
    mandate = mandate_for(agent, subject, owner, ["SUBMIT"], items=["FB-RENEW"])
    program, boss = Program(agent), Program(subject.representatives.get().user)

    def draft(item: str, about: int, licence: int) -> int:
        body = {"item": item, "subject": about, "grant": licence}
        return program.call("put", f"/applications/{uuid.uuid4()}", body).status_code

    assert draft("FB-CANCEL", subject.pk, grant.pk) == 422
    assert draft("FB-RENEW", other.pk, foreign.pk) == 422
    assert draft("FB-RENEW", subject.pk, foreign.pk) == 422
    hidden = boss.draft("FB-CANCEL", subject.pk, grant.pk)
    for path in (f"/applications/{hidden}", f"/cases/{hidden}", f"/cases/{hidden}/documents"):
        assert program.call("get", path).status_code == 404

    number = program.draft("FB-RENEW", subject.pk, grant.pk)
    assert program.fill(number, unchanged=True, **CONTACT).status_code == 200
    assert program.submit(number).json()["state"] == "GRANTED"
    drain()
    case = program.get(f"/cases/{number}")
    assert case["state"] == "ISSUED"
    for paper in case["documents"]:
        assert program.call("get", f"/documents/{paper['uuid']}").status_code == 404, (
            "receiving was not named"
        )
        assert boss.call("get", f"/documents/{paper['uuid']}").status_code == 200
    [held] = program.get("/mandates")
    assert (held["subject"], held["acts"], held["items"]) == (subject.pk, ["FILL", "SUBMIT"], ["FB-RENEW"])
    assert boss.get("/mandates") == [] and program.get("/subjects") == [] and program.get("/grants") == []

    subjects.end_mandate(mandate, reader_for(subject.representatives.get().user))
    assert program.call("get", f"/cases/{number}").status_code == 404
    assert program.get("/cases")["cases"] == [] and program.get("/mandates") == []
    assert draft("FB-RENEW", subject.pk, grant.pk) == 422
