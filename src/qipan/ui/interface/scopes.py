"""The closed list of what a token can be good for (令牌范围)."""

from django.utils.translation import gettext_lazy as _

SCOPES = {
    "account.read": _("查看令牌所属的账户"),
    "subjects.read": _("查看所代表的经营主体和证照"),
    "applications.read": _("查看自己的申请内容"),
    "applications.write": _("建立、填写和提交申请"),
    "files.read": _("下载有权查看的材料"),
    "files.write": _("上传材料"),
    "cases.read": _("查看办件的进度、期限和经过"),
    "cases.write": _("对办件进行操作（撤回、补正、受理、决定等）"),
    "documents.read": _("下载文书和证照"),
    "licences.call": _("调用电子证照（登记过的部门系统）"),
    "inbox.read": _("查看收件箱（工作人员）"),
    "orders.write": _("签收工单（工作人员）"),
}
"""Scope → what it allows; an operation may ask for no other."""
