from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class OrgsConfig(AppConfig):
    name = "qipan.kernel.orgs"
    label = "orgs"
    verbose_name = _("机构")

    def ready(self) -> None:
        """Declare the events of this app."""
        from qipan.kernel.orgs import events  # noqa: F401
