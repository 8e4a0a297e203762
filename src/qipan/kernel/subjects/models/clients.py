"""Programs of a business: they act in its name with keys of their own, within their scopes."""

import uuid as uuids

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from qipan.kernel.ledger.history import tracked
from qipan.kernel.orgs.reader import Reader
from qipan.kernel.orgs.scopes import ScopedManager, of_own_subjects
from qipan.kernel.subjects.models.subjects import Subject


@tracked
class ApiClient(models.Model):
    """A system of a business that calls the open interface (接口客户端), not a person.

    `user` is the account that it acts by: nobody signs in with it, and it is no legal representative, so that it neither
    authorises anybody nor uses a seal. Its keys are interface tokens of that account, for `scopes` and no others.
    """

    uuid = models.UUIDField(_("标识"), default=uuids.uuid4, unique=True, editable=False)
    subject = models.ForeignKey(Subject, models.PROTECT, related_name="api_clients", verbose_name=_("主体"))
    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="api_client", verbose_name=_("账户")
    )
    name = models.CharField(_("系统名称"), max_length=60)
    scopes = ArrayField(models.CharField(max_length=40), verbose_name=_("范围"))
    per_minute = models.PositiveIntegerField(_("每分钟调用次数"), default=300)
    created_by = models.BigIntegerField(_("登记人"), null=True)
    created_at = models.DateTimeField(_("登记时间"))
    ended_at = models.DateTimeField(_("停用时间"), null=True, blank=True)

    objects = ScopedManager()

    class Meta:
        verbose_name = _("接口客户端")
        verbose_name_plural = _("接口客户端")
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(per_minute__gte=1, per_minute__lte=6000), name="subjects_apiclient_rate"
            )
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def org_path(self) -> str:
        """Where the business belongs."""
        return self.subject.org_path

    @staticmethod
    def scope(reader: Reader) -> Q:
        """Those who act for the business."""
        return of_own_subjects(reader)
