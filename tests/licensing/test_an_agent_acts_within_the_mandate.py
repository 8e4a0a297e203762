"""Licence 29, LicProc 12: an agent does what the power of attorney names, in the business's name, and nothing else."""

import datetime
import uuid
from typing import Any

import pytest

from qipan.domains.licensing import actions
from qipan.domains.licensing.models import Application
from qipan.kernel.documents import queries as documents
from qipan.kernel.documents.models import Document
from qipan.kernel.flow import actions as flow
from qipan.kernel.flow import queries as cases
from qipan.kernel.flow.models import Case
from qipan.kernel.jobs.testing import drain
from qipan.kernel.ledger.clock import today
from qipan.kernel.ledger.errors import Refused
from qipan.kernel.ledger.models import Event
from qipan.kernel.orgs.reader import Reader
from qipan.kernel.subjects import actions as subjects
from qipan.kernel.subjects.models import Grant, Mandate, MandateState, Subject
from qipan.portal import casepage
from tests.licensing.city import CONTACT, SYSTEM, City
from tests.orgs.factories import BusinessUserFactory, PublicUserFactory, StaffFactory, reader_for

pytestmark = pytest.mark.django_db
DAY = datetime.timedelta(days=1)


def mandate_for(agent: Any, subject: Subject, owner: Reader, acts=("SUBMIT",), **options: Any) -> Mandate:
    """A mandate that the agent has confirmed."""
    until = options.pop("valid_to", today() + 30 * DAY)
    row = subjects.authorise(
        subject, owner, login=agent.username, acts=acts, valid_to=until, items_named=options.pop("items", ())
    )
    return subjects.answer_mandate(row, reader_for(agent), accepts=True)


def renewal(subject: Subject, grant: Grant, reader: Reader, item: str = "FB-RENEW") -> Application:
    row = actions.start(item, uuid=uuid.uuid4(), reader=reader, subject=subject, grant=grant)
    assert actions.save(row, {**CONTACT, "unchanged": True}, reader).ok
    return Application.objects.get(pk=row.pk)


def refused(code: str, act: Any, *args: Any, **options: Any) -> None:
    with pytest.raises(Refused) as told:
        act(*args, **options)
    assert told.value.code == code, told.value


def test_an_agent_applies_for_the_business_and_the_ledger_says_so(city: City) -> None:
    subject, grant, owner = city.restaurant()
    agent = PublicUserFactory(label="代办员小周")
    mandate = mandate_for(agent, subject, owner, ["SUBMIT", "RECEIVE"], items=["FB-RENEW"])
    reader = reader_for(agent)
    assert reader.subject_ids == frozenset(), "an agent represents nobody"
    row = renewal(subject, grant, reader)
    assert row.case.opened_by == owner.user_id, "what an agent does is the business's"
    actions.submit(row, reader, key="k")
    drain()
    case = Case.objects.get(pk=row.pk)
    assert case.state == "ISSUED"
    acts = Event.objects.filter(record_kind="flow.case", record_id=case.pk, actor_id=agent.pk)
    assert acts.exists() and {event.post for event in acts} == {f"mandate:{mandate.pk}"}
    assert any("代办员小周（代" in line.who for line in casepage.history(case, reader))
    officer = reader_for(city.reviewer)
    [power] = casepage.powers_of_attorney(case, officer)
    assert power.number == mandate.number and power.href, "the officer sees the power of attorney (LicProc 12)"
    papers = documents.of_record("flow.case", case.pk)
    assert Document.objects.visible_to(reader).filter(pk__in=[paper.pk for paper in papers]).count() == len(
        list(papers)
    )


def test_what_is_not_named_is_denied(city: City) -> None:
    subject, grant, owner = city.restaurant()
    other, foreign, _other_owner = city.restaurant()
    agent = PublicUserFactory()
    mandate_for(agent, subject, owner, ["FILL"], items=["FB-RENEW"])
    reader = reader_for(agent)
    mine = renewal(subject, grant, reader)
    refused("forbidden", actions.submit, mine, reader)
    refused(
        "forbidden",
        actions.start,
        "FB-CANCEL",
        uuid=uuid.uuid4(),
        reader=reader,
        subject=subject,
        grant=grant,
    )
    refused(
        "forbidden", actions.start, "FB-RENEW", uuid=uuid.uuid4(), reader=reader, subject=other, grant=foreign
    )
    cancel = actions.start("FB-CANCEL", uuid=uuid.uuid4(), reader=owner, subject=subject, grant=grant)
    assert set(Application.objects.visible_to(reader)) == {mine}
    assert cases.case_for(reader, cancel.case.uuid) is None
    refused("forbidden", actions.save, cancel, {}, reader)
    assert [case.pk for case in cases.search_cases(reader)] == [mine.pk]
    assert [one.code for one in cases.offers(mine.case, reader)] == ["discard"]


def test_documents_are_received_by_who_may_receive_them(city: City) -> None:
    subject, grant, owner = city.restaurant()
    row = renewal(subject, grant, owner)
    actions.submit(row, owner)
    drain()
    case = Case.objects.get(pk=row.pk)
    agent, runner = PublicUserFactory(), PublicUserFactory()
    mandate_for(agent, subject, owner, ["SUBMIT"])
    mandate_for(runner, subject, owner, ["RECEIVE"])
    papers = Document.objects.filter(record_kind="flow.case", record_id=case.pk)
    assert (
        papers.exists() and not Document.objects.visible_to(reader_for(agent)).filter(pk__in=papers).exists()
    )
    assert all(not paper.href for paper in casepage.papers(case, reader_for(agent)))
    assert Document.objects.visible_to(reader_for(runner)).filter(pk__in=papers).count() == papers.count()
    assert all(paper.href for paper in casepage.papers(case, reader_for(runner)))


