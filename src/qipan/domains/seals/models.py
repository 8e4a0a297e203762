"""Applications for seals, who may use which seal, papers that several seal in turn, and the daily sums of uses.

The seals themselves and the register of their uses stand in the documents' room (`documents.Seal`, `documents.SealUse`).
"""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from qipan.kernel.documents.models import BUSINESS_KINDS, Seal, SealKind, SealUse
from qipan.kernel.flow.models import Case
from qipan.kernel.ledger.history import tracked
from qipan.kernel.orgs.reader import Reader
from qipan.kernel.orgs.roles import Role
from qipan.kernel.orgs.scopes import ScopedManager, of_own_subjects, within

STAFF = (Role.LIC_RECEIVER, Role.LIC_REVIEWER, Role.LIC_DECIDER, Role.BUREAU_LEADER, Role.OFFICE_HEAD)


class Ask(models.TextChoices):
    """Why a seal is asked for (申请类型)."""

    NEW = "NEW", _("新申领")
    RENEW = "RENEW", _("到期换发")
    AGAIN = "AGAIN", _("挂失或者变更后换发")


class Purpose(models.TextChoices):
    """What a seal is put on (用印用途)."""

    AFFAIRS = "AFFAIRS", _("办事材料")
    CONTRACT = "CONTRACT", _("合同协议")
    FINANCE = "FINANCE", _("财务票据")
    LETTER = "LETTER", _("公函和通知")
    CERTIFICATE = "CERTIFICATE", _("证明")
    PERSONNEL = "PERSONNEL", _("人事文件")
    OTHER = "OTHER", _("其他")


@tracked
class SealApplication(models.Model):
    """One application for a seal (印章申请); state, limit and number stand on the case."""

    case = models.OneToOneField(Case, models.PROTECT, primary_key=True, related_name="seal_application")
    ask = models.CharField(_("申请类型"), max_length=6, choices=Ask, default=Ask.NEW)
    kind = models.CharField(
        _("印章种类"), max_length=10, choices=[(kind.value, kind.label) for kind in BUSINESS_KINDS]
    )
    replaces = models.ForeignKey(
        Seal, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("原印章")
    )
    seal = models.ForeignKey(
        Seal, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("制发的印章")
    )
    note = models.CharField(_("说明"), max_length=500, blank=True)
    correction = models.CharField(_("补正要求"), max_length=500, blank=True)

    objects = ScopedManager()

    class Meta:
        verbose_name = _("印章申请")
        verbose_name_plural = _("印章申请")

    def __str__(self) -> str:
        return self.case.title

    @staticmethod
    def scope(reader: Reader) -> Q:
        """Licensing staff over the case's unit (no drafts); the business itself."""
        staff = within(reader, *STAFF, field="case__org_path") & Q(case__private=False)
        return staff | of_own_subjects(reader, "case__subject_id")


