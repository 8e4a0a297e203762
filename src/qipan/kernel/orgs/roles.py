"""The closed list of roles (角色); what each may and may not do is DOMAIN 1.2."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Role(models.TextChoices):
    """What a post may do in its unit and everything below it."""

    LIC_RECEIVER = "lic_receiver", _("窗口受理员")
    LIC_REVIEWER = "lic_reviewer", _("审查员")
    LIC_DECIDER = "lic_decider", _("许可决定人")
    INSPECTOR = "inspector", _("监督检查人员")
    ENF_OFFICER = "enf_officer", _("执法人员")
    ENF_UNIT_HEAD = "enf_unit_head", _("办案机构负责人")
    ENF_REVIEWER = "enf_reviewer", _("案件审核员")
    LEGAL_REVIEWER = "legal_reviewer", _("法制审核员")
    BUREAU_LEADER = "bureau_leader", _("局领导")
    OFFICE_HEAD = "office_head", _("监管所所长")
    SAMPLER = "sampler", _("抽样员")
    CAMPAIGN_OWNER = "campaign_owner", _("专项牵头")
    DUTY_OFFICER = "duty_officer", _("指挥中心值班员")
    COMPLAINT_HANDLER = "complaint_handler", _("投诉举报受理员")
    PUBLISHER = "publisher", _("公示管理员")
    CATALOGUE_EDITOR = "catalogue_editor", _("事项与规则编辑")
    CATALOGUE_RELEASER = "catalogue_releaser", _("事项与规则发布")
    SYSTEM_ADMIN = "system_admin", _("系统管理员")
    SECURITY_ADMIN = "security_admin", _("安全管理员")
    AUDITOR = "auditor", _("审计管理员")


ADMINISTRATORS = frozenset({Role.SYSTEM_ADMIN, Role.SECURITY_ADMIN, Role.AUDITOR})
"""The three administrators keep one another in check (三权分立): nobody holds two of them, or one and business."""


def conflict(roles: frozenset[str]) -> bool:
    """Whether one person may not hold these roles together."""
    administrators = roles & ADMINISTRATORS
    return len(administrators) > 1 or bool(administrators and roles - ADMINISTRATORS)
