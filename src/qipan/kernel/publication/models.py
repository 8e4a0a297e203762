"""Kinds of publication, as dated rows, and what is published."""

import uuid as uuids
from functools import partial

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from qipan.conf.saving import Saved
from qipan.kernel.flow.models import WorkOrder
from qipan.kernel.ledger.clock import now
from qipan.kernel.ledger.history import tracked
from qipan.kernel.orgs.reader import Reader
from qipan.kernel.orgs.roles import Role
from qipan.kernel.orgs.scopes import ScopedManager, within
from qipan.kernel.subjects.models import Premises, Subject


class Mode(models.TextChoices):
    """How a kind gets out (公示方式)."""

    AT_ONCE = "AT_ONCE", _("形成即公示")
    REVIEW = "REVIEW", _("经公示管理员审核")


class Until(models.TextChoices):
    """When a publication ends by itself (公示期)."""

    PERMANENT = "PERMANENT", _("长期")
    TERM = "TERM", _("届满一定期限")
    NEXT = "NEXT", _("至下一次同类信息")
    REMOVED = "REMOVED", _("至移出或者撤销")


class PublicationKind(models.Model):
    """What the law says about publishing one kind of thing (公示事项), as a dated row that never changes.

    `due_rule`: the term in which it must be out. `until_rule`: the term after which it goes (until TERM).
    `withdraw_rule`: the term in which it must be gone once annulled. `fields`: the closed list of what may be shown:
    `{key, title, mask, mask_natural}`; a mask is plain, text, name, id_number, phone, email, address or hide, and
    `mask_natural` is used where the party is a natural person.
    """

    code = models.CharField(_("代码"), max_length=60)
    valid_from = models.DateField(_("自"))
    title = models.CharField(_("名称"), max_length=100)
    mode = models.CharField(_("方式"), max_length=10, choices=Mode)
    due_rule = models.CharField(_("公示期限规则"), max_length=60)
    until = models.CharField(_("公示期"), max_length=10, choices=Until)
    until_rule = models.CharField(_("公示期规则"), max_length=60, blank=True)
    withdraw_rule = models.CharField(_("撤回期限规则"), max_length=60)
    fields = models.JSONField(_("内容"), default=list)
    open_data = models.BooleanField(_("开放数据"), default=True)
    law = models.CharField(_("依据"), max_length=60, blank=True)
    unconfirmed = models.CharField(_("待确认"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("公示事项")
        verbose_name_plural = _("公示事项")
        constraints = [
            models.UniqueConstraint(fields=["code", "valid_from"], name="publication_kind_once"),
            models.CheckConstraint(
                name="publication_kind_term", condition=~Q(until="TERM") | ~Q(until_rule="")
            ),
        ]

    def __str__(self) -> str:
        return self.title


class PublicationState(models.TextChoices):
    """Where a publication stands (公示状态)."""

    DUE = "DUE", _("待公示")
    PUBLISHED = "PUBLISHED", _("公示中")
    WITHDRAWN = "WITHDRAWN", _("已撤回")
    EXPIRED = "EXPIRED", _("已届满")


@partial(tracked, exclude=("grams",))
class Publication(Saved):
    """One thing that must be published (公示): its limit, its masked content, and what became of it.

    Only what may be shown is kept here: content is masked when the obligation is formed, so nothing personal can
    leak from this table. `withdraw_by` is the day by which an annulled one must be gone.
    """

    uuid = models.UUIDField(_("标识"), default=uuids.uuid4, unique=True, editable=False)
    kind = models.ForeignKey(
        PublicationKind, models.PROTECT, related_name="publications", verbose_name=_("公示事项")
    )
    record_kind = models.CharField(_("记录类型"), max_length=60)
    record_id = models.BigIntegerField(_("记录"))
    subject = models.ForeignKey(
        Subject, models.PROTECT, null=True, blank=True, related_name="publications", verbose_name=_("主体")
    )
    premises = models.ForeignKey(
        Premises, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("经营场所")
    )
    org_path = models.CharField(_("机构路径"), max_length=120, db_collation="C")
    title = models.CharField(_("标题"), max_length=200)
    content = models.JSONField(_("公示内容"), default=dict)
    grams = ArrayField(models.CharField(max_length=2), default=list, editable=False)
    formed_on = models.DateField(_("形成日期"))
    due_on = models.DateField(_("公示期限"))
    state = models.CharField(_("状态"), max_length=10, choices=PublicationState, default=PublicationState.DUE)
    published_at = models.DateTimeField(_("公示时间"), null=True, blank=True)
    until_on = models.DateField(_("公示至"), null=True, blank=True)
    withdraw_by = models.DateField(_("撤回期限"), null=True, blank=True)
    ended_at = models.DateTimeField(_("停止公示时间"), null=True, blank=True)
    reason = models.CharField(_("说明"), max_length=500, blank=True)
    order = models.ForeignKey(
        WorkOrder, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("工单")
    )
    created_at = models.DateTimeField(_("登记时间"), default=now)
    is_demo = models.BooleanField(_("示范数据"), default=False)

    objects = ScopedManager()

    class Meta:
        verbose_name = _("公示")
        verbose_name_plural = _("公示")
        indexes = [
            models.Index(fields=["record_kind", "record_id"], name="publication_record"),
            models.Index(
                fields=["subject", "-published_at"],
                name="publication_subject",
                condition=Q(state="PUBLISHED"),
            ),
            models.Index(
                fields=["kind", "-published_at", "-id"],
                name="publication_latest",
                condition=Q(state="PUBLISHED"),
            ),
            models.Index(fields=["until_on"], name="publication_until", condition=Q(state="PUBLISHED")),
            models.Index(fields=["due_on"], name="publication_due", condition=Q(state="DUE")),
            models.Index(fields=["org_path", "-id"], name="publication_org"),
            GinIndex(fields=["grams"], name="publication_grams", condition=Q(state="PUBLISHED")),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "record_kind", "record_id"],
                condition=Q(state__in=("DUE", "PUBLISHED")),
                name="publication_one_living",
            ),
            models.CheckConstraint(
                name="publication_published_at",
                condition=~Q(state="PUBLISHED") | Q(published_at__isnull=False),
            ),
            models.CheckConstraint(
                name="publication_ended_at",
                condition=Q(state__in=("DUE", "PUBLISHED"), ended_at__isnull=True)
                | Q(state__in=("WITHDRAWN", "EXPIRED"), ended_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.title

    @staticmethod
    def scope(reader: Reader) -> Q:
        """What is out is everyone's; obligations are seen by publishers and those who oversee their unit."""
        return Q(state=PublicationState.PUBLISHED) | within(
            reader, Role.PUBLISHER, Role.OFFICE_HEAD, Role.BUREAU_LEADER, Role.DUTY_OFFICER, Role.AUDITOR
        )
