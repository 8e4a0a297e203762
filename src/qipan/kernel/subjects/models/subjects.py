"""Subjects, their identifiers, places, marks and the people who act for them."""

from functools import partial

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex, HashIndex
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from qipan.kernel.accounts.models import Person
from qipan.kernel.ledger.history import tracked
from qipan.kernel.orgs.reader import Reader
from qipan.kernel.orgs.scopes import ScopedManager, of_own_subjects, within


class SubjectType(models.TextChoices):
    """The kinds of market subject (市场主体类型, Reg 2)."""

    COMPANY = "COMPANY", _("公司")
    NONCORP_LEGAL = "NONCORP_LEGAL", _("非公司企业法人")
    SOLE_PROP = "SOLE_PROP", _("个人独资企业")
    PARTNERSHIP = "PARTNERSHIP", _("合伙企业")
    FARMER_COOP = "FARMER_COOP", _("农民专业合作社")
    INDIVIDUAL = "INDIVIDUAL", _("个体工商户")
    FOREIGN_BRANCH = "FOREIGN_BRANCH", _("外国公司分支机构")
    INSTITUTION = "INSTITUTION", _("机关事业单位")
    OTHER = "OTHER", _("其他")


class Status(models.TextChoices):
    """Where a subject stands in its life (主体状态, DOMAIN 2.3)."""

    ACTIVE = "ACTIVE", _("存续")
    SUSPENDED = "SUSPENDED", _("歇业")
    CANCELLING = "CANCELLING", _("注销中")
    CANCELLED = "CANCELLED", _("注销")
    REVOKED = "REVOKED", _("吊销")
    STRUCK_OFF = "STRUCK_OFF", _("除名")
    EX_OFFICIO_CANCELLED = "EX_OFFICIO", _("依职权注销")
    ANNULLED = "ANNULLED", _("撤销登记")


@partial(tracked, exclude=("grams",), before=True)
class Subject(models.Model):
    """A market subject (市场主体). `grams` are what search looks for in name, codes and addresses."""

    uuid = models.UUIDField(_("标识"), unique=True)
    name = models.CharField(_("名称"), max_length=200)
    type = models.CharField(_("类型"), max_length=20, choices=SubjectType)
    is_branch = models.BooleanField(_("分支机构"), default=False)
    status = models.CharField(_("状态"), max_length=12, choices=Status, default=Status.ACTIVE)
    org_path = models.CharField(_("机构路径"), max_length=120, db_collation="C")
    industry = models.CharField(_("行业"), max_length=5, blank=True)
    business_scope = models.TextField(_("经营范围"), blank=True)
    legal_rep = models.ForeignKey(
        Person,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("法定代表人（负责人）"),
    )
    capital = models.DecimalField(
        _("注册资本（万元）"), max_digits=18, decimal_places=4, null=True, blank=True
    )
    currency = models.CharField(_("币种"), max_length=3, default="CNY", blank=True)
    established_on = models.DateField(_("成立日期"), null=True, blank=True)
    approved_on = models.DateField(_("核准日期"), null=True, blank=True)
    term_to = models.DateField(_("经营期限至"), null=True, blank=True)
    domicile = models.CharField(_("住所"), max_length=300, blank=True)
    credit_class = models.CharField(_("信用等级"), max_length=1, blank=True)
    risk_grade = models.CharField(_("风险等级"), max_length=1, blank=True)
    is_demo = models.BooleanField(_("示范数据"), default=False)
    version = models.PositiveIntegerField(_("版本"), default=1)
    grams = ArrayField(models.CharField(max_length=8), default=list)

    objects = ScopedManager()

    class Meta:
        verbose_name = _("市场主体")
        verbose_name_plural = _("市场主体")
        indexes = [
            models.Index(fields=["org_path", "id"], name="subjects_subject_org"),
            GinIndex(fields=["grams"], name="subjects_subject_grams"),
            HashIndex(fields=["name"], name="subjects_subject_name"),
        ]
        constraints = [
            models.CheckConstraint(condition=~Q(name=""), name="subjects_subject_named"),
        ]

    def __str__(self) -> str:
        return self.name

    @staticmethod
    def scope(reader: Reader) -> Q:
        """Staff of the subject's units; those who act for it. What is public of a subject has its own query."""
        return within(reader) | of_own_subjects(reader, "pk")


class IdentifierKind(models.TextChoices):
    """Kinds of identifier (标识类型)."""

    USCC = "USCC", _("统一社会信用代码")
    REG_NO = "REG_NO", _("注册号")
    ORG_CODE = "ORG_CODE", _("组织机构代码")
    LICENCE = "LICENCE", _("许可证号")
    ACCOUNT = "ACCOUNT", _("外部账号")