def test_withdrawing_has_to_be_said(city: City) -> None:
    subject, grant, owner = city.restaurant(risk_grade="D")
    agent, trusted = PublicUserFactory(), PublicUserFactory()
    mandate_for(agent, subject, owner, ["SUBMIT"])
    mandate_for(trusted, subject, owner, ["WITHDRAW"])
    row = renewal(subject, grant, owner)
    actions.submit(row, owner)
    case = Case.objects.get(pk=row.pk)
    assert case.state == "SUBMITTED"
    refused("forbidden", flow.fire, case, "withdraw", reader_for(agent).actor(), reason="不办了")
    flow.fire(case, "withdraw", reader_for(trusted).actor(subject_id=subject.pk), reason="不办了")
    case.refresh_from_db()
    assert case.state == "WITHDRAWN"


def test_it_is_over_at_once_when_withdrawn(city: City) -> None:
    subject, grant, owner = city.restaurant()
    agent = PublicUserFactory()
    mandate = mandate_for(agent, subject, owner, ["SUBMIT", "RECEIVE"])
    row = renewal(subject, grant, reader_for(agent))
    drain()
    [paper] = Document.objects.filter(record_kind="subjects.mandate", record_id=mandate.pk)
    assert paper.state == "ISSUED" and paper.number == mandate.number
    assert documents.check_upload(documents.file_of(paper)).unchanged
    subjects.end_mandate(mandate, owner, reason="换人办理")
    reader = reader_for(agent)
    assert reader.mandates == ()
    assert not Application.objects.visible_to(reader).exists() and not cases.search_cases(reader)
    refused("forbidden", actions.save, row, {}, reader)
    refused("forbidden", actions.submit, row, reader)
    drain()
    paper.refresh_from_db()
    assert paper.state == "REVOKED"
    assert actions.save(row, {**CONTACT, "unchanged": True}, owner).ok, "the business goes on with it"


@pytest.mark.parametrize("how", ["last day", "renounced", "representative", "not begun", "account closed"])
def test_it_ends_by_itself(city: City, how: str) -> None:
    subject, _grant, owner = city.restaurant()
    agent = PublicUserFactory()
    mandate = mandate_for(agent, subject, owner)
    assert reader_for(agent).mandates
    if how == "last day":
        Mandate.objects.update(valid_from=today() - 9 * DAY, valid_to=today() - DAY)
    elif how == "not begun":
        Mandate.objects.update(valid_from=today() + DAY)
    elif how == "renounced":
        subjects.end_mandate(mandate, reader_for(agent))
    elif how == "account closed":
        agent.is_active = False
        agent.save()
    else:
        subjects.end_representation(subject.representatives.get(), SYSTEM, "法定代表人变更")
        mandate.refresh_from_db()
        assert (mandate.state, mandate.cause) == (MandateState.ENDED, "REPRESENTATIVE")
    assert reader_for(agent).mandates == ()


def test_only_a_legal_representative_authorises(city: City) -> None:
    subject, _grant, owner = city.restaurant()
    agent, third, officer = PublicUserFactory(), BusinessUserFactory(), StaffFactory().user
    mandate = mandate_for(agent, subject, owner)
    until = today() + DAY
    refused(
        "forbidden",
        subjects.authorise,
        subject,
        reader_for(agent),
        login=third.username,
        acts=["FILL"],
        valid_to=until,
    )
    for login in (officer.username, "nobody", "", owner_name(owner)):
        refused("invalid", subjects.authorise, subject, owner, login=login, acts=["FILL"], valid_to=until)
    for acts in ([], ["SEAL"], ["AUTHORISE"]):
        refused(
            "invalid", subjects.authorise, subject, owner, login=third.username, acts=acts, valid_to=until
        )
    for end in (None, today() - DAY, today() + 400 * DAY):
        refused(
            "invalid", subjects.authorise, subject, owner, login=third.username, acts=["FILL"], valid_to=end
        )
    refused(
        "invalid",
        subjects.authorise,
        subject,
        owner,
        login=third.username,
        acts=["FILL"],
        items_named=["NO-SUCH"],
        valid_to=until,
    )
    refused("forbidden", subjects.end_mandate, mandate, reader_for(third))
    offered = subjects.authorise(subject, owner, login=third.username, acts=["FILL"], valid_to=until)
    assert reader_for(third).mandates == (), "it holds once it is confirmed"
    refused("forbidden", subjects.answer_mandate, offered, reader_for(agent), accepts=True)
    assert subjects.answer_mandate(offered, reader_for(third), accepts=False).state == MandateState.DECLINED
    refused("state", subjects.answer_mandate, offered, reader_for(third), accepts=True)


def owner_name(owner: Reader) -> str:
    from qipan.kernel.accounts.models import User

    return User.objects.get(pk=owner.user_id).username


def test_seals_and_other_matters_stay_with_the_business(city: City) -> None:
    from qipan.domains.seals import permissions
    from qipan.domains.seals.models import SealApplication
    from qipan.kernel.documents.models import Seal

    subject, _grant, owner = city.restaurant()
    agent = PublicUserFactory()
    mandate_for(agent, subject, owner, ["FILL", "SUBMIT", "WITHDRAW", "RECEIVE"])
    reader = reader_for(agent)
    assert not permissions.is_legal_representative(reader, subject.pk)
    assert not Seal.objects.visible_to(reader).exists()
    assert not SealApplication.objects.visible_to(reader).exists()
    assert not Grant.objects.visible_to(reader).exists() and not Subject.objects.visible_to(reader).exists()
