"""Coded items (事项) and the materials they ask for, as dated rows."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class Line(models.TextChoices):
    """The lines of regulation that items belong to (业务条线)."""

    REGISTRATION = "REGISTRATION", _("登记注册")
    CREDIT = "CREDIT", _("信用监管")
    FOOD = "FOOD", _("食品")
    DRUG = "DRUG", _("药品")
    DEVICE = "DEVICE", _("医疗器械")
    COSMETIC = "COSMETIC", _("化妆品")
    EQUIPMENT = "EQUIPMENT", _("特种设备")
    METROLOGY = "METROLOGY", _("计量")
    TESTING = "TESTING", _("检验检测和认证")
    PRODUCT = "PRODUCT", _("产品质量")
    STANDARD = "STANDARD", _("标准化")
    IP = "IP", _("知识产权")
    ADVERTISING = "ADVERTISING", _("广告")
    TRADE = "TRADE", _("网络交易、价格和合同")
    CONSUMER = "CONSUMER", _("消费者权益")
    SEAL = "SEAL", _("电子证照和电子印章")
    INFORMATION = "INFORMATION", _("信息和档案")
    JOINT = "JOINT", _("部门联办")


class Matter(models.TextChoices):
    """What an item is in administrative law (事项类型); the two letters of the public schemas (DOMAIN 1.4)."""

    LICENCE = "XK", _("行政许可")
    CONFIRMATION = "QR", _("行政确认")
    RULING = "CJ", _("行政裁决")
    AWARD = "JL", _("行政奖励")
    INSPECTION = "JC", _("行政检查")
    SERVICE = "GG", _("公共服务")
    OTHER = "QT", _("其他行政权力（含备案）")


class Channel(models.TextChoices):
    """Where an item can be applied for (办理渠道)."""

    WEB = "WEB", _("网上")
    PHONE = "PHONE", _("手机")
    WINDOW = "WINDOW", _("窗口")
    TERMINAL = "TERMINAL", _("自助终端")


class MaterialType(models.Model):
    """A kind of material (材料). `supplied_by` names the source that has it already: then nobody is asked for it.

    `licence` is the kind of licence that it is: a code, GRANT for the one that the application is about, ANY for one
    of whatever issuer; empty for what is no licence.
    """

    code = models.CharField(_("代码"), max_length=40)
    valid_from = models.DateField(_("自"))
    title = models.CharField(_("名称"), max_length=100)
    supplied_by = models.CharField(_("可获取的来源"), max_length=60, blank=True)
    licence = models.CharField(_("证照种类"), max_length=10, blank=True)

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

    `flow` is the course that an application takes, `handling` what is asked for, `licence` the kind of licence that it
    is about, `target` what a handling needs besides (a status, a mark), `outcomes` the codes of the documents that it
    ends in, `agency` the authority outside that decides (then nothing of ours is granted).
    """

    code = models.CharField(_("事项编码"), max_length=40)
    valid_from = models.DateField(_("自"))
    name = models.CharField(_("名称"), max_length=120)
    kind = models.CharField(_("类型"), max_length=10, choices=Matter, default=Matter.LICENCE)
    line = models.CharField(_("业务条线"), max_length=20, choices=Line, default=Line.FOOD)
    family = models.CharField(_("主项"), max_length=40, blank=True)
    flow = models.CharField(_("办理流程"), max_length=60, blank=True)
    licence = models.CharField(_("证照种类"), max_length=10, blank=True)
    target = models.CharField(_("办理对象"), max_length=30, blank=True)
    outcomes = models.JSONField(_("结果文书"), default=list)
    channels = models.JSONField(_("办理渠道"), default=list)
    authority = models.CharField(_("实施机关"), max_length=60, blank=True)
    authority_unconfirmed = models.CharField(_("实施机关待确认"), max_length=200, blank=True)
    agency = models.CharField(_("决定机关（外部门）"), max_length=30, blank=True)
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
    limit_unconfirmed = models.CharField(_("期限待确认"), max_length=200, blank=True)
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
