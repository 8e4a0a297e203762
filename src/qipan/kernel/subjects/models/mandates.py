"""What a business lets others do in its name."""

import uuid as uuids

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from qipan.kernel.ledger.history import tracked
from qipan.kernel.orgs.reader import Reader
from qipan.kernel.orgs.scopes import NOTHING, ScopedManager, of_own_subjects, within
from qipan.kernel.subjects.models.subjects import Subject


class Act(models.TextChoices):
    """What an agent may do (委托权限). Authorising others and using seals are not among them (LicProc 12)."""

    FILL = "FILL", _("填写、保存申请")
    SUBMIT = "SUBMIT", _("提交和补正申请、报告整改")
    WITHDRAW = "WITHDRAW", _("撤回、终止申请")
    RECEIVE = "RECEIVE", _("查看、下载文书和证照")


class MandateState(models.TextChoices):
    """Where a mandate stands (委托状态)."""

    OFFERED = "OFFERED", _("待代理人确认")
    HELD = "HELD", _("有效")
    DECLINED = "DECLINED", _("代理人未接受")
    ENDED = "ENDED", _("已终止")


class EndCause(models.TextChoices):
    """Why a mandate ended before its last day (终止原因)."""

    WITHDRAWN = "WITHDRAWN", _("委托人收回")
    RENOUNCED = "RENOUNCED", _("代理人辞去")
    REPRESENTATIVE = "REPRESENTATIVE", _("法定代表人变更")


@tracked
class Mandate(models.Model):
    """A power of attorney (授权委托) of a business for one person: acts, items, days (Licence 29, LicProc 12).

    No item named: all of them. It holds between its days, once the agent has confirmed it, while the legal
    representative who gave it is one.
    """

    uuid = models.UUIDField(_("标识"), default=uuids.uuid4, unique=True, editable=False)
    subject = models.ForeignKey(Subject, models.PROTECT, related_name="mandates", verbose_name=_("委托人"))
    agent = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="mandates", verbose_name=_("代理人")
    )
    granted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("授权人")
    )
    acts = ArrayField(models.CharField(max_length=10, choices=Act), verbose_name=_("委托权限"))
    items = ArrayField(models.CharField(max_length=40), verbose_name=_("委托事项"), default=list, blank=True)
    valid_from = models.DateField(_("自"))
    valid_to = models.DateField(_("至"))
    state = models.CharField(_("状态"), max_length=10, choices=MandateState, default=MandateState.OFFERED)
    granted_at = models.DateTimeField(_("授权时间"))
    confirmed_at = models.DateTimeField(_("确认时间"), null=True, blank=True)
    ended_at = models.DateTimeField(_("终止时间"), null=True, blank=True)
    cause = models.CharField(_("终止原因"), max_length=20, choices=EndCause, blank=True)
    reason = models.CharField(_("说明"), max_length=200, blank=True)

    objects = ScopedManager()

    class Meta:
        verbose_name = _("授权委托")
        verbose_name_plural = _("授权委托")
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["agent"], condition=Q(state="HELD"), name="subjects_mandate_agent"),
            models.Index(fields=["subject", "-id"], name="subjects_mandate_subject"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(valid_from__lte=F("valid_to")), name="subjects_mandate_days_in_order"
            ),
            models.CheckConstraint(condition=~Q(agent=F("granted_by")), name="subjects_mandate_for_another"),
        ]

    def __str__(self) -> str:
        return f"{self.subject_id} {self.agent_id}"

    @property
    def org_path(self) -> str:
        """Where the business belongs."""
        return self.subject.org_path

    @property
    def number(self) -> str:
        """What it is called by."""
        return f"WT{self.pk:08d}"

    @staticmethod
    def scope(reader: Reader) -> Q:
        """Staff of the business's units; those who act for it; the agent."""
        mine = Q(agent_id=reader.user_id) if reader.user_id and reader.kind != "staff" else NOTHING
        return within(reader, field="subject__org_path") | of_own_subjects(reader) | mine
