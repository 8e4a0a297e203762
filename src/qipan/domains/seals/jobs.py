"""What is done at night: the uses of each day that is over are summed up once."""

import datetime

from django.db import connection, transaction
from django.utils import timezone

from qipan.domains.seals import events
from qipan.domains.seals.models import UseTally
from qipan.domains.seals.queries import counted_until
from qipan.kernel.documents.models import SealUse
from qipan.kernel.jobs import every, job
from qipan.kernel.ledger.actions import append
from qipan.kernel.ledger.actor import Actor
from qipan.kernel.ledger.clock import today

SUM = """
INSERT INTO seals_usetally (day, org_path, kind, uses)
SELECT (at AT TIME ZONE %(zone)s)::date AS day, org_path, kind, count(*)
FROM documents_sealuse WHERE at >= %(start)s AND at < %(end)s GROUP BY 1, 2, 3
ON CONFLICT (day, org_path, kind) DO NOTHING
"""


def _start(day: datetime.date) -> datetime.datetime:
    return timezone.make_aware(datetime.datetime.combine(day, datetime.time()))


@transaction.atomic
def tally(end: datetime.date | None = None) -> int:
    """Sum up every day before `end` (today) that is not summed up yet; returns how many lines that gave.

    Not the day that just ended while its last transactions may still be open: the job runs half an hour into the next.
    """
    last = end or today()
    first = counted_until()
    if first >= last or not SealUse.objects.filter(at__lt=_start(last), at__gte=_start(first)).exists():
        return 0
    with connection.cursor() as cursor:
        cursor.execute("LOCK TABLE seals_usetally IN SHARE ROW EXCLUSIVE MODE")
        zone = timezone.get_default_timezone_name()
        cursor.execute(SUM, {"zone": zone, "start": _start(first), "end": _start(last)})
        lines = cursor.rowcount
    newest = UseTally.objects.order_by("-day").first()
    if newest is not None and lines > 0:
        day = (last - datetime.timedelta(days=1)).isoformat()
        append(events.TALLIED, newest, Actor.system(), data={"day": day, "count": lines})
    return lines


@every("35 0 * * *")
@job(queue="nightly")
def tally_uses() -> None:
    """Half past midnight: the day before is over."""
    tally()
