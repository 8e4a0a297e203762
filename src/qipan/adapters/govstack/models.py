"""What other building blocks call our records."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Kind(models.TextChoices):
    """What a name of others stands for (标识种类)."""

    SERVICE = "service", _("事项")
    FORM = "form", _("表单")
    APPLICATION = "application", _("申请")
    TASK = "task", _("工单")
    DOCUMENT = "document", _("材料")
    PERSON = "person", _("人员")
    ROLE = "role", _("角色")


class Alias(models.Model):
    """A name that others use for a record of ours (外部标识): rows are only added.

    What it stands for is `code` (item of a service or of a form, role) or `record_id` (case, order, file, user).
    `title` is what they call a service. An application remembers the `client` that began it and, in `applicant`, that
    client's own reference for whoever asked there.
    """

    kind = models.CharField(_("种类"), max_length=20, choices=Kind)
    external = models.CharField(_("外部标识"), max_length=100, db_collation="C")
    code = models.CharField(_("代码"), max_length=60, blank=True)
    record_id = models.BigIntegerField(_("记录"), null=True, blank=True)
    title = models.CharField(_("对方名称"), max_length=120, blank=True)
    client = models.CharField(_("客户"), max_length=200, blank=True)
    applicant = models.CharField(_("对方的申请人标识"), max_length=100, blank=True, db_collation="C")

    class Meta:
        verbose_name = _("外部标识")
        verbose_name_plural = _("外部标识")
        constraints = [models.UniqueConstraint(fields=["kind", "external"], name="govstack_alias_once")]
        indexes = [
            models.Index(fields=["kind", "record_id"], name="govstack_alias_record"),
            models.Index(fields=["kind", "code"], name="govstack_alias_code"),
            models.Index(
                fields=["client", "applicant"],
                name="govstack_alias_applicant",
                condition=~models.Q(applicant=""),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.external}"
