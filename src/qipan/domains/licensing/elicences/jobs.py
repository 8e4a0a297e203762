"""What runs later of e-licences: the batches."""

from qipan.domains.licensing.elicences import batches
from qipan.domains.licensing.elicences.models import Batch, BatchState
from qipan.kernel.jobs import job


@job(queue="documents")
def work_on_batch(batch_id: int, chain: int) -> None:
    """A piece of a batch; the next piece is queued behind it, so that other documents come between."""
    batch = Batch.objects.get(pk=batch_id)
    if batch.state != BatchState.RUNNING:
        return
    if batches.work(batch) >= batches.A_JOB:
        batches.defer(batch, chain)
