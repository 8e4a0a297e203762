"""Kinds of licence: what an application can end in."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Nature(models.TextChoices):
    """What a grant is in law (证照性质)."""

    LICENCE = "LICENCE", _("许可证")
    FILING = "FILING", _("备案")
    REGISTRATION = "REGISTRATION", _("登记")
    CONFIRMATION = "CONFIRMATION", _("确认")


class LicenceKind(models.Model):
    """A kind of licence, filing or registration (证照种类), in the version that is valid from a day.

    `years` is how long it lasts (0: without end); renewed, it goes on from the day after its end (LicProc 27), or from
    the decision where its own law says so. `number_rule` may use {area} {year} {sequence:05} {check} and the
    answers' codes; {check} is MOD 11,10 over the digits before it. `template` is its certificate, `faces` are the lines of the certificate:
    [{field, title}], a field being an answer of the form or one of name, uscc, rep, domicile, place. `place_bound`: it
    is tied to one place; `exclusive`: of one kind a holder (at a place) has one.
    """

    code = models.CharField(_("代码"), max_length=10)
    valid_from = models.DateField(_("自"))
    title = models.CharField(_("证照名称"), max_length=60)
    nature = models.CharField(_("性质"), max_length=15, choices=Nature, default=Nature.LICENCE)
    years = models.PositiveSmallIntegerField(_("有效期（年）"), default=0)
    renewed_from_end = models.BooleanField(_("延续自原有效期届满次日起算"), default=True)
    number_rule = models.CharField(_("编号规则"), max_length=60)
    number_unconfirmed = models.CharField(_("编号规则待确认"), max_length=200, blank=True)
    template = models.CharField(_("证照模板"), max_length=60, blank=True)
    faces = models.JSONField(_("证面内容"), default=list)
    place_bound = models.BooleanField(_("与场所绑定"), default=False)
    exclusive = models.BooleanField(_("同一主体（场所）只持一证"), default=False)
    source = models.CharField(_("依据"), max_length=60, blank=True)
    unconfirmed = models.CharField(_("待确认"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("证照种类")
        verbose_name_plural = _("证照种类")
        constraints = [models.UniqueConstraint(fields=["code", "valid_from"], name="items_kind_once")]

    def __str__(self) -> str:
        return self.title
