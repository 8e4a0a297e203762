"""What evidence does by the clock."""

from qipan.kernel.evidence import actions
from qipan.kernel.jobs import every, job


@every("25 * * * *")
@job(queue="default")
def clear_unfinished_uploads() -> None:
    """Give up uploads that were not finished within a day."""
    actions.clear_uploads()
