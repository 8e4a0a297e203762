"""A page that follows a record is told when a paper of it is there, whatever the record itself has come to by then."""

import pytest

from qipan.kernel.documents import actions
from qipan.kernel.ledger.models import Touch
from tests.documents.test_a_document_is_numbered_sealed_and_verified import make, tree  # noqa: F401

pytestmark = pytest.mark.django_db


def test_the_channel_of_the_record_is_told(tree) -> None:  # noqa: F811
    document = make(tree)
    assert not Touch.objects.filter(channel=f"unit:{tree.city.pk}").exists()
    actions.produce(document.pk)
    told = set(Touch.objects.values_list("channel", flat=True))
    assert {f"document:{document.pk}", f"unit:{tree.city.pk}"} <= told
