"""The events of the law as data: rows drafted, tried, released."""

from django.utils.translation import gettext_lazy as _

from qipan.kernel.ledger.registry import declare

ROW = {"kind": str, "row": str, "version": str, "digest": str}
DRAFTED = declare("law.draft.made", _("起草目录草稿"), **ROW)
CHANGED = declare("law.draft.changed", _("修改目录草稿"), act=str, **ROW)
REBASED = declare("law.draft.rebased", _("草稿改以新版为底"), **ROW)
RELEASED = declare("law.draft.released", _("发布目录新版本"), trial=int, **ROW)
WITHDRAWN = declare("law.draft.withdrawn", _("撤回目录草稿"), **ROW)
TRIED = declare("law.trial.asked", _("试算草稿"), most=int, **ROW)
TRIAL_ENDED = declare("law.trial.ended", _("草稿试算完成"), tried=int, affected=int, **ROW)
