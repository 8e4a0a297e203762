"""Background jobs behind one thin interface: queued in the business transaction, reaped when a worker dies.

@job(queue="documents")
def produce(document_id: int) -> None: …

produce.defer(document_id=1, key="document:1")      # in the transaction of its cause
after_commit(produce, document_id=1)                # and tried at once, the queued one finding the work done
"""

from qipan.kernel.jobs.interface import Job, after_commit, every, job

__all__ = ["Job", "after_commit", "every", "job"]
