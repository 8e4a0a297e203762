"""What follows a decision: every document is made, then the licence is issued."""

from qipan.domains.licensing import ex_officio
from qipan.domains.licensing.booking import actions as booking
from qipan.domains.licensing.guarding import actions as guarding
from qipan.domains.licensing.handover import actions as handover
from qipan.domains.licensing.locking import case_of
from qipan.domains.licensing.offers import actions as offers
from qipan.kernel.documents import actions as documents
from qipan.kernel.documents import queries as papers
from qipan.kernel.flow.actions import fire
from qipan.kernel.flow.models import Case
from qipan.kernel.jobs import every, job
from qipan.kernel.ledger.actor import Actor

#: What the applicant waits for is made first.
CERTIFICATE = "licensing.certificate"


@job(queue="documents")
def issue_licence(case_id: int) -> None:
    """Make the documents of a granted application and issue it; done already, nothing happens."""
    case = case_of(case_id)
    if case.state != "GRANTED":
        return
    found = papers.papers_of("flow.case", case.pk)
    for pk, _code in sorted(found, key=lambda paper: paper[1] != CERTIFICATE):
        documents.produce(pk)
    fire(case, "issue", Actor.system(case.org_path), key=f"issue:{case.uuid}")


@job(queue="documents")
def pass_on(case_id: int) -> None:
    """Hand a matter over to the authority that decides it."""
    handover.hand_over(Case.objects.get(pk=case_id))


@every("50 0 * * *")
@job(queue="nightly")
def cancel_what_ended() -> None:
    """After the night's expiry: cancel what ended (LicProc 49)."""
    ex_officio.cancel_ended()


@every("20 2 * * *")
@job(queue="nightly")
def offer_renewals() -> None:
    """End the offers whose window is over, then offer the renewals that became due (无感申办)."""
    offers.lapse_offers()
    offers.offer_renewals()


@every("0 15 * * *")
@job(queue="default")
def remind_of_visits() -> None:
    """The day before, both sides are told of the visit."""
    booking.remind()


@every("20 1 * * *")
@job(queue="nightly")
def guard_yesterday() -> None:
    """Work out again what the rules granted yesterday (and on days that were missed); each difference goes to who decides."""
    guarding.catch_up()
