"""Two districts. 福田 has rows of every kind, with planted markers; the readers of 南山 must meet none of them.

HIDDEN stands in what is a district's own affair; OPEN in what everybody may know of a business (register, licences,
publications), which only public pages may show.
"""

import datetime
import uuid
from typing import Any

from allauth.mfa.models import Authenticator
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from qipan.domains.inspection import record
from qipan.domains.licensing import actions as licensing
from qipan.domains.licensing.booking import actions as booking
from qipan.domains.licensing.booking import slots
from qipan.domains.licensing.booking.models import Booking
from qipan.domains.licensing.elicences import batches, callers, calling, showing
from qipan.domains.licensing.elicences.models import Batch, Call, CallingSystem
from qipan.domains.licensing.evaluation import actions as rating
from qipan.domains.licensing.evaluation.models import Evaluation, FollowUp
from qipan.domains.licensing.guarding.models import Difference, GuardFinding, GuardRun
from qipan.domains.licensing.models import Application
from qipan.domains.licensing.offers import actions as offers
from qipan.domains.licensing.offers.models import RenewalOffer
from qipan.domains.licensing.rescission import actions as rescission
from qipan.domains.licensing.themes import applying as themes
from qipan.domains.seals import actions as seals
from qipan.domains.seals.models import Round
from qipan.kernel.accounts import actions as accounts
from qipan.kernel.accounts import letters
from qipan.kernel.accounts.models import ApiToken, Letter, User
from qipan.kernel.documents.models import Document, Seal, SealKind, SealUse
from qipan.kernel.documents.using import Paper
from qipan.kernel.evidence import actions as evidence
from qipan.kernel.evidence.models import Attachment, Evidence, Upload
from qipan.kernel.flow import actions as flow
from qipan.kernel.flow import batches as flow_batches
from qipan.kernel.flow.models import Batch as CaseBatch
from qipan.kernel.flow.models import Case, Clock, WorkOrder
from qipan.kernel.forms import queries as forms
from qipan.kernel.jobs.testing import drain
from qipan.kernel.law.drafting.models import Draft
from qipan.kernel.ledger.actor import Actor
from qipan.kernel.ledger.clock import now, today
from qipan.kernel.ledger.models import Subscription
from qipan.kernel.orgs import actions as orgs
from qipan.kernel.orgs.models import Absence, Delegation, Staff
from qipan.kernel.orgs.roles import Role
from qipan.kernel.publication import actions as publication
from qipan.kernel.publication.models import Publication
from qipan.kernel.subjects import actions as subjects
from qipan.kernel.subjects import queries
from qipan.kernel.subjects.models import ApiClient, Grant, Mandate, RegisterImport, SourceRow, Subject
from tests.inspection.office import Office, photo
from tests.licensing.city import BUSINESS, PLACE
from tests.orgs.factories import PublicUserFactory, StaffFactory, reader_for, signed_in
from tests.seals.papers import pdf
from tests.seals.shop import LOWER_RIGHT, Shop, applied, decided
from tests.subjects.factories import SubjectFactory, owner_of

HIDDEN, OPEN = "暗河", "明月"
SYSTEM = Actor.system("SZ/FT/FT01/")


