"""Work orders: what lies in an inbox, with owner, limit and parent."""

from __future__ import annotations

import datetime
import uuid as uuids

from django.conf import settings
from django.db import models
from django.db.models import F, Q, Value
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from qipan.conf.saving import Saved
from qipan.kernel.flow import permissions
from qipan.kernel.flow.models.cases import Case
from qipan.kernel.flow.models.clocks import Clock
from qipan.kernel.ledger.clock import now
from qipan.kernel.ledger.history import tracked
from qipan.kernel.orgs.reader import Reader
from qipan.kernel.orgs.roles import Role
from qipan.kernel.orgs.scopes import ScopedManager
from qipan.kernel.subjects.models import Subject

FAR = datetime.date(9999, 12, 31)
"""Where an order without a limit sorts: last."""


class OrderState(models.TextChoices):
    """Where a work order stands (工单状态)."""

    OPEN = "OPEN", _("待签收")
    CLAIMED = "CLAIMED", _("办理中")
    SUSPENDED = "SUSPENDED", _("已挂起")
    RETURNED = "RETURNED", _("已退回")
    DONE = "DONE", _("已办结")
    CANCELLED = "CANCELLED", _("已取消")


ACTIVE = (OrderState.OPEN, OrderState.CLAIMED, OrderState.SUSPENDED, OrderState.RETURNED)


class Completion(models.TextChoices):
    """When a parent order is done by its children (完成规则)."""

    MANUAL = "manual", _("由负责人办结")
    ALL = "all", _("全部下级办结")
    ANY = "any", _("任一下级办结")
    SOME = "some", _("若干下级办结")


class Countersigning(models.TextChoices):
    """How a countersignature stands (会签状态)."""

    NONE = "", _("无")
    PENDING = "PENDING", _("会签中")
    AGREED = "AGREED", _("会签通过")
    DECLINED = "DECLINED", _("会签未通过")


def due_order() -> Coalesce:
    """The expression by which inboxes sort and page: the limit, those without one last."""
    return Coalesce("due_on", Value(FAR, output_field=models.DateField()))


@tracked
class WorkOrder(Saved):
    """A work order (工单): one piece of work for the holders of a role at a unit, or for named people.

    It comes from a case, from another record (`record_kind`, `record_id`), or from a person; what made it stands in
    `source`. `needs` people must have claimed it before it may start, each with a valid enforcement certificate
    where `certified`. `version` rises with every change.
    """

    uuid = models.UUIDField(_("标识"), default=uuids.uuid4, unique=True, editable=False)
    kind = models.CharField(_("类型"), max_length=60)
    title = models.CharField(_("标题"), max_length=200)
    requirement = models.TextField(_("要求"), blank=True)
    case = models.ForeignKey(
        Case, models.CASCADE, null=True, blank=True, related_name="orders", verbose_name=_("办件")
    )
    record_kind = models.CharField(_("记录类型"), max_length=60, blank=True)
    record_id = models.BigIntegerField(_("记录"), null=True, blank=True)
    subject = models.ForeignKey(
        Subject, models.PROTECT, null=True, blank=True, related_name="orders", verbose_name=_("主体")
    )
    org_path = models.CharField(_("机构路径"), max_length=120, db_collation="C")
    line = models.CharField(_("业务条线"), max_length=20, blank=True)
    role = models.CharField(_("角色"), max_length=30, choices=Role)
    needs = models.PositiveSmallIntegerField(_("所需人数"), default=1)
    certified = models.BooleanField(_("须持执法证"), default=False)
    assignee = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="orders",
        verbose_name=_("主办人"),
    )
    state = models.CharField(_("状态"), max_length=10, choices=OrderState, default=OrderState.OPEN)
    clock = models.ForeignKey(
        Clock, models.SET_NULL, null=True, blank=True, related_name="orders", verbose_name=_("办理期限")
    )
    due_rule = models.CharField(_("期限规则"), max_length=60, blank=True)
    due_on = models.DateField(_("期限"), null=True, blank=True)
    urged = models.PositiveSmallIntegerField(_("督办次数"), default=0)
    parent = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="children", verbose_name=_("上级工单")
    )
    completion = models.CharField(_("完成规则"), max_length=10, choices=Completion, default=Completion.MANUAL)
    completion_count = models.PositiveSmallIntegerField(_("完成数"), default=0)
    countersign_state = models.CharField(
        _("会签状态"), max_length=10, choices=Countersigning, default=Countersigning.NONE, blank=True
    )
    countersign_needed = models.PositiveSmallIntegerField(_("会签所需同意数"), default=0)
    merged_into = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="merged", verbose_name=_("并入工单")
    )
    source = models.CharField(_("来源"), max_length=60, blank=True)
    issued_by = models.BigIntegerField(_("发起人"), null=True, blank=True)
    issued_at = models.DateTimeField(_("发起时间"), default=now)
    claimed_at = models.DateTimeField(_("签收时间"), null=True, blank=True)
    closed_at = models.DateTimeField(_("办结时间"), null=True, blank=True)
    reason = models.CharField(_("说明"), max_length=500, blank=True)
    result = models.TextField(_("办理结果"), blank=True)
    version = models.PositiveIntegerField(_("版本"), default=1)

    objects = ScopedManager()

    class Meta:
        verbose_name = _("工单")
        verbose_name_plural = _("工单")
        indexes = [
            models.Index(
                F("org_path"),
                F("role"),
                due_order(),
                F("id"),
                name="flow_order_inbox",
                condition=Q(state__in=("OPEN", "CLAIMED", "SUSPENDED", "RETURNED")),
            ),
            # Whoever directs the whole city pages through all of them.
            models.Index(
                due_order(),
                F("id"),
                name="flow_order_due",
                condition=Q(state__in=("OPEN", "CLAIMED", "SUSPENDED", "RETURNED")),
            ),
            models.Index(fields=["assignee", "state"], name="flow_order_assignee"),
            models.Index(fields=["case", "state"], name="flow_order_case"),
            models.Index(
                fields=["record_kind", "record_id"], name="flow_order_record", condition=~Q(record_kind="")
            ),
            models.Index(fields=["parent"], name="flow_order_parent", condition=Q(parent__isnull=False)),
            models.Index(fields=["issued_by", "state"], name="flow_order_issuer"),
            # How long the last month's work took, of a unit or of the whole city.
            models.Index(
                fields=["closed_at"],
                include=["org_path", "assignee", "claimed_at", "issued_at"],
                name="flow_order_done",
                condition=Q(state="DONE"),
            ),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(needs__gte=1), name="flow_order_needs_somebody"),
            models.CheckConstraint(
                name="flow_order_claimed_has_assignee",
                condition=~Q(state="CLAIMED") | Q(assignee__isnull=False),
            ),
            models.CheckConstraint(
                name="flow_order_closed_at",
                condition=Q(state__in=("DONE", "CANCELLED"), closed_at__isnull=False)
                | Q(state__in=("OPEN", "CLAIMED", "SUSPENDED", "RETURNED"), closed_at__isnull=True),
            ),
            models.CheckConstraint(condition=~Q(parent=F("id")), name="flow_order_not_own_parent"),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def number(self) -> str:
        """What people call it by: the number of its case, else its own."""
        return self.case.number if self.case_id and self.case and self.case.number else f"GD{self.pk:08d}"

    @property
    def active(self) -> bool:
        """Whether work is still to be done."""
        return self.state in ACTIVE

    @staticmethod
    def scope(reader: Reader) -> Q:
        """Orders for one's roles in one's units, those one takes part in or issued, and those one oversees."""
        return permissions.order_scope(reader)


