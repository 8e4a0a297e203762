"""Inspections: what was looked at, what it came to, and what the operator had to put right."""

from typing import Any

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from qipan.kernel.accounts.models import Person
from qipan.kernel.flow import registry
from qipan.kernel.flow.models import Case
from qipan.kernel.ledger.history import tracked
from qipan.kernel.orgs.reader import Reader
from qipan.kernel.orgs.roles import Role
from qipan.kernel.orgs.scopes import ScopedManager, of_own_subjects, within
from qipan.kernel.subjects.models import Grant, Premises

STAFF = (
    Role.INSPECTOR,
    Role.OFFICE_HEAD,
    Role.BUREAU_LEADER,
    Role.ENF_UNIT_HEAD,
    Role.ENF_OFFICER,
    Role.AUDITOR,
)


class Kind(models.TextChoices):
    """Why one goes there (检查类型, Insp 53; DOMAIN 4.1)."""

    ROUTINE = "ROUTINE", _("日常监督检查")
    FLYING = "FLYING", _("飞行检查")
    SYSTEM = "SYSTEM", _("体系检查")
    DOUBLE_RANDOM = "DOUBLE_RANDOM", _("双随机抽查")
    SPECIAL = "SPECIAL", _("专项检查")
    LICENCE_AFTER = "LICENCE_AFTER", _("证后检查")


class Source(models.TextChoices):
    """Where the task came from (任务来源)."""

    LICENCE = "LICENCE", _("许可决定")
    PLAN = "PLAN", _("检查计划")
    HAND = "HAND", _("监管所安排")


class Conclusion(models.TextChoices):
    """What the list comes to (检查结论)."""

    CONFORM = "CONFORM", _("符合")
    BASIC = "BASIC", _("基本符合")
    NONCONFORM = "NONCONFORM", _("不符合")


class Measure(models.TextChoices):
    """What is done about it (处理措施, Insp 32, 33)."""

    NONE = "NONE", _("无须处理")
    ON_SITE = "ON_SITE", _("当场整改")
    BY_DATE = "BY_DATE", _("责令限期改正")
    TO_CASE = "TO_CASE", _("移送调查处理")


