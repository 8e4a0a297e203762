"""The statutory clocks of a case."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from qipan.conf.saving import Saved
from qipan.kernel.flow.models.cases import Case
from qipan.kernel.ledger.history import tracked


class ClockState(models.TextChoices):
    """How a limit stands (期限状态)."""

    RUNNING = "RUNNING", _("计时中")
    STOPPED = "STOPPED", _("已中止")
    MET = "MET", _("按期完成")
    MISSED = "MISSED", _("已超期")


@tracked
class Clock(Saved):
    """One limit of a case (办理期限): rule of law, the version of the rule valid when the case began, and its end.

    `rule_on` pins the version: the rule as it stood that day is used for as long as the case lives. `due_on` is the
    last day, `due_at` the moment where the rule counts hours; both None for a limit without a number ("promptly").
    `provisional`: counted over a year whose holidays are not published. A missed clock keeps MISSED when it is
    ended later; `ended_at` says when. `fixed_on`: the last day where an officer set it instead of the rule.
    """

    case = models.ForeignKey(Case, models.CASCADE, related_name="clocks", verbose_name=_("办件"))
    rule_code = models.CharField(_("期限规则"), max_length=60)
    rule_on = models.DateField(_("规则版本日"))
    started_at = models.DateTimeField(_("起算时间"))
    due_on = models.DateField(_("期限"), null=True, blank=True)
    due_at = models.DateTimeField(_("期限时刻"), null=True, blank=True)
    fixed_on = models.DateField(_("指定的期限"), null=True, blank=True)
    provisional = models.BooleanField(_("暂定"), default=False)
    extensions = models.PositiveSmallIntegerField(_("延长次数"), default=0)
    state = models.CharField(_("状态"), max_length=10, choices=ClockState, default=ClockState.RUNNING)
    missed_at = models.DateTimeField(_("超期时间"), null=True, blank=True)
    ended_at = models.DateTimeField(_("结束时间"), null=True, blank=True)

    class Meta:
        verbose_name = _("办理期限")
        verbose_name_plural = _("办理期限")
        indexes = [
            models.Index(fields=["case", "rule_code"], name="flow_clock_case"),
            models.Index(fields=["due_on"], name="flow_clock_running_due", condition=Q(state="RUNNING")),
            models.Index(
                fields=["id"],
                name="flow_clock_provisional",
                condition=Q(provisional=True, ended_at__isnull=True),
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["case", "rule_code"],
                condition=Q(ended_at__isnull=True),
                name="flow_clock_one_open_a_rule",
            ),
            models.CheckConstraint(
                name="flow_clock_met_is_ended", condition=~Q(state="MET") | Q(ended_at__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.rule_code} {self.due_on or ''}".strip()


@tracked
class ClockStop(models.Model):
    """A span in which a clock stood still (期限中止), from a day to another, open while it still stands."""

    clock = models.ForeignKey(Clock, models.CASCADE, related_name="stops", verbose_name=_("办理期限"))
    since = models.DateField(_("自"))
    until = models.DateField(_("至"), null=True, blank=True)
    cause = models.CharField(_("事由"), max_length=100, blank=True)

    class Meta:
        verbose_name = _("期限中止")
        verbose_name_plural = _("期限中止")
        constraints = [
            models.UniqueConstraint(
                fields=["clock"], condition=Q(until__isnull=True), name="flow_clockstop_one_open"
            ),
            models.CheckConstraint(
                name="flow_clockstop_in_order",
                condition=Q(until__isnull=True) | Q(until__gte=models.F("since")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.since}–{self.until or ''}"
