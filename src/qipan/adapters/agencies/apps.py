from django.apps import AppConfig
from django.conf import settings
from django.utils.translation import gettext_lazy as _


class AgenciesConfig(AppConfig):
    name = "qipan.adapters.agencies"
    label = "agencies"
    verbose_name = _("外部门对接")

    def ready(self) -> None:
        """Connect the simulated authorities where this is a demonstration; a real installation connects its own."""
        if settings.QIPAN_DEMO:
            from qipan.adapters.agencies import simulated

            simulated.connect()
