"""Events, the seals over them, and their delivery."""

import uuid
from functools import partial

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from qipan.kernel.ledger.history import tracked


class TransactionId(models.Field):
    """PostgreSQL's 64-bit transaction id."""

    def db_type(self, connection: object) -> str:
        """The column type."""
        return "xid8"


class Event(models.Model):
    """One act (事件): who, in which post, what, on which record, when, with what data and why.

    Append-only: a trigger refuses changes. `record_kind` is `app.model` in lower case; `record_key` the number people
    know it by; `digest` the SHA-256 of the canonical form; `xid` the transaction that wrote it.
    """

    uuid = models.UUIDField(_("标识"), default=uuid.uuid4)
    at = models.DateTimeField(_("时间"))
    name = models.CharField(_("事件"), max_length=80)
    record_kind = models.CharField(_("记录类型"), max_length=60)
    record_id = models.BigIntegerField(_("记录"))
    record_key = models.CharField(_("记录编号"), max_length=80, blank=True)
    subject_id = models.BigIntegerField(_("主体"), null=True)
    org_path = models.CharField(_("机构路径"), max_length=120, blank=True, db_collation="C")
    actor_kind = models.CharField(_("行为人类型"), max_length=10)
    actor_id = models.BigIntegerField(_("行为人"), null=True)
    post = models.CharField(_("岗位"), max_length=60, blank=True)
    data = models.JSONField(_("数据"), default=dict)
    reason = models.TextField(_("理由"), blank=True)
    digest = models.BinaryField(_("摘要"), max_length=32)
    xid = TransactionId(editable=False, db_default=models.Func(function="pg_current_xact_id"))

    class Meta:
        verbose_name = _("事件")
        verbose_name_plural = _("事件")
        ordering = ["id"]
        indexes = [
            models.Index(fields=["record_kind", "record_id", "id"], name="ledger_event_record"),
            models.Index(fields=["org_path", "id"], name="ledger_event_org"),
            models.Index(fields=["xid"], name="ledger_event_xid"),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.record_kind}:{self.record_id}"


class Seal(models.Model):
    """One sealed batch (封存): the Merkle root over the events of a closed range of transactions, chained and signed.

    The batch holds the events with `from_xid` ≤ xid < `to_xid` and id > `after_id`, in the order of their ids.
    `after_id` rises only when the database was restored into another cluster, whose transactions count anew.
    """

    number = models.BigIntegerField(_("序号"), unique=True)
    from_xid = models.BigIntegerField(_("自事务"))
    to_xid = models.BigIntegerField(_("至事务"))
    after_id = models.BigIntegerField(_("起始编号"), default=0)
    last_id = models.BigIntegerField(_("末编号"))
    count = models.PositiveIntegerField(_("事件数"))
    root = models.BinaryField(_("根"), max_length=32)
    previous = models.BinaryField(_("前一封存"), max_length=32)
    digest = models.BinaryField(_("封存摘要"), max_length=32)
    signature = models.BinaryField(_("签名"))
    key_id = models.CharField(_("密钥"), max_length=40)
    at = models.DateTimeField(_("时间"))

    class Meta:
        verbose_name = _("封存")
        verbose_name_plural = _("封存")
        ordering = ["number"]

    def __str__(self) -> str:
        return str(self.number)


@partial(tracked, exclude=("secret",))
class Subscription(models.Model):
    """Another system that is told of events (订阅), by HTTP as CloudEvents 1.0.

    One that a business set up for its own `client` hears of `subject_id` only, and of the events that `names` lists.
    """

    code = models.CharField(_("代码"), max_length=40, unique=True)
    title = models.CharField(_("名称"), max_length=100)
    pattern = models.CharField(
        _("事件范围"), max_length=80, help_text=_("例如 licensing.* 或者 licensing.licence.issued")
    )
    url = models.URLField(_("地址"), max_length=300)
    secret = models.CharField(_("签名密钥"), max_length=100)
    org_path = models.CharField(_("机构范围"), max_length=120, blank=True, db_collation="C")
    active = models.BooleanField(_("启用"), default=True)
    subject_id = models.BigIntegerField(_("主体"), null=True, blank=True)
    client = models.UUIDField(_("接口客户端"), null=True, blank=True)
    names = ArrayField(models.CharField(max_length=80), verbose_name=_("事件"), default=list, blank=True)

    class Meta:
        verbose_name = _("订阅")
        verbose_name_plural = _("订阅")

    def __str__(self) -> str:
        return self.title


class DeliveryState(models.TextChoices):
    """Where a delivery stands (投递状态)."""

    WAITING = "WAITING", _("待投递")
    DONE = "DONE", _("已投递")
    STUCK = "STUCK", _("受阻")


class Delivery(models.Model):
    """One event for one receiver (投递): a reaction of another room, or a subscription with a frozen address."""

    event = models.ForeignKey(Event, models.DO_NOTHING, db_constraint=False, related_name="deliveries")
    receiver = models.CharField(_("接收方"), max_length=80)
    subscription = models.ForeignKey(Subscription, models.CASCADE, null=True, blank=True)
    url = models.URLField(_("地址"), max_length=300, blank=True)
    record_kind = models.CharField(_("记录类型"), max_length=60)
    record_id = models.BigIntegerField(_("记录"))
    state = models.CharField(_("状态"), max_length=10, choices=DeliveryState, default=DeliveryState.WAITING)
    attempts = models.PositiveIntegerField(_("次数"), default=0)
    next_at = models.DateTimeField(_("下次"))
    error = models.TextField(_("错误"), blank=True)
    code = models.PositiveSmallIntegerField(_("响应码"), null=True, blank=True)
    done_at = models.DateTimeField(_("完成时间"), null=True, blank=True)

    class Meta:
        verbose_name = _("投递")
        verbose_name_plural = _("投递")
        constraints = [models.UniqueConstraint(fields=["event", "receiver"], name="ledger_delivery_once")]
        indexes = [
            models.Index(fields=["next_at", "id"], condition=~Q(state="DONE"), name="ledger_delivery_due"),
            models.Index(
                fields=["receiver", "record_kind", "record_id", "id"],
                condition=~Q(state="DONE"),
                name="ledger_delivery_order",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.receiver} {self.event_id}"


class Touch(models.Model):
    """A channel of the live feed that changed (推送), until the next dispatch round tells of it."""

    channel = models.CharField(_("频道"), max_length=160)

    class Meta:
        verbose_name = _("推送")
        verbose_name_plural = _("推送")

    def __str__(self) -> str:
        return self.channel
