"""Files by digest, with where they came from and what they belong to."""

import datetime

from django.db import models
from django.utils.translation import gettext_lazy as _

from qipan.kernel.ledger.clock import now

#: How long an upload may take from its beginning to its last piece.
LIFETIME = datetime.timedelta(hours=24)


class EvidenceKind(models.TextChoices):
    """What a file is (文件类型)."""

    MATERIAL = "material", _("申请材料")
    PHOTO = "photo", _("照片")
    SIGNATURE = "signature", _("签名")
    OTHER = "other", _("其他")


class Evidence(models.Model):
    """One file (证据), kept once by its digest and never changed; time and place as the device told them."""

    uuid = models.UUIDField(_("标识"), unique=True)
    digest = models.CharField(_("摘要"), max_length=64, db_index=True)
    size = models.PositiveBigIntegerField(_("大小"))
    media_type = models.CharField(_("类型"), max_length=60)
    kind = models.CharField(_("用途"), max_length=20, choices=EvidenceKind, default=EvidenceKind.OTHER)
    name = models.CharField(_("文件名"), max_length=200, blank=True)
    stored_by = models.BigIntegerField(_("上传人"), null=True)
    stored_at = models.DateTimeField(_("存入时间"))
    taken_at = models.DateTimeField(_("拍摄时间"), null=True, blank=True)
    place = models.CharField(_("地点"), max_length=60, blank=True)

    class Meta:
        verbose_name = _("证据")
        verbose_name_plural = _("证据")

    def __str__(self) -> str:
        return self.name or self.digest[:12]


class Attachment(models.Model):
    """A file belongs to a record in a role (附于)."""

    evidence = models.ForeignKey(Evidence, models.PROTECT, related_name="attachments")
    record_kind = models.CharField(_("记录类型"), max_length=60)
    record_id = models.BigIntegerField(_("记录"))
    role = models.CharField(_("用途"), max_length=40, blank=True)

    class Meta:
        verbose_name = _("附件")
        verbose_name_plural = _("附件")
        constraints = [
            models.UniqueConstraint(
                fields=["evidence", "record_kind", "record_id", "role"], name="evidence_attached_once"
            )
        ]
        indexes = [models.Index(fields=["record_kind", "record_id"], name="evidence_attachment_record")]

    def __str__(self) -> str:
        return f"{self.evidence_id} {self.record_kind}:{self.record_id}"


class Upload(models.Model):
    """A resumable upload under way (断点续传): how much has arrived."""

    uuid = models.UUIDField(_("标识"), primary_key=True)
    owner = models.BigIntegerField(_("上传人"))
    length = models.PositiveBigIntegerField(_("总长度"))
    offset = models.PositiveBigIntegerField(_("已收到"), default=0)
    name = models.CharField(_("文件名"), max_length=200, blank=True)
    kind = models.CharField(_("用途"), max_length=20, default="other")
    taken_at = models.CharField(_("拍摄时间"), max_length=40, blank=True)
    place = models.CharField(_("地点"), max_length=60, blank=True)
    begun_at = models.DateTimeField(_("开始时间"))
    evidence = models.ForeignKey(Evidence, models.CASCADE, null=True, blank=True)

    class Meta:
        verbose_name = _("上传")
        verbose_name_plural = _("上传")

    def __str__(self) -> str:
        return f"{self.name} {self.offset}/{self.length}"

    def expires_at(self) -> datetime.datetime:
        """When an unfinished upload is given up."""
        return self.begun_at + LIFETIME

    def is_over(self) -> bool:
        """Whether it was not finished in time."""
        return self.evidence_id is None and now() > self.expires_at()
