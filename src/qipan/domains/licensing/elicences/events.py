"""The events of e-licences in use."""

from django.utils.translation import gettext_lazy as _

from qipan.kernel.ledger.registry import declare

SHOWN = declare("licensing.licence.shown", _("亮证"), number=str, showing=str)
SCANNED = declare(
    "licensing.licence.scanned", _("扫码查验证照"), number=str, showing=str, outcome=str, staff=bool
)
REVOKED = declare("licensing.licence.revoked", _("吊销证照"), number=str, decision=str, law=str, ground=str)
SYSTEM_REGISTERED = declare("licensing.caller.registered", _("登记证照调用方"), system=str, user=int)
SYSTEM_SWITCHED = declare("licensing.caller.switched", _("启用、停用证照调用方"), system=str, active=bool)
RIGHT_GIVEN = declare(
    "licensing.callright.given", _("登记调用事项"), system=str, item=str, kinds=list, law=str
)
RIGHT_ENDED = declare("licensing.callright.ended", _("停止调用事项"), system=str, item=str)
CONSENTED = declare(
    "licensing.consent.given", _("授权调用证照"), number=str, system=str, item=str, valid_to=str
)
CONSENT_ENDED = declare("licensing.consent.ended", _("撤回调用授权"), number=str, system=str, item=str)
CALLED = declare(
    "licensing.licence.called",
    _("调用证照"),
    number=str,
    kind=str,
    caller=str,
    item=str,
    basis=str,
    call=str,
    case=int,
)
CALL_REFUSED = declare(
    "licensing.call.refused", _("拒绝调用证照"), number=str, caller=str, item=str, call=str
)
OFFERED = declare(
    "licensing.material.checked", _("核验证照材料"), outcome=str, finding=str, material=str, grant=int
)
BATCH_PREPARED = declare("licensing.batch.prepared", _("建立批量制发"), kind=str, total=int)
BATCH_MOVED = declare("licensing.batch.moved", _("批量制发开始、停止"), state=str)
BATCH_DONE = declare(
    "licensing.batch.completed",
    _("批量制发证照"),
    kind=str,
    count=int,
    digest=str,
    refused=int,
    seals=int,
)
