"""A batch of a few is worked off in the request; what that leaves behind is a queued job's, and one bad case is no end."""

import uuid

import pytest
from django.test import Client
from django.urls import reverse

from qipan.kernel.flow import actions as flow
from qipan.kernel.flow.errors import FlowError
from qipan.kernel.flow.models import Batch, Case, EntryState
from qipan.kernel.jobs.testing import drain
from qipan.kernel.ledger.models import Event
from tests.licensing.city import City
from tests.licensing.test_like_applications_are_worked_in_one_go import renewals, states
from tests.orgs.factories import reader_for, signed_in

pytestmark = pytest.mark.django_db


def test_what_was_written_down_is_done_though_the_request_ended(city: City) -> None:
    cases = renewals(city, 2)
    flow.begin_batch(
        [(case, case.version) for case in cases], "accept", reader_for(city.receiver), uuid=uuid.uuid4()
    )
    assert states(cases) == ["SUBMITTED"] * 2
    drain()
    assert states(cases) == ["ACCEPTED"] * 2
    assert Event.objects.filter(name="flow.batch.taken").count() == 1


def test_a_case_that_fails_holds_up_no_other_and_waits(city: City) -> None:
    broken, fine = renewals(city, 2)
    version = broken.flow_version
    made = flow.begin_batch(
        [(case, case.version) for case in (broken, fine)],
        "accept",
        reader_for(city.receiver),
        uuid=uuid.uuid4(),
    )
    Case.objects.filter(pk=broken.pk).update(flow_version=99)
    with pytest.raises(FlowError):
        flow.work_off_batch(made)
    fine.refresh_from_db()
    assert fine.state == "ACCEPTED"
    assert made.entries.get(case=broken).state == EntryState.WAITING
    Case.objects.filter(pk=broken.pk).update(flow_version=version)
    drain()
    assert states([broken, fine]) == ["ACCEPTED"] * 2
    assert Batch.objects.get(pk=made.pk).ended_at is not None


def test_what_the_request_did_itself_the_job_does_not_do_again(city: City) -> None:
    cases = renewals(city, 2)
    chosen = [f"{case.uuid}:{case.version}" for case in cases]
    sent = {"uuid": str(uuid.uuid4()), "case": chosen, "step": "accept"}
    signed_in(Client(), city.receiver.user).post(reverse("take_batch"), sent)
    assert states(cases) == ["ACCEPTED"] * 2, "the officer sees the outcome at once"
    drain()
    assert Event.objects.filter(name="licensing.application.accepted").count() == 2
    assert Event.objects.filter(name="flow.batch.taken").count() == 1


def test_the_officer_sees_what_is_done_and_what_waits(city: City) -> None:
    cases = renewals(city, 2)
    broken = cases[1]
    chosen = [f"{case.uuid}:{case.version}" for case in cases]
    Case.objects.filter(pk=broken.pk).update(flow_version=99)
    sent = {"uuid": str(uuid.uuid4()), "case": chosen, "step": "accept"}
    page = signed_in(Client(), city.receiver.user).post(reverse("take_batch"), sent, follow=True)
    assert page.status_code == 200 and "正在办理：1 / 2" in page.content.decode()
    assert [one.case_id for one in page.context["waiting"]] == [broken.pk]
