"""电子证照作为材料: ours and in force is linked; expired, revoked, superseded, another's, changed, forged are refused with
what to do; what others issued stays a paper for people (在线政务服务规定 10; 电子签名法 13)."""

import datetime
import uuid

import pytest
from django.test import Client
from django.urls import reverse

from qipan.domains.licensing import actions
from qipan.domains.licensing.elicences import offering
from qipan.domains.licensing.elicences.models import Offer, Offering
from qipan.domains.licensing.models import Application
from qipan.kernel.documents import seals
from qipan.kernel.evidence import actions as evidence
from qipan.kernel.ledger.clock import today
from qipan.kernel.ledger.errors import Refused
from qipan.kernel.ledger.models import Event
from qipan.kernel.orgs.reader import Reader
from qipan.kernel.subjects import actions as subjects
from qipan.kernel.subjects.models import Grant, Subject
from tests.documents.strangers import blank, signed_by
from tests.licensing.city import BUSINESS, CONTACT, PLACE, SYSTEM, City, file_of
from tests.licensing.test_a_business_is_registered_and_ends import NEW
from tests.orgs.factories import reader_for, signed_in
from tests.subjects.factories import GrantFactory, SubjectFactory, owner_of

pytestmark = pytest.mark.django_db


class Applicant:
    """A business that applies for a food licence, with one file to show."""

    def __init__(self, item: str = "FB-NEW", field: str = "layout_plan") -> None:
        self.subject: Subject = SubjectFactory("深圳市材料有限公司", type="COMPANY")
        self.user = owner_of(self.subject)
        self.reader: Reader = reader_for(self.user)
        self.field = field
        self.row: Application = actions.start(
            item, uuid=uuid.uuid4(), reader=self.reader, subject=self.subject
        )

    def offers(self, content: bytes, name: str = "证照.pdf") -> str:
        """Save the application with a file; returns what is wrong with it."""
        stored = evidence.store(content, actor=self.reader.actor(), kind="material", name=name)
        self.token = str(stored.uuid)
        answers = {**CONTACT, **PLACE, **BUSINESS, self.field: [self.token]}
        result = actions.save(self.row, answers, self.reader)
        self.row = Application.objects.get(pk=self.row.pk)
        return result.errors.get(self.field, "")

    @property
    def kept(self) -> bool:
        return self.row.answers.get(self.field) == [self.token]


def test_ours_in_force_is_linked_to_the_register(city: City) -> None:
    applicant = Applicant()
    grant = GrantFactory(applicant.subject)
    assert applicant.offers(file_of(grant)) == "" and applicant.kept
    offer = Offer.objects.get()
    assert (offer.outcome, offer.finding, offer.grant) == ("LINKED", "OURS", grant)
    assert offer.document_id == Grant.objects.get(pk=grant.pk).document_id
    assert Event.objects.get(name="licensing.material.checked").data["outcome"] == "LINKED"
    assert offering.licences_verified(applicant.row) and offering.unproven(applicant.row) == []


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ("REVOKED", "吊销"),
        ("RESCINDED", "撤销"),
        ("SUSPENDED", "暂停"),
        ("CANCELLED", "注销"),
        ("WITHDRAWN", "撤回"),
    ],
)
def test_ours_that_ended_or_rests_is_refused_with_what_to_do(city: City, state: str, words: str) -> None:
    applicant = Applicant()
    grant = GrantFactory(applicant.subject)
    content = file_of(grant)
    subjects.set_grant_state(grant, state, SYSTEM, "测试")
    told = applicant.offers(content, "许可证.pdf")
    assert words in told and "许可证.pdf" in told and "请先办理" in told
    assert not applicant.kept and applicant.row.answers["premises"] == PLACE["premises"], (
        "nothing else is lost"
    )
    assert Offer.objects.get().outcome == Offering.REFUSED


def test_an_expired_one_is_refused_on_the_day(city: City) -> None:
    applicant = Applicant()
    grant = GrantFactory(applicant.subject)
    content = file_of(grant)
    Grant.objects.update(valid_to=today() - datetime.timedelta(days=1))
    assert "届满" in applicant.offers(content) and not applicant.kept


