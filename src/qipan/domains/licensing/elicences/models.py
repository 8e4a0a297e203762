"""Who may call e-licences and did, what was offered as material, and batches of files."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from qipan.conf.saving import Saved
from qipan.domains.licensing.models import STAFF, Application
from qipan.kernel.ledger.history import tracked
from qipan.kernel.orgs.reader import Reader
from qipan.kernel.orgs.scopes import ScopedManager, of_own_subjects, within
from qipan.kernel.subjects.models import Grant


@tracked
class CallingSystem(models.Model):
    """A system of another department that may call e-licences (证照调用方), by the tokens of its account."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("账户")
    )
    name = models.CharField(_("单位和系统"), max_length=120, unique=True)
    active = models.BooleanField(_("启用"), default=True)
    a_minute = models.PositiveIntegerField(_("每分钟最多次数"), default=60)
    registered_by = models.BigIntegerField(_("登记人"))
    registered_at = models.DateTimeField(_("登记时间"))

    class Meta:
        verbose_name = _("证照调用方")
        verbose_name_plural = _("证照调用方")

    def __str__(self) -> str:
        return self.name


@tracked
class CallRight(models.Model):
    """For which item and purpose a system may call which kinds (调用事项).

    `law`: the article that lets it do so without the holder's authorisation; empty where that is needed.
    """

    system = models.ForeignKey(CallingSystem, models.PROTECT, related_name="rights", verbose_name=_("调用方"))
    item_code = models.CharField(_("事项编码"), max_length=40)
    item_name = models.CharField(_("事项"), max_length=100)
    purpose = models.CharField(_("用途"), max_length=200)
    kinds = ArrayField(models.CharField(max_length=10), verbose_name=_("证照种类"))
    law = models.CharField(_("法律依据"), max_length=60, blank=True)
    given_at = models.DateTimeField(_("登记时间"))
    ended_at = models.DateTimeField(_("停止时间"), null=True, blank=True)

    class Meta:
        verbose_name = _("调用事项")
        verbose_name_plural = _("调用事项")
        constraints = [
            models.UniqueConstraint(
                fields=["system", "item_code"],
                condition=Q(ended_at__isnull=True),
                name="licensing_callright_once",
            )
        ]

    def __str__(self) -> str:
        return f"{self.system_id} {self.item_code}"


@tracked
class Consent(models.Model):
    """The holder's authorisation (调用授权): one licence, one item of one system, until a day."""

    uuid = models.UUIDField(_("标识"), unique=True)
    grant = models.ForeignKey(Grant, models.PROTECT, related_name="consents", verbose_name=_("证照"))
    right = models.ForeignKey(CallRight, models.PROTECT, related_name="consents", verbose_name=_("调用事项"))
    subject_id = models.BigIntegerField(_("主体"))
    valid_to = models.DateField(_("授权至"))
    given_by = models.BigIntegerField(_("授权人"))
    given_at = models.DateTimeField(_("授权时间"))
    ended_at = models.DateTimeField(_("撤回时间"), null=True, blank=True)

    objects = ScopedManager()

    class Meta:
        verbose_name = _("调用授权")
        verbose_name_plural = _("调用授权")
        indexes = [models.Index(fields=["subject_id", "-id"], name="licensing_consent_subject")]

    def __str__(self) -> str:
        return f"{self.grant_id} {self.right_id}"

    @staticmethod
    def scope(reader: Reader) -> Q:
        """Those who act for the holder."""
        return of_own_subjects(reader)


class Basis(models.TextChoices):
    """By what right a licence was called (调用依据)."""

    APPLICATION = "APPLICATION", _("持证人申请办事")
    CONSENT = "CONSENT", _("持证人授权")
    LAW = "LAW", _("法律规定")


class Call(Saved):
    """One call of an e-licence (证照调用), given or refused; written once and never changed.

    A call by an application has a `case_id` and the `material` that the applicant was not asked for; `source` names
    the register where there is no grant of ours.
    """

    uuid = models.UUIDField(_("标识"), unique=True)
    key = models.CharField(_("幂等键"), max_length=200, unique=True)
    at = models.DateTimeField(_("时间"))
    basis = models.CharField(_("依据"), max_length=12, choices=Basis, blank=True)
    given = models.BooleanField(_("已提供"))
    reason = models.CharField(_("拒绝理由"), max_length=200, blank=True)
    grant = models.ForeignKey(
        Grant, models.PROTECT, null=True, blank=True, related_name="calls", verbose_name=_("证照")
    )
    subject_id = models.BigIntegerField(_("主体"), null=True, blank=True)
    org_path = models.CharField(_("机构路径"), max_length=120, blank=True, db_collation="C")
    kind = models.CharField(_("证照种类"), max_length=10, blank=True)
    number = models.CharField(_("证照编号"), max_length=60, blank=True)
    caller = models.CharField(_("调用方"), max_length=120)
    system = models.ForeignKey(
        CallingSystem, models.PROTECT, null=True, blank=True, related_name="calls", db_index=False
    )
    consent = models.ForeignKey(
        Consent, models.PROTECT, null=True, blank=True, related_name="calls", verbose_name=_("授权")
    )
    law = models.CharField(_("法律依据"), max_length=60, blank=True)
    item_code = models.CharField(_("事项编码"), max_length=40)
    item_name = models.CharField(_("事项"), max_length=120, blank=True)
    purpose = models.CharField(_("用途"), max_length=200)
    matter = models.CharField(_("对方办件编号"), max_length=80, blank=True)
    material = models.CharField(_("材料"), max_length=100, blank=True)
    source = models.CharField(_("来源"), max_length=60, blank=True)
    case_id = models.BigIntegerField(_("办件"), null=True, blank=True)
    document_id = models.BigIntegerField(_("证照文件"), null=True, blank=True)

    objects = ScopedManager()

    class Meta:
        verbose_name = _("证照调用")
        verbose_name_plural = _("证照调用")
        indexes = [
            models.Index(fields=["subject_id", "-id"], name="licensing_call_subject"),
            models.Index(fields=["system", "-id"], name="licensing_call_system"),
            models.Index(fields=["org_path", "at", "item_code", "kind"], name="licensing_call_count"),
            models.Index(fields=["case_id"], condition=Q(case_id__isnull=False), name="licensing_call_case"),
        ]

    def __str__(self) -> str:
        return f"{self.caller} {self.number}"

    @staticmethod
    def scope(reader: Reader) -> Q:
        """Licensing staff of the holder's units; those who act for the holder."""
        return within(reader, *STAFF) | of_own_subjects(reader)


