"""What lies in the inboxes of the city on its day: the inspections that its newest licences call for."""

import datetime

from django.db import transaction

from qipan.domains.inspection import reactions
from qipan.domains.licensing.models import Application
from qipan.kernel.ledger.models import Event
from qipan.kernel.subjects.models import Grant

#: Licences of so many days before are followed: the oldest of them are about to pass their thirty working days.
DAYS = 47


def begin(as_of: datetime.date) -> int:
    """Open, as the reaction to an issued licence would, the inspections that nobody has made yet; returns how many.

    They go through the flow like any other and can be worked on; their limits count from the day of the licence.
    """
    since = as_of - datetime.timedelta(days=DAYS)
    opened = 0
    for application in (
        Application.objects.filter(
            case__state="ISSUED",
            kind__in=["NEW", "RENEW"],
            result_grant__kind="JY",
            result_grant__state="VALID",
            result_grant__decided_on__gte=since,
            result_grant__subject__is_demo=True,
        )
        .select_related("result_grant__subject", "result_grant__premises")
        .order_by("pk")
    ):
        event = _issued(application)
        if event is not None and _open(event, application.result_grant, application):
            opened += 1
    return opened


def _issued(application: Application) -> Event | None:
    return Event.objects.filter(
        name=reactions.LICENSED, record_kind="flow.case", record_id=application.pk
    ).first()


@transaction.atomic
def _open(event: Event, grant: Grant, application: Application) -> bool:
    new, unchecked = application.kind == "NEW", application.mode == "AUTO"
    return reactions.follow(event, grant, new=new, unchecked=unchecked) is not None
