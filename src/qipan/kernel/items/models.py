"""Coded items (事项) and the materials they ask for, as dated rows."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class MaterialType(models.Model):
    """A kind of material (材料). `supplied_by` names the source that has it already: then nobody is asked for it."""

    code = models.CharField(_("代码"), max_length=40)
    valid_from = models.DateField(_("自"))
    title = models.CharField(_("名称"), max_length=100)
    supplied_by = models.CharField(_("可获取的来源"), max_length=60, blank=True)

    class Meta:
        verbose_name = _("材料")
        verbose_name_plural = _("材料")
        constraints = [models.UniqueConstraint(fields=["code", "valid_from"], name="items_material_once")]

    def __str__(self) -> str:
        return self.title


class Item(models.Model):
    """One item that can be applied for (办事事项), in the version that is valid from a day.

    `code` is internal where no national code is confirmed, and `code_unconfirmed` says so. The flags are nested:
    what is done without any person is done at once, and what is done at once can be done on a phone.
    """

    code = models.CharField(_("事项编码"), max_length=40)
    valid_from = models.DateField(_("自"))
    name = models.CharField(_("名称"), max_length=120)
    kind = models.CharField(_("类型"), max_length=10, default="XK")
    handler = models.CharField(_("办理系统"), max_length=30)
    handling = models.CharField(_("办理种类"), max_length=20)
    bases = models.JSONField(_("法律依据"), default=list)
    unconfirmed = models.CharField(_("待确认"), max_length=200, blank=True)
    code_unconfirmed = models.CharField(_("编码待确认"), max_length=200, blank=True)
    conditions = models.JSONField(_("条件"), default=list)
    materials = models.JSONField(_("材料"), default=list)
    law_days = models.PositiveSmallIntegerField(_("法定期限（工作日）"), default=0)
    promise_days = models.PositiveSmallIntegerField(_("承诺期限（工作日）"), default=0)
    form = models.CharField(_("表单"), max_length=60)
    checklist = models.CharField(_("核查表"), max_length=60, blank=True)
    table = models.CharField(_("决策表"), max_length=60, blank=True)
    is_mobile = models.BooleanField(_("掌上办"), default=False)
    is_instant = models.BooleanField(_("即刻办"), default=False)
    is_auto = models.BooleanField(_("秒办"), default=False)
    is_no_meet = models.BooleanField(_("不见面"), default=True)
    is_commitment = models.BooleanField(_("告知承诺"), default=False)

    class Meta:
        verbose_name = _("事项")
        verbose_name_plural = _("事项")
        constraints = [
            models.UniqueConstraint(fields=["code", "valid_from"], name="items_item_once"),
            models.CheckConstraint(
                condition=(Q(is_auto=False) | Q(is_instant=True)) & (Q(is_instant=False) | Q(is_mobile=True)),
                name="items_item_flags_nested",
            ),
        ]

    def __str__(self) -> str:
        return self.name