class Offering(models.TextChoices):
    """What a file offered as material came to (材料核验)."""

    LINKED = "LINKED", _("已核验，关联电子证照")
    PAPER = "PAPER", _("普通材料，由工作人员核对")
    REFUSED = "REFUSED", _("不能作为材料")


@tracked
class Offer(models.Model):
    """One PDF that an applicant offered as a material (提交的证照材料), and what its check came to."""

    application = models.ForeignKey(Application, models.CASCADE, related_name="offers")
    field = models.CharField(_("字段"), max_length=60)
    material = models.CharField(_("材料"), max_length=60)
    file = models.UUIDField(_("文件"))
    outcome = models.CharField(_("结果"), max_length=8, choices=Offering)
    finding = models.CharField(_("核验结果"), max_length=12)
    text = models.CharField(_("说明"), max_length=400, blank=True)
    grant = models.ForeignKey(Grant, models.PROTECT, null=True, blank=True, related_name="+")
    document_id = models.BigIntegerField(_("证照文件"), null=True, blank=True)
    at = models.DateTimeField(_("时间"))

    class Meta:
        verbose_name = _("提交的证照材料")
        verbose_name_plural = _("提交的证照材料")
        constraints = [
            models.UniqueConstraint(fields=["application", "field", "file"], name="licensing_offer_once")
        ]

    def __str__(self) -> str:
        return f"{self.application_id} {self.field}"


class BatchState(models.TextChoices):
    """Where a batch stands (批次状态)."""

    PREPARED = "PREPARED", _("待开始")
    RUNNING = "RUNNING", _("制作中")
    STOPPED = "STOPPED", _("已停止")
    DONE = "DONE", _("已完成")


@tracked
class Batch(models.Model):
    """Files made anew for many licences (批量制发). `digest`: the manifest that its one event carries."""

    uuid = models.UUIDField(_("标识"), unique=True)
    kind = models.CharField(_("证照种类"), max_length=10)
    org_path = models.CharField(_("机构路径"), max_length=120, db_collation="C")
    missing_only = models.BooleanField(_("只做没有文件的"), default=False)
    reason = models.CharField(_("理由"), max_length=300)
    state = models.CharField(_("状态"), max_length=10, choices=BatchState, default=BatchState.PREPARED)
    total = models.PositiveIntegerField(_("张数"))
    digest = models.CharField(_("清单摘要"), max_length=64, blank=True)
    made_by = models.BigIntegerField(_("经办人"))
    made_at = models.DateTimeField(_("建立时间"))
    ended_at = models.DateTimeField(_("完成时间"), null=True, blank=True)

    objects = ScopedManager()

    class Meta:
        verbose_name = _("批量制发")
        verbose_name_plural = _("批量制发")
        indexes = [models.Index(fields=["org_path", "-id"], name="licensing_batch_org")]

    def __str__(self) -> str:
        return f"{self.kind} {self.made_at:%Y-%m-%d}"

    @staticmethod
    def scope(reader: Reader) -> Q:
        """Licensing staff of its units."""
        return within(reader, *STAFF)


class LineState(models.TextChoices):
    """Where one licence of a batch stands (批次明细状态)."""

    WAITING = "WAITING", _("待制作")
    DONE = "DONE", _("已制作")
    REFUSED = "REFUSED", _("未制作")


class BatchLine(models.Model):
    """One licence of a batch (批次明细)."""

    batch = models.ForeignKey(Batch, models.CASCADE, related_name="lines", db_index=False)
    grant = models.ForeignKey(Grant, models.PROTECT, related_name="+", verbose_name=_("证照"))
    state = models.CharField(_("状态"), max_length=8, choices=LineState, default=LineState.WAITING)
    reason = models.CharField(_("未制作的理由"), max_length=300, blank=True)
    document_id = models.BigIntegerField(_("文书"), null=True, blank=True)
    digest = models.CharField(_("摘要"), max_length=64, blank=True)

    class Meta:
        verbose_name = _("批次明细")
        verbose_name_plural = _("批次明细")
        constraints = [models.UniqueConstraint(fields=["batch", "grant"], name="licensing_batchline_once")]
        indexes = [
            models.Index(
                fields=["batch", "id"], condition=Q(state="WAITING"), name="licensing_batchline_todo"
            ),
            models.Index(fields=["batch", "state", "id"], name="licensing_batchline_state"),
        ]

    def __str__(self) -> str:
        return f"{self.batch_id} {self.grant_id}"
