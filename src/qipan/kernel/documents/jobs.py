"""What is made after the deciding transaction."""

from qipan.kernel.documents import actions
from qipan.kernel.jobs import job


@job(queue="documents")
def produce_later(document_id: int) -> None:
    """Render, seal and archive a document that was prepared."""
    actions.produce(document_id)
