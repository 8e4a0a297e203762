"""Every operation answers inputs made from its own description, right and wrong, and never with a server error."""

import pytest

from qipan.domains.licensing import actions
from qipan.kernel.documents.models import Document
from qipan.kernel.flow.models import Case, WorkOrder
from qipan.kernel.jobs.testing import drain
from qipan.kernel.publication.models import Publication
from qipan.kernel.subjects.models import Grant, Subject
from qipan.portal.api import schema
from tests.api.fuzzing import Fuzzer
from tests.api.programs import Program
from tests.licensing.city import City

pytestmark = pytest.mark.django_db


def fuzzed(city: City, examples: int) -> Fuzzer:
    """Callers with rows of their own: a draft, a case that waits, one that is done with its papers."""
    subject, grant, owner = city.restaurant(risk_grade="D")
    city.drafted("FB-RENEW", subject, grant, owner, changes="换灶")
    subject, grant, owner = city.restaurant(risk_grade="D")
    actions.submit(city.drafted("FB-RENEW", subject, grant, owner, changes="换灯"), owner)
    subject, grant, owner = city.restaurant()
    actions.submit(city.drafted("FB-RENEW", subject, grant, owner, unchanged=True), owner)
    drain()
    owner_user = subject.representatives.get().user
    uuids = [
        str(row.uuid) for model in (Case, WorkOrder, Document, Publication) for row in model.objects.all()
    ]
    fuzzer = Fuzzer(
        callers={
            "stranger": {},
            "owner": Program(owner_user).headers,
            "receiver": Program(city.receiver.user).headers,
        },
        known={
            "uuid": uuids,
            "id": [str(row.pk) for row in Subject.objects.all()],
            "number": [row.number for row in Grant.objects.all()],
            "code": ["FB-RENEW", "submit", "accept", "withdraw", Document.objects.first().code],
            "kind": ["licence.grant"],
        },
    )
    fuzzer.run(examples)
    return fuzzer


def check(fuzzer: Fuzzer) -> None:
    operations = sum(len(methods) for methods in schema.openapi()["paths"].values())
    assert len(fuzzer.calls) == operations >= 28
    assert {200, 401, 404} <= set(fuzzer.answers)
    assert not fuzzer.faults, f"{len(fuzzer.faults)} of {fuzzer.answers}:\n" + "\n".join(fuzzer.faults[:20])


def test_a_few_inputs_an_operation(city: City) -> None:
    check(fuzzed(city, 3))


@pytest.mark.slow
def test_a_hundred_inputs_an_operation(city: City) -> None:
    fuzzer = fuzzed(city, 50)
    check(fuzzer)
    assert min(fuzzer.calls.values()) >= 40 and sum(fuzzer.calls.values()) >= 2_500
