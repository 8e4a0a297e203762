"""Offers of a renewal."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from qipan.domains.licensing.models import STAFF
from qipan.kernel.flow.models import Case
from qipan.kernel.ledger.clock import now
from qipan.kernel.ledger.history import tracked
from qipan.kernel.orgs.reader import Reader
from qipan.kernel.orgs.scopes import ScopedManager, of_own_subjects, within
from qipan.kernel.subjects.models import Grant, Subject


class OfferState(models.TextChoices):
    """What became of an offer (状态)."""

    OFFERED = "OFFERED", _("待确认")
    TAKEN = "TAKEN", _("已确认")
    DECLINED = "DECLINED", _("不需要")
    LAPSED = "LAPSED", _("已失效")


@tracked
class RenewalOffer(models.Model):
    """A renewal prepared for a holder whose facts are complete and clean (无感申办, DOMAIN 3.4); `until` is its last day."""

    uuid = models.UUIDField(_("标识"), unique=True)
    grant = models.ForeignKey(Grant, models.PROTECT, related_name="renewal_offers", verbose_name=_("证照"))
    subject = models.ForeignKey(Subject, models.PROTECT, related_name="+", verbose_name=_("主体"))
    case = models.OneToOneField(Case, models.PROTECT, related_name="renewal_offer", verbose_name=_("办件"))
    item_code = models.CharField(_("事项"), max_length=40)
    org_path = models.CharField(_("机构路径"), max_length=120, db_collation="C")
    valid_to = models.DateField(_("原证有效期至"))
    until = models.DateField(_("最迟确认"))
    state = models.CharField(_("状态"), max_length=10, choices=OfferState, default=OfferState.OFFERED)
    offered_at = models.DateTimeField(_("提出时间"), default=now)
    closed_at = models.DateTimeField(_("结束时间"), null=True, blank=True)

    objects = ScopedManager()

    class Meta:
        verbose_name = _("延续提示")
        verbose_name_plural = _("延续提示")
        indexes = [
            models.Index(fields=["org_path", "state"], name="licensing_renewal_org"),
            models.Index(fields=["until"], name="licensing_renewal_open", condition=Q(state="OFFERED")),
        ]
        constraints = [
            # Once for each term of a licence: who says no is not asked again.
            models.UniqueConstraint(fields=["grant", "valid_to"], name="licensing_renewal_once")
        ]

    def __str__(self) -> str:
        return f"{self.grant_id} {self.state}"

    @staticmethod
    def scope(reader: Reader) -> Q:
        """Licensing staff over the unit; the holder."""
        return within(reader, *STAFF) | of_own_subjects(reader)
