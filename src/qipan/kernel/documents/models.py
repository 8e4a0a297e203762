"""Templates, documents, their numbers, and the seals that are put on them."""

from functools import partial

from django.contrib.postgres.indexes import HashIndex
from django.db import models
from django.db.models import Q
from django.db.models.functions import MD5
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from qipan.conf.saving import Saved
from qipan.kernel.ledger.clock import now
from qipan.kernel.ledger.history import tracked
from qipan.kernel.orgs.reader import Reader
from qipan.kernel.orgs.scopes import ScopedManager, of_own_subjects, within
from qipan.kernel.subjects import mandates
from qipan.kernel.subjects.models import Act


class Template(models.Model):
    """A kind of document (文书模板), as a dated row: its source in Typst, its fields, how it is numbered and sealed.

    `number_rule` may use {unit} {year} {sequence}; empty for documents without a number of their own. `public` names
    the fields that anyone who verifies the document may see.
    """

    code = models.CharField(_("代码"), max_length=60)
    valid_from = models.DateField(_("自"))
    title = models.CharField(_("名称"), max_length=100)
    body = models.TextField(_("版式"))
    fields = models.JSONField(_("字段"), default=dict)
    number_rule = models.CharField(_("编号规则"), max_length=100, blank=True)
    sealed = models.BooleanField(_("加盖印章"), default=True)
    public = models.JSONField(_("公开字段"), default=list)
    law = models.CharField(_("依据"), max_length=60, blank=True)
    unconfirmed = models.CharField(_("待确认"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("文书模板")
        verbose_name_plural = _("文书模板")
        constraints = [models.UniqueConstraint(fields=["code", "valid_from"], name="documents_template_once")]

    def __str__(self) -> str:
        return self.title


class NumberSeries(models.Model):
    """The last number of a series (文号计数), locked until the deciding transaction ends: no gap, no double."""

    series = models.CharField(_("序列"), max_length=120, primary_key=True)
    last = models.PositiveIntegerField(_("末号"), default=0)

    class Meta:
        verbose_name = _("文号计数")
        verbose_name_plural = _("文号计数")

    def __str__(self) -> str:
        return f"{self.series} {self.last}"


class DocumentState(models.TextChoices):
    """Where a document stands (文书状态)."""

    PREPARED = "PREPARED", _("制作中")
    ISSUED = "ISSUED", _("已制发")
    FAILED = "FAILED", _("制作受阻")
    REVOKED = "REVOKED", _("已作废")


@tracked
class Document(Saved):
    """One document (文书, 证照文件): number and data are fixed in the deciding transaction, the file comes after it."""

    uuid = models.UUIDField(_("标识"), unique=True)
    key = models.CharField(_("幂等键"), max_length=160, unique=True)
    template = models.ForeignKey(Template, models.PROTECT, verbose_name=_("模板"))
    number = models.CharField(_("文号"), max_length=100, blank=True)
    code = models.CharField(_("核验码"), max_length=24, unique=True)
    record_kind = models.CharField(_("记录类型"), max_length=60)
    record_id = models.BigIntegerField(_("记录"))
    org_path = models.CharField(_("机构路径"), max_length=120, db_collation="C")
    seal_path = models.CharField(_("用印机构"), max_length=120, blank=True)
    subject_id = models.BigIntegerField(_("主体"), null=True, blank=True)
    data = models.JSONField(_("内容"), default=dict)
    dated_on = models.DateField(_("日期"))
    state = models.CharField(_("状态"), max_length=10, choices=DocumentState, default=DocumentState.PREPARED)
    problem = models.TextField(_("受阻原因"), blank=True)
    digest = models.CharField(_("摘要"), max_length=64, blank=True, db_index=True)
    size = models.PositiveIntegerField(_("大小"), default=0)
    pages = models.PositiveSmallIntegerField(_("页数"), default=0)
    seal_signature = models.BinaryField(_("电子签章"), null=True, blank=True)
    prepared_at = models.DateTimeField(_("建立时间"))
    issued_at = models.DateTimeField(_("制发时间"), null=True, blank=True)
    revoked_at = models.DateTimeField(_("作废时间"), null=True, blank=True)
    revoked_reason = models.CharField(_("作废理由"), max_length=300, blank=True)

    objects = ScopedManager()

    class Meta:
        verbose_name = _("文书")
        verbose_name_plural = _("文书")
        constraints = [
            models.UniqueConstraint(
                fields=["template", "number"], condition=~Q(number=""), name="documents_document_number_once"
            )
        ]
        indexes = [
            models.Index(fields=["record_kind", "record_id", "id"], name="documents_document_record"),
            models.Index(fields=["org_path", "-id"], name="documents_document_org"),
            models.Index(
                fields=["id"], condition=Q(state__in=["PREPARED", "FAILED"]), name="documents_document_todo"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.template} {self.number}"

    @staticmethod
    def scope(reader: Reader) -> Q:
        """Staff of the document's units; the business that it is for; an agent who may receive those of a case."""
        if not reader.mandates:
            return within(reader) | of_own_subjects(reader)
        cases = Q(record_kind="flow.case", record_id__in=mandates.cases_within(reader, Act.RECEIVE))
        own = Q(record_kind="subjects.mandate", record_id__in=[one.number for one in reader.mandates])
        return within(reader) | of_own_subjects(reader) | cases | own


class SealState(models.TextChoices):
    """Where a seal stands (印章状态). `moves.MOVES` says how one becomes another."""

    ISSUED = "ISSUED", _("待激活")
    ACTIVE = "ACTIVE", _("在用")
    SUSPENDED = "SUSPENDED", _("停用")
    LOST = "LOST", _("挂失")
    REVOKED = "REVOKED", _("注销")
    REPLACED = "REPLACED", _("已换发")


class SealKind(models.TextChoices):
    """What a seal is for (印章种类): those of agencies, those of businesses."""

    OFFICIAL = "OFFICIAL", _("机关公章")
    LICENSING = "LICENSING", _("行政许可专用章")
    CASEWORK = "CASEWORK", _("行政执法专用章")
    COMPANY = "COMPANY", _("公章")
    FINANCE = "FINANCE", _("财务专用章")
    CONTRACT = "CONTRACT", _("合同专用章")
    INVOICE = "INVOICE", _("发票专用章")
    LEGAL_REP = "LEGAL_REP", _("法定代表人名章")


AGENCY_KINDS = (SealKind.OFFICIAL, SealKind.LICENSING, SealKind.CASEWORK)
BUSINESS_KINDS = (
    SealKind.COMPANY,
    SealKind.FINANCE,
    SealKind.CONTRACT,
    SealKind.INVOICE,
    SealKind.LEGAL_REP,
)


@partial(tracked, exclude=("certificate", "sm2_certificate", "gm_seal", "picture"))
class Seal(models.Model):
    """An electronic seal (电子印章) of a unit or of a business: two certificates, one picture, the GB/T 38540 seal of them.

    Certificates, structure and picture never change: a renewal is a new row that `replaces` the old one.
    """

    unit_path = models.CharField(_("机构路径"), max_length=120, blank=True, db_collation="C")
    org_path = models.CharField(_("管辖机构"), max_length=120, db_collation="C")
    subject_id = models.BigIntegerField(_("主体"), null=True, blank=True)
    kind = models.CharField(_("种类"), max_length=10, choices=SealKind, default=SealKind.OFFICIAL)
    name = models.CharField(_("名称"), max_length=250)
    seal_id = models.CharField(_("印章编码"), max_length=32, unique=True)
    key_id = models.CharField(_("签名密钥"), max_length=60)
    sm2_key_id = models.CharField(_("国密密钥"), max_length=60)
    certificate = models.BinaryField(_("证书"))
    sm2_certificate = models.BinaryField(_("国密证书"))
    gm_seal = models.BinaryField(_("印章结构"))
    picture = models.BinaryField(_("印模"))
    valid_from = models.DateTimeField(_("自"))
    valid_to = models.DateTimeField(_("至"))
    state = models.CharField(_("状态"), max_length=10, choices=SealState, default=SealState.ACTIVE)
    replaces = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="replaced_by", verbose_name=_("换发自")
    )
    is_demo = models.BooleanField(_("示范数据"), default=False)

    objects = ScopedManager()

    class Meta:
        verbose_name = _("电子印章")
        verbose_name_plural = _("电子印章")
        constraints = [
            models.UniqueConstraint(
                fields=["unit_path", "kind"],
                condition=Q(state="ACTIVE") & ~Q(unit_path=""),
                name="documents_seal_one_active",
            ),
            models.UniqueConstraint(
                fields=["subject_id", "kind"],
                condition=Q(state__in=["ACTIVE", "SUSPENDED"], subject_id__isnull=False),
                name="documents_seal_one_in_use",
            ),
            models.UniqueConstraint(
                fields=["subject_id", "kind"],
                condition=Q(state="ISSUED", subject_id__isnull=False),
                name="documents_seal_one_waiting",
            ),
            models.CheckConstraint(
                condition=Q(unit_path="", subject_id__isnull=False)
                | (~Q(unit_path="") & Q(subject_id__isnull=True)),
                name="documents_seal_one_holder",
            ),
            models.CheckConstraint(condition=Q(state__in=SealState.values), name="documents_seal_state"),
        ]
        indexes = [
            models.Index(fields=["org_path", "-id"], name="documents_seal_org"),
            models.Index(fields=["org_path", "kind", "state"], name="documents_seal_count"),
            models.Index(fields=["subject_id", "kind"], name="documents_seal_subject"),
            HashIndex(fields=["name"], name="documents_seal_name"),
            models.Index(
                fields=["valid_to"],
                include=["org_path"],
                condition=Q(state="ACTIVE"),
                name="documents_seal_expires",
            ),
            models.Index(MD5("certificate"), name="documents_seal_certificate"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def full_title(self) -> str:
        """Its name with its kind, no word twice."""
        kind = str(self.get_kind_display())
        return self.name if self.name.endswith(kind) else f"{self.name} {kind}"

    @property
    def expired(self) -> bool:
        """Whether its certificate's time is over."""
        return self.valid_to < now()

    @property
    def state_title(self) -> str:
        """Its state in words; one in use whose time is over says so."""
        return (
            gettext("已过期")
            if self.state == SealState.ACTIVE and self.expired
            else str(self.get_state_display())
        )

    @staticmethod
    def scope(reader: Reader) -> Q:
        """Staff of the units above it; those who act for the business."""
        return within(reader) | of_own_subjects(reader)


class SealUse(Saved):
    """One use of a seal (用印登记), written in the transaction of the use and never changed.

    `digest` is the SHA-256 of the sealed file, `before` that of the file as it was, `sm3` what the GB/T 38540 signature
    covers; of that signature only `value` is kept: seal and certificate stand on the seal, so that it can be put together
    again byte for byte. `document_id`: a document of the house, which keeps its own signature.
    """

    uuid = models.UUIDField(_("标识"), unique=True)
    seal = models.ForeignKey(
        Seal, models.PROTECT, related_name="uses", db_index=False, verbose_name=_("印章")
    )
    at = models.DateTimeField(_("用印时间"))
    org_path = models.CharField(_("管辖机构"), max_length=120, db_collation="C")
    subject_id = models.BigIntegerField(_("主体"), null=True, blank=True)
    kind = models.CharField(_("种类"), max_length=10, choices=SealKind)
    user_id = models.BigIntegerField(_("用印人"), null=True, blank=True)
    title = models.CharField(_("文件"), max_length=200)
    purpose = models.CharField(_("用途"), max_length=200, blank=True)
    digest = models.CharField(_("盖章后摘要"), max_length=64)
    before = models.CharField(_("盖章前摘要"), max_length=64, blank=True)
    sm3 = models.CharField(_("国密摘要"), max_length=64, blank=True)
    value = models.BinaryField(_("国密签名值"), null=True, blank=True)
    document_id = models.BigIntegerField(_("文书"), null=True, blank=True)
    code = models.CharField(_("核验码"), max_length=24, null=True, blank=True, unique=True)
    batch = models.UUIDField(_("批次"), null=True, blank=True)

    objects = ScopedManager()

    class Meta:
        verbose_name = _("用印登记")
        verbose_name_plural = _("用印登记")
        indexes = [
            models.Index(fields=["org_path", "-id"], name="documents_sealuse_org"),
            models.Index(fields=["seal", "-id"], name="documents_sealuse_seal"),
            models.Index(fields=["subject_id", "-id"], name="documents_sealuse_subject"),
            models.Index(fields=["digest"], name="documents_sealuse_digest"),
            models.Index(fields=["batch"], condition=Q(batch__isnull=False), name="documents_sealuse_batch"),
            models.Index(fields=["at", "org_path", "kind"], name="documents_sealuse_at"),
            models.Index(fields=["kind", "-id"], name="documents_sealuse_kind"),
        ]

    def __str__(self) -> str:
        return self.title

    @staticmethod
    def scope(reader: Reader) -> Q:
        """Staff of the units above it; those who act for the business."""
        return within(reader) | of_own_subjects(reader)


class Authority(models.Model):
    """What certifies seals (印章认证机构): the two certificates that theirs are signed by, and those above up to the root.

    `chain`, `sm2_chain`: the certificates above, one after another, empty where it is a root itself.
    """

    name = models.CharField(_("名称"), max_length=100, unique=True)
    key_id = models.CharField(_("签名密钥"), max_length=60)
    sm2_key_id = models.CharField(_("国密密钥"), max_length=60)
    certificate = models.BinaryField(_("证书"))
    sm2_certificate = models.BinaryField(_("国密证书"))
    chain = models.BinaryField(_("上级证书"), default=bytes)
    sm2_chain = models.BinaryField(_("国密上级证书"), default=bytes)

    class Meta:
        verbose_name = _("根证书")
        verbose_name_plural = _("根证书")

    def __str__(self) -> str:
        return self.name


from qipan.kernel.documents.counting import SealCount  # noqa: E402, F401
