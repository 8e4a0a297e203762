"""The organisation tree, posts and the people who hold them."""

from collections.abc import Callable
from typing import TypeVar

import pghistory
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from qipan.kernel.orgs import prefixes  # noqa: F401  (how paths are compared)
from qipan.kernel.orgs.reader import Reader
from qipan.kernel.orgs.roles import Role
from qipan.kernel.orgs.scopes import NOTHING, ScopedManager, within

Model = TypeVar("Model", bound=models.Model)


def _tracked() -> Callable[[type[Model]], type[Model]]:
    return pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent())


class Level(models.TextChoices):
    """The level of a unit (机构层级)."""

    CITY = "CITY", _("市局")
    DISTRICT = "DISTRICT", _("辖区局")
    OFFICE = "OFFICE", _("监管所")
    GRID = "GRID", _("网格")
    TECH = "TECH", _("技术机构")
    ENFORCE = "ENFORCE", _("稽查机构")


@_tracked()
class Unit(models.Model):
    """A unit of the organisation (机构). `path` is the codes from the root, each followed by a slash."""

    code = models.CharField(_("机构代码"), max_length=20, unique=True)
    name = models.CharField(_("名称"), max_length=100)
    short_name = models.CharField(_("简称"), max_length=30)
    level = models.CharField(_("层级"), max_length=10, choices=Level)
    parent = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="children", verbose_name=_("上级")
    )
    path = models.CharField(_("路径"), max_length=120, unique=True, db_collation="C")
    division_code = models.CharField(_("行政区划代码"), max_length=6, blank=True)
    licence_area_code = models.CharField(_("许可证区域代码"), max_length=6, blank=True)
    uscc = models.CharField(_("统一社会信用代码"), max_length=18, blank=True)
    phone = models.CharField(_("对外电话"), max_length=30, blank=True)
    is_demo = models.BooleanField(_("示范数据"), default=False)

    class Meta:
        verbose_name = _("机构")
        verbose_name_plural = _("机构")
        ordering = ["path"]

    def __str__(self) -> str:
        return self.name


@_tracked()
class Street(models.Model):
    """A sub-district or town (街道、镇) and the unit in whose charge it is: how work finds its office."""

    unit = models.ForeignKey(Unit, models.PROTECT, related_name="streets", verbose_name=_("管辖机构"))
    name = models.CharField(_("街道"), max_length=30)
    division_code = models.CharField(_("行政区划代码"), max_length=6, blank=True)
    area_name = models.CharField(_("所属区"), max_length=30, blank=True)

    class Meta:
        verbose_name = _("街道")
        verbose_name_plural = _("街道")
        ordering = ["unit__path", "name"]
        constraints = [models.UniqueConstraint(fields=["area_name", "name"], name="orgs_street_once")]

    def __str__(self) -> str:
        return self.name


@_tracked()
class Post(models.Model):
    """A post in a unit (岗位): what may be done is granted to posts, not to people."""

    code = models.CharField(_("岗位代码"), max_length=40, unique=True)
    unit = models.ForeignKey(Unit, models.PROTECT, related_name="posts", verbose_name=_("机构"))
    name = models.CharField(_("名称"), max_length=60)

    class Meta:
        verbose_name = _("岗位")
        verbose_name_plural = _("岗位")

    def __str__(self) -> str:
        return f"{self.unit.short_name} {self.name}"


@_tracked()
class PostRole(models.Model):
    """A role that a post carries for a business line (岗位职责); an empty line means every line."""

    post = models.ForeignKey(Post, models.CASCADE, related_name="roles")
    role = models.CharField(_("角色"), max_length=30, choices=Role)
    line = models.CharField(_("业务条线"), max_length=20, blank=True)

    class Meta:
        verbose_name = _("岗位职责")
        verbose_name_plural = _("岗位职责")
        constraints = [models.UniqueConstraint(fields=["post", "role", "line"], name="orgs_postrole_once")]

    def __str__(self) -> str:
        return f"{self.post} {self.get_role_display()}"


