"""Applications for licences and filings, and the site checks that they need."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from qipan.conf.saving import Saved
from qipan.kernel.accounts.models import Person
from qipan.kernel.flow.models import Case
from qipan.kernel.ledger.history import tracked
from qipan.kernel.orgs.reader import Reader
from qipan.kernel.orgs.roles import Role
from qipan.kernel.orgs.scopes import NOTHING, ScopedManager, of_own_subjects, within
from qipan.kernel.subjects import mandates
from qipan.kernel.subjects.models import Grant, Premises

STAFF = (
    Role.LIC_RECEIVER,
    Role.LIC_REVIEWER,
    Role.LIC_DECIDER,
    Role.BUREAU_LEADER,
    Role.OFFICE_HEAD,
    Role.INSPECTOR,
)


class Kind(models.TextChoices):
    """What is asked for (申请类型)."""

    NEW = "NEW", _("新办")
    CHANGE = "CHANGE", _("变更")
    RENEW = "RENEW", _("延续")
    REISSUE = "REISSUE", _("补办")
    CANCEL = "CANCEL", _("注销")
    FILING = "FILING", _("备案")
    FILING_CANCEL = "FILING_CANCEL", _("备案注销")
    FILING_CHANGE = "FILING_CHANGE", _("备案变更")
    SUSPEND = "SUSPEND", _("停用")
    RESTORE = "RESTORE", _("启用")
    ANSWER = "ANSWER", _("办理")
    REGISTER = "REGISTER", _("设立登记")
    ALTER = "ALTER", _("变更登记")
    STATUS = "STATUS", _("状态登记")
    UNLIST = "UNLIST", _("移出名录")
    HANDOVER = "HANDOVER", _("转交")


#: About a licence that is held, by what it is about to become.
FOLLOWING = {
    Kind.CHANGE,
    Kind.RENEW,
    Kind.REISSUE,
    Kind.CANCEL,
    Kind.FILING_CANCEL,
    Kind.FILING_CHANGE,
    Kind.SUSPEND,
    Kind.RESTORE,
}
#: A grant comes into being.
FOUNDING = {Kind.NEW, Kind.FILING}
#: The licence is valid after it, so that a certificate is made.
VALID_AFTER = {
    Kind.NEW,
    Kind.RENEW,
    Kind.CHANGE,
    Kind.REISSUE,
    Kind.FILING,
    Kind.FILING_CHANGE,
    Kind.RESTORE,
    Kind.REGISTER,
    Kind.ALTER,
}


class Mode(models.TextChoices):
    """How it is handled (办理方式), DOMAIN 3.4. There is no commitment-based mode for food."""

    AUTO = "AUTO", _("秒批")
    INSTANT = "INSTANT", _("即来即办")
    NORMAL = "NORMAL", _("普通程序")


@tracked
class Application(Saved):
    """One application (申请): its answers and what became of it; state, limits and number stand on the case.

    `people` are the persons that the form named, in the vault; `answers` hold nothing personal.
    """

    case = models.OneToOneField(Case, models.PROTECT, primary_key=True, related_name="application")
    item_code = models.CharField(_("事项"), max_length=40)
    kind = models.CharField(_("申请类型"), max_length=20, choices=Kind)
    channel = models.CharField(_("申请渠道"), max_length=10, default="web")
    form_code = models.CharField(_("表单"), max_length=60)
    #: The day from which the version of the form is in force that the answers were given to.
    form_version = models.DateField(_("表单版本"), null=True, blank=True)
    #: Counts the saves that changed something, so that who saves over another is told first.
    revision = models.PositiveIntegerField(_("草稿版次"), default=0)
    saved_by = models.BigIntegerField(_("最后保存人"), null=True, blank=True)
    saved_at = models.DateTimeField(_("最后保存时间"), null=True, blank=True)
    #: Answers that the form no longer takes, for whoever filled them in: field code → {title, words}.
    left_over = models.JSONField(_("新版表单不再收的内容"), default=dict, blank=True)
    mode = models.CharField(_("办理方式"), max_length=10, choices=Mode, blank=True)
    mode_reasons = models.JSONField(_("转由人工办理的原因"), default=list, blank=True)
    answers = models.JSONField(_("填报内容"), default=dict, blank=True)
    known = models.JSONField(_("库内已有内容"), default=dict, blank=True)
    contact = models.ForeignKey(
        Person, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("联系人")
    )
    manager = models.ForeignKey(
        Person, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("食品安全管理人员")
    )
    grant = models.ForeignKey(
        Grant, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("原证")
    )
    result_grant = models.ForeignKey(
        Grant, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("结果证照")
    )
    premises = models.ForeignKey(
        Premises, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("经营场所")
    )
    decision_id = models.BigIntegerField(_("自动判定记录"), null=True, blank=True)
    correction = models.JSONField(_("补正内容"), default=list, blank=True)
    answer = models.JSONField(_("部门答复"), default=dict, blank=True)
    findings = models.JSONField(_("条件审查"), default=list, blank=True)
    opinion = models.TextField(_("审查意见"), blank=True)
    submitted_at = models.DateTimeField(_("提交时间"), null=True, blank=True)
    decided_at = models.DateTimeField(_("决定时间"), null=True, blank=True)

    objects = ScopedManager()

    class Meta:
        verbose_name = _("许可申请")
        verbose_name_plural = _("许可申请")

    def __str__(self) -> str:
        return self.case.title

    @property
    def org_path(self) -> str:
        """Where the case lies."""
        return self.case.org_path

    @property
    def values(self) -> dict[str, object]:
        """What is known and what was answered, together."""
        return {**self.known, **self.answers}

    @staticmethod
    def scope(reader: Reader) -> Q:
        """Licensing staff over the case's unit (no drafts); the business itself and its agents; who opened it."""
        own = Q(case__opened_by=reader.user_id) if reader.user_id and reader.kind != "staff" else Q(pk__in=())
        staff = within(reader, *STAFF, field="case__org_path") & Q(case__private=False)
        mandated = Q(pk__in=mandates.cases_within(reader)) if reader.mandates else NOTHING
        return staff | of_own_subjects(reader, "case__subject_id") | own | mandated


