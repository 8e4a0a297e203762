"""What is remembered of a verified file never hides that the file, its seal's structure or its standing changed."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from qipan.domains.licensing import facts
from qipan.kernel.documents import actions, queries, storage
from qipan.kernel.documents.models import Authority, Document
from qipan.kernel.subjects.models import Grant
from tests.licensing.city import SYSTEM, City, file_of
from tests.subjects.factories import GrantFactory, SubjectFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def paper(settings, tmp_path) -> tuple[Grant, Document]:
    settings.HOME = tmp_path
    City()
    queries.forget_what_holds()
    grant = GrantFactory(SubjectFactory())
    file_of(grant)
    grant.refresh_from_db()
    return grant, Document.objects.get(pk=grant.document_id)


def authorities_asked(grant: Grant) -> int:
    """How often whoever certified is read: once for each signature that is worked out. The licence must hold."""
    with CaptureQueriesContext(connection) as told:
        assert facts._elicence(grant) == facts.VERIFIED
    return sum(Authority._meta.db_table in each["sql"] for each in told)


def test_the_signatures_of_the_same_file_are_worked_out_once(paper) -> None:
    grant, _document = paper
    assert authorities_asked(grant) > 0
    assert authorities_asked(grant) == 0
    queries.forget_what_holds()
    assert authorities_asked(grant) > 0


def test_a_file_changed_in_the_archive_is_found_though_it_was_verified_before(paper) -> None:
    grant, document = paper
    assert facts._elicence(grant) == facts.VERIFIED
    path = storage.path_of(document.digest)
    content = path.read_bytes()
    path.chmod(0o640)
    path.write_bytes(content[:-1] + b"x")
    assert facts._elicence(grant) == facts.BROKEN
    path.write_bytes(content)
    assert facts._elicence(grant) == facts.VERIFIED
    path.unlink()
    assert facts._elicence(grant) == facts.BROKEN


def test_a_file_and_its_digest_changed_together_are_found_by_the_seal(paper) -> None:
    grant, document = paper
    assert facts._elicence(grant) == facts.VERIFIED
    forged = storage.get(document.digest).replace(b"%PDF-1.7", b"%PDF-1.6") + b"\n% more"
    Document.objects.filter(pk=document.pk).update(digest=storage.put(forged))
    assert facts._elicence(grant) == facts.BROKEN


def test_another_structure_beside_the_same_file_is_verified_anew(paper) -> None:
    grant, document = paper
    assert facts._elicence(grant) == facts.VERIFIED
    structure = bytearray(bytes(document.seal_signature or b""))
    structure[-4] ^= 1
    Document.objects.filter(pk=document.pk).update(seal_signature=bytes(structure))
    assert facts._elicence(grant) == facts.BROKEN


def test_a_file_made_void_is_found(paper) -> None:
    grant, document = paper
    assert facts._elicence(grant) == facts.VERIFIED
    actions.revoke(document, SYSTEM, "错发")
    assert facts._elicence(grant) == facts.BROKEN
