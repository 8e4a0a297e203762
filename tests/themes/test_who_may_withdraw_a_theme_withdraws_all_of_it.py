"""Licence 29, LicProc 30: an agent whose mandate names withdrawing ends what is not handed in, though it names no filling in."""

import pytest
from django.urls import reverse

from qipan.domains.licensing.themes import queries
from qipan.kernel.jobs.testing import drain
from qipan.kernel.orgs.queries import reader_of
from qipan.kernel.subjects.models import Act
from tests.themes.test_an_agent_does_one_thing_for_the_business import CANTEEN, Scene

pytestmark = pytest.mark.django_db


@pytest.fixture
def scene(settings, tmp_path) -> Scene:
    settings.HOME = tmp_path
    queries.forget()
    return Scene()


def test_waiting_parts_end_with_the_withdrawal(scene: Scene) -> None:
    owner = scene.by_owner()
    row = owner.hand_in(owner.begin(CANTEEN, scene.subject))
    assert owner.states(row) == {"food": "HANDED", "kitchen": "WAITING"}
    scene.authorise(Act.WITHDRAW)
    assert reader_of(scene.agent).mandate_for(scene.subject.pk, Act.FILL) is None
    step = reverse("my_step", args=[row.case.uuid, "withdraw"])
    assert scene.client.post(step, {"version": row.case.version}).status_code == 302
    drain()
    row = owner.again(row)
    assert row.case.state == "WITHDRAWN"
    assert owner.states(row) == {"food": "HANDED", "kitchen": "ENDED"}
    assert owner.part(row, "kitchen").state == "WITHDRAWN"