def test_a_superseded_one_is_refused_and_the_newest_named(city: City) -> None:
    applicant = Applicant()
    grant = GrantFactory(applicant.subject)
    old, new = file_of(grant), file_of(grant)
    assert "我的证照" in applicant.offers(old)
    assert applicant.offers(new) == "" and applicant.kept


def test_another_holders_is_refused_without_naming_the_holder(city: City) -> None:
    applicant = Applicant()
    other = GrantFactory(SubjectFactory("深圳市别人有限公司"))
    told = applicant.offers(file_of(other))
    assert "别的主体" in told and "别人" not in told
    assert Offer.objects.get().grant is None


def test_a_changed_one_and_a_forged_one_are_refused(city: City) -> None:
    applicant = Applicant()
    content = file_of(GrantFactory(applicant.subject))
    assert "不能作为材料" in applicant.offers(content + b"\n% one more line")
    assert "伪造" in applicant.offers(signed_by(seals.seal_of("SZ/FT/").name))
    assert {offer.finding for offer in Offer.objects.all()} == {"FORGED"} and not applicant.kept


def test_one_from_elsewhere_stays_a_paper_that_a_person_looks_at(client: Client, city: City) -> None:
    applicant = Applicant()
    assert applicant.offers(signed_by("某省药品监督管理局"), "外省证.pdf") == "" and applicant.kept
    offer = Offer.objects.get()
    assert (offer.outcome, offer.finding, offer.grant) == ("PAPER", "FOREIGN", None)
    assert not offering.licences_verified(applicant.row)
    assert offering.unproven(applicant.row) == [offer.text]
    page = signed_in(client, applicant.user).get(reverse("apply_form", args=[applicant.row.case.uuid]))
    assert "外省证.pdf" in page.content.decode() and "由工作人员核对" in page.content.decode()
    actions.submit(applicant.row, applicant.reader, key="k")
    staff = signed_in(Client(), city.reviewer.user)
    seen = staff.get(reverse("desk_case", args=[applicant.row.case.uuid])).content.decode()
    assert "证照材料的核验" in seen and offer.text in seen


def test_an_ordinary_plan_is_nobodys_licence(city: City) -> None:
    applicant = Applicant()
    assert applicant.offers(blank(), "平面图.pdf") == "" and applicant.kept
    assert not Offer.objects.exists() and offering.licences_verified(applicant.row)


def test_what_ended_between_upload_and_hand_in_is_refused_then(city: City) -> None:
    applicant = Applicant()
    grant = GrantFactory(applicant.subject, premises=None)
    assert applicant.offers(file_of(grant)) == ""
    subjects.set_grant_state(grant, "SUSPENDED", SYSTEM, "停用")
    with pytest.raises(Refused, match="已不能使用"):
        actions.submit(applicant.row, applicant.reader, key="k")
    subjects.set_grant_state(grant, "VALID", SYSTEM, "启用")
    assert actions.submit(applicant.row, applicant.reader, key="k2").state == "SUBMITTED"


def test_no_rule_grants_on_a_paper_from_elsewhere(city: City) -> None:
    """What only a person can judge never satisfies an automatic approval (DOMAIN 3.4)."""
    owner = reader_for(owner_of(SubjectFactory()))
    modes = []
    for number, content in enumerate((blank(), signed_by("某市不动产登记中心"))):
        stored = evidence.store(content, actor=owner.actor(), kind="material", name="住所证明.pdf")
        row = actions.start("BI-NEW", uuid=uuid.uuid4(), reader=owner, subject=None)
        answers = {
            **NEW,
            "new_name": f"清味小面馆{number}",
            "new_domicile": f"{NEW['new_domicile']}{number}",
            "m_domicile_proof": [str(stored.uuid)],
        }
        result = actions.save(row, answers, owner)
        assert result.ok, result.errors
        row.refresh_from_db()
        actions.submit(row, owner, key=f"k{number}")
        row.refresh_from_db()
        modes.append((row.mode, any("不能核验" in reason for reason in row.mode_reasons)))
    assert modes == [("AUTO", False), ("INSTANT", True)]
