"""What was taken in from other registers: each delivery, and where each of its rows went."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from qipan.kernel.subjects.models.subjects import Subject


class RegisterImport(models.Model):
    """One delivery of a register that changed something (导入批次). Never changed afterwards.

    `read` = `created` + `updated` + `known` + `rejected`, held by the database. `manifest` is the SHA-256 over the lines
    of the manifest (one for each row that changed something), the same value that the ledger's event carries.
    """

    uuid = models.UUIDField(_("标识"), unique=True)
    source = models.CharField(_("来源登记簿"), max_length=60)
    file_name = models.CharField(_("文件"), max_length=200)
    file_digest = models.CharField(_("文件摘要"), max_length=64)
    map_digest = models.CharField(_("对照表摘要"), max_length=64, blank=True)
    received_at = models.DateTimeField(_("导入时间"))
    read = models.PositiveIntegerField(_("读取行数"))
    created = models.PositiveIntegerField(_("新登记行数"))
    updated = models.PositiveIntegerField(_("变更行数"))
    known = models.PositiveIntegerField(_("已有行数"))
    rejected = models.PositiveIntegerField(_("退回行数"))
    warned = models.PositiveIntegerField(_("提醒行数"))
    manifest = models.CharField(_("清单摘要"), max_length=64, blank=True)
    org_path = models.CharField(_("机构路径"), max_length=120, blank=True, db_collation="C")

    class Meta:
        verbose_name = _("导入批次")
        verbose_name_plural = _("导入批次")
        constraints = [
            models.CheckConstraint(
                name="subjects_import_adds_up",
                condition=models.Q(
                    read=models.F("created") + models.F("updated") + models.F("known") + models.F("rejected")
                ),
            )
        ]

    def __str__(self) -> str:
        return f"{self.source} {self.file_name}"


class SourceRow(models.Model):
    """The row of a register under which a subject is known there (来源行).

    `digest` and `person_digest` are keyed (vault): they tell whether the row changed, and nothing of what it says.
    """

    source = models.CharField(_("来源登记簿"), max_length=60)
    key = models.CharField(_("来源键"), max_length=120)
    subject = models.ForeignKey(Subject, models.CASCADE, related_name="source_rows")
    digest = models.CharField(_("内容摘要"), max_length=64)
    person_digest = models.CharField(_("人员摘要"), max_length=64, blank=True)

    class Meta:
        verbose_name = _("来源行")
        verbose_name_plural = _("来源行")
        constraints = [models.UniqueConstraint(fields=["source", "key"], name="subjects_sourcerow_once")]

    def __str__(self) -> str:
        return f"{self.source} {self.key}"
