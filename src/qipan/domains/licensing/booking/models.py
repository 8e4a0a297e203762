"""Appointments for site checks, and the officers whose time they take."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from qipan.domains.licensing.models import STAFF
from qipan.kernel.flow.models import Case
from qipan.kernel.ledger.clock import now
from qipan.kernel.ledger.history import tracked
from qipan.kernel.orgs.reader import Reader
from qipan.kernel.orgs.scopes import ScopedManager, of_own_subjects, within


class BookingState(models.TextChoices):
    """How an appointment stands (预约状态)."""

    BOOKED = "BOOKED", _("已预约")
    HELD = "HELD", _("已核查")
    MISSED = "MISSED", _("爽约")
    CANCELLED = "CANCELLED", _("已取消")


@tracked
class Booking(models.Model):
    """One appointment for the site check of a case (预约核查). Moving it keeps the row; `moves` counts how often."""

    uuid = models.UUIDField(_("标识"), unique=True)
    case = models.ForeignKey(Case, models.PROTECT, related_name="bookings", verbose_name=_("办件"))
    org_path = models.CharField(_("机构路径"), max_length=120, db_collation="C")
    starts_at = models.DateTimeField(_("开始时间"))
    state = models.CharField(_("状态"), max_length=10, choices=BookingState, default=BookingState.BOOKED)
    by_applicant = models.BooleanField(_("由申请人选定"), default=False)
    moves = models.PositiveSmallIntegerField(_("改期次数"), default=0)
    made_at = models.DateTimeField(_("预约时间"), default=now)
    reminded_on = models.DateField(_("提醒日期"), null=True, blank=True)
    note = models.CharField(_("说明"), max_length=500, blank=True)

    objects = ScopedManager()

    class Meta:
        verbose_name = _("核查预约")
        verbose_name_plural = _("核查预约")
        indexes = [
            models.Index(fields=["starts_at"], name="licensing_booking_day", condition=Q(state="BOOKED"))
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["case"], condition=Q(state="BOOKED"), name="licensing_booking_one_open"
            )
        ]

    def __str__(self) -> str:
        return f"{self.case_id} {self.starts_at:%Y-%m-%d %H:%M}"

    @staticmethod
    def scope(reader: Reader) -> Q:
        """Licensing staff and inspectors over the unit; the applicant; the officers themselves."""
        own = (
            Q(officers__user_id=reader.user_id, officers__active=True)
            if reader.kind == "staff"
            else Q(pk__in=())
        )
        return within(reader, *STAFF) | of_own_subjects(reader, "case__subject_id") | own


@tracked
class BookedOfficer(models.Model):
    """An officer's time that an appointment takes; nobody is booked twice for one time."""

    booking = models.ForeignKey(Booking, models.CASCADE, related_name="officers", verbose_name=_("核查预约"))
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("核查人员")
    )
    starts_at = models.DateTimeField(_("开始时间"))
    active = models.BooleanField(_("占用"), default=True)

    class Meta:
        verbose_name = _("核查人员的时间")
        verbose_name_plural = _("核查人员的时间")
        constraints = [
            models.UniqueConstraint(
                fields=["user", "starts_at"], condition=Q(active=True), name="licensing_bookedofficer_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.user_id} {self.starts_at:%Y-%m-%d %H:%M}"
