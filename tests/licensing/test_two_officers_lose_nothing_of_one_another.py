"""Two officers on one site check, an applicant who saves while a correction is asked for: nothing is written over."""

import uuid

import pytest

from qipan.domains.licensing import actions
from qipan.domains.licensing.models import Application, SiteCheck
from qipan.kernel.forms import queries as forms
from qipan.kernel.ledger.errors import Refused
from tests.concurrency import while_uncommitted
from tests.licensing.city import City
from tests.licensing.test_a_new_restaurant_is_checked_and_decided_by_people import (
    checking,
    drawn,
    step,
    submitted,
)
from tests.orgs.factories import reader_for

pytestmark = pytest.mark.django_db(transaction=True)


class Visit:
    """The same visit as each of the two sees it, on a phone of one's own."""

    def __init__(self, city: City) -> None:
        self.case, _order = checking(city)
        self.readers = [reader_for(officer) for officer in city.inspectors]
        self.officers = [officer.user_id for officer in city.inspectors]
        row = self.row()
        checklist = forms.checklist("LIC-CATER")
        self.codes = [item.code for item in checklist.applicable(actions.check_facts(row))]

    def row(self) -> Application:
        return Application.objects.get(pk=self.case.pk)

    def start(self, place: int) -> SiteCheck:
        return actions.start_check(self.row(), self.readers[place], uuid=uuid.uuid4(), officers=self.officers)

    def conclude(self, check: SiteCheck, place: int, *codes: str) -> SiteCheck:
        signatures = {"officer1": drawn(), "officer2": drawn(), "operator": drawn()}
        answers = {code: {"answer": "YES"} for code in codes}
        return actions.conclude_check(check, self.readers[place], answers=answers, signatures=signatures)


def test_two_who_begin_together_begin_one_visit(city: City) -> None:
    visit = Visit(city)
    second = while_uncommitted(lambda: visit.start(0), lambda: visit.start(1))
    assert second.pk == SiteCheck.objects.get().pk


def test_what_the_other_recorded_meanwhile_is_in_the_conclusion(city: City) -> None:
    visit = Visit(city)
    check = visit.start(0)
    mine, theirs = visit.codes[1:], visit.codes[0]
    seen = SiteCheck.objects.get(pk=check.pk)  # as the first officer's phone has it
    noted = {theirs: {"answer": "YES", "note": "已看现场"}}
    done = while_uncommitted(
        lambda: actions.note_check(check, visit.readers[1], noted), lambda: visit.conclude(seen, 0, *mine)
    )
    assert done.conclusion == "PASS"
    assert SiteCheck.objects.get().answers[theirs]["note"] == "已看现场"


def test_of_two_who_conclude_at_once_the_second_is_told(city: City) -> None:
    visit = Visit(city)
    check = visit.start(0)
    seen = SiteCheck.objects.get(pk=check.pk)
    second = while_uncommitted(
        lambda: visit.conclude(check, 0, *visit.codes), lambda: visit.conclude(seen, 1, *visit.codes)
    )
    assert isinstance(second, Refused) and second.code == "state"
    visit.case.refresh_from_db()
    assert visit.case.state == "REVIEWED"


def test_an_applicant_who_saves_while_a_correction_is_asked_for_keeps_what_is_asked(city: City) -> None:
    case = submitted(city)
    owner = reader_for(case.subject.representatives.get().user)
    page = Application.objects.get(pk=case.pk)  # read before the receiver asks
    step(case, city.receiver, "correct", data={"points": ["布局图看不清，请重新上传"]})
    asked = Application.objects.get(pk=case.pk).correction
    actions.save(page, {**page.answers, "staff_count": "8"}, owner)
    after = Application.objects.get(pk=case.pk)
    assert asked and after.correction == asked
    assert str(after.answers["staff_count"]) == "8"
