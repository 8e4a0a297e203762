"""Who may take a transition. A transition names several; any one of them lets the actor through."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from qipan.kernel.flow import permissions
from qipan.kernel.orgs.models import Staff
from qipan.kernel.orgs.queries import is_certified
from qipan.kernel.orgs.roles import Role

if TYPE_CHECKING:
    from qipan.kernel.flow.context import Context


@dataclass(frozen=True)
class Predicate:
    """One way of being allowed."""

    def allows(self, context: Context) -> bool:
        """Whether the actor may."""
        raise NotImplementedError

    def says(self) -> str:
        """Who may, in words."""
        raise NotImplementedError

    def roles(self) -> frozenset[Role]:
        """The roles it names."""
        return frozenset()

    def acts(self) -> tuple[str, ...]:
        """The acts of a mandate that let an agent through."""
        return ()


@dataclass(frozen=True)
class Applicant(Predicate):
    """The one who opened the case, or anybody who acts for its subject (申请人).

    `act`: an agent whose mandate names it may do it too (Licence 29); empty, the applicant in person only.
    """

    act: str = ""

    def allows(self, context: Context) -> bool:
        """A signed-in member of the public or of a business, for a case of one's own."""
        actor, case = context.actor, context.case
        if actor.kind not in ("business", "public") or actor.user_id is None:
            return False
        if case.opened_by == actor.user_id or (
            case.subject_id is not None and case.subject_id in context.subject_ids
        ):
            return True
        return context.mandated(self.act)

    def says(self) -> str:
        """申请人."""
        return _("申请人")

    def acts(self) -> tuple[str, ...]:
        """The act it names."""
        return (self.act,) if self.act else ()


@dataclass(frozen=True)
class HasRole(Predicate):
    """Staff who hold a role over the case's unit (and line)."""

    role: Role
    line: str = ""

    def allows(self, context: Context) -> bool:
        """Held by appointment or lent."""
        return context.actor.kind == "staff" and context.has_role(self.role, self.line)

    def says(self) -> str:
        """The role's name."""
        return str(self.role.label)

    def roles(self) -> frozenset[Role]:
        """The role."""
        return frozenset({self.role})


@dataclass(frozen=True)
class Assignee(Predicate):
    """Those who have claimed the case's work order (of a kind), or to whom one of them has lent the role."""

    kind: str = ""

    def allows(self, context: Context) -> bool:
        """Only once the order is in hand: enough people have claimed it and it is not suspended."""
        if context.actor.kind != "staff" or context.actor.user_id is None:
            return False
        for order in context.active_orders:
            if (self.kind and order.kind != self.kind) or order.state != "CLAIMED":
                continue
            people = [
                each.user_id for each in order.participants.all() if each.active and each.part != "SIGNER"
            ]
            if context.actor.user_id in people or permissions.stands_for(
                context.powers, people, order.role, order.org_path
            ):
                return True
        return False

    def says(self) -> str:
        """工单办理人."""
        return _("已签收工单的办理人")


@dataclass(frozen=True)
class CoOfficers(Predicate):
    """One of at least `n` officers with valid certificates who together hold the work order (两人以上执法)."""

    n: int = 2
    role: Role = Role.INSPECTOR
    kind: str = ""

    def allows(self, context: Context) -> bool:
        """The actor is one of them, and there are enough."""
        if context.actor.kind != "staff" or context.actor.user_id is None:
            return False
        people = set(context.officers(self.kind))
        if context.actor.user_id not in people or not context.has_role(self.role):
            return False
        staff = Staff.objects.filter(user_id__in=people)
        return sum(1 for each in staff if is_certified(each, line=context.case.line)) >= self.n

    def says(self) -> str:
        """At least n with certificates."""
        return _("%(n)d 名以上持有效执法证、已共同签收工单的%(role)s") % {
            "n": self.n,
            "role": self.role.label,
        }

    def roles(self) -> frozenset[Role]:
        """The role."""
        return frozenset({self.role})


@dataclass(frozen=True)
class System(Predicate):
    """A job, a timer or an import."""

    def allows(self, context: Context) -> bool:
        """No person behind it."""
        return context.actor.kind == "system"

    def says(self) -> str:
        """系统."""
        return _("系统")


@dataclass(frozen=True)
class Rules(Predicate):
    """A released decision table that decides without a person (秒批)."""

    def allows(self, context: Context) -> bool:
        """The actor is the rules."""
        return context.actor.kind == "rules"

    def says(self) -> str:
        """规则."""
        return _("规则自动决定")