class Part(models.TextChoices):
    """What somebody does in an order (参与方式)."""

    LEAD = "LEAD", _("主办")
    CO = "CO", _("协办")
    SIGNER = "SIGNER", _("会签")


class Opinion(models.TextChoices):
    """What a countersigner says (会签意见)."""

    WAITING = "WAITING", _("待会签")
    AGREED = "AGREED", _("同意")
    DECLINED = "DECLINED", _("不同意")


@tracked
class Participant(models.Model):
    """Somebody who takes part in a work order (办理人): leads, works along, or countersigns."""

    order = models.ForeignKey(WorkOrder, models.CASCADE, related_name="participants", verbose_name=_("工单"))
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="parts_in_orders", verbose_name=_("人员")
    )
    part = models.CharField(_("参与方式"), max_length=10, choices=Part)
    active = models.BooleanField(_("在办"), default=True)
    opinion = models.CharField(_("意见"), max_length=10, choices=Opinion, blank=True)
    note = models.CharField(_("意见说明"), max_length=500, blank=True)
    at = models.DateTimeField(_("时间"), default=now)

    class Meta:
        verbose_name = _("办理人")
        verbose_name_plural = _("办理人")
        indexes = [
            models.Index(fields=["user", "order"], name="flow_participant_mine", condition=Q(active=True))
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["order", "user", "part"], condition=Q(active=True), name="flow_participant_once"
            ),
            models.UniqueConstraint(
                fields=["order"], condition=Q(active=True, part="LEAD"), name="flow_participant_one_lead"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} {self.get_part_display()}"


class Urge(models.Model):
    """A supervision note on a work order (督办单): who urges, what is asked, by when, and the reply."""

    order = models.ForeignKey(WorkOrder, models.CASCADE, related_name="urges", verbose_name=_("工单"))
    by = models.BigIntegerField(_("督办人"), null=True, blank=True)
    at = models.DateTimeField(_("督办时间"), default=now)
    message = models.CharField(_("督办要求"), max_length=500)
    reply_by = models.DateField(_("答复期限"), null=True, blank=True)
    reply = models.CharField(_("答复"), max_length=500, blank=True)
    replied_by = models.BigIntegerField(_("答复人"), null=True, blank=True)
    replied_at = models.DateTimeField(_("答复时间"), null=True, blank=True)

    class Meta:
        verbose_name = _("督办")
        verbose_name_plural = _("督办")
        ordering = ["id"]
        indexes = [models.Index(fields=["order", "id"], name="flow_urge_order")]

    def __str__(self) -> str:
        return self.message
