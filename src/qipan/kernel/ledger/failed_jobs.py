"""Background jobs that gave up: let them be tried again once their cause is mended."""

from django.db import connection, transaction
from procrastinate.contrib.django.models import ProcrastinateJob

from qipan.kernel.ledger import events
from qipan.kernel.ledger.actions import append_bulk
from qipan.kernel.ledger.actor import Actor

#: One that was queued again meanwhile under the same key is not needed twice.
AGAIN = """
UPDATE procrastinate_jobs j SET attempts = 0, scheduled_at = NULL, worker_id = NULL,
    status = CASE WHEN j.queueing_lock IS NOT NULL AND EXISTS (SELECT 1 FROM procrastinate_jobs other
        WHERE other.queueing_lock = j.queueing_lock AND other.status = 'todo')
        THEN 'aborted' ELSE 'todo' END::procrastinate_job_status
WHERE j.id = %s AND j.status = 'failed'
"""


@transaction.atomic
def retry(*, actor: Actor) -> int:
    """Queue every failed job again, with all its tries before it; returns how many. One event with their digest."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT id FROM procrastinate_jobs WHERE status = 'failed' ORDER BY id FOR UPDATE")
        numbers = [row[0] for row in cursor.fetchall()]
        for number in numbers:  # one by one, so that of two with the same key the second sees the first
            cursor.execute(AGAIN, [number])
    if numbers:
        first = ProcrastinateJob.objects.get(pk=numbers[0])
        append_bulk(events.JOBS_RETRIED, first, actor, (str(number).encode() for number in numbers))
    return len(numbers)
