"""People who sign in, and the vault that holds what is personal about anyone."""

import uuid
from collections.abc import Iterable

import pghistory
from django.conf import settings
from django.contrib.auth.models import AbstractUser
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from qipan.conf.saving import Saved
from qipan.kernel.accounts.vault import masking, sealing
from qipan.kernel.ledger.clock import now


class UserKind(models.TextChoices):
    """Whom the account belongs to (账户类型)."""

    STAFF = "staff", _("工作人员")
    BUSINESS = "business", _("经营者")
    PUBLIC = "public", _("公众")


class Person(Saved):
    """A natural person in the vault (人员): every field is encrypted under a key of the person's own.

    Forgetting a person destroys the key and the digests by which the person was found; the row stays, so that
    records that point to it stay whole. No row history is kept of this table.
    """

    uuid = models.UUIDField(_("标识"), default=uuid.uuid4, unique=True, editable=False)
    key = models.BinaryField(_("数据密钥"), null=True, editable=False)
    name_sealed = models.BinaryField(_("姓名"), null=True, editable=False)
    id_number_sealed = models.BinaryField(_("证件号码"), null=True, editable=False)
    phone_sealed = models.BinaryField(_("手机号码"), null=True, editable=False)
    email_sealed = models.BinaryField(_("电子邮箱"), null=True, editable=False)
    address_sealed = models.BinaryField(_("住址"), null=True, editable=False)
    id_number_index = models.CharField(max_length=64, blank=True, editable=False, db_collation="C")
    phone_index = models.CharField(max_length=64, blank=True, editable=False, db_collation="C")
    email_index = models.CharField(max_length=64, blank=True, editable=False, db_collation="C")
    created_at = models.DateTimeField(_("登记时间"), default=now, editable=False)
    forgotten_at = models.DateTimeField(_("销毁时间"), null=True, blank=True, editable=False)
    is_demo = models.BooleanField(_("示范数据"), default=False)

    class Meta:
        verbose_name = _("人员")
        verbose_name_plural = _("人员")
        indexes = [
            models.Index(
                fields=["id_number_index"], name="accounts_person_id_no", condition=~Q(id_number_index="")
            ),
            models.Index(fields=["phone_index"], name="accounts_person_phone", condition=~Q(phone_index="")),
            models.Index(fields=["email_index"], name="accounts_person_email", condition=~Q(email_index="")),
        ]
        constraints = [
            models.CheckConstraint(
                name="accounts_person_forgotten_is_empty",
                condition=Q(forgotten_at__isnull=True, key__isnull=False)
                | Q(
                    forgotten_at__isnull=False,
                    key__isnull=True,
                    name_sealed__isnull=True,
                    id_number_sealed__isnull=True,
                    phone_sealed__isnull=True,
                    email_sealed__isnull=True,
                    address_sealed__isnull=True,
                    id_number_index="",
                    phone_index="",
                    email_index="",
                ),
            )
        ]

    def __str__(self) -> str:
        return str(self.uuid)

    def clear(self, fields: Iterable[str] = sealing.FIELDS) -> dict[str, str]:
        """The fields in clear, for the system's own work (rendering a document); nothing is logged here.

        What a person is to read goes through `queries.reveal`. Raises sealing.Forgotten.
        """
        sealed = {field: getattr(self, f"{field}_sealed") for field in sealing.FIELDS}
        return sealing.opened(self.uuid, self.key, sealed, fields)

    def masked(self) -> masking.MaskedPerson:
        """The person as anyone may see one; all empty once forgotten."""
        if self.forgotten_at or not self.key:
            return masking.MaskedPerson(name=str(_("（已删除）")))
        return masking.MaskedPerson(
            **{field: getattr(masking, field)(text) for field, text in self.clear().items()}
        )


@pghistory.track(
    pghistory.InsertEvent(),
    pghistory.UpdateEvent(),
    pghistory.DeleteEvent(),
    fields=["username", "kind", "person", "is_active", "is_staff", "is_superuser", "must_change_password"],
)
class User(AbstractUser):
    """One who signs in (用户). Names, numbers and addresses of people stand in the vault, not here."""

    first_name = None  # type: ignore[assignment]
    last_name = None  # type: ignore[assignment]
    kind = models.CharField(_("账户类型"), max_length=10, choices=UserKind, default=UserKind.PUBLIC)
    label = models.CharField(_("显示名"), max_length=60, blank=True)
    person = models.ForeignKey(
        Person, models.PROTECT, null=True, blank=True, related_name="users", verbose_name=_("人员")
    )
    must_change_password = models.BooleanField(_("须修改密码"), default=False)
    is_demo = models.BooleanField(_("示范数据"), default=False)

    class Meta:
        verbose_name = _("用户")
        verbose_name_plural = _("用户")

    def __str__(self) -> str:
        return self.label or self.username


