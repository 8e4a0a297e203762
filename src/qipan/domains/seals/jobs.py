"""What is done at night: the uses of each day that is over are summed up once."""

import datetime

from django.db import connection, transaction
from django.utils import timezone

from qipan.domains.seals import events
from qipan.domains.seals.figures import counted_until, start_of
from qipan.domains.seals.models import UseTally
from qipan.kernel.documents import counting
from qipan.kernel.documents.models import SealUse
from qipan.kernel.jobs import every, job
from qipan.kernel.ledger.actions import append
from qipan.kernel.ledger.actor import Actor
from qipan.kernel.ledger.clock import today

SUM = """
WITH days AS (
    INSERT INTO seals_usetally (day, org_path, kind, uses)
    SELECT (at AT TIME ZONE %(zone)s)::date AS day, org_path, kind, count(*)
    FROM documents_sealuse WHERE at >= %(start)s AND at < %(end)s GROUP BY 1, 2, 3
    ON CONFLICT (day, org_path, kind) DO NOTHING
    RETURNING day, org_path, kind, uses
), months AS (
    INSERT INTO seals_usemonth AS known (month, org_path, kind, uses)
    SELECT date_trunc('month', day)::date, org_path, kind, sum(uses) FROM days GROUP BY 1, 2, 3
    ON CONFLICT (org_path, month, kind) DO UPDATE SET uses = known.uses + EXCLUDED.uses
)
SELECT count(*) FROM days
"""


@transaction.atomic
def tally(end: datetime.date | None = None) -> int:
    """Sum up every day before `end` (today) that is not summed up yet; returns how many lines that gave.

    Not the day that just ended while its last transactions may still be open: the job runs half an hour into the next.
    """
    last = end or today()
    first = counted_until()
    if first >= last or not SealUse.objects.filter(at__lt=start_of(last), at__gte=start_of(first)).exists():
        return 0
    with connection.cursor() as cursor:
        cursor.execute("LOCK TABLE seals_usetally IN SHARE ROW EXCLUSIVE MODE")
        zone = timezone.get_default_timezone_name()
        cursor.execute(SUM, {"zone": zone, "start": start_of(first), "end": start_of(last)})
        (lines,) = cursor.fetchone()
    newest = UseTally.objects.order_by("-day").first()
    if newest is not None and lines > 0:
        day = (last - datetime.timedelta(days=1)).isoformat()
        append(events.TALLIED, newest, Actor.system(), data={"day": day, "count": lines})
    return int(lines)


@every("35 0 * * *")
@job(queue="nightly")
def tally_uses() -> None:
    """Half past midnight: the day before is over."""
    tally()
    counting.gather()