@tracked
class Authorisation(models.Model):
    """Who may use a seal besides the legal representative (用印授权): a person of a business, or a role of an agency's unit.

    `purposes` empty: for everything. It ends with `valid_to` or when it is withdrawn.
    """

    seal = models.ForeignKey(Seal, models.PROTECT, related_name="authorisations", verbose_name=_("印章"))
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("被授权人"),
    )
    role = models.CharField(_("角色"), max_length=20, choices=Role, blank=True)
    purposes = models.JSONField(_("用途"), default=list, blank=True)
    valid_from = models.DateField(_("自"))
    valid_to = models.DateField(_("至"), null=True, blank=True)
    granted_by = models.BigIntegerField(_("授权人"), null=True)
    granted_at = models.DateTimeField(_("授权时间"))
    ended_at = models.DateTimeField(_("收回时间"), null=True, blank=True)
    ended_reason = models.CharField(_("收回理由"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("用印授权")
        verbose_name_plural = _("用印授权")
        constraints = [
            models.CheckConstraint(
                condition=Q(user__isnull=False, role="") | Q(user__isnull=True) & ~Q(role=""),
                name="seals_authorisation_for_one",
            ),
            models.UniqueConstraint(
                fields=["seal", "user"],
                condition=Q(ended_at__isnull=True, user__isnull=False),
                name="seals_authorisation_person_once",
            ),
            models.UniqueConstraint(
                fields=["seal", "role"],
                condition=Q(ended_at__isnull=True) & ~Q(role=""),
                name="seals_authorisation_role_once",
            ),
        ]
        indexes = [
            models.Index(fields=["user"], condition=Q(ended_at__isnull=True), name="seals_authorisation_user")
        ]

    def __str__(self) -> str:
        return f"{self.seal_id} {self.user_id or self.role}"

    @property
    def purpose_titles(self) -> list[str]:
        """Its purposes in words."""
        return [str(Purpose(code).label) for code in self.purposes if code in Purpose.values]


class RoundState(models.TextChoices):
    """Where a paper stands that several seal (会签状态)."""

    OPEN = "OPEN", _("签署中")
    DONE = "DONE", _("已全部签署")
    STOPPED = "STOPPED", _("已终止")


@tracked
class Round(models.Model):
    """A paper that several seal one after another (依次会签). `digest` is the file as it stands, with the seals so far."""

    uuid = models.UUIDField(_("标识"), unique=True)
    title = models.CharField(_("文件"), max_length=200)
    purpose = models.CharField(_("用途"), max_length=12, choices=Purpose, default=Purpose.CONTRACT)
    subject_id = models.BigIntegerField(_("发起主体"))
    org_path = models.CharField(_("管辖机构"), max_length=120, db_collation="C")
    opened_by = models.BigIntegerField(_("发起人"))
    opened_at = models.DateTimeField(_("发起时间"))
    original = models.CharField(_("原件摘要"), max_length=64)
    digest = models.CharField(_("现文件摘要"), max_length=64)
    pages = models.PositiveSmallIntegerField(_("页数"), default=1)
    state = models.CharField(_("状态"), max_length=8, choices=RoundState, default=RoundState.OPEN)
    reason = models.CharField(_("终止理由"), max_length=300, blank=True)

    class Meta:
        verbose_name = _("会签文件")
        verbose_name_plural = _("会签文件")
        indexes = [models.Index(fields=["subject_id", "-id"], name="seals_round_subject")]

    def __str__(self) -> str:
        return self.title


@tracked
class Turn(models.Model):
    """One party's turn (签署顺序): which business, with which kind of seal, where on the paper."""

    round = models.ForeignKey(Round, models.PROTECT, related_name="turns", verbose_name=_("会签文件"))
    place = models.PositiveSmallIntegerField(_("次序"))
    subject_id = models.BigIntegerField(_("签署主体"))
    name = models.CharField(_("签署主体名称"), max_length=200)
    kind = models.CharField(_("印章种类"), max_length=10, choices=SealKind)
    page = models.PositiveSmallIntegerField(_("页"))
    x = models.FloatField(_("横向位置"))
    y = models.FloatField(_("纵向位置"))
    use = models.ForeignKey(
        SealUse, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("用印")
    )
    done_at = models.DateTimeField(_("签署时间"), null=True, blank=True)

    class Meta:
        verbose_name = _("签署顺序")
        verbose_name_plural = _("签署顺序")
        constraints = [models.UniqueConstraint(fields=["round", "place"], name="seals_turn_place")]
        indexes = [models.Index(fields=["subject_id", "-id"], name="seals_turn_subject")]

    def __str__(self) -> str:
        return f"{self.round_id} {self.place}"


class UseTally(models.Model):
    """How often seals of a kind were used in a unit on a day that is over (用印日计)."""

    day = models.DateField(_("日期"))
    org_path = models.CharField(_("管辖机构"), max_length=120, db_collation="C")
    kind = models.CharField(_("种类"), max_length=10, choices=SealKind)
    uses = models.PositiveIntegerField(_("次数"))

    class Meta:
        verbose_name = _("用印日计")
        verbose_name_plural = _("用印日计")
        constraints = [
            models.UniqueConstraint(fields=["day", "org_path", "kind"], name="seals_usetally_once")
        ]
        indexes = [
            models.Index(fields=["org_path", "kind"], include=["uses", "day"], name="seals_usetally_org")
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.org_path}"


class UseMonth(models.Model):
    """How often seals of a kind were used in a unit in a month, of the days that are over (用印月计): sums of UseTally."""

    month = models.DateField(_("月份"))
    org_path = models.CharField(_("管辖机构"), max_length=120, db_collation="C")
    kind = models.CharField(_("种类"), max_length=10, choices=SealKind)
    uses = models.PositiveIntegerField(_("次数"))

    class Meta:
        verbose_name = _("用印月计")
        verbose_name_plural = _("用印月计")
        constraints = [
            models.UniqueConstraint(fields=["org_path", "month", "kind"], name="seals_usemonth_once")
        ]

    def __str__(self) -> str:
        return f"{self.month:%Y-%m} {self.org_path}"
