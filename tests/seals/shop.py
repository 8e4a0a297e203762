"""A business with its legal representative and a seal, and the officials over it."""

import uuid
from typing import Any

from qipan.domains.seals import actions
from qipan.domains.seals.models import SealApplication
from qipan.kernel.accounts import letters
from qipan.kernel.accounts.models import Letter, User
from qipan.kernel.documents import seals, using
from qipan.kernel.documents.models import Seal, SealKind, SealUse
from qipan.kernel.documents.sealing.foreign import Place
from qipan.kernel.flow.actions import claim, fire
from qipan.kernel.flow.models import WorkOrder
from qipan.kernel.ledger.actor import Actor
from qipan.kernel.orgs.models import Staff
from qipan.kernel.orgs.reader import Reader
from qipan.kernel.orgs.roles import Role
from qipan.kernel.subjects import actions as subjects
from qipan.kernel.subjects.models import Subject
from tests.law.catalogues import load_catalogues
from tests.orgs.factories import BusinessUserFactory, StaffFactory, UnitTree, as_person, reader_for
from tests.seals.papers import pdf
from tests.subjects.factories import SubjectFactory

SYSTEM = Actor.system()
LOWER_RIGHT = Place(1, 0.7, 0.8)


class Shop:
    """A company of 福田 whose legal representative has an account, and the reviewer of its district."""

    def __init__(self, name: str = "深圳市粤味饮食有限公司", **facts: Any) -> None:
        self.tree = UnitTree()
        self.subject: Subject = SubjectFactory(name, type="COMPANY", **facts)
        self.user = as_person(BusinessUserFactory(), "王小明", "13800138000")
        subjects.represent(self.user, self.subject, SYSTEM)

    @property
    def reader(self) -> Reader:
        """Who acts for it, read afresh."""
        return reader_for(self.user)

    def seal(self, kind: str = SealKind.COMPANY, **more: Any) -> Seal:
        """A seal in use, made without an application."""
        from qipan.domains.seals.effects import holder_of

        return seals.issue(holder_of(self.subject, kind), kind, SYSTEM, years=seals.BUSINESS_YEARS, **more)

    def use(
        self, seal: Seal, content: bytes | None = None, *, reader: Reader | None = None, **more: Any
    ) -> SealUse:
        """One use of a seal."""
        paper = using.Paper(
            more.pop("uuid", uuid.uuid4()),
            more.pop("title", "合同"),
            content or pdf(),
            more.pop("place", LOWER_RIGHT),
        )
        return actions.use(seal, reader or self.reader, paper, purpose=more.pop("purpose", "CONTRACT"))


def reviewer() -> Staff:
    """Who reviews applications in 福田."""
    return StaffFactory(role=Role.LIC_REVIEWER, unit=UnitTree().districts[0])


def applied(shop: Shop, kind: str = SealKind.COMPANY, **more: Any) -> SealApplication:
    """An application that was handed in."""
    load_catalogues()
    return actions.apply(
        uuid=more.pop("uuid", uuid.uuid4()), reader=shop.reader, subject=shop.subject, kind=kind, **more
    )


def decided(
    row: SealApplication, step: str = "grant", *, by: Staff | None = None, reason: str = ""
) -> SealApplication:
    """The reviewer takes the order and decides."""
    officer = by or reviewer()
    actor = reader_for(officer).actor(Role.LIC_REVIEWER, row.case.org_path)
    order = WorkOrder.objects.filter(case_id=row.pk, state="OPEN").first()
    if order is not None:
        claim(order, actor=actor)
    fire(row.case, step, actor, reason=reason)
    return SealApplication.objects.select_related("case", "seal").get(pk=row.pk)


def code_of(user: User) -> str:
    """The code that was sent last."""
    letter = Letter.objects.filter(person=user.person, kind="code.seal").order_by("-pk")[0]
    return next(
        word
        for word in letters.text_of(letter).replace("，", " ").split()
        if word.isdigit() and len(word) == 8
    )
