"""The events of decisions."""

from django.utils.translation import gettext_lazy as _

from qipan.kernel.ledger.registry import declare

#: What ledgers of the first release hold; drafts of every kind are `law.draft.…` since.
declare("decisions.draft.made", _("导入决策表草稿"), table=str, version=str, digest=str)
declare("decisions.draft.released", _("发布决策表"), table=str, version=str, digest=str)
declare("decisions.draft.withdrawn", _("撤回决策表草稿"), table=str, version=str, digest=str)
DECIDED = declare(
    "decisions.decision.made", _("按规则判定"), table=str, version=str, decision=int, matched=list
)
