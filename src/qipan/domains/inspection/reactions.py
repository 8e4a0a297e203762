"""What inspection does when another room's event arrives: a licence is issued, and the place is inspected after it.

A licence that was granted without a look at the place is inspected within thirty working days (FBL23, unconfirmed); a
new one whose place was checked goes into the plan, to be inspected within two years at the latest (Insp 22).
"""

import uuid as uuids

from django.utils.translation import gettext as _

from qipan.domains.inspection import actions
from qipan.domains.inspection.models import Kind, Source
from qipan.kernel.flow.actions import fire
from qipan.kernel.law import terms
from qipan.kernel.ledger.actor import Actor
from qipan.kernel.ledger.clock import today
from qipan.kernel.ledger.dispatch import subscribe
from qipan.kernel.ledger.models import Event
from qipan.kernel.subjects.models import Grant

LICENSED = "licensing.licence.issued"
NAMESPACE = uuids.UUID("6d1b3f0e-6a0f-4a3e-9a53-3a5f0a4d7c11")


def inspect_what_was_licensed(event: Event) -> None:
    """Open the follow-up inspection that an issued licence asks for; again changes nothing."""
    data = event.data
    unchecked, new = bool(data.get("unchecked")), data.get("kind") == "NEW"
    if not (unchecked or new):
        return
    grant = Grant.objects.select_related("subject", "premises").filter(pk=data.get("grant")).first()
    if grant is None or grant.kind != "JY":
        return
    decided = grant.decided_on or today()
    place = grant.premises
    path = place.org_path if place and place.org_path else event.org_path
    system = Actor.system(path)
    visit = actions.open_visit(
        Kind.LICENCE_AFTER if unchecked else Kind.ROUTINE,
        uuid=uuids.uuid5(NAMESPACE, str(event.uuid)),
        subject=grant.subject,
        grant=grant,
        actor=system,
        source=Source.LICENCE if unchecked else Source.PLAN,
        org_path=path,
        cause=str(_("许可证 %(number)s：%(why)s"))
        % {
            "number": grant.number,
            "why": _("未经现场核查即准予，应当进行证后检查") if unchecked else _("新办许可，列入检查计划"),
        },
        cause_event=event.pk,
        decided_on=decided,
        wanted_by=None if unchecked else terms.due("Insp22.coverage", decided).due_on,
    )
    if unchecked and visit.case.state == "PLANNED":
        fire(visit.case, "assign_after_licence", system, key=f"licence:{event.uuid}")


def register() -> None:
    """Listen."""
    subscribe(LICENSED, inspect_what_was_licensed, code="inspection.after_licence")
