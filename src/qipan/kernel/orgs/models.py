"""The organisation tree, posts and the people who hold them."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from qipan.kernel.orgs.roles import Role


class Level(models.TextChoices):
    """The level of a unit (机构层级)."""

    CITY = "CITY", _("市局")
    DISTRICT = "DISTRICT", _("辖区局")
    OFFICE = "OFFICE", _("监管所")
    GRID = "GRID", _("网格")
    TECH = "TECH", _("技术机构")
    ENFORCE = "ENFORCE", _("稽查机构")


class Unit(models.Model):
    """A unit of the organisation (机构). `path` is the codes from the root, each followed by a slash."""

    code = models.CharField(_("机构代码"), max_length=20, unique=True)
    name = models.CharField(_("名称"), max_length=100)
    short_name = models.CharField(_("简称"), max_length=30)
    level = models.CharField(_("层级"), max_length=10, choices=Level)
    parent = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="children", verbose_name=_("上级"))
    path = models.CharField(_("路径"), max_length=120, unique=True, db_collation="C")
    division_code = models.CharField(_("行政区划代码"), max_length=6, blank=True)
    licence_area_code = models.CharField(_("许可证区域代码"), max_length=6, blank=True)
    uscc = models.CharField(_("统一社会信用代码"), max_length=18, blank=True)
    is_demo = models.BooleanField(_("示范数据"), default=False)

    class Meta:
        verbose_name = _("机构")
        verbose_name_plural = _("机构")
        ordering = ["path"]

    def __str__(self) -> str:
        return self.name


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


class Staff(models.Model):
    """A member of staff (工作人员) with the certificate that enforcement needs (执法证, PenProc 22)."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.PROTECT, related_name="staff")
    unit = models.ForeignKey(Unit, models.PROTECT, related_name="staff")
    number = models.CharField(_("工号"), max_length=20, unique=True)
    certificate_number = models.CharField(_("执法证号"), max_length=20, blank=True)
    certificate_valid_to = models.DateField(_("执法证有效期至"), null=True, blank=True)
    legal_qualification = models.BooleanField(_("法律职业资格"), default=False)

    class Meta:
        verbose_name = _("工作人员")
        verbose_name_plural = _("工作人员")

    def __str__(self) -> str:
        return str(self.user)


class Appointment(models.Model):
    """A member of staff holds a post from a day until another (任职)."""

    staff = models.ForeignKey(Staff, models.CASCADE, related_name="appointments")
    post = models.ForeignKey(Post, models.PROTECT, related_name="appointments")
    valid_from = models.DateField(_("自"))
    valid_to = models.DateField(_("至"), null=True, blank=True)

    class Meta:
        verbose_name = _("任职")
        verbose_name_plural = _("任职")
        constraints = [models.UniqueConstraint(fields=["staff", "post", "valid_from"], name="orgs_appointment_once")]

    def __str__(self) -> str:
        return f"{self.staff} {self.post}"
