"""The register of grants: licences and filings that are held."""

import datetime

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from qipan.conf.saving import Saved
from qipan.kernel.ledger.clock import today
from qipan.kernel.ledger.history import tracked
from qipan.kernel.orgs.reader import Reader
from qipan.kernel.orgs.scopes import ScopedManager, of_own_subjects, within
from qipan.kernel.subjects.models.subjects import Premises, Subject


class GrantState(models.TextChoices):
    """Where a grant stands (证照状态)."""

    VALID = "VALID", _("有效")
    EXPIRED = "EXPIRED", _("已过期")
    SUSPENDED = "SUSPENDED", _("暂停")
    REVOKED = "REVOKED", _("吊销")
    RESCINDED = "RESCINDED", _("撤销")
    WITHDRAWN = "WITHDRAWN", _("撤回")
    CANCELLED = "CANCELLED", _("注销")


#: The states in which time runs out and a place is taken.
RUNNING = (GrantState.VALID, GrantState.SUSPENDED)


@tracked
class Grant(Saved):
    """A licence or filing that a subject holds (证照). The number stays on change and renewal (FBL15 33, 34).

    `data` are the fields of the certificate: main_format, items, marks, warehouses and what else the kind has.
    """

    number = models.CharField(_("编号"), max_length=40, unique=True)
    kind = models.CharField(_("种类"), max_length=10)
    title = models.CharField(_("名称"), max_length=60)
    subject = models.ForeignKey(Subject, models.PROTECT, related_name="grants", verbose_name=_("主体"))
    premises = models.ForeignKey(Premises, models.PROTECT, null=True, blank=True, related_name="grants")
    org_path = models.CharField(_("机构路径"), max_length=120, db_collation="C")
    item_code = models.CharField(_("事项"), max_length=40, blank=True)
    data = models.JSONField(_("内容"), default=dict)
    decided_on = models.DateField(_("决定日期"), null=True, blank=True)
    valid_from = models.DateField(_("有效期自"))
    valid_to = models.DateField(_("有效期至"), null=True, blank=True)
    state = models.CharField(_("状态"), max_length=10, choices=GrantState, default=GrantState.VALID)
    issuer = models.CharField(_("发证机关路径"), max_length=120, blank=True)
    document_id = models.BigIntegerField(_("证照文件"), null=True, blank=True)
    version = models.PositiveIntegerField(_("版本"), default=1)
    reminded = models.PositiveSmallIntegerField(_("已提醒档位"), default=0)

    objects = ScopedManager()

    class Meta:
        verbose_name = _("证照")
        verbose_name_plural = _("证照")
        indexes = [
            models.Index(fields=["org_path", "-id"], name="subjects_grant_org"),
            models.Index(fields=["valid_to"], condition=Q(state="VALID"), name="subjects_grant_expiry"),
        ]

    def __str__(self) -> str:
        return f"{self.title} {self.number}"

    def state_on(self, day: datetime.date) -> str:
        """The state on a day: what is over is expired, whether the night's job has marked it or not."""
        over = self.valid_to is not None and self.valid_to < day
        running = self.state in RUNNING
        return GrantState.EXPIRED.value if over and running else str(self.state)

    @property
    def state_now(self) -> str:
        """The state today."""
        return self.state_on(today())

    @property
    def state_title(self) -> str:
        """The state today, in words."""
        return str(GrantState(self.state_now).label)

    @staticmethod
    def scope(reader: Reader) -> Q:
        """Staff of the place's units; those who act for the holder."""
        return within(reader) | of_own_subjects(reader)


class LicenceSeries(models.Model):
    """The last sequence taken of a series of licence numbers (证号计数)."""

    series = models.CharField(_("序列"), max_length=20, primary_key=True)
    last = models.PositiveIntegerField(_("末号"), default=0)

    class Meta:
        verbose_name = _("证号计数")
        verbose_name_plural = _("证号计数")

    def __str__(self) -> str:
        return f"{self.series} {self.last}"
