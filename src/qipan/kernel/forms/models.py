"""Data elements, declared forms and checklists, as dated rows."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class FormVersion(models.Model):
    """A form (表单) in the version that is valid from a day."""

    code = models.CharField(_("代码"), max_length=60)
    valid_from = models.DateField(_("自"))
    title = models.CharField(_("名称"), max_length=120)
    body = models.JSONField(_("内容"))

    class Meta:
        verbose_name = _("表单")
        verbose_name_plural = _("表单")
        constraints = [models.UniqueConstraint(fields=["code", "valid_from"], name="forms_form_once")]

    def __str__(self) -> str:
        return self.title


class ElementVersion(models.Model):
    """A data element (数据元) in the version that is valid from a day."""

    code = models.CharField(_("代码"), max_length=60)
    valid_from = models.DateField(_("自"))
    title = models.CharField(_("名称"), max_length=120)
    body = models.JSONField(_("内容"))

    class Meta:
        verbose_name = _("数据元")
        verbose_name_plural = _("数据元")
        constraints = [models.UniqueConstraint(fields=["code", "valid_from"], name="forms_element_once")]

    def __str__(self) -> str:
        return self.title


class ChecklistVersion(models.Model):
    """A checklist (要点表, 核查表) in the version that is valid from a day."""

    code = models.CharField(_("代码"), max_length=60)
    valid_from = models.DateField(_("自"))
    title = models.CharField(_("名称"), max_length=120)
    body = models.JSONField(_("内容"))

    class Meta:
        verbose_name = _("检查表")
        verbose_name_plural = _("检查表")
        constraints = [models.UniqueConstraint(fields=["code", "valid_from"], name="forms_checklist_once")]

    def __str__(self) -> str:
        return self.title
