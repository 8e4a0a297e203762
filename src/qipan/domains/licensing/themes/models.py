"""Themes and the rules of materials, as dated rows; applications for themes with their parts and people."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from qipan.kernel.accounts.models import Person
from qipan.kernel.flow.declaration import OVERSIGHT
from qipan.kernel.flow.models import Case
from qipan.kernel.ledger.history import tracked
from qipan.kernel.orgs.reader import Reader
from qipan.kernel.orgs.roles import Role
from qipan.kernel.orgs.scopes import ScopedManager, within


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
    """The stricter materials that stand in for a material."""

    code = models.CharField(_("材料"), max_length=40)
    valid_from = models.DateField(_("自"))
    covered_by = models.JSONField(_("可代替的材料"), default=list)

    class Meta:
        verbose_name = _("材料合并规则")
        verbose_name_plural = _("材料合并规则")
        constraints = [models.UniqueConstraint(fields=["code", "valid_from"], name="licensing_cover_once")]

    def __str__(self) -> str:
        return self.code


#: Who reads the themes of a unit besides their applicants.
READERS = (*OVERSIGHT, Role.LIC_RECEIVER, Role.LIC_REVIEWER, Role.LIC_DECIDER)


class Release(models.TextChoices):
    """When the results are handed out (发放方式)."""

    READY = "READY", _("办好一个发一个")
    TOGETHER = "TOGETHER", _("全部办好一起发")


@tracked
class ThemeCase(models.Model):
    """One application for a theme (主题办件): the situation, the answers of the one form, and the parts it led to.

    `theme_on` is the day of the theme's version that it was filled in by, `versions` those of the material rules and of
    each item's form. `answers` hold nothing personal; persons stand in `people`. `grants`: by part, the licence that it
    is about. `submitted_by`: the user who handed it in. `revision`, `saved_by`, `saved_at`, `left_over`: as an
    application's.
    """

    case = models.OneToOneField(Case, models.PROTECT, primary_key=True, related_name="theme")
    theme_code = models.CharField(_("主题"), max_length=40)
    theme_on = models.DateField(_("主题版本日"))
    situation = models.JSONField(_("情形"), default=dict, blank=True)
    answers = models.JSONField(_("填报内容"), default=dict, blank=True)
    grants = models.JSONField(_("原证"), default=dict, blank=True)
    release = models.CharField(_("发放方式"), max_length=10, choices=Release, default=Release.READY)
    versions = models.JSONField(_("表单版本"), default=dict, blank=True)
    revision = models.PositiveIntegerField(_("草稿版次"), default=0)
    saved_by = models.BigIntegerField(_("最后保存人"), null=True, blank=True)
    saved_at = models.DateTimeField(_("最后保存时间"), null=True, blank=True)
    left_over = models.JSONField(_("新版表单不再收的内容"), default=dict, blank=True)
    submitted_by = models.BigIntegerField(_("提交人"), null=True, blank=True)
    submitted_at = models.DateTimeField(_("提交时间"), null=True, blank=True)
    #: What the applicant was spared against applying for each item alone (`measuring.Savings`), once it is handed in.
    fields_saved = models.SmallIntegerField(_("少填的内容"), default=0)
    materials_saved = models.SmallIntegerField(_("少交的材料"), default=0)

    objects = ScopedManager()

    class Meta:
        verbose_name = _("主题办件")
        verbose_name_plural = _("主题办件")

    def __str__(self) -> str:
        return self.case.title

    @staticmethod
    def scope(reader: Reader) -> Q:
        """What was handed in within the units of those who oversee or work on it; applicants read theirs as cases."""
        return within(reader, *READERS, field="case__org_path") & Q(case__private=False)


class PartState(models.TextChoices):
    """Where a part of a theme stands (部分状态)."""

    WAITING = "WAITING", _("等前面的事项")
    HANDED = "HANDED", _("办理中")
    GRANTED = "GRANTED", _("已准予，制作结果")
    DONE = "DONE", _("已办结")
    REFUSED = "REFUSED", _("未获准")
    WITHDRAWN = "WITHDRAWN", _("已撤回")
    BLOCKED = "BLOCKED", _("提交受阻，请处理")
    ALONE = "ALONE", _("未随本主题办理，可以单独申请")
    ENDED = "ENDED", _("不再办理")


#: What another part needs is there.
GIVEN = (PartState.GRANTED, PartState.DONE)
#: It will not come by this theme.
FAILED = (PartState.REFUSED, PartState.WITHDRAWN, PartState.ALONE, PartState.ENDED)
#: Nothing more happens to the part within the theme.
OVER = (PartState.DONE, *FAILED)


@tracked
class ThemePart(models.Model):
    """One item of a theme's application, with its own application; `needs` and `after` are codes of other parts.

    `why`: in words, why it does not go on.
    """

    theme = models.ForeignKey(ThemeCase, models.PROTECT, related_name="parts")
    position = models.PositiveSmallIntegerField(_("次序"))
    code = models.CharField(_("代码"), max_length=30)
    item_code = models.CharField(_("事项"), max_length=40)
    application = models.OneToOneField("licensing.Application", models.PROTECT, related_name="theme_part")
    needs = models.JSONField(_("需要其结果"), default=list, blank=True)
    after = models.JSONField(_("在其之后"), default=list, blank=True)
    supplied = models.JSONField(_("由其他部分提供的材料"), default=dict, blank=True)
    state = models.CharField(_("状态"), max_length=10, choices=PartState, default=PartState.WAITING)
    why = models.CharField(_("原因"), max_length=500, blank=True)

    class Meta:
        verbose_name = _("主题的部分")
        verbose_name_plural = _("主题的部分")
        constraints = [models.UniqueConstraint(fields=["theme", "code"], name="licensing_themepart_once")]

    def __str__(self) -> str:
        return f"{self.theme_id} {self.code}"


@tracked
class ThemePerson(models.Model):
    """A person whom the one form names; the parts' applications name the same row.

    `revision`: the state of the draft since which it is this person.
    """

    theme = models.ForeignKey(ThemeCase, models.PROTECT, related_name="people")
    role = models.CharField(_("身份"), max_length=30)
    person = models.ForeignKey(Person, models.PROTECT, related_name="+", verbose_name=_("人员"))
    revision = models.PositiveIntegerField(_("草稿版次"), default=0)

    class Meta:
        verbose_name = _("主题办件的人员")
        verbose_name_plural = _("主题办件的人员")
        constraints = [models.UniqueConstraint(fields=["theme", "role"], name="licensing_themeperson_once")]

    def __str__(self) -> str:
        return f"{self.theme_id} {self.role}"