@_tracked()
class Staff(models.Model):
    """A member of staff (工作人员) with the certificate that enforcement needs (执法证, PenProc 22).

    `certificate_lines` are the business lines that the certificate covers; empty means every line.
    """

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="staff", verbose_name=_("用户")
    )
    unit = models.ForeignKey(Unit, models.PROTECT, related_name="staff", verbose_name=_("所在机构"))
    number = models.CharField(_("工号"), max_length=20, unique=True)
    certificate_number = models.CharField(_("执法证号"), max_length=20, blank=True)
    certificate_valid_to = models.DateField(_("执法证有效期至"), null=True, blank=True)
    certificate_lines = ArrayField(
        models.CharField(max_length=20), verbose_name=_("执法证业务条线"), default=list, blank=True
    )
    legal_qualification = models.BooleanField(_("法律职业资格"), default=False)

    objects = ScopedManager()

    class Meta:
        verbose_name = _("工作人员")
        verbose_name_plural = _("工作人员")

    def __str__(self) -> str:
        return str(self.user)

    @staticmethod
    def scope(reader: Reader) -> Q:
        """Colleagues in the units where one holds any role, and oneself."""
        own = Q(user_id=reader.user_id) if reader.kind == "staff" and reader.user_id else NOTHING
        return within(reader, field="unit__path") | own


@_tracked()
class Appointment(models.Model):
    """A member of staff holds a post from a day until another, both included (任职)."""

    staff = models.ForeignKey(Staff, models.CASCADE, related_name="appointments", verbose_name=_("工作人员"))
    post = models.ForeignKey(Post, models.PROTECT, related_name="appointments", verbose_name=_("岗位"))
    valid_from = models.DateField(_("自"))
    valid_to = models.DateField(_("至"), null=True, blank=True)

    class Meta:
        verbose_name = _("任职")
        verbose_name_plural = _("任职")
        constraints = [
            models.UniqueConstraint(fields=["staff", "post", "valid_from"], name="orgs_appointment_once"),
            models.CheckConstraint(
                name="orgs_appointment_in_order",
                condition=Q(valid_to__isnull=True) | Q(valid_to__gte=F("valid_from") - 1),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.staff} {self.post}"


@_tracked()
class Delegation(models.Model):
    """Roles that one member of staff lends to another for a time (委托代理).

    It lends what the giver holds at each moment: who leaves a post lends nothing of it any more.
    """

    giver = models.ForeignKey(
        Staff, models.CASCADE, related_name="delegations_given", verbose_name=_("委托人")
    )
    taker = models.ForeignKey(
        Staff, models.CASCADE, related_name="delegations_taken", verbose_name=_("受托人")
    )
    roles = ArrayField(models.CharField(max_length=30, choices=Role), verbose_name=_("角色"))
    valid_from = models.DateField(_("自"))
    valid_to = models.DateField(_("至"))
    reason = models.CharField(_("理由"), max_length=200)
    revoked_at = models.DateTimeField(_("撤销时间"), null=True, blank=True)

    class Meta:
        verbose_name = _("委托代理")
        verbose_name_plural = _("委托代理")
        constraints = [
            models.CheckConstraint(
                name="orgs_delegation_in_order", condition=Q(valid_to__gte=F("valid_from"))
            ),
            models.CheckConstraint(name="orgs_delegation_to_another", condition=~Q(giver=F("taker"))),
            models.CheckConstraint(name="orgs_delegation_lends", condition=Q(roles__len__gt=0)),
        ]

    def __str__(self) -> str:
        return f"{self.giver} → {self.taker}"


@_tracked()
class Absence(models.Model):
    """Days on which a member of staff gets no new work (缺勤: 休假、出差、培训)."""

    staff = models.ForeignKey(Staff, models.CASCADE, related_name="absences", verbose_name=_("工作人员"))
    valid_from = models.DateField(_("自"))
    valid_to = models.DateField(_("至"), null=True, blank=True)
    reason = models.CharField(_("事由"), max_length=200)

    class Meta:
        verbose_name = _("缺勤")
        verbose_name_plural = _("缺勤")
        constraints = [
            models.CheckConstraint(
                name="orgs_absence_in_order",
                condition=Q(valid_to__isnull=True) | Q(valid_to__gte=F("valid_from") - 1),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.staff} {self.valid_from}"
