"""Guards that several domains need: separation of duties, and two officers with certificates."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.utils.translation import gettext as _

from qipan.kernel.flow.context import Context
from qipan.kernel.flow.declaration import Refusal, Text
from qipan.kernel.ledger.queries import timeline_of
from qipan.kernel.orgs.models import Staff
from qipan.kernel.orgs.queries import is_certified


@dataclass(frozen=True)
class SeparatedFrom:
    """Whoever took one of these steps of the case, or works on one of these orders, may not take this one.

    Officer ≠ reviewer (PenProc 49), checker ≠ decider, sampler ≠ tester. What automatic actors did separates nobody.
    """

    steps: tuple[str, ...]
    orders: tuple[str, ...] = ()
    message: Text = ""

    @property
    def name(self) -> str:
        """What the recorder of tests calls it."""
        return f"separated_from({', '.join(self.steps + self.orders)})"

    def __call__(self, context: Context) -> Refusal | None:
        """Refuse the actor who did both."""
        user_id = context.actor.user_id
        if user_id is None:
            return None
        taken = timeline_of(context.case).filter(actor_id=user_id, data__transition__in=self.steps).exists()
        worked = bool(self.orders) and (
            context.case.orders.filter(kind__in=self.orders, participants__user_id=user_id).exists()
        )
        if not taken and not worked:
            return None
        return Refusal(self.message or _("您参与了本案前面的环节，按职责分离的要求不能办理本环节。"))


def separated_from(*steps: str, orders: tuple[str, ...] = (), message: Text = "") -> SeparatedFrom:
    """The guard that keeps apart who did these steps (or works on these orders) and who takes this one."""
    return SeparatedFrom(steps, orders, message)


@dataclass(frozen=True)
class HeldByCertified:
    """The case's order of a kind is held by at least `n` officers with valid certificates (PenLaw 42, Insp 23)."""

    kind: str
    n: int = 2

    @property
    def name(self) -> str:
        """What the recorder of tests calls it."""
        return f"held_by_certified({self.kind}, {self.n})"

    def __call__(self, context: Context) -> Refusal | None:
        """Refuse while too few hold it."""
        people = set(context.officers(self.kind))
        valid = [
            staff
            for staff in Staff.objects.filter(user_id__in=people)
            if is_certified(staff, line=context.case.line)
        ]
        if len(valid) >= self.n:
            return None
        return Refusal(
            _("须由 %(n)d 名以上持有效执法证的人员共同办理，目前只有 %(count)d 名。")
            % {"n": self.n, "count": len(valid)}
        )


def held_by_certified(kind: str, n: int = 2) -> Callable[[Context], Refusal | None]:
    """The guard that asks for n certified officers on the case's order of a kind."""
    return HeldByCertified(kind, n)
