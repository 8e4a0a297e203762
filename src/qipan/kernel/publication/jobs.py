"""What publication does by the clock: end what is over, bring what is late before the publisher."""

from qipan.kernel.jobs import every, job
from qipan.kernel.ledger.actor import Actor
from qipan.kernel.ledger.clock import today
from qipan.kernel.publication import actions
from qipan.kernel.publication.models import Mode, Publication, PublicationState


@every("5 0 * * *")
@job(queue="default")
def expire_publications() -> None:
    """End the publications whose time is over."""
    over = Publication.objects.filter(state=PublicationState.PUBLISHED, until_on__lt=today())
    for row in over.order_by("pk").iterator(chunk_size=500):
        actions.expire(row, actor=Actor.system(row.org_path))


@every("20 0 * * *")
@job(queue="default")
def remind_of_obligations() -> None:
    """Put out what goes out at once and was left lying; give the publisher a work order for what else is late."""
    for row in Publication.objects.filter(state=PublicationState.DUE, kind__mode=Mode.AT_ONCE).order_by("pk"):
        actions.publish(row, actor=Actor.system(row.org_path))
    late = Publication.objects.filter(state=PublicationState.DUE, due_on__lt=today())
    for row in late.order_by("pk").iterator(chunk_size=500):
        actions.remind(row, actor=Actor.system(row.org_path))
