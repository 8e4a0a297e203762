"""A step taken for several cases in one go: what was asked for, and what came of each."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from qipan.kernel.flow.models.cases import Case
from qipan.kernel.ledger.clock import now
from qipan.kernel.ledger.history import tracked
from qipan.kernel.orgs.reader import Reader
from qipan.kernel.orgs.scopes import NOTHING, ScopedManager


@tracked
class Batch(models.Model):
    """One step for several cases (批量办理) by one officer. The page that asks for it brings `uuid`: it is its key."""

    uuid = models.UUIDField(_("标识"), unique=True)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("办理人")
    )
    flow_code = models.CharField(_("流程"), max_length=60)
    transition = models.CharField(_("流转"), max_length=40)
    data = models.JSONField(_("内容"), default=dict, blank=True)
    reason = models.TextField(_("理由"), blank=True)
    org_path = models.CharField(_("机构路径"), max_length=120, db_collation="C")
    begun_at = models.DateTimeField(_("开始时间"), default=now)
    ended_at = models.DateTimeField(_("结束时间"), null=True, blank=True)

    objects = ScopedManager()

    class Meta:
        verbose_name = _("批量办理")
        verbose_name_plural = _("批量办理")
        indexes = [models.Index(fields=["user", "-id"], name="flow_batch_user")]

    def __str__(self) -> str:
        return f"{self.flow_code} {self.transition} {self.uuid}"

    @staticmethod
    def scope(reader: Reader) -> Q:
        """One's own."""
        return Q(user_id=reader.user_id) if reader.kind == "staff" and reader.user_id else NOTHING


class EntryState(models.TextChoices):
    """What came of one case of a batch (结果)."""

    WAITING = "WAITING", _("等待办理")
    DONE = "DONE", _("已办")
    REFUSED = "REFUSED", _("未办")


@tracked
class BatchEntry(models.Model):
    """One case of a batch, in the version that the officer saw; refused ones say why and are left as they were."""

    batch = models.ForeignKey(Batch, models.CASCADE, related_name="entries", verbose_name=_("批量办理"))
    case = models.ForeignKey(Case, models.CASCADE, related_name="+", verbose_name=_("办件"))
    seen_version = models.PositiveIntegerField(_("所见版本"))
    state = models.CharField(_("结果"), max_length=10, choices=EntryState, default=EntryState.WAITING)
    why = models.CharField(_("说明"), max_length=1000, blank=True)

    class Meta:
        verbose_name = _("批量办理的办件")
        verbose_name_plural = _("批量办理的办件")
        constraints = [models.UniqueConstraint(fields=["batch", "case"], name="flow_batchentry_once")]

    def __str__(self) -> str:
        return f"{self.batch_id} {self.case_id} {self.state}"
