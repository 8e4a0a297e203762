"""How an act leaves the facts, kept in its own transaction."""

from qipan.domains.licensing import facts
from qipan.domains.licensing.guarding.models import Aftermath
from qipan.domains.licensing.models import Application, Mode
from qipan.kernel.decisions.actions import stored
from qipan.kernel.decisions.models import Decision
from qipan.kernel.ledger.clock import now


def note_aftermath(row: Application) -> None:
    """Keep the facts as a grant leaves them, told for the moment for which the rules were asked."""
    decided = Decision.objects.filter(pk=row.decision_id).values_list("at", flat=True).first()
    at = decided if row.mode == Mode.AUTO and decided else now()
    fresh = Application.objects.select_related("case__subject", "grant", "premises").get(pk=row.pk)
    Aftermath.objects.create(
        application=row,
        subject_id=fresh.case.subject_id,
        grant_id=fresh.grant_id or fresh.result_grant_id,
        at=at,
        facts=stored(facts.facts_of(fresh, at)),
    )