class Futian(Office):
    """福田 with its people, businesses and rows of every kind."""

    def __init__(self) -> None:
        super().__init__()
        futian = self.tree.districts[0]
        self.editor = StaffFactory(role=Role.CATALOGUE_EDITOR, unit=futian)
        self.releaser = StaffFactory(role=Role.CATALOGUE_RELEASER, unit=futian)
        self.publisher = StaffFactory(role=Role.PUBLISHER, unit=futian)
        self.shops: list[Subject] = []
        self._offered()
        self._applications()
        self._inspections()
        self._orders()
        self._own_affairs()
        self._register()
        self._publications()
        self._seals()
        drain()
        self._rescission()  # its notice waits to be made: what is made, whoever has its code may verify
        self._licences()
        self._guarded()
        self._rated()
        self._subscription()
        staff = Staff.objects.filter(unit__path__startswith="SZ/FT/")
        for each in staff.select_related("user"):
            User.objects.filter(pk=each.user_id).update(label=f"{HIDDEN}{each.number}")
        self.owner = self.shops[0].representatives.get().user
        User.objects.filter(pk=self.owner.pk).update(label=f"{HIDDEN}店主", username=f"{HIDDEN}-owner")

    def _shop(self, **facts: Any) -> tuple[Subject, Grant, Any]:
        subject, grant, owner = self.shop(name=f"{OPEN}楼{len(self.shops)}号", **facts)
        self.shops.append(subject)
        return subject, grant, owner

    def _offered(self) -> None:
        """A renewal that the platform offers."""
        self._shop()
        assert offers.offer_renewals() == 1

    def _applications(self) -> None:
        subject, grant, owner = self._shop(risk_grade="D")
        self.drafted("FB-RENEW", subject, grant, owner, changes=f"{HIDDEN}改灶")
        subject, grant, owner = self._shop(risk_grade="D")
        case = licensing.submit(
            self.drafted("FB-RENEW", subject, grant, owner, changes=f"{HIDDEN}换灯"), owner
        )
        receiver = reader_for(self.receiver)
        flow_batches.begin(
            [(case, case.version)], "accept", receiver, uuid=uuid.uuid4(), reason=f"{HIDDEN}一并受理"
        )
        subject, grant, owner = self._shop()
        licensing.submit(self.drafted("FB-RENEW", subject, grant, owner, unchanged=True), owner)
        self._theme()
        self._checked()

    def _theme(self) -> None:
        """One thing that is being filled in, and one whose items are under way."""
        situation = {"kind": "FIRM", "abnormal": "NONE", "penalty": True}
        answers = {
            "credit_remedied": f"{HIDDEN}已改正",
            "contact_name": "王小明",
            "contact_phone": "13800138000",
        }
        for handed_in in (False, True):
            subject, _grant, owner = self._shop()
            row = themes.start("credit-repair", situation, uuid=uuid.uuid4(), reader=owner, subject=subject)
            promise = evidence.store(
                photo(), actor=owner.actor(), kind="material", name=f"{HIDDEN}承诺书.jpg"
            )
            files = {"m_promise": [str(promise.uuid)]}
            themes.save(row, {**answers, **files, "declared_truthful": "true"}, owner)
            if handed_in:
                themes.submit(row, owner)

    def _checked(self) -> None:
        """A new restaurant whose place is being looked at, by appointment."""
        subject = SubjectFactory(f"{OPEN}新馆")
        self.shops.append(subject)
        owner = reader_for(owner_of(subject))
        plan = evidence.store(photo(), actor=owner.actor(), kind="material", name=f"{HIDDEN}布局图.jpg")
        row = self.drafted("FB-NEW", subject, None, owner, layout_plan=[str(plan.uuid)], **PLACE, **BUSINESS)
        case = licensing.submit(row, owner)
        self._step(case, self.receiver, "accept")
        self._step(case, self.reviewer, "order_check")
        case.refresh_from_db()
        booking.arrange(case, slots.slots(case)[0].starts_at, owner)
        order = WorkOrder.objects.get(case=case, kind="licensing.check")
        for officer in self.inspectors:
            flow.claim(order, actor=reader_for(officer).actor(None, case.org_path))
        row.refresh_from_db()
        officers = [officer.user_id for officer in self.inspectors]
        check = licensing.start_check(row, reader_for(self.lead), uuid=uuid.uuid4(), officers=officers)
        item = forms.checklist(check.checklist_code).items[0]
        licensing.note_check(
            check, reader_for(self.lead), {item.code: {"answer": "NO", "note": f"{HIDDEN}积水"}}
        )

    @staticmethod
    def _step(case: Case, who: Staff, code: str, **more: Any) -> Case:
        actor = reader_for(who).actor(None, case.org_path)
        return flow.fire(Case.objects.get(pk=case.pk), code, actor, **more)

    def _inspections(self) -> None:
        subject, grant, _owner = self._shop()
        self.ordered(subject, grant)
        subject, grant, _owner = self._shop()
        visit = self.ordered(subject, grant)
        item = next(one for one in record.applicable(visit) if not one.key).code
        self.begun(visit=visit, failed={item: f"{HIDDEN}鼠迹"})
        subject, grant, _owner = self._shop()
        visit = self.signed({item: f"{HIDDEN}密封条破损"}, visit=self.ordered(subject, grant))
        flow.fire(
            visit.case,
            "report",
            reader_for(subject.representatives.get().user).actor(),
            data={"report": f"{HIDDEN}已更换", "files": []},
        )

    def _rescission(self) -> None:
        _subject, grant, _owner = self._shop()
        actor = reader_for(self.reviewer).actor(Role.LIC_REVIEWER, grant.org_path)
        row = rescission.begin(grant, uuid=uuid.uuid4(), ground="FRAUD", finding=f"{HIDDEN}伪造", actor=actor)
        self._step(row.case, self.reviewer, "tell", data={"facts": f"{HIDDEN}图纸系伪造。"})

    def _orders(self) -> None:
        head = reader_for(self.head).actor(Role.OFFICE_HEAD, "SZ/FT/FT01/")
        subject = self.shops[0]
        kinds = [
            flow.create_order(
                "inspection.task",
                f"{HIDDEN}核实线索{number}",
                Role.INSPECTOR,
                "SZ/FT/FT01/",
                actor=head,
                requirement=f"{HIDDEN}要求",
                subject_id=subject.pk,
            )
            for number in range(2)
        ]
        Clock.objects.filter(case__flow_code="licensing.application").first().stops.create(
            since=today(), cause=f"{HIDDEN}等待补正"
        )
        flow.urge(kinds[0], f"{HIDDEN}督办", actor=head)
        flow.claim(kinds[1], actor=reader_for(self.lead).actor(Role.INSPECTOR, "SZ/FT/FT01/"))
        flow.recuse(
            self.second.user_id, reason=f"{HIDDEN}亲属", actor=reader_for(self.second).actor(),
            subject_id=subject.pk,
        )  # fmt: skip

    def _own_affairs(self) -> None:
        day = today()
        orgs.delegate(
            self.head, self.third, [Role.OFFICE_HEAD], day, day + datetime.timedelta(days=3), f"{HIDDEN}出差",
            actor=reader_for(self.head).actor(),
        )  # fmt: skip
        orgs.declare_absence(
            self.publisher, day, day + datetime.timedelta(days=2), f"{HIDDEN}病假", substitute=None,
            actor=reader_for(self.publisher).actor(),
        )  # fmt: skip
        end = now() + datetime.timedelta(days=30)
        user = self.shops[0].representatives.get().user
        accounts.issue_token(user, f"{HIDDEN}对接", ["cases.read"], expires_at=end, actor=SYSTEM)
        Authenticator.objects.create(
            user=user, type=Authenticator.Type.WEBAUTHN, data={"name": f"{HIDDEN}钥匙", "credential": {}}
        )
        person = accounts.create_person(name=f"{HIDDEN}王", phone="13612345678", actor=SYSTEM)
        User.objects.filter(pk=user.pk).update(person=person)
        letters.notify(person, "case", f"{HIDDEN}来信", "/my/")
        subjects.register_client(
            self.shops[0], reader_for(user), name=f"{HIDDEN}门店系统", scopes=["cases.read"]
        )
        self.agent = PublicUserFactory(label=f"{HIDDEN}代办员")
        subjects.authorise(
            self.shops[0],
            reader_for(user),
            login=self.agent.username,
            acts=["FILL"],
            valid_to=day + datetime.timedelta(days=90),
        )
        evidence.begin_upload(9, {"filename": f"{HIDDEN}.pdf"}, reader_for(user).actor())
        editor = signed_in(Client(), self.editor.user)
        content = editor.get("/desk/tables/licensing.food_renew/dmn/").content
        values = {
            "code": "licensing.food_renew",
            "valid_from": (day + datetime.timedelta(days=1)).isoformat(),
        }
        file = SimpleUploadedFile(f"{HIDDEN}.dmn", content, "application/xml")
        answer = editor.post("/desk/tables/import/", values | {"file": file})
        assert answer.status_code == 302, answer.content.decode()
        Draft.objects.update(title=f"{HIDDEN}草稿")

    def _register(self) -> None:
        subject = self.shops[0]
        subjects.add_mark(subject, "ABNORMAL_LIST", SYSTEM, ground=f"{OPEN}未年报")
        subjects.change_status(self.shops[-1], "SUSPENDED", SYSTEM, f"{OPEN}歇业")
        subject.external_records.create(
            source="旧系统", kind="INSPECTION", key="K1", on=today(), result=f"{OPEN}合格"
        )
        SourceRow.objects.create(source="旧系统", key="K1", subject=subject, digest="0" * 64)
        RegisterImport.objects.create(
            uuid=uuid.uuid4(), source=f"{HIDDEN}登记簿", file_name="a.csv", file_digest="0" * 64,
            received_at=timezone.now(), read=0, created=0, updated=0, known=0, rejected=0, warned=0,
            org_path="SZ/FT/",
        )  # fmt: skip

    def _seals(self) -> None:
        """A company with seals, one waiting for activation; papers sealed, one going round; a post that may use the bureau's."""
        shop = Shop(f"{OPEN}饮食有限公司")
        self.shops.append(shop.subject)
        seal = shop.seal()
        shop.use(seal, title=f"{HIDDEN}供货合同")
        papers = [Paper(uuid.uuid4(), f"{HIDDEN}{number}号", pdf(), LOWER_RIGHT) for number in range(2)]
        seals.use_many(seal, shop.reader, papers, purpose="CONTRACT", batch=uuid.uuid4())
        decided(applied(shop, SealKind.FINANCE, note=f"{HIDDEN}财务用"))
        applied(shop, SealKind.CONTRACT, note=f"{HIDDEN}合同用")
        code = queries.uscc_of(shop.subject)
        seals.open_round(
            uuid=uuid.uuid4(), reader=shop.reader, subject=shop.subject, title=f"{HIDDEN}三方协议",
            purpose="CONTRACT", content=pdf(), parties=[seals.Party(code, "COMPANY", LOWER_RIGHT)] * 2,
        )  # fmt: skip
        bureau = Seal.objects.get(unit_path="SZ/FT/")
        leader = reader_for(self.leader)
        seals.authorise(bureau, leader, role=Role.LIC_DECIDER)
        letter = Paper(uuid.uuid4(), f"{HIDDEN}公函", pdf(), LOWER_RIGHT)
        decider = reader_for(self.decider)
        seals.use(bureau, decider, letter, purpose="LETTER")
        several = [Paper(uuid.uuid4(), f"{HIDDEN}公函{number}号", pdf(), LOWER_RIGHT) for number in range(2)]
        seals.use_many(bureau, decider, several, purpose="LETTER", batch=uuid.uuid4())

    def _licences(self) -> None:
        """A licence that is shown, called by another department with the holder's leave, and to be made anew with others."""
        city = self.tree.city
        keeper = reader_for(StaffFactory(role=Role.SYSTEM_ADMIN, unit=city))
        head = reader_for(StaffFactory(role=Role.BUREAU_LEADER, unit=city))
        self.machine = PublicUserFactory()
        system = callers.register(keeper, login=self.machine.username, name="市住建系统")
        right = callers.entitle(
            system, head, item_code="ZJ-01", item_name="招牌", purpose="审核", kinds=["JY"]
        )
        made = Grant.objects.filter(
            kind="JY", state="VALID", subject__in=self.shops, document_id__isnull=False
        )
        grant = made.first()
        assert grant is not None
        owner = reader_for(grant.subject.representatives.get().user)
        calling.give_consent(grant, right, owner, until=today() + datetime.timedelta(days=30))
        wish = calling.Wish(grant.number, "ZJ-01", right.purpose, "")
        calling.call(wish, reader_for(self.machine), key="security")
        self.shown = showing.code_of(grant, showing.begin(grant, owner))
        chosen = batches.Selection("JY", "SZ/FT/")
        batches.prepare(chosen, reader_for(self.leader), uuid=uuid.uuid4(), reason=f"{HIDDEN}换模板")

    def _guarded(self) -> None:
        """An automatic grant that would not be given again."""
        row = Application.objects.filter(decision_id__isnull=False).first()
        assert row is not None
        moment = now()
        run = GuardRun.objects.create(
            day=today(), org_path="SZ/FT/", checked=1, changed=1, started_at=moment, finished_at=moment
        )
        GuardFinding.objects.create(
            run=run, application=row, subject_id=row.case.subject_id, decision_id=row.decision_id,
            org_path=row.case.org_path, kind=Difference.CURRENT, reasons=[f"{HIDDEN}列入名录"],
        )  # fmt: skip

    def _rated(self) -> None:
        """A bad rating, which the bureau's leader follows up."""
        row = Application.objects.select_related("case").filter(case__state="ISSUED").first()
        assert row is not None
        owner = reader_for(row.case.subject.representatives.get().user)
        rating.rate(
            row,
            owner.actor(subject_id=row.case.subject_id),
            level=1,
            tags=["SLOW"],
            words=f"{HIDDEN}等了很久",
        )

    def _publications(self) -> None:
        subject = self.shops[0]
        made = publication.oblige(
            "penalty.decision", subject, formed_on=today(), subject_id=subject.pk, org_path="SZ/FT/FT01/",
            title=f"{HIDDEN}处罚决定", party="natural", actor=SYSTEM,
            content={"number": f"{HIDDEN}12号", "name": "王小明", "facts": f"{HIDDEN}事实", "fine": 5000},
        )  # fmt: skip
        assert made.state == "DUE"
        gone = publication.oblige(
            "inspection.result", self.shops[1], formed_on=today(), subject_id=self.shops[1].pk,
            org_path="SZ/FT/FT01/", title=f"{HIDDEN}撤下的结果", actor=SYSTEM,
            content={"number": "JC9", "name": self.shops[1].name, "conclusion": f"{HIDDEN}不符合"},
        )  # fmt: skip
        publication.withdraw(gone, reason=f"{HIDDEN}有误", actor=SYSTEM)

    @staticmethod
    def _subscription() -> None:
        Subscription.objects.create(
            code=f"{HIDDEN}-hook", title=f"{HIDDEN}推送", pattern="*", url="https://futian.example/hook",
            secret="s" * 32, org_path="SZ/FT/",
        )  # fmt: skip

    @staticmethod
    def materials() -> dict[str, list[str]]:
        """The files of each application, by the case."""
        found: dict[str, list[str]] = {}
        cases = dict(Application.objects.filter(case__private=False).values_list("pk", "case__uuid"))
        files = Attachment.objects.filter(record_kind="flow.case", record_id__in=cases).order_by("pk")
        for each in files.select_related("evidence"):
            found.setdefault(str(cases[each.record_id]), []).append(str(each.evidence.uuid))
        return found

    def values(self) -> dict[str, list[str]]:
        """What addresses are filled with, by kind of object."""
        texts = {
            "case": Case.objects.values_list("uuid", flat=True),
            "offer": RenewalOffer.objects.values_list("uuid", flat=True),
            "case_batch": CaseBatch.objects.values_list("uuid", flat=True),
            "booked_case": Booking.objects.filter(state="BOOKED").values_list("case__uuid", flat=True),
            "rated_case": Evaluation.objects.values_list("case__uuid", flat=True),
            "order": WorkOrder.objects.values_list("uuid", flat=True),
            "follow_up_order": FollowUp.objects.values_list("order__uuid", flat=True),
            "document": Document.objects.values_list("uuid", flat=True),
            "evidence": Evidence.objects.values_list("uuid", flat=True),
            "publication": Publication.objects.values_list("uuid", flat=True),
            "subject": [each.pk for each in self.shops],
            "grant": Grant.objects.values_list("pk", flat=True),
            "draft": Draft.objects.values_list("pk", flat=True),
            "delegation": Delegation.objects.values_list("pk", flat=True),
            "absence": Absence.objects.values_list("pk", flat=True),
            "upload": Upload.objects.values_list("pk", flat=True),
            "guarded_day": [today().isoformat()],
            "difference": GuardFinding.objects.values_list("uuid", flat=True),
            # One that was never made: a good one may be scanned by anybody, and each scan stands in the holder's log.
            "shown": [f"{self.shown[:-1]}-"],
            "caller": CallingSystem.objects.values_list("pk", flat=True),
            "licence_batch": Batch.objects.values_list("uuid", flat=True),
            "licence_call": Call.objects.filter(given=True).values_list("uuid", flat=True),
            "api_client": ApiClient.objects.values_list("uuid", flat=True),
            "letter": Letter.objects.values_list("pk", flat=True),
            "mandate": Mandate.objects.values_list("uuid", flat=True),
            "token": ApiToken.objects.values_list("pk", flat=True),
            "passkey": Authenticator.objects.filter(type="webauthn").values_list("pk", flat=True),
            "verification": Document.objects.exclude(state="ISSUED").values_list("code", flat=True),
            "licence": Grant.objects.values_list("number", flat=True),
            "seal": Seal.objects.values_list("seal_id", flat=True).filter(org_path__startswith="SZ/FT/"),
            "seal_use": SealUse.objects.filter(document_id__isnull=True).values_list("uuid", flat=True),
            "seal_batch": SealUse.objects.exclude(batch=None).values_list("batch", flat=True).distinct(),
            "seal_round": Round.objects.values_list("uuid", flat=True),
            "uscc": [queries.uscc_of(each) for each in self.shops],
        }
        return {kind: [str(value) for value in values] for kind, values in texts.items()}
