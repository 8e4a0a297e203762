"""Ratings of ended cases, and the follow-up of bad ones."""

import uuid as uuids

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from qipan.kernel.flow.models import Case, WorkOrder
from qipan.kernel.ledger.clock import now
from qipan.kernel.ledger.history import tracked
from qipan.kernel.orgs.reader import Reader
from qipan.kernel.orgs.roles import Role
from qipan.kernel.orgs.scopes import NOTHING, ScopedManager, of_own_subjects, within

HEADS = (Role.OFFICE_HEAD, Role.BUREAU_LEADER)


class Level(models.IntegerChoices):
    """The five levels (评价等级)."""

    VERY_GOOD = 5, _("非常满意")
    GOOD = 4, _("满意")
    FAIR = 3, _("基本满意")
    BAD = 2, _("不满意")
    VERY_BAD = 1, _("非常不满意")


BAD = (Level.BAD, Level.VERY_BAD)


class Tag(models.TextChoices):
    """What was good or bad (评价标签)."""

    FAST = "FAST", _("办得快")
    CLEAR = "CLEAR", _("一次讲清")
    KIND = "KIND", _("态度好")
    EASY = "EASY", _("网上好办")
    SLOW = "SLOW", _("办得慢")
    UNCLEAR = "UNCLEAR", _("没有一次讲清")
    RUDE = "RUDE", _("态度不好")
    EXTRA = "EXTRA", _("要了不该要的材料")
    TRIPS = "TRIPS", _("多跑了路")
    BROKEN = "BROKEN", _("系统不好用")


class Channel(models.TextChoices):
    """How the rating came (评价渠道)."""

    WEB = "web", _("网上")
    CODE = "code", _("窗口扫码")
    API = "api", _("接口")


@tracked
class Evaluation(models.Model):
    """One rating of one ended case (评价). Whom it may concern (`officers`) never sees it, nor who gave it."""

    uuid = models.UUIDField(_("标识"), default=uuids.uuid4, unique=True, editable=False)
    case = models.OneToOneField(Case, models.PROTECT, related_name="evaluation", verbose_name=_("办件"))
    item_code = models.CharField(_("事项"), max_length=40)
    org_path = models.CharField(_("机构路径"), max_length=120, db_collation="C")
    level = models.PositiveSmallIntegerField(_("评价等级"), choices=Level)
    tags = ArrayField(models.CharField(max_length=10, choices=Tag), verbose_name=_("评价标签"), default=list)
    words = models.CharField(_("评价内容"), max_length=500, blank=True)
    channel = models.CharField(_("评价渠道"), max_length=10, choices=Channel, default=Channel.WEB)
    rated_by = models.BigIntegerField(_("评价人"), null=True, blank=True)
    at = models.DateTimeField(_("评价时间"), default=now)
    addition = models.CharField(_("追加评价"), max_length=500, blank=True)
    added_at = models.DateTimeField(_("追加时间"), null=True, blank=True)
    officers = ArrayField(models.BigIntegerField(), verbose_name=_("经办人员"), default=list)

    objects = ScopedManager()

    class Meta:
        verbose_name = _("服务评价")
        verbose_name_plural = _("服务评价")
        indexes = [models.Index(fields=["org_path", "-id"], name="licensing_evaluation_org")]
        constraints = [
            models.CheckConstraint(condition=Q(level__gte=1, level__lte=5), name="licensing_evaluation_level")
        ]

    def __str__(self) -> str:
        return f"{self.case_id} {self.get_level_display()}"

    @property
    def is_bad(self) -> bool:
        """Whether it must be followed up."""
        return self.level in BAD

    @staticmethod
    def scope(reader: Reader) -> Q:
        """Heads of the unit, but for what they handled themselves; who gave it, and the business it was given for."""
        if reader.kind == "staff":
            return within(reader, *HEADS) & ~Q(officers__contains=[reader.user_id])
        own = Q(rated_by=reader.user_id) if reader.user_id else NOTHING
        return own | of_own_subjects(reader, "case__subject_id")


class Finding(models.TextChoices):
    """What the follow-up found (核实结论)."""

    FOUNDED = "FOUNDED", _("属实")
    PARTLY = "PARTLY", _("部分属实")
    UNFOUNDED = "UNFOUNDED", _("不属实")


@tracked
class FollowUp(models.Model):
    """What follows a bad rating (差评核实整改): contact, finding, reply; whether it is resolved, the applicant says."""

    evaluation = models.ForeignKey(
        Evaluation, models.PROTECT, related_name="follow_ups", verbose_name=_("评价")
    )
    round = models.PositiveSmallIntegerField(_("次数"), default=1)
    order = models.OneToOneField(WorkOrder, models.PROTECT, related_name="+", verbose_name=_("工单"))
    contact_order = models.OneToOneField(
        WorkOrder, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("回访工单")
    )
    contacted_at = models.DateTimeField(_("联系时间"), null=True, blank=True)
    contact_note = models.CharField(_("联系情况"), max_length=500, blank=True)
    finding = models.CharField(_("核实结论"), max_length=10, choices=Finding, blank=True)
    measures = models.CharField(_("整改措施"), max_length=1000, blank=True)
    reply = models.CharField(_("答复"), max_length=1000, blank=True)
    replied_at = models.DateTimeField(_("答复时间"), null=True, blank=True)
    resolved = models.BooleanField(_("是否解决"), null=True, blank=True)
    answered_at = models.DateTimeField(_("申请人反馈时间"), null=True, blank=True)
    answer = models.CharField(_("申请人反馈"), max_length=500, blank=True)

    class Meta:
        verbose_name = _("差评核实")
        verbose_name_plural = _("差评核实")
        ordering = ["round"]
        constraints = [
            models.UniqueConstraint(fields=["evaluation", "round"], name="licensing_followup_round")
        ]

    def __str__(self) -> str:
        return f"{self.evaluation_id} {self.round}"
