"""The events of licensing."""

from django.utils.translation import gettext_lazy as _

from qipan.kernel.flow.events import declare_step
from qipan.kernel.ledger.registry import declare

SAVED = declare("licensing.application.saved", _("保存草稿"), fields=int)
SUBMITTED = declare_step(
    "licensing.application.submitted", _("提交申请"), item=str, kind=str, channel=str, mode=str, reasons=list
)
RETURNED = declare_step("licensing.application.returned", _("一次性告知补正"), points=list)
ACCEPTED = declare_step("licensing.application.accepted", _("受理申请"))
DEEMED_ACCEPTED = declare_step("licensing.application.deemed", _("逾期未告知，视为受理"))
DECLINED = declare_step("licensing.application.declined", _("不予受理"))
CHECK_ORDERED = declare_step("licensing.check.ordered", _("安排现场核查"), checklist=str)
CHECK_NOTED = declare("licensing.check.noted", _("记录核查情况"), items=list)
CHECK_CONCLUDED = declare_step(
    "licensing.check.concluded", _("现场核查结论"), conclusion=str, key_failed=int, general_failed=int
)
RECTIFIED = declare_step("licensing.check.rectified", _("报告整改完成"))
REVIEWED = declare_step("licensing.application.reviewed", _("提出审查意见"), conditions=list)
SENT_BACK = declare_step("licensing.application.reopened", _("退回审查"))
GRANTED = declare_step("licensing.application.granted", _("准予许可"), number=str, mode=str)
REFUSED = declare_step("licensing.application.refused", _("不予许可"))
ISSUED = declare_step(
    "licensing.licence.issued",
    _("证照制发"),
    number=str,
    kind=str,
    grant=int,
    premises=int,
    unchecked=bool,
    catering=bool,
)
WITHDRAWN = declare_step("licensing.application.withdrawn", _("撤回申请"))
TERMINATED = declare_step("licensing.application.terminated", _("终止办理"))
EXTENDED = declare_step("licensing.application.extended", _("延长办理期限"))
CANCELLED = declare("licensing.licence.cancelled", _("依职权注销"), number=str, ground=str)
LAPSED = declare("licensing.filing.lapsed", _("取得许可，备案失效"), number=str)
RESCISSION_OPENED = declare_step("licensing.rescission.opened", _("登记撤销线索"))
RESCISSION_TOLD = declare_step("licensing.rescission.told", _("告知拟撤销"))
STATEMENT_MADE = declare_step("licensing.statement.made", _("陈述申辩"))
STATEMENT_WAIVED = declare_step("licensing.statement.waived", _("逾期未陈述申辩"))
HEARING_ASKED = declare_step("licensing.hearing.requested", _("要求听证"))
HEARING_REPORTED = declare_step("licensing.hearing.reported", _("听证报告"))
RESCINDED = declare_step("licensing.licence.rescinded", _("撤销许可"), number=str, ground=str)
GRANT_KEPT = declare_step("licensing.licence.kept", _("不予撤销"))
RESCISSION_DROPPED = declare_step("licensing.rescission.dropped", _("终止撤销案件"))
HANDED_OVER = declare_step("licensing.matter.handed", _("转交其他部门"), item=str, kind=str, channel=str)
AGENCY_ANSWERED = declare_step(
    "licensing.matter.answered", _("收到部门答复"), agency=str, result=str, number=str
)
EVALUATED = declare("licensing.evaluation.made", _("评价服务"), item=str, level=int, channel=str)
EVALUATION_ADDED = declare("licensing.evaluation.added", _("追加评价"))
FOLLOW_UP_CONTACTED = declare("licensing.evaluation.contacted", _("差评回访"), round=int)
FOLLOW_UP_REPLIED = declare("licensing.evaluation.replied", _("差评答复"), round=int, finding=str)
FOLLOW_UP_ANSWERED = declare("licensing.evaluation.answered", _("申请人反馈"), round=int, resolved=bool)
RENEWAL_OFFERED = declare("licensing.renewal.offered", _("提示延续"), number=str, item=str, until=str)
RENEWAL_TAKEN = declare("licensing.renewal.taken", _("确认延续"), number=str, item=str)
RENEWAL_DECLINED = declare("licensing.renewal.declined", _("不需要延续"), number=str, item=str)
RENEWAL_LAPSED = declare("licensing.renewal.lapsed", _("延续提示失效"), number=str, item=str)
THEME_SAVED = declare("licensing.theme.saved", _("保存一件事草稿"), fields=int)
THEME_SUBMITTED = declare_step("licensing.theme.submitted", _("一次提交"), theme=str, parts=list)
THEME_CLOSED = declare_step("licensing.theme.closed", _("一件事办结"), theme=str, done=list, failed=list)
THEME_WISHED = declare("licensing.theme.wished", _("一件事中的其他请求"), wish=str, subject=int, user=int)
THEME_EXTENDED = declare_step("licensing.theme.extended", _("延长办理期限"))
THEME_WITHDRAWN = declare_step("licensing.theme.withdrawn", _("撤回一件事"))
PART_MOVED = declare("licensing.theme_part.moved", _("一件事的事项有进展"), part=str, item=str, state=str, why=str)
BOOKING_MADE = declare("licensing.booking.made", _("预约核查"), starts=str, officers=list)
BOOKING_MOVED = declare("licensing.booking.moved", _("核查改期"), starts=str, officers=list, before=str)
BOOKING_STAFFED = declare("licensing.booking.staffed", _("核查人员调整"), starts=str, officers=list)
BOOKING_REMINDED = declare("licensing.booking.reminded", _("提醒核查"), starts=str)
BOOKING_HELD = declare("licensing.booking.held", _("按约核查"))
BOOKING_MISSED = declare("licensing.booking.missed", _("核查爽约"))
BOOKING_CANCELLED = declare("licensing.booking.cancelled", _("取消核查预约"))
GUARDED = declare(
    "licensing.guard.run", _("秒办复核"), day=str, checked=int, unequal=int, changed=int, found=int
)
DIFFERENCE_FOUND = declare(
    "licensing.difference.found", _("发现秒办差异"), item=str, kind=str, case=int, reasons=list
)
DIFFERENCE_SETTLED = declare("licensing.difference.settled", _("处理秒办差异"), case=int, outcome=str)
