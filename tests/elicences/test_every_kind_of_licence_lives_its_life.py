"""Issued, changed, reissued, at rest, expired, revoked, rescinded, cancelled: every kind that items produce (DOMAIN 3.6)."""

import datetime

import pytest
from django.db import transaction

from qipan.domains.licensing.elicences import face
from qipan.domains.licensing.elicences.revoking import revoke
from qipan.kernel.documents import actions as documents
from qipan.kernel.documents import queries, seals
from qipan.kernel.documents.models import Document
from qipan.kernel.items import queries as items
from qipan.kernel.jobs.testing import drain
from qipan.kernel.ledger.clock import today
from qipan.kernel.ledger.errors import Refused
from qipan.kernel.ledger.models import Event
from qipan.kernel.publication.models import Publication
from qipan.kernel.subjects import actions as subjects
from qipan.kernel.subjects.models import Grant
from qipan.kernel.subjects.standing import standing, standing_of_file
from tests.elicences.kinds import granted, kind_codes
from tests.licensing.city import SYSTEM, City
from tests.subjects.factories import PremisesFactory, SubjectFactory

pytestmark = pytest.mark.django_db
ENDS = ("SUSPENDED", "REVOKED", "RESCINDED", "WITHDRAWN", "CANCELLED")


def issue(grant: Grant, round: int) -> Document:
    """The file of the licence as the register has it."""
    grant.refresh_from_db()
    kind = items.licence_kind(grant.kind)
    with transaction.atomic():
        paper = documents.prepare(
            kind.template,
            face.certificate_of(grant),
            record=grant,
            org_path=grant.org_path,
            seal=face.seal_path_of(grant),
            actor=SYSTEM,
            key=f"test:{grant.pk}:{round}",
            own_job=False,
        )
    made = documents.produce(paper.pk)
    subjects.attach_documents(grant, made.pk)
    return made


def test_every_kind_that_an_item_produces_has_a_template(city: City) -> None:
    assert len(kind_codes()) >= 32
    for code in kind_codes():
        kind = items.licence_kind(code)
        assert kind is not None and kind.template, code
        assert documents.template_of(kind.template), code


@pytest.mark.parametrize("part", range(4))
def test_a_licence_of_every_kind_lives(city: City, part: int) -> None:
    seals.create_seal(city.tree.city, SYSTEM)
    for code in kind_codes()[part::4]:
        live(code)


def told(document: Document) -> str:
    """How anyone is told that the licence of a file stands."""
    found = standing_of_file(document.pk)
    assert found is not None and found.text
    return found.code


def live(code: str) -> None:
    """One licence of a kind from its first file to its end."""
    subject = SubjectFactory("深圳市各证有限公司", type="COMPANY")
    place = PremisesFactory(subject) if items.licence_kind(code).place_bound else None
    grant = granted(code, subject, place)
    first = issue(grant, 1)
    verdict = queries.check_upload(queries.file_of(first))
    assert verdict.good and verdict.standing.grant.number == grant.number, verdict.problems
    assert any(grant.number in text for _title, text in verdict.document.lines)

    subjects.change_grant(
        grant, {"data": {"scope": "变更后的范围"}, "decided_on": today()}, SYSTEM, "准予变更"
    )
    second = issue(grant, 2)
    assert told(first) == "SUPERSEDED" and told(second) == "VALID"
    subjects.set_grant_state(grant, "SUSPENDED", SYSTEM, "停用")
    assert told(first) == told(second) == "SUSPENDED"
    subjects.set_grant_state(grant, "VALID", SYSTEM, "启用")
    assert told(second) == "VALID"
    for state in ENDS[1:]:
        with transaction.atomic():
            point = transaction.savepoint()
            subjects.set_grant_state(grant, state, SYSTEM, "终止")
            assert told(second) == state
            transaction.savepoint_rollback(point)
    Grant.objects.filter(pk=grant.pk).update(valid_to=today() - datetime.timedelta(days=1))
    assert told(second) == "EXPIRED", "on the day"
    assert subjects.expire_grants() == 1
    grant.refresh_from_db()
    assert grant.state == "EXPIRED", "and by the night's job"


def test_printed_again_the_print_before_is_void_although_nothing_changed(city: City) -> None:
    """补发: REISSUE (LicProc 36)."""
    subject = SubjectFactory()
    grant = granted("JY", subject, PremisesFactory(subject))
    first, second = issue(grant, 1), issue(grant, 2)
    verdict = queries.check_upload(queries.file_of(first))
    assert verdict.unchanged and not verdict.good and verdict.standing.code == "SUPERSEDED"
    assert queries.check_upload(queries.file_of(second)).good


def test_a_licence_is_revoked_by_a_penalty_decision(city: City) -> None:
    """吊销: by number and article, announced void, once (FSL 124; LicProc 49 (4))."""
    subject = SubjectFactory()
    grant = granted("JY", subject, PremisesFactory(subject))
    told = {"decision": "深市监福罚〔2026〕1号", "law": "FSL 124", "ground": "经营禁止经营的食品"}
    for lacking in told:
        with pytest.raises(Refused):
            revoke(grant, SYSTEM, **{**told, lacking: ""})
    assert revoke(grant, SYSTEM, **told).state == "REVOKED"
    assert revoke(grant, SYSTEM, **told).state == "REVOKED"
    event = Event.objects.get(name="licensing.licence.revoked")
    assert event.data["decision"] == told["decision"] and event.data["law"] == "FSL 124"
    assert Publication.objects.filter(kind__code="licence.void", record_id=grant.pk).count() == 1
    with pytest.raises(Refused):
        revoke(granted("JY", SubjectFactory()), SYSTEM, **{**told, "law": "随便"})


def test_a_licence_ends_with_its_holder(city: City) -> None:
    """LicProc 49 (3): on the day, and the business licence with the business itself (Reg 31)."""
    subject = SubjectFactory("深圳市将注销有限公司", type="COMPANY")
    food, business = granted("JY", subject, PremisesFactory(subject)), granted("YYZZ", subject)
    subjects.change_status(subject, "CANCELLED", SYSTEM, "注销登记")
    food.refresh_from_db()
    assert food.state == "VALID" and standing(Grant.objects.get(pk=food.pk)).code == "CANCELLED"
    drain()
    business.refresh_from_db()
    assert business.state == "CANCELLED"
