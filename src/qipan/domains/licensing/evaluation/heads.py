"""Whom a rating concerns, and who is above them."""

from qipan.domains.licensing.evaluation.models import HEADS
from qipan.kernel.flow.models import Case, Participant
from qipan.kernel.ledger import queries as ledger
from qipan.kernel.orgs import queries as orgs
from qipan.kernel.orgs.roles import Role


def officers_of(case: Case) -> list[int]:
    """The user ids of the staff who handled a case, who acted last at the end; empty where rules alone decided."""
    acted = [
        row.actor_id
        for row in ledger.of_records({"flow.case": [case.pk]})
        if row.actor_kind == "staff" and row.actor_id
    ]
    parts = Participant.objects.filter(order__case=case).order_by("pk").values_list("user_id", flat=True)
    found = dict.fromkeys([*parts, *acted])
    return list(found)


def unit_of(case: Case, officers: list[int]) -> str:
    """The unit that is rated: that of who acted last, else the bureau of the case's place."""
    last = orgs.staff_of(officers[-1]) if officers else None
    return last.unit.path if last is not None else orgs.district_of(case.org_path).path


def head_for(path: str, officers: list[int], above: int = 0) -> tuple[Role, str, list[int]]:
    """(role, unit, people): the nearest head upward who did not handle the case; `above` skips so many levels.

    Where nobody is to be found the top unit's leaders have it, whoever they will be.
    """
    upward = orgs.paths_upward(path)
    for place in upward[min(above, len(upward) - 1) :]:
        for role in HEADS:
            free = orgs.holders(role, place).exclude(user_id__in=officers)
            here = [staff.user_id for staff in free if staff.unit.path == place]
            if here:
                return role, place, here[:1]
    return Role.BUREAU_LEADER, upward[-1], []
