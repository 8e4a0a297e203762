"""On one's own page with the ids of others: what a form sends is taken only from what the page offers."""

import uuid

import pytest
from django.test import Client

from qipan.domains.licensing import actions as licensing
from qipan.kernel.evidence import actions as evidence
from qipan.kernel.flow import actions as flow
from qipan.kernel.flow.models import Participant, WorkOrder
from qipan.kernel.ledger.actor import Actor
from qipan.kernel.ledger.models import Event
from qipan.kernel.orgs.roles import Role
from tests.inspection.office import photo
from tests.licensing.city import City
from tests.orgs.factories import StaffFactory, UnitTree, reader_for, signed_in
from tests.subjects.factories import SubjectFactory, owner_of

pytestmark = pytest.mark.django_db
OWN, OTHER = "SZ/NS/NS01/", "SZ/FT/FT01/"


class Neighbours:
    """An office of 南山 with its order in hand, and one of 福田 with people and orders that are none of its business."""

    def __init__(self) -> None:
        tree = UnitTree()
        own, other = tree.offices[2], tree.offices[0]
        self.head = StaffFactory(role=Role.OFFICE_HEAD, unit=own)
        self.officer = StaffFactory(role=Role.INSPECTOR, unit=own)
        self.theirs = StaffFactory(role=Role.INSPECTOR, unit=other)
        self.subject = SubjectFactory(org_path=OWN)
        self.order = self._order(OWN)
        self.their_order = self._order(OTHER)
        flow.claim(self.order, actor=reader_for(self.officer).actor(Role.INSPECTOR, OWN))

    def _order(self, path: str) -> WorkOrder:
        return flow.create_order(
            "inspection.task", "核实线索", Role.INSPECTOR, path, actor=Actor.system(path),
            subject_id=self.subject.pk,
        )  # fmt: skip

    def send(self, who, code: str, **data) -> int:
        client = signed_in(Client(), who.user)
        answer = client.post(f"/desk/orders/{self.order.uuid}/{code}/", {"reason": "试探", **data})
        assert "不在可选范围内" in answer.content.decode()
        return answer.status_code


def test_orders_go_to_nobody_and_nowhere_that_is_not_offered() -> None:
    house = Neighbours()
    stranger, elsewhere = house.theirs.user_id, str(house.their_order.pk)
    before = Event.objects.count()
    for who in (house.officer, house.head):
        assert house.send(who, "transfer", person=stranger) == 409
        assert house.send(who, "transfer", unit=OTHER) == 409
        assert house.send(who, "countersign", people=[stranger], rule="all") == 409
    assert house.send(house.head, "assign", people=[stranger]) == 409
    assert house.send(house.head, "merge", order=elsewhere) == 409
    assert Event.objects.count() == before
    house.order.refresh_from_db()
    assert (house.order.org_path, house.order.state) == (OWN, "CLAIMED")
    assert not Participant.objects.filter(user_id=stranger).exists()
    assert reader_for(house.theirs).paths() == (OTHER,)


def test_a_form_takes_and_names_no_file_of_others(settings, tmp_path) -> None:
    settings.HOME = tmp_path
    city = City()
    file = evidence.store(
        photo(), actor=reader_for(city.receiver).actor(), kind="material", name="他人的图.jpg"
    )
    subject = SubjectFactory()
    user = owner_of(subject)
    row = licensing.start("FB-NEW", uuid=uuid.uuid4(), reader=reader_for(user), subject=subject, grant=None)
    page = signed_in(Client(), user).post(
        f"/applications/{row.case.uuid}/", {"act": "save", "layout_plan": [str(file.uuid)]}
    )
    assert page.status_code == 422 and "他人的图" not in page.content.decode()
    assert not file.attachments.exists()
