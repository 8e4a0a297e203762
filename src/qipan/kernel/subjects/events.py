"""The events of subjects and the register of grants."""

from django.utils.translation import gettext_lazy as _

from qipan.kernel.ledger.registry import declare

REGISTERED = declare("subjects.subject.registered", _("登记主体"), type=str, codes=list)
IMPORTED = declare(
    "subjects.subject.imported",
    _("批量导入主体"),
    count=int,
    digest=str,
    file=str,
    file_digest=str,
    source=str,
    read=int,
    created=int,
    updated=int,
    known=int,
    rejected=int,
)
STATUS_CHANGED = declare("subjects.subject.changed", _("主体状态变更"), before=str, after=str, source=str)
FACTS_CHANGED = declare("subjects.subject.corrected", _("主体信息变更"), fields=list)
MARKED = declare("subjects.mark.set", _("加注标记"), kind=str)
UNMARKED = declare("subjects.mark.ended", _("解除标记"), kind=str)
PLACE_ADDED = declare("subjects.premises.added", _("登记场所"), premises=int)
REPRESENTED = declare("subjects.representative.added", _("确认代表人"), user=int, role=str)
REPRESENTATION_ENDED = declare("subjects.representative.ended", _("解除代表"), user=int)
MANDATE_OFFERED = declare(
    "subjects.mandate.offered", _("授权委托"), agent=int, acts=list, items=list, valid_from=str, valid_to=str
)
MANDATE_CONFIRMED = declare("subjects.mandate.confirmed", _("代理人确认委托"), agent=int)
MANDATE_DECLINED = declare("subjects.mandate.declined", _("代理人未接受委托"), agent=int)
MANDATE_ENDED = declare("subjects.mandate.ended", _("终止委托"), agent=int, cause=str)
CLIENT_REGISTERED = declare("subjects.client.registered", _("登记接口客户端"), scopes=list, per_minute=int)
CLIENT_ENDED = declare("subjects.client.ended", _("停用接口客户端"))
GRANTED = declare("subjects.grant.registered", _("登记证照"), number=str, kind=str)
GRANT_CHANGED = declare("subjects.grant.changed", _("变更证照"), number=str, fields=list)
GRANT_STATE = declare("subjects.grant.moved", _("证照状态变更"), number=str, before=str, after=str)
GRANT_EXPIRING = declare("subjects.grant.expiring", _("证照即将到期"), number=str, workdays=int, valid_to=str)
