"""People who sign in."""

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.utils.translation import gettext_lazy as _


class UserKind(models.TextChoices):
    """Whom the account belongs to (账户类型)."""

    STAFF = "staff", _("工作人员")
    BUSINESS = "business", _("经营者")
    PUBLIC = "public", _("公众")


class User(AbstractUser):
    """One who signs in (用户). Names, numbers and addresses of people stand in the vault, not here."""

    first_name = None  # type: ignore[assignment]
    last_name = None  # type: ignore[assignment]
    kind = models.CharField(_("账户类型"), max_length=10, choices=UserKind, default=UserKind.PUBLIC)
    label = models.CharField(_("显示名"), max_length=60, blank=True)

    class Meta:
        verbose_name = _("用户")
        verbose_name_plural = _("用户")

    def __str__(self) -> str:
        return self.label or self.username
