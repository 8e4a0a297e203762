"""Which demo city stands here."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from qipan.kernel.ledger.clock import now


class City(models.Model):
    """One demo city (示范城市). `manifest`: rows and SHA-256 by table; `finished_at` is empty while it is being built."""

    scale = models.FloatField(_("规模"))
    seed = models.BigIntegerField(_("种子"))
    as_of = models.DateField(_("基准日"))
    manifest = models.JSONField(_("清单"), default=dict)
    digest = models.CharField(_("摘要"), max_length=64, blank=True)
    started_at = models.DateTimeField(_("开始时间"), default=now)
    finished_at = models.DateTimeField(_("完成时间"), null=True, blank=True)
    cleared_at = models.DateTimeField(_("清除时间"), null=True, blank=True)

    class Meta:
        verbose_name = _("示范城市")
        verbose_name_plural = _("示范城市")

    def __str__(self) -> str:
        return f"{self.scale:g} {self.seed} {self.as_of}"
