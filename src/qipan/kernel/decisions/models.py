"""Released tables and the decisions that were made by them."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from qipan.conf.saving import Saved
from qipan.kernel.orgs.reader import Reader
from qipan.kernel.orgs.scopes import ScopedManager, within


class TableVersion(models.Model):
    """A decision table as a dated row that never changes (决策表)."""

    code = models.CharField(_("代码"), max_length=60)
    valid_from = models.DateField(_("自"))
    title = models.CharField(_("名称"), max_length=120)
    body = models.JSONField(_("内容"))

    class Meta:
        verbose_name = _("决策表")
        verbose_name_plural = _("决策表")
        constraints = [models.UniqueConstraint(fields=["code", "valid_from"], name="decisions_table_once")]

    def __str__(self) -> str:
        return f"{self.title} {self.valid_from}"


class Decision(Saved):
    """One decision (决定记录): the facts, the table's version, what matched and what did not, and the result.

    `required` says the same of each table that was decided before it, in their order: {table, version, outputs,
    matched, trace}. Kept for good, so that it can be shown and worked out again.
    """

    table = models.ForeignKey(TableVersion, models.PROTECT, related_name="decisions")
    record_kind = models.CharField(_("记录类型"), max_length=60)
    record_id = models.BigIntegerField(_("记录"))
    org_path = models.CharField(_("机构路径"), max_length=120, blank=True, db_collation="C")
    facts = models.JSONField(_("事实"))
    outputs = models.JSONField(_("结果"), null=True)
    matched = models.JSONField(_("适用规则"), default=list)
    trace = models.JSONField(_("过程"), default=list)
    required = models.JSONField(_("先行判定"), default=list)
    problem = models.CharField(_("没有结论的原因"), max_length=500, blank=True)
    engine = models.CharField(_("引擎版本"), max_length=20)
    microseconds = models.PositiveIntegerField(_("耗时（微秒）"))
    at = models.DateTimeField(_("时间"))

    objects = ScopedManager()

    class Meta:
        verbose_name = _("决定记录")
        verbose_name_plural = _("决定记录")
        indexes = [models.Index(fields=["record_kind", "record_id"], name="decisions_decision_record")]

    def __str__(self) -> str:
        return f"{self.table} {self.record_kind}:{self.record_id}"

    @staticmethod
    def scope(reader: Reader) -> Q:
        """Staff of the unit that the record belongs to, and of those above it."""
        return within(reader)
