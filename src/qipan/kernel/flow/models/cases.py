"""A case and what its engine keeps beside it."""

from __future__ import annotations

import uuid as uuids
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from qipan.conf.saving import Saved
from qipan.kernel.flow import permissions
from qipan.kernel.ledger.clock import now, today
from qipan.kernel.ledger.history import tracked
from qipan.kernel.orgs.reader import Reader
from qipan.kernel.orgs.scopes import ScopedManager
from qipan.kernel.subjects.models import Premises, Subject

if TYPE_CHECKING:
    from qipan.kernel.flow.declaration import Flow, State


@tracked
class Case(Saved):
    """One case (办件/案件) of a declared flow. `number` is what people call it by (办件编码、案号).

    The client that opens it brings `uuid`, which makes opening idempotent. `version` rises by one with every
    transition (optimistic lock). `due_on` is the earliest limit of its running clocks. `rules_on` is the day whose
    rules of law hold for it: when it was opened, or handed in where it was a draft. A `private` case (a draft) is
    seen by the applicant only. The domain's row reaches it by a one-to-one `case`.
    """

    uuid = models.UUIDField(_("标识"), default=uuids.uuid4, unique=True, editable=False)
    flow_code = models.CharField(_("流程"), max_length=60)
    flow_version = models.PositiveSmallIntegerField(_("流程版本"))
    state = models.CharField(_("状态"), max_length=40)
    number = models.CharField(_("编号"), max_length=60, blank=True, db_collation="C")
    title = models.CharField(_("名称"), max_length=200)
    org_path = models.CharField(_("机构路径"), max_length=120, db_collation="C")
    line = models.CharField(_("业务条线"), max_length=20, blank=True)
    subject = models.ForeignKey(
        Subject, models.PROTECT, null=True, blank=True, related_name="cases", verbose_name=_("主体")
    )
    premises = models.ForeignKey(
        Premises, models.PROTECT, null=True, blank=True, related_name="cases", verbose_name=_("经营场所")
    )
    opened_by = models.BigIntegerField(_("发起人"), null=True, blank=True)
    opened_at = models.DateTimeField(_("发起时间"), default=now)
    rules_on = models.DateField(_("适用规则日"), default=today)
    due_on = models.DateField(_("期限"), null=True, blank=True)
    closed_at = models.DateTimeField(_("办结时间"), null=True, blank=True)
    result = models.CharField(_("结果"), max_length=40, blank=True)
    private = models.BooleanField(_("未提交"), default=False)
    version = models.PositiveIntegerField(_("版本"), default=1)
    is_demo = models.BooleanField(_("示范数据"), default=False)

    objects = ScopedManager()

    class Meta:
        verbose_name = _("办件")
        verbose_name_plural = _("办件")
        indexes = [
            models.Index(fields=["org_path", "flow_code", "-id"], name="flow_case_org"),
            models.Index(
                fields=["org_path", "due_on"], name="flow_case_open_due", condition=Q(closed_at__isnull=True)
            ),
            models.Index(fields=["-id"], name="flow_case_open", condition=Q(closed_at__isnull=True)),
            models.Index(fields=["subject", "-id"], name="flow_case_subject"),
            models.Index(fields=["opened_by", "-id"], name="flow_case_opened_by"),
            models.Index(fields=["number"], name="flow_case_number_prefix"),
            models.Index(fields=["flow_code", "flow_version", "state"], name="flow_case_state"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["number"], condition=~Q(number=""), name="flow_case_number_once"),
            models.CheckConstraint(condition=Q(version__gte=1), name="flow_case_version"),
            models.CheckConstraint(
                condition=Q(closed_at__isnull=True) | Q(closed_at__gte=F("opened_at")),
                name="flow_case_closed_after_opened",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.title}".strip()

    @property
    def flow(self) -> Flow:
        """The declaration in the version that this case follows."""
        from qipan.kernel.flow import registry

        return registry.get(self.flow_code, self.flow_version)

    @property
    def declared_state(self) -> State:
        """The declaration of the state it stands in."""
        return self.flow.state(self.state)

    @property
    def state_title(self) -> str:
        """The name of its state for people."""
        return str(self.declared_state.title)

    @staticmethod
    def scope(reader: Reader) -> Q:
        """Cases of the flows in which the reader's roles act, in the units where they are held; one's own."""
        return permissions.case_scope(reader)


class FiredKey(Saved):
    """An idempotency key of a transition with what came of it: the same call again gives the same answer."""

    case = models.ForeignKey(Case, models.CASCADE, related_name="fired_keys")
    key = models.CharField(_("幂等键"), max_length=100)
    transition = models.CharField(_("流转"), max_length=40)
    payload_digest = models.CharField(_("内容摘要"), max_length=64)
    state = models.CharField(_("结果状态"), max_length=40)
    version = models.PositiveIntegerField(_("结果版本"))
    at = models.DateTimeField(_("时间"), default=now)

    class Meta:
        verbose_name = _("幂等键")
        verbose_name_plural = _("幂等键")
        constraints = [models.UniqueConstraint(fields=["case", "key"], name="flow_firedkey_once")]

    def __str__(self) -> str:
        return f"{self.case_id} {self.key}"


class NumberSeries(models.Model):
    """The last number taken of a series (编号序列): one row a prefix, locked by the transaction that takes one."""

    code = models.CharField(_("序列"), max_length=80, primary_key=True, db_collation="C")
    last = models.PositiveBigIntegerField(_("最后号码"), default=0)

    class Meta:
        verbose_name = _("编号序列")
        verbose_name_plural = _("编号序列")

    def __str__(self) -> str:
        return f"{self.code} {self.last}"


@tracked
class Recusal(models.Model):
    """A relation that keeps an officer out of a subject's cases, or out of one case (回避, PenProc 4)."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="recusals", verbose_name=_("工作人员")
    )
    subject = models.ForeignKey(
        Subject, models.CASCADE, null=True, blank=True, related_name="recusals", verbose_name=_("主体")
    )
    case = models.ForeignKey(
        Case, models.CASCADE, null=True, blank=True, related_name="recusals", verbose_name=_("办件")
    )
    reason = models.CharField(_("理由"), max_length=200)
    decided_by = models.BigIntegerField(_("决定人"), null=True)
    decided_at = models.DateTimeField(_("决定时间"), default=now)
    lifted_at = models.DateTimeField(_("解除时间"), null=True, blank=True)

    class Meta:
        verbose_name = _("回避")
        verbose_name_plural = _("回避")
        constraints = [
            models.CheckConstraint(
                name="flow_recusal_of_one",
                condition=Q(subject__isnull=False, case__isnull=True)
                | Q(subject__isnull=True, case__isnull=False),
            ),
            models.UniqueConstraint(
                fields=["user", "subject"],
                condition=Q(lifted_at__isnull=True),
                name="flow_recusal_subject_once",
            ),
            models.UniqueConstraint(
                fields=["user", "case"], condition=Q(lifted_at__isnull=True), name="flow_recusal_case_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} {self.subject or self.case}"
