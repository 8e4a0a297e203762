"""A work order as its page needs it: who is in it, what the reader is to it, whom it could be given to."""

from functools import cached_property
from typing import Any

from django.utils.translation import gettext as _

from qipan.kernel.flow import permissions, queries
from qipan.kernel.flow.models import ACTIVE, Part, Participant, Urge, WorkOrder
from qipan.kernel.flow.models.orders import Countersigning, Opinion
from qipan.kernel.orgs import queries as orgs
from qipan.kernel.orgs.models import Staff, Unit
from qipan.kernel.orgs.reader import Reader
from qipan.kernel.orgs.roles import Role
from qipan.ui import cases

MOST_PEOPLE = 300


class OrderView:
    """One order before one reader; each answer is worked out once."""

    def __init__(self, order: WorkOrder, reader: Reader) -> None:
        self.order = order
        self.reader = reader

    @cached_property
    def everybody(self) -> list[Participant]:
        """All who take part now, leaders first."""
        rows = self.order.participants.filter(active=True).select_related("user")
        return sorted(rows, key=lambda part: (part.part != Part.LEAD, part.pk))

    @property
    def parts(self) -> list[Participant]:
        """Those who work on it."""
        return [part for part in self.everybody if part.part != Part.SIGNER]

    @property
    def signers(self) -> list[Participant]:
        """Those who are asked to countersign."""
        return [part for part in self.everybody if part.part == Part.SIGNER]

    @property
    def waiting_signers(self) -> list[Participant]:
        """Those of them who have not answered, while the round is open."""
        if self.order.countersign_state != Countersigning.PENDING:
            return []
        return [part for part in self.signers if part.opinion == Opinion.WAITING]

    @property
    def must_sign(self) -> bool:
        """Whether the reader's opinion is waited for."""
        return any(part.user_id == self.reader.user_id for part in self.waiting_signers)

    @cached_property
    def mine(self) -> bool:
        """Whether the reader works on it, or stands in for somebody who does."""
        people = [part.user_id for part in self.parts]
        return self.reader.user_id in people or permissions.stands_for(
            self.reader.powers, people, self.order.role, self.order.org_path
        )

    @cached_property
    def holds(self) -> bool:
        """Whether the order is for a role that the reader has there."""
        return self.reader.may(Role(self.order.role), self.order.org_path, self.order.line)

    @cached_property
    def directs(self) -> bool:
        """Whether the reader issued it or directs its unit."""
        own = self.order.issued_by is not None and self.order.issued_by == self.reader.user_id
        staff = self.reader.kind == "staff"
        return staff and (
            own or permissions.dispatches(self.reader.powers, self.order.org_path, self.order.line)
        )

    @property
    def still_needed(self) -> int:
        """How many people are missing before it can start."""
        return max(self.order.needs - len(self.parts), 0)

    @property
    def waits_for_others(self) -> bool:
        """Whether the reader has signed for it and others have not yet."""
        return self.still_needed > 0

    @cached_property
    def finishes_here(self) -> bool:
        """Whether it is reported done on its own page: no step of a case closes it, and no page of its own does."""
        if cases.work_page(self.order.kind):
            return False
        if self.order.case_id is None or self.order.case is None:
            return True
        return not any(self.order.kind in step.closes for step in self.order.case.flow.transitions)

    @cached_property
    def urges(self) -> list[Urge]:
        """The supervision notes, oldest first."""
        return list(self.order.urges.all())

    @property
    def open_urges(self) -> list[Urge]:
        """Those not answered."""
        return [note for note in self.urges if note.replied_at is None]

    @cached_property
    def mergeable(self) -> list[WorkOrder]:
        """The other orders about the same business into which it could be merged."""
        if self.order.case_id or not self.order.subject_id:
            return []
        rows = WorkOrder.objects.visible_to(self.reader).filter(
            subject_id=self.order.subject_id, state__in=ACTIVE, org_path=self.order.org_path
        )
        return list(rows.exclude(pk=self.order.pk).order_by("pk")[:50])

    @cached_property
    def fit(self) -> list[tuple[int, str]]:
        """Who holds the order's role there and is present, but the reader."""
        found = orgs.holders(Role(self.order.role), self.order.org_path, self.order.line)
        return [(each.user_id, str(each.user)) for each in found]

    @cached_property
    def colleagues(self) -> list[tuple[int, str]]:
        """Who may be asked to countersign: the present staff of the same bureau, but those who work on it."""
        working = {part.user_id for part in self.parts} | {self.reader.user_id}
        rows = Staff.objects.filter(orgs.present(), unit__path__startswith=self._bureau)
        rows = rows.select_related("user", "unit").order_by("unit__path", "number")[:MOST_PEOPLE]
        return [
            (each.user_id, f"{each.user}{_('（')}{each.unit.short_name}{_('）')}")
            for each in rows
            if each.user_id not in working
        ]

    @cached_property
    def units(self) -> list[Unit]:
        """Where it could be sent: the units of the same bureau, but the one that has it."""
        rows = Unit.objects.filter(path__startswith=self._bureau).exclude(path=self.order.org_path)
        return list(rows.order_by("path")[:200])

    @property
    def _bureau(self) -> str:
        parts = self.order.org_path.strip("/").split("/")[:2]
        return "/".join(parts) + "/"

    @cached_property
    def below(self) -> list[tuple[int, WorkOrder]]:
        """The orders below it, with their depth."""
        return [(depth, each) for depth, each in queries.tree(self.order, self.reader) if depth]

    def options(self, kind: str) -> list[tuple[Any, str]]:
        """The choices of a field of an act."""
        if kind == "person":
            here = {part.user_id for part in self.parts if part.part == Part.LEAD}
            return [(pk, name) for pk, name in self.fit if pk not in here]
        if kind == "people":
            return list(self.fit)
        if kind == "signers":
            return list(self.colleagues)
        if kind == "signer":
            return [(part.user_id, str(part.user)) for part in self.waiting_signers]
        if kind == "unit":
            return [(unit.path, unit.name) for unit in self.units]
        if kind == "urge":
            return [(note.pk, note.message[:40]) for note in self.open_urges]
        if kind == "order":
            return [(other.pk, f"{other.number} {other.title}") for other in self.mergeable]
        return []