class CheckConclusion(models.TextChoices):
    """What a site check comes to (核查结论)."""

    PASS = "PASS", _("符合")
    RECTIFY = "RECTIFY", _("整改后复核")
    FAIL = "FAIL", _("不符合")


@tracked
class SiteCheck(models.Model):
    """One visit (现场核查) by two officers with the checklist, signed by both sides (FBL15 16)."""

    uuid = models.UUIDField(_("标识"), unique=True)
    application = models.ForeignKey(Application, models.PROTECT, related_name="checks")
    round = models.PositiveSmallIntegerField(_("次数"), default=1)
    checklist_code = models.CharField(_("核查表"), max_length=40)
    officers = models.JSONField(_("核查人员"), default=list)
    started_at = models.DateTimeField(_("开始时间"))
    concluded_at = models.DateTimeField(_("结束时间"), null=True, blank=True)
    place = models.CharField(_("定位"), max_length=60, blank=True)
    answers = models.JSONField(_("核查记录"), default=dict, blank=True)
    conclusion = models.CharField(_("结论"), max_length=10, choices=CheckConclusion, blank=True)
    note = models.TextField(_("说明"), blank=True)
    operator_refused = models.BooleanField(_("当事人拒绝签字"), default=False)
    signatures = models.JSONField(_("签名"), default=dict, blank=True)

    class Meta:
        verbose_name = _("现场核查")
        verbose_name_plural = _("现场核查")
        constraints = [
            models.UniqueConstraint(fields=["application", "round"], name="licensing_sitecheck_round")
        ]

    def __str__(self) -> str:
        return f"{self.application_id} {self.round}"


class Ground(models.TextChoices):
    """Why a licence is rescinded (撤销情形): LicProc 40 (1)-(5), 41."""

    ABUSE = "ABUSE", _("滥用职权、玩忽职守作出准予决定")
    BEYOND_POWERS = "BEYOND_POWERS", _("超越法定职权作出准予决定")
    PROCEDURE = "PROCEDURE", _("违反法定程序作出准予决定")
    UNQUALIFIED = "UNQUALIFIED", _("申请人不具备资格或者不符合法定条件")
    OTHER = "OTHER", _("依法可以撤销的其他情形")
    FRAUD = "FRAUD", _("以欺骗、贿赂等不正当手段取得许可")


@tracked
class Rescission(models.Model):
    """A licence that may have to be rescinded (撤销): the finding, what the holder was told and answered, the decision."""

    case = models.OneToOneField(Case, models.PROTECT, primary_key=True, related_name="rescission")
    grant = models.ForeignKey(Grant, models.PROTECT, related_name="rescissions", verbose_name=_("证照"))
    ground = models.CharField(_("情形"), max_length=20, choices=Ground)
    finding = models.TextField(_("发现的情况"))
    facts = models.TextField(_("告知的事实、理由和依据"), blank=True)
    statement = models.TextField(_("陈述申辩"), blank=True)
    hearing_report = models.TextField(_("听证报告"), blank=True)
    decided_at = models.DateTimeField(_("决定时间"), null=True, blank=True)

    objects = ScopedManager()

    class Meta:
        verbose_name = _("撤销许可")
        verbose_name_plural = _("撤销许可")

    def __str__(self) -> str:
        return self.case.title

    @property
    def source(self) -> str:
        """The article of the ground."""
        return "LicProc 41" if self.ground == Ground.FRAUD else "LicProc 40"

    @staticmethod
    def scope(reader: Reader) -> Q:
        """Licensing staff over the case's unit; the holder."""
        return within(reader, *STAFF, Role.LEGAL_REVIEWER, field="case__org_path") | of_own_subjects(
            reader, "case__subject_id"
        )


from qipan.domains.licensing.booking.models import BookedOfficer, Booking  # noqa: E402, F401
from qipan.domains.licensing.elicences.models import Call, CallRight  # noqa: E402, F401
from qipan.domains.licensing.evaluation.models import Evaluation, FollowUp  # noqa: E402, F401
from qipan.domains.licensing.guarding.models import Aftermath, GuardFinding, GuardRun  # noqa: E402, F401
from qipan.domains.licensing.offers.models import RenewalOffer  # noqa: E402, F401
from qipan.domains.licensing.themes.models import (  # noqa: E402, F401
    MaterialCover,
    Theme,
    ThemeCase,
    ThemePart,
    ThemePerson,
)
