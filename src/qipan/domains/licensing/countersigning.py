"""Countersignature before a decision (会签), where the released table asks for it of an item or of a bureau.

The table names a role; a present holder of it over the case's unit must have agreed before the decision is taken. The
round itself is an operation on the work order of the decision.
"""

from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from qipan.domains.licensing.facts import HIGH_RISK_ITEMS, HIGH_RISK_MARKS
from qipan.domains.licensing.models import Application
from qipan.kernel.decisions import requirements
from qipan.kernel.decisions.tables import evaluate_all
from qipan.kernel.flow import actions as flow
from qipan.kernel.flow import permissions
from qipan.kernel.flow.context import Context
from qipan.kernel.flow.declaration import Refusal
from qipan.kernel.flow.models import ACTIVE, Part, WorkOrder
from qipan.kernel.flow.models.orders import Countersigning, Opinion
from qipan.kernel.ledger.errors import Refused
from qipan.kernel.orgs import queries as orgs
from qipan.kernel.orgs.models import Staff
from qipan.kernel.orgs.reader import Reader
from qipan.kernel.orgs.roles import Role

TABLE = "licensing.countersign"
ORDER = "licensing.decide"


def wanted(row: Application) -> Role | None:
    """The role that must countersign before this application is decided; None where the table asks for none."""
    held = dict(row.grant.data) if row.grant else {}
    values = {**held, **row.values}
    if row.answers.get("new_items"):
        values["items"] = row.answers["new_items"]
    facts = {
        "handling": row.kind,
        "high_risk": bool(set(values.get("items") or ()) & HIGH_RISK_ITEMS)
        or bool(set(values.get("marks") or ()) & HIGH_RISK_MARKS),
        "bureau": orgs.district_of(row.case.org_path).code,
        "item": row.item_code,
    }
    outputs = evaluate_all(requirements.tables(TABLE), facts)[-1].outputs
    found = str((outputs or {}).get("role") or "")
    return Role(found) if found else None


def _order(row: Application) -> WorkOrder | None:
    return WorkOrder.objects.filter(case_id=row.pk, kind=ORDER, state__in=ACTIVE).order_by("-pk").first()


def agreed(row: Application, role: Role) -> bool:
    """Whether the round is over with a yes, one of those who agreed holding the role over the case's unit."""
    order = _order(row)
    if order is None or order.countersign_state != Countersigning.AGREED:
        return False
    signers = order.participants.filter(part=Part.SIGNER, active=True, opinion=Opinion.AGREED)
    return any(
        permissions.covers(permissions.powers_of_user(user), role, row.case.org_path)
        for user in signers.values_list("user_id", flat=True)
    )


def countersigned(context: Context) -> Refusal | None:
    """The decision waits for the countersignature that the table asks for (LicProc 22)."""
    row: Application = context.record
    role = wanted(row)
    if role is None or agreed(row, role):
        return None
    return Refusal(_("本件决定前须经%(role)s会签，请先送会签并等待同意。") % {"role": role.label})


def candidates(row: Application, role: Role) -> list[Staff]:
    """Who can be asked: the present holders of the role nearest to the case's unit."""
    return list(orgs.holders(role, row.case.org_path)[:50])


@transaction.atomic
def ask(row: Application, users: list[int], reader: Reader) -> WorkOrder:
    """Send the decision to be countersigned; who decides takes its order in hand with it.

    Refuses where no countersignature is asked for, and people who do not hold the role.
    """
    role, order = wanted(row), _order(row)
    if role is None or order is None:
        raise Refused(_("本件现在不需要会签。"), code="state")
    fit = {one.user_id for one in candidates(row, role)}
    if not users or not fit.issuperset(users):
        raise Refused(_("请在%(role)s中选择会签人。") % {"role": role.label}, field="people")
    actor = reader.actor(Role.LIC_DECIDER, row.case.org_path)
    order = flow.claim(order, actor=actor)
    return flow.countersign(order, users, actor=actor)


def shown(row: Application) -> dict[str, Any] | None:
    """What the case page shows of it while the decision is open: role, state, who said what, who can be asked."""
    if row.case.state != "REVIEWED":
        return None
    role, order = wanted(row), _order(row)
    if role is None or order is None:
        return None
    signers = order.participants.filter(part=Part.SIGNER, active=True).select_related("user").order_by("pk")
    return {
        "role": role.label,
        "order": order,
        "state": order.countersign_state,
        "signers": list(signers),
        "candidates": [] if order.countersign_state == Countersigning.PENDING else candidates(row, role),
        "agreed": agreed(row, role),
    }
