"""What an application left the registers as, and the nights on which automatic decisions were worked out again."""

import uuid as uuids

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from qipan.conf import wall
from qipan.conf.saving import Saved
from qipan.domains.licensing.models import STAFF, Application, Rescission
from qipan.kernel.flow.models import WorkOrder
from qipan.kernel.ledger.clock import now
from qipan.kernel.ledger.history import tracked
from qipan.kernel.orgs.reader import Reader
from qipan.kernel.orgs.scopes import NOTHING, ScopedManager, within


class Aftermath(Saved):
    """The facts as an application left them (办结时的事实), in the moment of its decision; written once.

    What the act itself changed (the licence that is cancelled now) is never held against it: only what is otherwise
    than it was left is news.
    """

    application = models.OneToOneField(
        Application, models.PROTECT, primary_key=True, related_name="aftermath", verbose_name=_("申请")
    )
    subject_id = models.BigIntegerField(_("主体"), null=True)
    grant_id = models.BigIntegerField(_("原证"), null=True)
    at = models.DateTimeField(_("时间"))
    facts = models.JSONField(_("事实"))

    class Meta:
        verbose_name = _("办结时的事实")
        verbose_name_plural = _("办结时的事实")
        indexes = [models.Index(fields=["subject_id", "at"], name="licensing_aftermath_subject")]

    def __str__(self) -> str:
        return str(self.application_id)


@tracked
class GuardRun(models.Model):
    """A day's automatic decisions of one district, worked out again (秒办复核)."""

    day = models.DateField(_("日期"))
    org_path = models.CharField(_("机构路径"), max_length=120, db_collation="C")
    checked = models.PositiveIntegerField(_("复核件数"), default=0)
    unequal = models.PositiveIntegerField(_("重算不一致"), default=0)
    changed = models.PositiveIntegerField(_("按现有数据不应准予"), default=0)
    started_at = models.DateTimeField(_("开始时间"))
    finished_at = models.DateTimeField(_("结束时间"))

    objects = ScopedManager()

    class Meta:
        verbose_name = _("秒办复核")
        verbose_name_plural = _("秒办复核")
        constraints = [models.UniqueConstraint(fields=["day", "org_path"], name="licensing_guardrun_once")]

    def __str__(self) -> str:
        return f"{self.day} {self.org_path}"

    @staticmethod
    def scope(reader: Reader) -> Q:
        """Licensing staff of the district and of its offices."""
        paths = {path for role in STAFF for path in reader.paths(role)}
        above = Q(org_path__in=sorted({wall.bureau(path) for path in paths})) if paths else NOTHING
        return within(reader, *STAFF) | (above if reader.kind == "staff" else NOTHING)


class Difference(models.TextChoices):
    """In what a decision comes out otherwise (差异种类)."""

    REPLAY = "REPLAY", _("按当时的事实重算不一致")
    CURRENT = "CURRENT", _("按现有数据不应准予")
    FAILED = "FAILED", _("未能重算")


class Outcome(models.TextChoices):
    """What became of a difference (处理结果)."""

    OPEN = "OPEN", _("待处理")
    RESCISSION = "RESCISSION", _("已启动撤销程序")
    KEPT = "KEPT", _("核实后维持")
    ENDED = "ENDED", _("证照已经终止，不需处理")


@tracked
class GuardFinding(models.Model):
    """An automatic grant that would not be given again (差异), with what is otherwise, in words, and what became of it."""

    uuid = models.UUIDField(_("标识"), default=uuids.uuid4, unique=True, editable=False)
    run = models.ForeignKey(GuardRun, models.PROTECT, related_name="findings", verbose_name=_("秒办复核"))
    application = models.ForeignKey(Application, models.PROTECT, related_name="+", verbose_name=_("申请"))
    subject_id = models.BigIntegerField(_("主体"), null=True)
    decision_id = models.BigIntegerField(_("自动判定记录"))
    org_path = models.CharField(_("机构路径"), max_length=120, db_collation="C")
    kind = models.CharField(_("差异种类"), max_length=10, choices=Difference)
    lines = models.JSONField(_("变化的事实"), default=list)
    reasons = models.JSONField(_("不应准予的原因"), default=list)
    outcome = models.CharField(_("处理结果"), max_length=12, choices=Outcome, default=Outcome.OPEN)
    order = models.ForeignKey(
        WorkOrder, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("工单")
    )
    rescission = models.ForeignKey(
        Rescission, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("撤销案件")
    )
    note = models.TextField(_("核实情况"), blank=True)
    found_at = models.DateTimeField(_("发现时间"), default=now)
    closed_at = models.DateTimeField(_("处理时间"), null=True, blank=True)
    closed_by = models.BigIntegerField(_("处理人"), null=True, blank=True)

    objects = ScopedManager()

    class Meta:
        verbose_name = _("秒办差异")
        verbose_name_plural = _("秒办差异")
        constraints = [
            models.UniqueConstraint(fields=["application", "kind"], name="licensing_guardfinding_once")
        ]
        indexes = [models.Index(fields=["org_path", "-id"], name="licensing_guardfinding_org")]

    def __str__(self) -> str:
        return f"{self.application} {self.get_kind_display()}"

    @staticmethod
    def scope(reader: Reader) -> Q:
        """Licensing staff over the case's unit."""
        return within(reader, *STAFF)
