"""A small city for licensing's tests: units, people, seals, catalogues."""

import uuid
from typing import Any

from qipan.domains.licensing import actions
from qipan.domains.licensing.elicences import face
from qipan.domains.licensing.models import Application
from qipan.kernel.documents import actions as documents
from qipan.kernel.documents import queries, seals
from qipan.kernel.ledger.actor import Actor
from qipan.kernel.orgs.reader import Reader
from qipan.kernel.orgs.roles import Role
from qipan.kernel.subjects import actions as subjects
from qipan.kernel.subjects.models import Grant, Subject
from tests.law.catalogues import load_catalogues
from tests.orgs.factories import StaffFactory, UnitTree, reader_for
from tests.subjects.factories import GrantFactory, SubjectFactory, owner_of

SYSTEM = Actor.system()
CONTACT = {"contact_name": "王小明", "contact_phone": "13800138000", "truthful": "true"}
PLACE = {"premises": "深圳市福田区园岭街道红荔路88号首层", "street": "园岭街道", "area": "120"}
BUSINESS = {
    "main_format": "2",
    "items": ["HOT"],
    "marks": [],
    "manager_name": "李四",
    "manager_phone": "13900139000",
    "staff_count": "6",
}


class City:
    """Units, a seal for each district, and one person for each part."""

    def __init__(self) -> None:
        load_catalogues()
        seals.signers.cache_clear()
        self.tree = UnitTree()
        for district in self.tree.districts:
            seals.create_seal(district, SYSTEM)
        futian, office = self.tree.districts[0], self.tree.offices[0]
        self.receiver = StaffFactory(role=Role.LIC_RECEIVER, unit=futian)
        self.reviewer = StaffFactory(role=Role.LIC_REVIEWER, unit=futian)
        self.decider = StaffFactory(role=Role.LIC_DECIDER, unit=futian)
        self.inspectors = [StaffFactory(role=Role.INSPECTOR, unit=office) for _person in range(2)]

    def restaurant(self, ends_in: int = 60, **facts: Any) -> tuple[Subject, Grant, Reader]:
        """A restaurant with a licence, and the reader who acts for it."""
        subject = SubjectFactory(**facts)
        grant = GrantFactory(subject, ends_in=ends_in)
        return subject, grant, reader_for(owner_of(subject))

    def drafted(
        self, item: str, subject: Subject, grant: Grant | None, reader: Reader, **answers: Any
    ) -> Application:
        """An application, filled in and not handed in."""
        row = actions.start(item, uuid=uuid.uuid4(), reader=reader, subject=subject, grant=grant)
        result = actions.save(row, {**CONTACT, **answers}, reader)
        assert result.ok, result.errors
        return Application.objects.get(pk=row.pk)


def file_of(grant: Grant) -> bytes:
    """The newest file of a licence, issued now."""
    kind = "licensing.certificate"
    paper = documents.prepare(
        kind,
        face.certificate_of(grant),
        record=grant,
        org_path=grant.org_path,
        seal="SZ/FT/",
        actor=SYSTEM,
        key=uuid.uuid4().hex,
        own_job=False,
    )
    made = documents.produce(paper.pk)
    subjects.attach_documents(grant, made.pk)
    return queries.file_of(made)
