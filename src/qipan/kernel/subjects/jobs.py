"""What the register needs at night."""

import datetime

from qipan.kernel.jobs import every, job
from qipan.kernel.law import calendar
from qipan.kernel.ledger.clock import today
from qipan.kernel.subjects import actions


@every("20 0 * * *")
@job(queue="nightly")
def look_after_grants() -> None:
    """Grants that ended become expired; those that end soon are told of."""
    day = today()
    days = calendar.current()
    actions.expire_grants(day)
    actions.remind_of_expiry(
        lambda until: days.working_days_between(day, until), day + datetime.timedelta(days=150), day
    )
