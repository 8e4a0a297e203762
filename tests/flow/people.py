"""A permit case and the people who handle it."""

import uuid
from dataclasses import dataclass, field
from typing import Any

from qipan.kernel.accounts.models import User
from qipan.kernel.flow import actions
from qipan.kernel.flow.models import Case, WorkOrder
from qipan.kernel.ledger.actor import Actor
from qipan.kernel.orgs.models import Staff
from qipan.kernel.orgs.roles import Role
from tests.orgs.factories import BusinessUserFactory, StaffFactory, UnitTree


def acts(who: Staff | User) -> Actor:
    """The one who acts."""
    if isinstance(who, Staff):
        return Actor("staff", who.user_id, "", who.unit.path)
    return Actor(who.kind, who.pk)


@dataclass
class Desk:
    """One office with everybody a permit needs."""

    tree: UnitTree = field(default_factory=UnitTree)

    def __post_init__(self) -> None:
        office, district = self.tree.offices[0], self.tree.districts[0]
        self.path = office.path
        self.owner = BusinessUserFactory()
        self.receiver = StaffFactory(Role.LIC_RECEIVER, office)
        self.second_receiver = StaffFactory(Role.LIC_RECEIVER, office)
        self.reviewer = StaffFactory(Role.LIC_REVIEWER, office)
        self.inspectors = [StaffFactory(Role.INSPECTOR, office) for _number in range(3)]
        self.decider = StaffFactory(Role.LIC_DECIDER, district)
        self.leader = StaffFactory(Role.BUREAU_LEADER, district)
        self.head = StaffFactory(Role.OFFICE_HEAD, office)
        self.stranger = StaffFactory(Role.LIC_RECEIVER, self.tree.offices[2])

    def open(self, **more: Any) -> Case:
        """A draft of the owner's."""
        return actions.open_case(
            "sample.permit",
            uuid=more.pop("uuid", uuid.uuid4()),
            org_path=self.path,
            actor=acts(self.owner),
            title="海棠小吃店",
            **more,
        )

    def submitted(self, **data: Any) -> Case:
        """Handed in."""
        return actions.fire(self.open(), "submit", acts(self.owner), data={"place": "园岭街道 1 号", **data})

    def accepted(self) -> Case:
        """Accepted by the receiver."""
        return actions.fire(self.submitted(), "accept", acts(self.receiver))

    def checking(self, *, claimed: bool = True) -> Case:
        """Out for the site check, claimed by two inspectors unless said otherwise."""
        case = actions.fire(self.accepted(), "order_check", acts(self.reviewer))
        if claimed:
            for inspector in self.inspectors[:2]:
                actions.claim(self.order(case, "sample.check"), actor=acts(inspector))
        return case

    def reviewed(self) -> Case:
        """Checked, waiting for the decision."""
        return actions.fire(self.checking(), "conclude_check", acts(self.inspectors[0]))

    @staticmethod
    def order(case: Case, kind: str) -> WorkOrder:
        """The newest order of a kind."""
        return WorkOrder.objects.filter(case=case, kind=kind).latest("id")
