"""Templates, documents, their numbers, and the seals that are put on them."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from qipan.kernel.ledger.history import tracked
from qipan.kernel.orgs.reader import Reader
from qipan.kernel.orgs.scopes import ScopedManager, of_own_subjects, within


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
class Document(models.Model):
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
        """Staff of the document's units; the business that it is for."""
        return within(reader) | of_own_subjects(reader)


class SealState(models.TextChoices):
    """Where a seal stands (印章状态)."""

    ACTIVE = "ACTIVE", _("在用")
    SUSPENDED = "SUSPENDED", _("停用")
    REVOKED = "REVOKED", _("注销")


@tracked
class Seal(models.Model):
    """An electronic seal of a unit (电子印章): two certificates, one picture, and the GB/T 38540 seal made of them."""

    unit_path = models.CharField(_("机构路径"), max_length=120, db_collation="C")
    name = models.CharField(_("名称"), max_length=100)
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

    class Meta:
        verbose_name = _("电子印章")
        verbose_name_plural = _("电子印章")
        constraints = [
            models.UniqueConstraint(
                fields=["unit_path"], condition=Q(state="ACTIVE"), name="documents_seal_one_active"
            )
        ]

    def __str__(self) -> str:
        return self.name


class Authority(models.Model):
    """The city's root (根证书): what every seal's certificates are signed by."""

    name = models.CharField(_("名称"), max_length=100, unique=True)
    key_id = models.CharField(_("签名密钥"), max_length=60)
    sm2_key_id = models.CharField(_("国密密钥"), max_length=60)
    certificate = models.BinaryField(_("证书"))
    sm2_certificate = models.BinaryField(_("国密证书"))

    class Meta:
        verbose_name = _("根证书")
        verbose_name_plural = _("根证书")

    def __str__(self) -> str:
        return self.name
