"""What guards and effects are given."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from qipan.kernel.accounts.models import User
from qipan.kernel.flow import permissions
from qipan.kernel.ledger.actor import Actor
from qipan.kernel.orgs.queries import reader_of
from qipan.kernel.orgs.reader import Power, Reader
from qipan.kernel.orgs.roles import Role
from qipan.kernel.subjects import mandates

if TYPE_CHECKING:
    from qipan.kernel.flow.declaration import Flow, Transition
    from qipan.kernel.flow.models import Case, Clock, WorkOrder


@dataclass
class Context:
    """A transition about to be taken: the case (locked), who acts, with what data and why.

    Effects may change the case's number, title, org_path, line, subject, premises and result; what they put into
    `event_data` goes into the event, and into `shared` for later effects, automatic transitions and documents.
    `running` holds the open clocks after the change where it touched them, `version` is the case's. `probing` is True when the page only asks what could be done: data is not there yet, so guards on data keep quiet.
    """

    case: Case
    flow: Flow
    transition: Transition
    actor: Actor
    data: Mapping[str, Any] = field(default_factory=dict)
    reason: str = ""
    probing: bool = False
    reader: Reader | None = None
    event_data: dict[str, Any] = field(default_factory=dict)
    shared: dict[str, Any] = field(default_factory=dict)
    documents: dict[str, Any] = field(default_factory=dict)
    running: Mapping[str, Clock] | None = None
    version: int = 0

    @cached_property
    def record(self) -> Any:
        """The domain's own row of this case; None where the flow declares none. Its `case` is the case at hand."""
        row = self.flow.record(self.case) if self.flow.record else None
        own = getattr(row, "case", None)
        if row is not None and own is not None and own.pk == self.case.pk:
            self.case._state.fields_cache = own._state.fields_cache | self.case._state.fields_cache
            row.case = self.case
        return row

    @cached_property
    def powers(self) -> tuple[Power, ...]:
        """What the actor holds now."""
        if self.actor.kind != "staff":
            return ()
        return self.reader.powers if self.reader else permissions.powers_of_user(self.actor.user_id)

    @cached_property
    def subject_ids(self) -> frozenset[int]:
        """The market subjects for which the actor acts."""
        return self._acting.subject_ids

    @cached_property
    def _acting(self) -> Reader:
        """The business or the member of the public that acts; nobody where staff or the system does."""
        if self.reader:
            return self.reader
        if self.actor.kind not in ("business", "public") or self.actor.user_id is None:
            return Reader.anonymous()
        return reader_of(User.objects.filter(pk=self.actor.user_id, is_active=True).first())

    def mandated(self, act: str) -> bool:
        """Whether the actor is an agent whom the case's subject lets take such an act in it (委托代办)."""
        return bool(act) and bool(mandates.cases_within(self._acting, act, self.case.pk))

    def has_role(self, role: Role, line: str = "") -> bool:
        """Whether the actor holds a role over the case's unit."""
        return permissions.covers(self.powers, role, self.case.org_path, line or self.case.line)

    @cached_property
    def active_orders(self) -> list[WorkOrder]:
        """The case's work orders that are not closed, with their participants."""
        from qipan.kernel.flow.models import ACTIVE

        return list(
            self.case.orders.filter(state__in=ACTIVE).prefetch_related("participants__user").order_by("id")
        )

    def officers(self, kind: str = "") -> list[int]:
        """The user ids of those who lead or work along in the case's active orders (of a kind)."""
        return [
            part.user_id
            for order in self.active_orders
            if not kind or order.kind == kind
            for part in order.participants.all()
            if part.active and part.part in ("LEAD", "CO")
        ]
