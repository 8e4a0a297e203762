"""What the ledger can say of accounts. Personal data never stands in an event: the record is referred to."""

from django.utils.translation import gettext_lazy as _

from qipan.kernel.ledger.registry import declare

PERSON_CREATED = declare("accounts.person.created", _("登记人员"), fields=list)
PERSON_CHANGED = declare("accounts.person.changed", _("更正人员信息"), fields=list)
PERSON_REVEALED = declare("accounts.person.revealed", _("查看个人信息"), fields=list, about=str)
PERSON_EXPORTED = declare("accounts.person.exported", _("导出个人信息"), fields=list)
PERSON_FORGOTTEN = declare("accounts.person.forgotten", _("删除个人信息"))
USER_CREATED = declare("accounts.user.created", _("开立账户"), kind=str)
USER_REGISTERED = declare("accounts.user.registered", _("注册账户"), kind=str)
USER_DEACTIVATED = declare("accounts.user.deactivated", _("停用账户"))
USER_REACTIVATED = declare("accounts.user.reactivated", _("恢复账户"))
PASSWORD_CHANGED = declare("accounts.password.changed", _("修改密码"))
PASSWORD_RESET = declare("accounts.password.reset", _("重置密码"), by=str)
SECOND_FACTOR_ADDED = declare("accounts.factor.added", _("设置第二因素"), type=str)
SECOND_FACTOR_REMOVED = declare("accounts.factor.removed", _("移除第二因素"), type=str)
SECOND_FACTOR_RESET = declare("accounts.factor.reset", _("重置第二因素"))
SIGNED_IN = declare("accounts.user.signed_in", _("登录"), methods=list)
LOCKED_OUT = declare("accounts.user.locked_out", _("登录锁定"))
SESSIONS_ENDED = declare("accounts.sessions.ended", _("结束登录"), count=int)
TOKEN_ISSUED = declare("accounts.token.issued", _("签发接口令牌"), scopes=list, purpose=str)
TOKEN_SHORTENED = declare("accounts.token.shortened", _("提前接口令牌的到期时间"), expires=str)
TOKEN_REVOKED = declare("accounts.token.revoked", _("撤销接口令牌"))
