from django.apps import AppConfig
from django.core import checks
from django.utils.translation import gettext_lazy as _


class GovStackConfig(AppConfig):
    name = "qipan.adapters.govstack"
    label = "govstack"
    verbose_name = _("GovStack 登记接口")

    def ready(self) -> None:
        """Declare the events, and let the checks read the operator's file."""
        from qipan.adapters.govstack import clients, events

        assert events
        checks.register(clients.checked)
