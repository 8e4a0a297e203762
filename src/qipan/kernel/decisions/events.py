"""The events of decisions."""

from django.utils.translation import gettext_lazy as _

from qipan.kernel.ledger.registry import declare

DECIDED = declare(
    "decisions.decision.made", _("按规则判定"), table=str, version=str, decision=int, matched=list
)
