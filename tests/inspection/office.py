"""An office with a head and officers, a restaurant to inspect, and the steps of an inspection as its people take them."""

import base64
import datetime
import io
import uuid
from typing import Any

from PIL import Image, ImageDraw

from qipan.domains.inspection import actions, record
from qipan.domains.inspection.models import Kind, Visit
from qipan.kernel.evidence import actions as evidence
from qipan.kernel.flow import actions as flow
from qipan.kernel.flow.models import ACTIVE, Case, WorkOrder
from qipan.kernel.ledger.clock import today
from qipan.kernel.orgs.models import Staff
from qipan.kernel.orgs.reader import Reader
from qipan.kernel.orgs.roles import Role
from qipan.kernel.subjects.models import Grant, Subject
from tests.licensing.city import City
from tests.orgs.factories import StaffFactory, reader_for


def photo(text: str = "") -> bytes:
    """A small picture."""
    stream = io.BytesIO()
    image = Image.new("RGB", (320, 240), "#88a")
    ImageDraw.Draw(image).text((10, 10), text or "photo", fill="white")
    image.save(stream, "JPEG")
    return stream.getvalue()


def drawn() -> str:
    """A signature as the page sends it."""
    stream = io.BytesIO()
    image = Image.new("RGBA", (360, 144), (255, 255, 255, 0))
    ImageDraw.Draw(image).line([(20, 100), (120, 30), (200, 110), (320, 40)], fill="black", width=4)
    image.save(stream, "PNG")
    return "data:image/png;base64," + base64.b64encode(stream.getvalue()).decode()


BOTH = {"officer1": drawn(), "officer2": drawn(), "operator": drawn()}
OFFICERS_ONLY = {"officer1": drawn(), "officer2": drawn()}


def order_of(visit: Visit, kind: str = actions.WORK) -> WorkOrder:
    """The inspection's order in hand."""
    return WorkOrder.objects.get(case_id=visit.pk, kind=kind, state__in=ACTIVE)


def fresh(visit: Visit) -> Visit:
    """The inspection as it stands now."""
    return Visit.objects.select_related("case").get(pk=visit.pk)


class Office(City):
    """The city of licensing's tests with a head of the office and an enforcement head."""

    def __init__(self) -> None:
        super().__init__()
        office, district = self.tree.offices[0], self.tree.districts[0]
        self.head = StaffFactory(roles=[Role.OFFICE_HEAD, Role.ENF_UNIT_HEAD], unit=office)
        self.leader = StaffFactory(role=Role.BUREAU_LEADER, unit=district)
        self.third = StaffFactory(role=Role.INSPECTOR, unit=office)
        self.lead, self.second = self.inspectors

    def shop(self, **facts: Any) -> tuple[Subject, Grant, Reader]:
        """A restaurant with its licence and its owner."""
        return self.restaurant(**facts)

    def ordered(
        self, subject: Subject, grant: Grant | None = None, kind: Kind = Kind.ROUTINE, **more: Any
    ) -> Visit:
        """An inspection that the head put into the office's inbox."""
        return actions.order_visit(
            reader_for(self.head),
            kind,
            uuid=more.pop("uuid", uuid.uuid4()),
            subject=subject,
            grant=grant,
            **more,
        )

    def claim(self, visit: Visit, *people: Staff, kind: str = actions.WORK) -> None:
        """The officers sign for the order."""
        for person in people or (self.lead, self.second):
            flow.claim(order_of(visit, kind), actor=self.actor(person, visit))

    @staticmethod
    def actor(person: Staff, visit: Visit, role: Role = Role.INSPECTOR) -> Any:
        """The one who acts in the inspection's unit."""
        return reader_for(person).actor(role, visit.case.org_path)

    def begun(self, *, failed: dict[str, str] | None = None, **more: Any) -> Visit:
        """On site, with everything recorded as right but what is named as failed (code → note)."""
        if "visit" not in more:
            subject, grant, _owner = self.shop()
            more["visit"] = self.ordered(subject, grant)
        visit: Visit = more["visit"]
        self.claim(visit)
        actions.begin(fresh(visit), reader_for(self.lead), shown=True, place="114.0579,22.5431,10")
        visit = fresh(visit)
        actions.note(visit, reader_for(self.lead), self.answers(visit, failed or {}))
        return fresh(visit)

    def answers(self, visit: Visit, failed: dict[str, str]) -> dict[str, dict[str, Any]]:
        """Everything right but what failed, with a photo where evidence is asked for."""
        answers: dict[str, dict[str, Any]] = {}
        for item in record.applicable(visit):
            answers[item.code] = {"answer": "YES", "value": "4.5" if item.measured else ""}
            if item.code in failed:
                answers[item.code] |= {"answer": "NO", "note": failed[item.code], "photos": [self.photo()]}
        return answers

    def photo(self, person: Staff | None = None) -> str:
        """A photo that an officer uploaded."""
        actor = reader_for(person or self.lead).actor()
        return str(evidence.store(photo(), actor=actor, kind="photo", name="现场.jpg").uuid)

    def concluded(self, failed: dict[str, str] | None = None, **more: Any) -> Visit:
        """Recorded and concluded."""
        visit = self.begun(failed=failed, **more)
        return actions.conclude(visit, reader_for(self.lead), {})

    def signed(self, failed: dict[str, str] | None = None, **more: Any) -> Visit:
        """Signed by both sides, with a measure that fits."""
        opened = {key: more.pop(key) for key in ("visit",) if key in more}
        visit = self.concluded(failed, **opened)
        values: dict[str, Any] = {"submission": uuid.uuid4(), "signatures": BOTH}
        if failed:
            values |= {
                "measure": "BY_DATE",
                "affects_safety": False,
                "rectify_by": today() + datetime.timedelta(days=7),
            }
        return actions.sign(visit, reader_for(self.lead), **(values | more))

    def reported(self, visit: Visit) -> Case:
        """The operator says that things were put right."""
        owner = reader_for(visit.case.subject.representatives.first().user)
        return flow.fire(
            visit.case, "report", owner.actor(), data={"report": "已更换密封条并清洗冷柜。", "files": []}
        )

    def rechecked(self, visit: Visit, **found: str) -> Visit:
        """Two officers look again: every item put right but those named (code → note)."""
        self.claim(visit, kind=actions.AGAIN)
        row = fresh(visit)
        answers = {
            code: {"answer": "NO", "note": found[code]} if code in found else {"answer": "YES"}
            for code in row.rectification.codes
        }
        return actions.recheck(
            row, reader_for(self.lead), submission=uuid.uuid4(), found=answers, signatures=BOTH
        )
