"""The events of inspection."""

from django.utils.translation import gettext_lazy as _

from qipan.kernel.flow.events import declare_step
from qipan.kernel.ledger.registry import declare

OPENED = declare("inspection.visit.opened", _("建立检查"), flow=str, version=int)
ASSIGNED = declare_step("inspection.visit.assigned", _("派发检查任务"), kind=str, checklist=str)
BEGUN = declare_step("inspection.visit.begun", _("到达现场，出示证件并告知"), officers=list, place=str)
NOTED = declare("inspection.record.noted", _("记录检查情况"), items=list, answered=int)
CONCLUDED = declare_step(
    "inspection.visit.concluded", _("完成检查记录"), conclusion=str, key_failed=int, general_failed=int
)
REOPENED = declare_step("inspection.visit.reopened", _("更正检查记录"))
SIGNED = declare_step(
    "inspection.visit.signed",
    _("签字确认检查结果"),
    conclusion=str,
    key_failed=int,
    general_failed=int,
    measure=str,
    refused_to_sign=bool,
)
PASSED = declare_step("inspection.visit.passed", _("检查通过"))
RECTIFIED_ON_SITE = declare_step("inspection.visit.rectified", _("当场整改完毕"), items=list)
RECTIFICATION_ORDERED = declare_step(
    "inspection.rectification.ordered", _("责令限期改正"), items=list, rectify_by=str
)
RECTIFICATION_EXTENDED = declare_step(
    "inspection.rectification.extended", _("延长改正期限"), was=str, rectify_by=str
)
RECTIFICATION_REPORTED = declare_step("inspection.rectification.reported", _("报告整改情况"), on_paper=bool)
RECHECKED = declare_step("inspection.rectification.rechecked", _("整改复查"), passed=bool)
ESCALATED = declare_step("inspection.rectification.missed", _("逾期未改正"))
HANDED_OVER = declare_step("inspection.visit.handed_over", _("移送案源"))
CLUE_RAISED = declare("inspection.clue.raised", _("形成案源线索"), ground=str, items=list, order=int)
UNREACHABLE = declare_step("inspection.visit.unreachable", _("查无下落"))
CLOSED_DOWN = declare_step("inspection.visit.closed_down", _("已停止经营"))
REFUSED = declare_step("inspection.visit.refused", _("拒绝检查"))
CANCELLED = declare_step("inspection.visit.cancelled", _("取消检查"))
ANNULLED = declare_step("inspection.visit.annulled", _("撤销检查"))
