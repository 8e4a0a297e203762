"""The events of cases, clocks and work orders, and how a domain declares the events of its transitions."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from qipan.kernel.ledger.registry import EventType, declare

STEP_FIELDS: dict[str, type] = {"transition": str, "source": str, "target": str, "version": int}
"""What every event of a transition carries, besides what its domain adds."""


def declare_step(name: str, title: str | Promise, **fields: type | tuple[type, ...]) -> EventType:
    """Declare the event of a transition: the domain's own fields and those that the engine fills."""
    return declare(name, title, **STEP_FIELDS, **fields)


CASE_OPENED = declare("flow.case.opened", _("建立办件"), flow=str, version=int)
CASE_MOVED = declare_step("flow.case.moved", _("办件流转"))
CASE_MIGRATED = declare(
    "flow.case.migrated", _("办件变更流程版本"), source=str, target=str, from_version=int, to_version=int
)
CLOCK_MISSED = declare("flow.clock.missed", _("办理期限届满"), rule=str, due_on=str)
CLOCK_RECOUNTED = declare("flow.clock.recounted", _("重新计算期限"), rule=str, before=str, after=str)
RECUSED = declare("flow.recusal.decided", _("决定回避"), user=int)
RECUSAL_LIFTED = declare("flow.recusal.lifted", _("解除回避"), user=int)

BATCH_TAKEN = declare(
    "flow.batch.taken", _("批量办理"), transition=str, refused=int, count=int, digest=str
)

ORDER_ISSUED = declare("flow.order.issued", _("派发工单"), kind=str, role=str)
ORDER_CLAIMED = declare("flow.order.claimed", _("签收工单"), people=list)
ORDER_ASSIGNED = declare("flow.order.assigned", _("指派工单"), people=list)
ORDER_TRANSFERRED = declare("flow.order.transferred", _("转办工单"), to_user=int, to_org=str, from_org=str)
ORDER_RELEASED = declare("flow.order.released", _("放回工单"))
ORDER_RETURNED = declare("flow.order.returned", _("退回工单"))
ORDER_REISSUED = declare("flow.order.reissued", _("重新派发工单"), people=list)
ORDER_SUSPENDED = declare("flow.order.suspended", _("挂起工单"))
ORDER_RESUMED = declare("flow.order.resumed", _("恢复工单"))
ORDER_FINISHED = declare("flow.order.finished", _("办结工单"), kind=str)
ORDER_CANCELLED = declare("flow.order.cancelled", _("取消工单"), kind=str)
ORDER_MERGED = declare("flow.order.merged", _("合并工单"), into=int)
ORDER_URGED = declare("flow.order.urged", _("督办工单"), urge=int)
ORDER_URGE_ANSWERED = declare("flow.order.urge_answered", _("答复督办"), urge=int)
COUNTERSIGN_ASKED = declare("flow.order.countersign_asked", _("发起会签"), people=list, needed=int)
COUNTERSIGNED = declare("flow.order.countersigned", _("会签"), opinion=str)
SIGNER_DROPPED = declare("flow.order.signer_dropped", _("减少会签人"), user=int)
