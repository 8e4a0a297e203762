"""The events of decisions."""

from django.utils.translation import gettext_lazy as _

from qipan.kernel.ledger.registry import declare

DRAFTED = declare("decisions.draft.made", _("导入决策表草稿"), table=str, version=str, digest=str)
RELEASED = declare("decisions.draft.released", _("发布决策表"), table=str, version=str, digest=str)
WITHDRAWN = declare("decisions.draft.withdrawn", _("撤回决策表草稿"), table=str, version=str, digest=str)
DECIDED = declare(
    "decisions.decision.made", _("按规则判定"), table=str, version=str, decision=int, matched=list
)
