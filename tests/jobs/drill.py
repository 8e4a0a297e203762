"""The work of the drill. Each job leaves a mark for every time it runs and, under its idempotency key, one effect."""

import time

from django.db import connection

from qipan.kernel.jobs import job


@job(queue="drill")
def drilled(n: int) -> None:
    """Run, take a while, have one effect."""
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO drill_run (n) VALUES (%s)", [n])
        time.sleep(0.02)
        cursor.execute("INSERT INTO drill_effect (key) VALUES (%s) ON CONFLICT DO NOTHING", [f"job:{n}"])
