"""The ledger's table of events."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Event(models.Model):
    """One act (事件): who, in which post, what, on which record, when, with what data and why.

    Append-only. `record_kind` is `app.model` in lower case; `record_key` the number people know it by.
    """

    at = models.DateTimeField(_("时间"))
    name = models.CharField(_("事件"), max_length=80)
    record_kind = models.CharField(_("记录类型"), max_length=60)
    record_id = models.BigIntegerField(_("记录"))
    record_key = models.CharField(_("记录编号"), max_length=80, blank=True)
    subject_id = models.BigIntegerField(_("主体"), null=True)
    org_path = models.CharField(_("机构路径"), max_length=120, blank=True, db_collation="C")
    actor_kind = models.CharField(_("行为人类型"), max_length=10)
    actor_id = models.BigIntegerField(_("行为人"), null=True)
    post = models.CharField(_("岗位"), max_length=60, blank=True)
    data = models.JSONField(_("数据"), default=dict)
    reason = models.TextField(_("理由"), blank=True)

    class Meta:
        verbose_name = _("事件")
        verbose_name_plural = _("事件")
        ordering = ["id"]
        indexes = [
            models.Index(fields=["record_kind", "record_id", "id"], name="ledger_event_record"),
            models.Index(fields=["org_path", "id"], name="ledger_event_org"),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.record_kind}:{self.record_id}"
