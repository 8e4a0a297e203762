"""A licence that was offered while the business was yet to be registered is looked at again once it is known whose it must be."""

import uuid

import pytest

from qipan.domains.licensing import actions
from qipan.domains.licensing.elicences import offering
from qipan.domains.licensing.elicences.models import Offer
from qipan.domains.licensing.models import Application
from qipan.kernel.evidence import actions as evidence
from qipan.kernel.flow.models import Case
from qipan.kernel.ledger.errors import Refused
from tests.licensing.city import City
from tests.licensing.test_a_licence_offered_as_material_is_checked import Applicant, file_of
from tests.subjects.factories import GrantFactory, SubjectFactory

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("own", [False, True])
def test_another_holders_licence_is_not_handed_in(city: City, own: bool) -> None:
    applicant = Applicant()
    holder = applicant.subject if own else SubjectFactory("深圳市别家餐馆")
    content = file_of(GrantFactory(holder))
    Case.objects.filter(pk=applicant.row.pk).update(subject=None, opened_by=applicant.user.pk)
    applicant.row = Application.objects.get(pk=applicant.row.pk)
    assert applicant.offers(content) == "" and Offer.objects.get().outcome == "LINKED"
    Case.objects.filter(pk=applicant.row.pk).update(subject=applicant.subject)
    row = Application.objects.get(pk=applicant.row.pk)
    if own:
        assert actions.submit(row, applicant.reader, key=uuid.uuid4().hex).state == "SUBMITTED"
        return
    with pytest.raises(Refused, match="别的主体的证照"):
        actions.submit(row, applicant.reader, key=uuid.uuid4().hex)
    stored = evidence.by_token(applicant.token)
    assert (
        offering.examine(row, _field(row), "", str(stored.uuid), applicant.reader.actor()).outcome
        == "REFUSED"
    )


def _field(row: Application):
    from qipan.domains.licensing.asking import form_of

    return next(each for each in form_of(row).fields if each.code == "layout_plan")