@tracked
class Visit(models.Model):
    """One inspection (监督检查): record, conclusion, signatures; state, limits and number stand on the case.

    `facts` are format, items and marks of the licence when the officers began; with `checklist_on` they fix which items
    of which version of the list are asked. `answers`: item code → {answer, note, value, photos}.
    """

    case = models.OneToOneField(Case, models.PROTECT, primary_key=True, related_name="visit")
    kind = models.CharField(_("检查类型"), max_length=20, choices=Kind)
    source = models.CharField(_("任务来源"), max_length=10, choices=Source)
    cause = models.CharField(_("检查事由"), max_length=300, blank=True)
    cause_event = models.BigIntegerField(_("起因事件"), null=True, blank=True, unique=True)
    grant = models.ForeignKey(
        Grant, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("证照")
    )
    premises = models.ForeignKey(
        Premises, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("检查地点")
    )
    decided_on = models.DateField(_("许可决定日期"), null=True, blank=True)
    wanted_by = models.DateField(_("要求完成日期"), null=True, blank=True)
    checklist_code = models.CharField(_("检查要点表"), max_length=40)
    checklist_on = models.DateField(_("要点表版本日"), null=True, blank=True)
    facts = models.JSONField(_("经营情况"), default=dict, blank=True)
    officers = models.JSONField(_("检查人员"), default=list, blank=True)
    begun_at = models.DateTimeField(_("检查开始时间"), null=True, blank=True)
    concluded_at = models.DateTimeField(_("记录完成时间"), null=True, blank=True)
    signed_at = models.DateTimeField(_("签字时间"), null=True, blank=True)
    place = models.CharField(_("定位"), max_length=60, blank=True)
    answers = models.JSONField(_("检查记录"), default=dict, blank=True)
    conclusion = models.CharField(_("结论"), max_length=12, choices=Conclusion, blank=True)
    key_failed = models.PositiveSmallIntegerField(_("不符合的重点项目数"), default=0)
    general_failed = models.PositiveSmallIntegerField(_("不符合的一般项目数"), default=0)
    measure = models.CharField(_("处理措施"), max_length=10, choices=Measure, blank=True)
    affects_safety = models.BooleanField(_("影响食品安全"), null=True, blank=True)
    safety_reason = models.TextField(_("认定不影响食品安全的理由"), blank=True)
    rectify_by = models.DateField(_("改正期限"), null=True, blank=True)
    note = models.TextField(_("说明"), blank=True)
    operator_refused = models.BooleanField(_("被检查单位拒绝签字"), default=False)
    refusal_note = models.TextField(_("拒绝签字的原因"), blank=True)
    witness = models.ForeignKey(
        Person, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("见证人")
    )
    signatures = models.JSONField(_("签名"), default=dict, blank=True)
    submission = models.UUIDField(_("提交标识"), null=True, blank=True)

    objects = ScopedManager()

    class Meta:
        verbose_name = _("监督检查")
        verbose_name_plural = _("监督检查")
        constraints = [
            models.CheckConstraint(
                condition=~Q(key_failed__gt=0) | ~Q(conclusion__in=["CONFORM", "BASIC"]),
                name="inspection_visit_key_failed_is_nonconform",
            ),
            models.CheckConstraint(
                condition=Q(signed_at__isnull=True) | Q(operator_refused=False) | ~Q(refusal_note=""),
                name="inspection_visit_refusal_is_noted",
            ),
        ]

    def __str__(self) -> str:
        return self.case.title

    @property
    def org_path(self) -> str:
        """Where the case lies."""
        return self.case.org_path

    @property
    def address(self) -> str:
        """The place that is inspected."""
        subject = self.case.subject
        return self.premises.address if self.premises else subject.domicile if subject else ""

    @staticmethod
    def scope(reader: Reader) -> Q:
        """Staff who inspect, direct or pursue in the case's units; the business itself once it has been told."""
        told = of_own_subjects(reader, "case__subject_id") & ~registry.unannounced("case__")
        return within(reader, *STAFF, field="case__org_path") | told


@tracked
class Rectification(models.Model):
    """What had to be put right (责令改正), what the operator reported, and what the recheck found (Insp 33).

    `items`: [{code, text, note, source}]; `found`: item code → {answer, note, photos}. `first_by` is the day that the
    order named where it was extended since.
    """

    visit = models.OneToOneField(Visit, models.CASCADE, primary_key=True, related_name="rectification")
    items = models.JSONField(_("改正内容"), default=list)
    ordered_on = models.DateField(_("责令日期"))
    rectify_by = models.DateField(_("改正期限"))
    first_by = models.DateField(_("原改正期限"), null=True, blank=True)
    extension_reason = models.TextField(_("延长理由"), blank=True)
    report = models.TextField(_("整改情况"), blank=True)
    reported_at = models.DateTimeField(_("报告时间"), null=True, blank=True)
    on_paper = models.BooleanField(_("书面报告"), default=False)
    officers = models.JSONField(_("复查人员"), default=list, blank=True)
    found = models.JSONField(_("复查记录"), default=dict, blank=True)
    passed = models.BooleanField(_("复查合格"), null=True, blank=True)
    rechecked_at = models.DateTimeField(_("复查时间"), null=True, blank=True)
    place = models.CharField(_("定位"), max_length=60, blank=True)
    note = models.TextField(_("复查说明"), blank=True)
    operator_refused = models.BooleanField(_("被检查单位拒绝签字"), default=False)
    signatures = models.JSONField(_("签名"), default=dict, blank=True)
    submission = models.UUIDField(_("提交标识"), null=True, blank=True)

    class Meta:
        verbose_name = _("责令改正")
        verbose_name_plural = _("责令改正")

    def __str__(self) -> str:
        return f"{self.visit_id} {self.rectify_by}"

    @property
    def codes(self) -> list[str]:
        """The items that had to be put right."""
        return [str(item["code"]) for item in self.items]


def failed_codes(answers: dict[str, Any]) -> list[str]:
    """The codes of the items that were found wanting."""
    return [code for code, given in answers.items() if given.get("answer") == "NO"]
