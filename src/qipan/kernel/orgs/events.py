"""What the ledger can say of the organisation. People are referred to by the id of their user."""

from django.utils.translation import gettext_lazy as _

from qipan.kernel.ledger.registry import declare

UNIT_CREATED = declare("orgs.unit.created", _("设立机构"), code=str, path=str)
UNIT_CHANGED = declare("orgs.unit.changed", _("变更机构"), fields=list)
UNITS_LOADED = declare("orgs.unit.loaded", _("载入机构目录"), created=int, changed=int, unchanged=int)
POST_CREATED = declare("orgs.post.created", _("设立岗位"), code=str, roles=list)
POST_CHANGED = declare("orgs.post.changed", _("变更岗位职责"), roles=list)
STAFF_CREATED = declare("orgs.staff.created", _("录入工作人员"), user=int, number=str)
STAFF_MOVED = declare("orgs.staff.moved", _("调动工作人员"), user=int, path=str)
QUALIFIED = declare("orgs.staff.qualified", _("登记执法资格"), user=int, valid_to=str, lines=list, legal=bool)
APPOINTED = declare("orgs.appointment.created", _("任职"), user=int, post=str, valid_from=str, valid_to=str)
APPOINTMENT_ENDED = declare("orgs.appointment.ended", _("免职"), user=int, post=str, valid_to=str)
DELEGATED = declare(
    "orgs.delegation.created", _("委托代理"), giver=int, taker=int, roles=list, valid_from=str, valid_to=str
)
DELEGATION_REVOKED = declare("orgs.delegation.revoked", _("撤销委托"), giver=int, taker=int)
ABSENCE_DECLARED = declare("orgs.absence.declared", _("登记缺勤"), user=int, valid_from=str, valid_to=str)
ABSENCE_ENDED = declare("orgs.absence.ended", _("结束缺勤"), user=int, valid_to=str)
