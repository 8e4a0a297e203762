"""How an act leaves the facts, kept in its own transaction."""

import datetime

from django.db.models import BigIntegerField

from qipan.conf.composed import Composed
from qipan.domains.licensing import facts
from qipan.domains.licensing.guarding.models import Aftermath
from qipan.domains.licensing.models import Application, Mode
from qipan.kernel.decisions.actions import stored
from qipan.kernel.decisions.models import Decision
from qipan.kernel.ledger.clock import now

_DECIDED = Composed(
    lambda hole: Decision.objects.filter(pk=hole("decision", BigIntegerField())).values_list("at", flat=True)
)
_AS_IT_IS = Composed(
    lambda hole: Application.objects.filter(pk=hole("application", BigIntegerField())).select_related(
        "case__subject", "grant", "premises"
    )
)


def note_aftermath(row: Application, asked_at: datetime.datetime | None = None) -> None:
    """Keep the facts as a grant leaves them, told for the moment for which the rules were asked (`asked_at`)."""
    decided = asked_at or _DECIDED.first(decision=row.decision_id)
    at = decided if row.mode == Mode.AUTO and decided else now()
    fresh: Application = _AS_IT_IS.first(application=row.pk)
    Aftermath.objects.create(
        application=row,
        subject_id=fresh.case.subject_id,
        grant_id=fresh.grant_id or fresh.result_grant_id,
        at=at,
        facts=stored(facts.facts_of(fresh, at)),
    )
