"""A licence is revoked by penalty (吊销): the action that an enforcement case calls once its decision stands."""

from django.db import transaction
from django.utils.translation import gettext as _

from qipan.domains.licensing import ex_officio
from qipan.domains.licensing.elicences import events
from qipan.kernel.law import library
from qipan.kernel.law.citations import Citation
from qipan.kernel.ledger.actions import append
from qipan.kernel.ledger.actor import Actor
from qipan.kernel.ledger.errors import Refused
from qipan.kernel.subjects import actions as subjects
from qipan.kernel.subjects.models import Grant, GrantState


@transaction.atomic
def revoke(grant: Grant, actor: Actor, *, decision: str, law: str, ground: str) -> Grant:
    """Revoke a licence by a penalty decision (its number) under an article, and announce the certificate void.

    Once more by the same decision changes nothing. Refuses without decision, ground or article, and a grant that ended.
    """
    if not decision.strip():
        raise Refused(_("请填写行政处罚决定书文号。"), field="decision")
    if not ground.strip():
        raise Refused(_("请写明吊销的事由。"), field="ground")
    try:
        wrong = library.check(Citation.parse(law))
    except ValueError as error:
        wrong = str(error)
    if wrong:
        raise Refused(wrong, field="law")
    told = {"decision": decision.strip(), "law": law.strip(), "ground": ground.strip()}
    held = Grant.objects.select_for_update(of=("self",), no_key=True).get(pk=grant.pk)
    if held.state == GrantState.REVOKED:
        return held
    row = subjects.set_grant_state(
        held, GrantState.REVOKED, actor, _("行政处罚决定 %(number)s") % {"number": decision.strip()}
    )
    append(events.REVOKED, row, actor, data={"number": row.number, **told}, reason=ground.strip())
    ex_officio.announce_void(row, row, actor, _("吊销"), ground.strip())
    return row
