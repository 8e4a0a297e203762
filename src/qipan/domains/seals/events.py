"""The events of the seals' room; making, moving and using a seal are events of documents."""

from django.utils.translation import gettext_lazy as _

from qipan.kernel.flow.events import declare_step
from qipan.kernel.ledger.registry import declare

OPENED = declare("seals.application.opened", _("申请电子印章"), flow=str, version=int)
SUBMITTED = declare_step("seals.application.submitted", _("提交印章申请"), kind=str, ask=str)
RETURNED = declare_step("seals.application.returned", _("要求补正印章申请"))
GRANTED = declare_step("seals.application.granted", _("准予制发印章"), seal=str, kind=str)
REFUSED = declare_step("seals.application.refused", _("不予制发印章"))
WITHDRAWN = declare_step("seals.application.withdrawn", _("撤回印章申请"))
LAPSED = declare_step("seals.application.lapsed", _("逾期未补正，视为撤回"))
AUTHORISED = declare(
    "seals.authorisation.granted", _("授权用印"), seal=str, user=int, role=str, purposes=list, valid_to=str
)
AUTHORISATION_ENDED = declare("seals.authorisation.ended", _("收回用印授权"), seal=str, user=int, role=str)
CODE_SENT = declare("seals.activation.asked", _("发送激活验证码"), seal=str)
ROUND_OPENED = declare("seals.round.opened", _("发起会签"), parties=int, digest=str)
TURN_TAKEN = declare("seals.turn.taken", _("会签盖章"), place=int, seal=str, digest=str, last=bool)
ROUND_STOPPED = declare("seals.round.stopped", _("终止会签"), place=int)
TALLIED = declare("seals.uses.tallied", _("汇总用印次数"), day=str, count=int)