@partial(tracked, before=True)
class Identifier(models.Model):
    """One identifier of a subject (标识). The check digit is judged in Python: old data contains wrong codes."""

    subject = models.ForeignKey(Subject, models.CASCADE, related_name="identifiers")
    kind = models.CharField(_("类型"), max_length=10, choices=IdentifierKind)
    value = models.CharField(_("值"), max_length=40)
    check_ok = models.BooleanField(_("校验通过"), default=True)
    override_reason = models.CharField(_("校验不符仍登记的理由"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("标识")
        verbose_name_plural = _("标识")
        constraints = [
            models.UniqueConstraint(fields=["kind", "value"], name="subjects_identifier_once"),
            models.CheckConstraint(
                condition=~Q(kind="USCC") | Q(value__regex=r"^[0-9A-Z]{18}$"),
                name="subjects_identifier_uscc_shape",
            ),
            models.CheckConstraint(
                condition=~Q(kind="REG_NO") | Q(value__regex=r"^[0-9]{13,15}$"),
                name="subjects_identifier_reg_shape",
            ),
        ]

    def __str__(self) -> str:
        return self.value


@partial(tracked, before=True)
class Premises(models.Model):
    """A place of business (经营场所)."""

    subject = models.ForeignKey(Subject, models.CASCADE, related_name="premises")
    name = models.CharField(_("场所名称"), max_length=200, blank=True)
    address = models.CharField(_("地址"), max_length=300)
    division_code = models.CharField(_("行政区划代码"), max_length=6, blank=True)
    street = models.CharField(_("街道"), max_length=40, blank=True)
    org_path = models.CharField(_("机构路径"), max_length=120, db_collation="C")
    longitude = models.DecimalField(_("经度"), max_digits=9, decimal_places=6, null=True, blank=True)
    latitude = models.DecimalField(_("纬度"), max_digits=8, decimal_places=6, null=True, blank=True)
    area_m2 = models.DecimalField(_("面积（平方米）"), max_digits=10, decimal_places=2, null=True, blank=True)
    closed_on = models.DateField(_("关闭日期"), null=True, blank=True)

    objects = ScopedManager()

    class Meta:
        verbose_name = _("经营场所")
        verbose_name_plural = _("经营场所")
        indexes = [
            models.Index(fields=["org_path", "id"], name="subjects_premises_org"),
            models.Index(fields=["address"], name="subjects_premises_address"),
        ]

    def __str__(self) -> str:
        return self.address

    @staticmethod
    def scope(reader: Reader) -> Q:
        """Staff of the place's units; those who act for the subject."""
        return within(reader) | of_own_subjects(reader)


class MarkKind(models.TextChoices):
    """Side marks, which are no statuses (标记)."""

    ABNORMAL_LIST = "ABNORMAL_LIST", _("经营异常名录")
    ABNORMAL_MARK = "ABNORMAL_MARK", _("经营异常状态")
    SERIOUS_LIST = "SERIOUS_LIST", _("严重违法失信名单")
    FROZEN_SHARES = "FROZEN_SHARES", _("股权冻结")
    PLEDGED = "PLEDGED", _("股权出质")


@tracked
class Mark(models.Model):
    """A mark from a day until another (标记), with its ground."""

    subject = models.ForeignKey(Subject, models.CASCADE, related_name="marks")
    kind = models.CharField(_("类型"), max_length=20, choices=MarkKind)
    ground = models.CharField(_("事由"), max_length=200, blank=True)
    since = models.DateField(_("自"))
    until = models.DateField(_("至"), null=True, blank=True)
    source = models.CharField(_("依据"), max_length=120, blank=True)

    class Meta:
        verbose_name = _("标记")
        verbose_name_plural = _("标记")
        indexes = [models.Index(fields=["subject", "kind"], name="subjects_mark_subject")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.since}"


class StatusChange(models.Model):
    """One step in a subject's life (状态变更)."""

    subject = models.ForeignKey(Subject, models.CASCADE, related_name="status_changes")
    before = models.CharField(_("原状态"), max_length=12)
    after = models.CharField(_("新状态"), max_length=12, choices=Status)
    on = models.DateField(_("日期"))
    reason = models.CharField(_("理由"), max_length=300)
    source = models.CharField(_("依据"), max_length=120)

    class Meta:
        verbose_name = _("状态变更")
        verbose_name_plural = _("状态变更")

    def __str__(self) -> str:
        return f"{self.before}→{self.after}"


@tracked
class Representative(models.Model):
    """A user who acts for a subject (代表人), from a day until another."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="represents")
    subject = models.ForeignKey(Subject, models.CASCADE, related_name="representatives")
    role = models.CharField(
        _("身份"),
        max_length=10,
        choices=[("LEGAL_REP", _("法定代表人")), ("AGENT", _("委托代理人"))],
        default="AGENT",
    )
    valid_from = models.DateField(_("自"))
    valid_to = models.DateField(_("至"), null=True, blank=True)

    class Meta:
        verbose_name = _("代表人")
        verbose_name_plural = _("代表人")
        constraints = [
            models.UniqueConstraint(fields=["user", "subject", "role"], name="subjects_represent_once")
        ]

    def __str__(self) -> str:
        return f"{self.user_id} {self.subject_id}"


@partial(tracked, before=True)
class ExternalRecord(models.Model):
    """A row of another system about a subject (外部记录): an inspection or a decision made before or elsewhere."""

    subject = models.ForeignKey(Subject, models.CASCADE, related_name="external_records")
    source = models.CharField(_("来源系统"), max_length=60)
    kind = models.CharField(_("类型"), max_length=40)
    key = models.CharField(_("来源编号"), max_length=80)
    on = models.DateField(_("日期"), null=True, blank=True)
    result = models.CharField(_("结果"), max_length=120, blank=True)
    data = models.JSONField(_("内容"), default=dict)

    class Meta:
        verbose_name = _("外部记录")
        verbose_name_plural = _("外部记录")
        ordering = ["-on", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["source", "kind", "key"], name="subjects_external_once")
        ]
        indexes = [models.Index(fields=["subject", "-on"], name="subjects_external_subject")]

    def __str__(self) -> str:
        return f"{self.source} {self.key}"