class ApiToken(models.Model):
    """A program's key to the open interface (接口令牌), acting as a user within its scopes.

    Only a digest is kept: the token itself is shown once, when it is made.
    """

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="api_tokens", verbose_name=_("用户")
    )
    name = models.CharField(_("用途"), max_length=60)
    digest = models.CharField(_("摘要"), max_length=64, unique=True, editable=False, db_collation="C")
    asked_as = models.UUIDField(_("提交编号"), null=True, unique=True, editable=False)
    scopes = ArrayField(models.CharField(max_length=40), verbose_name=_("范围"), default=list)
    created_at = models.DateTimeField(_("创建时间"), default=now, editable=False)
    expires_at = models.DateTimeField(_("到期时间"))
    revoked_at = models.DateTimeField(_("撤销时间"), null=True, blank=True)
    last_used_on = models.DateField(_("最近使用"), null=True, blank=True)
    per_minute = models.PositiveIntegerField(_("每分钟调用次数"), null=True, blank=True)

    class Meta:
        verbose_name = _("接口令牌")
        verbose_name_plural = _("接口令牌")

    def __str__(self) -> str:
        return f"{self.user} {self.name}"


class OneTimeCode(models.Model):
    """A code sent to someone's phone or mailbox (验证码), for one purpose; only a keyed digest is kept."""

    class Purpose(models.TextChoices):
        REGISTER = "register", _("注册")
        RESET = "reset", _("找回密码")
        SEAL = "seal", _("激活印章")

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="codes", verbose_name=_("用户")
    )
    purpose = models.CharField(_("用途"), max_length=10, choices=Purpose)
    digest = models.CharField(max_length=64, editable=False)
    expires_at = models.DateTimeField(_("到期时间"))
    attempts = models.PositiveSmallIntegerField(_("尝试次数"), default=0)

    class Meta:
        verbose_name = _("验证码")
        verbose_name_plural = _("验证码")
        constraints = [models.UniqueConstraint(fields=["user", "purpose"], name="accounts_code_once")]

    def __str__(self) -> str:
        return f"{self.user} {self.get_purpose_display()}"


class Letter(Saved):
    """A message to a person's phone or mailbox (发件箱), kept until a gateway has taken it.

    The text is sealed under the person's key, the address is read from the vault when it is sent.
    """

    class Channel(models.TextChoices):
        SMS = "sms", _("短信")
        EMAIL = "email", _("电子邮件")

    person = models.ForeignKey(Person, models.CASCADE, related_name="letters", verbose_name=_("收件人"))
    channel = models.CharField(_("渠道"), max_length=10, choices=Channel)
    kind = models.CharField(_("类型"), max_length=40)
    text_sealed = models.BinaryField(editable=False)
    at = models.DateTimeField(_("时间"), default=now)
    sent_at = models.DateTimeField(_("发出时间"), null=True, blank=True)
    link = models.CharField(_("相关页面"), max_length=200, blank=True)
    subject_id = models.BigIntegerField(_("主体"), null=True, blank=True)
    read_at = models.DateTimeField(_("查看时间"), null=True, blank=True)

    class Meta:
        verbose_name = _("消息")
        verbose_name_plural = _("消息")
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["id"], name="accounts_letter_unsent", condition=Q(sent_at__isnull=True))
        ]

    def __str__(self) -> str:
        return f"{self.get_channel_display()} {self.kind}"


class Bucket(models.Model):
    """How much of a rate limit is left for a key (限流), refilled as time passes."""

    key = models.CharField(max_length=100, primary_key=True, db_collation="C")
    tokens = models.FloatField()
    filled_at = models.DateTimeField()

    class Meta:
        verbose_name = _("限流")
        verbose_name_plural = _("限流")

    def __str__(self) -> str:
        return self.key
