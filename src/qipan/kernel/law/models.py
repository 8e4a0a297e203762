"""Laws and their articles, the terms they set, and the calendar on which the terms run."""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.utils.translation import gettext_lazy as _


class Law(models.Model):
    """One text of a law in the library (法律法规). `as_of` is the newest date its heading names, None where it names none.

    `gap` says openly when a newer text is in force that the library does not hold.
    """

    name = models.CharField(_("名称"), max_length=200)
    short_name = models.CharField(_("简称代号"), max_length=20, blank=True, db_index=True)
    as_of = models.DateField(_("文本日期"), null=True, blank=True)
    source = models.CharField(_("来源"), max_length=120, blank=True)
    head = models.TextField(_("题注"), blank=True)
    gap = models.TextField(_("版本说明"), blank=True)

    class Meta:
        verbose_name = _("法律法规")
        verbose_name_plural = _("法律法规")
        constraints = [
            models.UniqueConstraint(fields=["name", "as_of"], name="law_law_once", nulls_distinct=False)
        ]

    def __str__(self) -> str:
        return f"《{self.name}》"


class Article(models.Model):
    """One article (条). `grams` are the one- and two-character pieces that search looks for."""

    law = models.ForeignKey(Law, models.CASCADE, related_name="articles")
    number = models.PositiveIntegerField(_("条序"))
    label = models.CharField(_("条号"), max_length=30)
    chapter = models.CharField(_("章节"), max_length=200, blank=True)
    text = models.TextField(_("条文"))
    grams = ArrayField(models.CharField(max_length=2), default=list)

    class Meta:
        verbose_name = _("条文")
        verbose_name_plural = _("条文")
        ordering = ["law", "number"]
        constraints = [models.UniqueConstraint(fields=["law", "label"], name="law_article_once")]
        indexes = [GinIndex(fields=["grams"], name="law_article_grams")]

    def __str__(self) -> str:
        return f"{self.law}{self.label}"


class Unit(models.TextChoices):
    """In what a term is counted (期限单位)."""

    WORKDAY = "WORKDAY", _("个工作日")
    DAY = "DAY", _("日")
    MONTH = "MONTH", _("个月")
    YEAR = "YEAR", _("年")
    HOUR = "HOUR", _("小时")


class LawRule(models.Model):
    """One term that a law sets (期限规则), as a dated row that never changes.

    `value` counts forward from the day after the start; a negative value counts back from it. `extension` is how much
    one extension adds, `extension_times` how often; `suspends_on` names what stops the clock.
    """

    code = models.CharField(_("代码"), max_length=60)
    valid_from = models.DateField(_("自"))
    title = models.CharField(_("名称"), max_length=120)
    law = models.CharField(_("法规"), max_length=40, blank=True)
    article = models.CharField(_("条款"), max_length=40, blank=True)
    unconfirmed = models.CharField(_("待确认"), max_length=200, blank=True)
    unit = models.CharField(_("单位"), max_length=10, choices=Unit)
    value = models.IntegerField(_("数值"))
    start_event = models.CharField(_("起算"), max_length=120)
    suspends_on = models.JSONField(_("中止事由"), default=list)
    extension = models.IntegerField(_("每次延长"), default=0)
    extension_times = models.PositiveSmallIntegerField(_("可延长次数"), default=0)
    approver_role = models.CharField(_("批准人"), max_length=30, blank=True)
    if_missed = models.CharField(_("逾期后果"), max_length=200, blank=True)
    roll_on_weekend = models.BooleanField(_("末日遇周末顺延"), default=True)

    class Meta:
        verbose_name = _("期限规则")
        verbose_name_plural = _("期限规则")
        constraints = [models.UniqueConstraint(fields=["code", "valid_from"], name="law_rule_once")]

    def __str__(self) -> str:
        return f"{self.code} {self.title}"


class HolidayYear(models.Model):
    """A year whose holidays are published (已公布放假安排的年份)."""

    year = models.PositiveSmallIntegerField(_("年份"), primary_key=True)
    source = models.CharField(_("依据"), max_length=200)

    class Meta:
        verbose_name = _("放假安排")
        verbose_name_plural = _("放假安排")

    def __str__(self) -> str:
        return str(self.year)


class Holiday(models.Model):
    """One day that is not as its weekday says: a statutory day off, or a make-up working day (调休上班)."""

    day = models.DateField(_("日期"), primary_key=True)
    working = models.BooleanField(_("上班"), default=False)
    statutory = models.BooleanField(_("法定节假日"), default=True)
    name = models.CharField(_("名称"), max_length=30, blank=True)

    class Meta:
        verbose_name = _("特殊日期")
        verbose_name_plural = _("特殊日期")

    def __str__(self) -> str:
        return f"{self.day} {self.name}"


from qipan.kernel.law.drafting.models import Draft, Trial  # noqa: E402, F401  (their tables are this app's)
