"""Themes and the order of materials, as dated rows."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Theme(models.Model):
    """A theme (主题服务) in the version that is valid from a day; `body` is its declaration."""

    code = models.CharField(_("代码"), max_length=40)
    valid_from = models.DateField(_("自"))
    number = models.PositiveSmallIntegerField(_("序号"))
    title = models.CharField(_("名称"), max_length=60)
    body = models.JSONField(_("内容"))

    class Meta:
        verbose_name = _("主题")
        verbose_name_plural = _("主题")
        constraints = [models.UniqueConstraint(fields=["code", "valid_from"], name="licensing_theme_once")]

    def __str__(self) -> str:
        return self.title


class MaterialCover(models.Model):
    """What stands in for a material: a stricter one, or a licence of the kind that it proves."""

    code = models.CharField(_("材料"), max_length=40)
    valid_from = models.DateField(_("自"))
    covered_by = models.JSONField(_("可代替的材料"), default=list)
    proves = models.CharField(_("证照种类"), max_length=10, blank=True)

    class Meta:
        verbose_name = _("材料合并规则")
        verbose_name_plural = _("材料合并规则")
        constraints = [models.UniqueConstraint(fields=["code", "valid_from"], name="licensing_cover_once")]

    def __str__(self) -> str:
        return self.code
