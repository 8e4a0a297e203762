"""Which files say what a grant is: the newest one speaks for it, those before it are superseded."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from qipan.kernel.subjects.models.grants import Grant


class Certificate(models.Model):
    """One file of a grant (证照文件), entered when it is issued and never changed.

    `issue` counts the issues of a grant from 1; the original and its copy (副本) of one issue share it.
    """

    grant = models.ForeignKey(Grant, models.PROTECT, related_name="certificates", db_index=False)
    document_id = models.BigIntegerField(_("文书"), unique=True)
    issue = models.PositiveIntegerField(_("第几次制发"))
    at = models.DateTimeField(_("制发时间"))

    class Meta:
        verbose_name = _("证照文件")
        verbose_name_plural = _("证照文件")
        indexes = [models.Index(fields=["grant", "-issue"], name="subjects_certificate_grant")]

    def __str__(self) -> str:
        return f"{self.grant_id} {self.issue}"
